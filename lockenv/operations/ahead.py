"""What a first sync begins before it reads its lock: it goes on beside, while this process imports.

Nothing here decides anything. What is begun would be done later in any case, by who asks for it; where it cannot
be begun, or is not wanted then, it costs time and nothing else.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH110, PTH112, PTH118

from __future__ import annotations

import os

from lockenv.errors import LockenvError
from lockenv.session import INTERPRETERS

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.session import Session


def begin(session: Session, lock: bytes) -> None:
    """Begin what a sync of this `lock` will ask others, where the cache knows no answer."""
    # Files of this machine need no credentials, and so no index.
    if b"http" in lock:
        session.ask_index_ahead()
    _begin_to_ask_interpreter(session)


def _begin_to_ask_interpreter(session: Session) -> None:
    if os.path.isdir(os.path.join(session.settings.cache_dir, INTERPRETERS)):
        return
    if not os.path.exists(session.project.manifest):
        return
    # Lazy: it is the first sync of a cache that asks.
    from lockenv.operations.choose import ask_ahead
    from lockenv.operations.read import manifest_of
    from lockenv.python.interpreter import give_up

    try:
        manifest = manifest_of(session.project)
    except LockenvError:
        return  # it is read again, and then that is said
    session.on_close(lambda: give_up(session.probes))
    ask_ahead(session, manifest.python)
