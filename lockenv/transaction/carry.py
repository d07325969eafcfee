"""What stands in an environment's root and belongs to no environment: people's own things, carried into the next.

They are renamed into the new environment just before it is put into its place, so a failure can take that back.
What a kill leaves beside is carried back by the next run, which knows it by its name and needs no list.
"""

# ruff: noqa: PTH104, PTH112, PTH114

from __future__ import annotations

import os

from lockenv.errors import UsageError
from lockenv.transaction import places, state

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

#: What venv, virtualenv, uv and lockenv make in the root, on any system, and what packages bring by custom.
_PARTS = frozenset({"bin", "lib", "lib64", "include", "share", "etc", "man", "Scripts", "Lib", "Include"})
_MARKS = frozenset({"pyvenv.cfg", ".gitignore", "CACHEDIR.TAG", ".lock", places.HOME})


def own_entries(env: str) -> list[str]:
    """List what in the root of an environment is people's own; nothing where there is no environment."""
    return [name for name in _unlinked(env) if name not in _PARTS | _MARKS]


def check_room(env: str, *, tops: Iterable[str], links: Collection[str] | None) -> None:
    """Raise `UsageError` for what is people's own and could neither stay nor be carried over.

    `tops` are the top-level links of the new environment, `links` those of the present one by its record. Where
    there is a record, a folder such as ``share`` that it does not name was not made by lockenv.
    """
    present = _unlinked(env)
    lost = set(own_entries(env)) & set(tops)
    if links is not None:
        lost |= {name for name in present if name in _PARTS and name not in links}
    if lost:
        names = ", ".join(sorted(lost))
        raise UsageError(
            f"{env} has to be made anew, and holds what lockenv did not make and cannot keep there: {names}",
            hint=f"move {names} out of the environment, or remove it, and run `lockenv sync` again",
        )


def carry_over(source: str, target: str) -> None:
    """Rename what is people's own from one environment's root into another's. Raises `UsageError`, `OSError`."""
    for name in own_entries(source):
        if os.path.lexists(f"{target}/{name}"):
            raise UsageError(
                f"{source}/{name} and {target}/{name} cannot stand in one environment",
                hint="rename one of the two, and run `lockenv sync` again",
            )
        os.rename(f"{source}/{name}", f"{target}/{name}")


def _unlinked(env: str) -> list[str]:
    """List the names in the root, but for links into the current generation."""
    if os.path.islink(env) or not os.path.isdir(env):
        return []
    with os.scandir(env) as entries:
        return sorted(entry.name for entry in entries if not state.is_own_link(env, entry))
