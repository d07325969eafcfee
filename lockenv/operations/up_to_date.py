"""Whether a sync has nothing to do, as far as bytes and stats tell: nothing is parsed, little imported."""

from __future__ import annotations

from lockenv.operations.inputs import inputs_digest
from lockenv.operations.unchanged import read_note, unchanged
from lockenv.uncollected import Uncollected

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockenv.project import Project
    from lockenv.transaction.state import State


def up_to_date(
    project: Project, *, lock_digest: str, selection: tuple[str, ...], compiled: bool = False
) -> State | None:
    """The record of the environment if all that it was made from, and all that is in it, is as it was; else None.

    `compiled` asks for bytecode too.
    """
    inputs, included, watched = read_note(project.env)
    if not inputs or inputs != inputs_digest(project, lock_digest, included, watched):
        return None
    with Uncollected():
        return unchanged(project.env, lock_digest=lock_digest, selection=selection, compiled=compiled)


def selection_of(
    *, groups: tuple[str, ...], extras: tuple[str, ...], all_groups: bool, seed: bool
) -> tuple[str, ...]:
    """What is asked for of a lock, in the form that the environment's record keeps."""
    asked = ["all groups"] if all_groups else [f"group {name}" for name in sorted(set(groups))]
    further = [f"extra {name}" for name in sorted(set(extras))]
    return (*asked, *further, "seed") if seed else (*asked, *further)


def compares_content(environ: Mapping[str, str], asked: bool | None) -> bool:
    """Whether content is to be compared: if asked for, and on machines that call themselves a `CI`."""
    if asked is not None:
        return asked
    return environ.get("CI", "").strip().lower() not in {"", "0", "false", "no", "off"}
