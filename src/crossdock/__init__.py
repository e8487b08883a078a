"""Crossdock: the open control layer for distribution operations."""

__version__ = "0.1.0"
