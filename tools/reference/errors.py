"""The kinds of errors, from `lockenv.errors`."""

from __future__ import annotations

from collections.abc import Iterator

from lockenv.errors import LockenvError
from tools.reference.tables import prose, table


def errors() -> list[str]:
    """List every kind with its exit status and what it means, by exit status."""
    found = sorted(_kinds(LockenvError), key=lambda kind: kind.exit_status)
    return table(
        ("kind", "exit status", "in the API", "means"),
        ((f"`{kind.code}`", str(kind.exit_status), f"`{kind.__name__}`", _meaning(kind)) for kind in found),
    )


def _kinds(of: type[LockenvError]) -> Iterator[type[LockenvError]]:
    for kind in of.__subclasses__():
        # Tests and other modules may derive kinds of their own; readers meet those of one place.
        if kind.__module__ == LockenvError.__module__:
            yield kind
            yield from _kinds(kind)


def _meaning(kind: type[LockenvError]) -> str:
    return prose((kind.__doc__ or "").partition("\n\n")[0])
