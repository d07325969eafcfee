"""`cache`: how big it is, and taking out what nobody has used for a while."""

from __future__ import annotations

from dataclasses import dataclass

from lockenv.session import Session

_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes in each part of the cache."""

    store: int
    index: int


def sizes(session: Session) -> Sizes:
    """Count the bytes of unpacked wheels, and of pages and metadata."""
    return Sizes(store=session.store.size(), index=session.index_cache.size()[0])


def prune(session: Session, *, older_than_days: float) -> int:
    """Remove what was not used for so many days; give the bytes freed. Environments keep their files."""
    freed = session.store.prune(older_than=older_than_days * _DAY)
    return freed + session.index_cache.prune(older_than_days=older_than_days)[0]
