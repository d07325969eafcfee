"""`lockenv run script.py`, where the script says what it needs (PEP 723): its environment, made if it is missing.

What was made once is found by a digest, with as few imports as can be.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH100, PTH109, PTH110, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import time

from lockenv import settings as user_settings
from lockenv.inline import find_block, lock_of
from lockenv.operations.files import bytes_of
from lockenv.project import LOCK
from lockenv.sums import sha256
from lockenv.user_folders import cache_folder, config_file

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockenv.inline import Block
    from lockenv.settings import Settings

_FOLDER, _ENVIRONMENT, _READY = "scripts", "env", "ready"  #: as in `lockenv.operations.scripts`
_MAGIC = b"lockenv script 1"  #: to be changed with what an environment rests on
_HOUR = 3600.0


def environment_of(
    script: str, flags: Mapping[str, object], *, required: bool = False, verified: bool = False
) -> str | None:
    """The environment of a script, made where it is not there; None where the script does not say what it needs.

    `flags` are settings. Where a block is `required`, that is refused; an environment that is to be `verified` is
    compared with its lock byte by byte. Raises `UsageError`, what `lock` and `sync` raise, and `CheckFailed`.
    """
    source = bytes_of(script)
    # Most files say nothing, and need not be taken to pieces.
    block = find_block(source, where=script) if source is not None and b"# /// script" in source else None
    if block is None:
        if required:
            _refuse(script)
        return None
    settings = _settings(flags)
    path = os.path.abspath(script)
    home = os.path.join(os.path.abspath(settings.cache_dir), _FOLDER, _digest(path, block, settings))
    env = os.path.join(home, _ENVIRONMENT)
    if verified or not _is_ready(home, env):
        # Lazy: what is ready is started so soon that nobody interrupts it.
        from lockenv.cli.interrupts import prompt_interrupts

        with prompt_interrupts("run"):
            if not _is_ready(home, env):
                _prepare(script, block, flags, home)
            if verified:
                _verify(path, flags, home, env)
    return env


def _refuse(script: str) -> None:
    from lockenv.operations.scripts import script_at  # Lazy: it refuses what says nothing

    script_at(script, folder=os.getcwd())


def _verify(path: str, flags: Mapping[str, object], home: str, env: str) -> None:
    # Lazy: this is the other command, with all that it takes.
    from lockenv.cli.verify import refuse_drift

    own = os.path.join(home, LOCK)
    lock = own if os.path.exists(own) else lock_of(path)
    refuse_drift({**flags, "project": home, "env_dir": env}, lock=lock)


def _digest(path: str, block: Block, settings: Settings) -> str:
    """One digest of what the environment rests on. Scripts that say the same share it."""
    lock = bytes_of(lock_of(path))
    # Sources and indexes may be folders beside the script.
    folder = os.path.dirname(path) if lock is not None or b"tool" in block.toml or b"@" in block.toml else ""
    parts = (block.toml, lock or b"", folder.encode("utf-8", "surrogateescape"))
    said = (settings.python or "", settings.index_url or "")
    whole = sha256(_MAGIC)
    for part in (*parts, *(text.encode() for text in said)):
        whole.update(b"%d:%b" % (len(part), part))
    return whole.hexdigest()[:32]


def _is_ready(home: str, env: str) -> bool:
    """Whether the environment is whole, and its Python still there; notes that it was used."""
    note = os.path.join(home, _READY)
    try:
        used = os.stat(note).st_mtime
        os.stat(os.path.join(env, "bin", "python"))
        if time.time() - used > _HOUR:
            os.utime(note)
    except OSError:
        return False
    return True


def _settings(flags: Mapping[str, object]) -> Settings:
    where = config_file(os.environ)
    try:
        with open(where, encoding="utf-8") as file:
            config = file.read()
    except OSError:
        config = None
    return user_settings.load(
        flags=flags, environ=os.environ, config=config, config_where=where, cache_default=cache_folder(os.environ)
    )


def _prepare(script: str, block: Block, flags: Mapping[str, object], home: str) -> None:
    # Lazy: most runs find the environment.
    from argparse import Namespace

    from lockenv.cli.options import session_of
    from lockenv.cli.screen import duration
    from lockenv.operations.scripts import Script, prepare

    began = time.perf_counter()
    asked = Namespace(**{"quiet": None, "verbosity": None, **flags, "env_dir": None, "lock": None})
    with session_of(asked) as (session, screen):
        done = prepare(session, Script(path=os.path.abspath(script), name=script, block=block), home)
    if not screen.quiet:
        packages = "1 package" if done.packages == 1 else f"{done.packages} packages"
        # The script's own output is on stdout.
        screen.note(f"an environment for {script}: {packages}, {duration(time.perf_counter() - began)}")
