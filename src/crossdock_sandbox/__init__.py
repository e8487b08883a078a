"""A simulated enterprise behind real HTTP: the systems a distributor runs, with faults on demand."""
