"""lockenv: a Python environment as a pure function of a committed lock file."""

__version__ = "0.1.0"
