"""An environment or a lock that is not there: the error, with the step that comes next from what there is."""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH110

from __future__ import annotations

import os

from lockenv.errors import LockError, UsageError
from lockenv.operations.files import shown
from lockenv.project import MANIFEST, Project


def no_environment(project: Project, place: str, which: str = "") -> UsageError:
    """The error that no environment stands at `place`. `which` says more of the one that was looked for."""
    hint = _begin(project)
    if os.path.exists(project.lock):
        hint = "run `lockenv sync` to make it"
    elif os.path.exists(project.manifest):
        hint = "run `lockenv lock`, then `lockenv sync`, to make it"
    return UsageError(f"there is no environment at {place}{which}", hint=hint)


def no_lock(project: Project, otherwise: str = "") -> LockError:
    """The error that the project's lock is not there. `otherwise` is what can be done instead of making it."""
    is_begun = os.path.exists(project.manifest)
    hint = f"run `lockenv lock` to make it{otherwise}" if is_begun else _begin(project)
    return LockError(f"there is no {shown(project, project.lock)}", hint=hint)


def _begin(project: Project) -> str:
    return (
        f"nor is there an {MANIFEST} in {project.folder}: run `lockenv init` to begin there, "
        "or name the project's folder with `--project`"
    )
