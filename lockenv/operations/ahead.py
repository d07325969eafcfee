"""What a first sync begins before it reads its lock: it goes on beside, while this process imports.

Nothing here decides anything. What is begun would be done later in any case, by who asks for it; where it cannot
be begun, or is not wanted then, it costs time and nothing else.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH110, PTH112, PTH118

from __future__ import annotations

import os

from lockenv.errors import LockenvError
from lockenv.index import ahead
from lockenv.session import INTERPRETERS

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.session import Session


def begin(session: Session, raw: bytes) -> None:
    """Begin to ask the interpreter and pip for a sync of this lock, where the cache knows of neither."""
    cache = session.settings.cache_dir
    if os.path.isdir(os.path.join(cache, INTERPRETERS)):
        return
    if os.path.exists(session.project.manifest):
        _ask_interpreters(session)
    # Behind that, so that the other process has what was imported for it.
    if not session.settings.offline and not session.settings.index_url and b"http" in raw:
        ahead.begin(lambda: _ask_pip(session), session.environ, cache)
        session.on_close(lambda: ahead.wait(cache))


def _ask_pip(session: Session) -> None:
    # Lazy: these are imported by the other process.
    from pathlib import Path

    from lockenv.index.default import leave_out_drawing
    from lockenv.index.kept_default import kept_default_index

    leave_out_drawing()
    kept_default_index(session.environ, Path(session.settings.cache_dir))


def _ask_interpreters(session: Session) -> None:
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
