"""One engine for X12 and EDIFACT: guides as data, a walker that finds every fault, maps both ways, writers."""
