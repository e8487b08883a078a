"""The canonical data model: what an order is here, whatever format it came in and whichever system keeps it."""
