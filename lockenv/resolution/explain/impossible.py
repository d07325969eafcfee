"""Failures in, one error out."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.errors import ResolutionImpossible
from lockenv.resolution.explain.failure import Failure
from lockenv.resolution.explain.story import tell
from lockenv.targets import Target


def explain(failures: Sequence[Failure], targets: Sequence[Target]) -> ResolutionImpossible:
    """Make the error that says what does not fit together, on which of `targets`, why, and what may help."""
    del targets
    failure = failures[0]
    return tell(failure.dead_end.causes, failure.roots, failure.provider, failure.target)
