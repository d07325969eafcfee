"""Whether two markers can both be true somewhere, over all environments and not only the declared ones."""

from __future__ import annotations

from collections.abc import Collection

from packaging.markers import Marker


def disjoint(first: Marker | None, second: Marker | None, conflicts: Collection[Collection[str]] = ()) -> bool:
    """Whether no environment at all makes both markers true; None is the marker that is always true.

    Of each set in `conflicts` at most one group is taken to be asked for. The answer is conservative: what cannot
    be modelled (``platform_version`` compared as text, two `in` lists) counts as possible.
    """
    raise NotImplementedError
