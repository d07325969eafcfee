"""lockenv: a Python environment as a pure function of a committed lock file."""

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.current import current as current

__version__ = "0.1.0"
__all__ = ["__version__", "current"]


def __getattr__(name: str) -> object:
    """Load what is public when it is first asked for (PEP 562)."""
    if name == "current":
        from lockenv.current import current as found

        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
