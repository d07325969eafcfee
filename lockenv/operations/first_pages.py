"""The pages of indexes that a lock asks for at once: they are on their way while this process imports the rest.

Nothing here decides anything. What is asked for would be asked for later in any case; where that cannot be, it
costs nothing, and whoever needs it says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from lockenv.errors import LockenvError
from lockenv.manifest.model import IndexSource, Manifest
from lockenv.packages import Requirement, canonicalize_name
from lockenv.session import Session


def ask_ahead(session: Session, manifest: Manifest) -> None:
    """Ask for what a first lock needs on every target: the manifest names it without a marker."""
    if os.path.exists(session.project.lock):  # noqa: PTH110 - as `lockenv.project` has it, a text
        return
    try:
        client = session.client(manifest)
    except LockenvError:
        return  # who needs it tries again, and says so
    plain = (each for each in of_indexes(manifest, manifest.dependencies) if each.marker is None)
    client.prefetch_listings([canonicalize_name(requirement.name) for requirement in plain])


def of_indexes(manifest: Manifest, requirements: Iterable[Requirement]) -> Iterator[Requirement]:
    """Those requirements whose packages come from indexes."""
    elsewhere = {name for name, source in manifest.sources if not isinstance(source, IndexSource)}
    for requirement in requirements:
        if requirement.url is None and canonicalize_name(requirement.name) not in elsewhere:
            yield requirement
