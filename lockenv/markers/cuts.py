"""Where a span of Pythons has to be cut, so that every marker is as true on all of a piece as on its lowest version.

A cut at `c` parts a span into what is below `c`, and `c` and above. Only final releases of Python are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from packaging.markers import Marker
from packaging.version import Version

from lockenv.targets import Span


def cuts(markers: Iterable[str], span: Span) -> tuple[Version, ...]:
    """The full versions strictly inside the span at which some comparison of Python's version changes its truth.

    Comparisons of ``python_full_version``, ``python_version`` and ``implementation_version`` (taken for CPython's,
    which is Python's own) count, each for itself. Text that is no marker cuts nothing.
    """
    raise NotImplementedError


def requires_python_cuts(specifiers: Iterable[str], span: Span) -> tuple[Version, ...]:
    """The full versions strictly inside the span at which some ``Requires-Python`` changes its answer.

    Text that is no specifier cuts nothing: resolution reads it as no bound at all.
    """
    raise NotImplementedError


def undecidable(marker: Marker | str) -> bool:
    """Whether a marker names what a declared platform does not state: ``platform_release``, ``platform_version``."""
    raise NotImplementedError
