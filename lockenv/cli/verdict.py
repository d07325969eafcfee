"""What a sync came to, in one line."""

from __future__ import annotations

from lockenv.transaction.digest import short

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.operations.wish import Synced


def verdict(done: Synced) -> str:
    """Say in one line what is true now."""
    packages = "1 package" if done.packages == 1 else f"{done.packages} packages"
    already = "already " if done.reason is None else ""
    told = f"{packages}, digest {short(done.digest)}"
    return f"{done.env} is {already}exactly {done.lock} ({told})"
