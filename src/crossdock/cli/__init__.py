"""The command line, and the composition root: the one place that builds what the rest is given."""

from crossdock.cli.app import main

__all__ = ["main"]
