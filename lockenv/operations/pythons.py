"""`python pin`: write down which Python a project is worked on with."""

from __future__ import annotations

from pathlib import Path

from packaging.specifiers import SpecifierSet

from lockenv.errors import InstallError, InterpreterNotFound, UsageError
from lockenv.files import write_atomically
from lockenv.manifest.words import quoted
from lockenv.operations.files import shown
from lockenv.operations.woven import declared
from lockenv.project import MANIFEST
from lockenv.python.discovery import find
from lockenv.python.interpreter import Interpreter
from lockenv.python.requests import ByVersion, parse_version, read_version_file
from lockenv.session import Session
from lockenv.values import dataclass

_FILE = ".python-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What was written, where, in the place of what ('' for nothing), and the Python that is meant.

    None for `interpreter` is that this machine has none.
    """

    file: str
    version: str
    before: str
    interpreter: Interpreter | None


def pin_python(session: Session, text: str) -> Pinned:
    """Write a version into `.python-version` beside the manifest, wholly or not at all.

    Raises `UsageError` for what is no version and for one that the manifest does not admit, `ManifestError`, and
    `InstallError` where the file cannot be written. That there is no such Python here is said, not refused.
    """
    text = text.strip()
    wanted = parse_version(text)
    if wanted is None or not text[:1].isalnum():
        raise UsageError(f"{quoted(text)} is no version to be pinned", hint="say `lockenv python pin 3.12`")
    manifest = declared(session)
    admitted = manifest.python if manifest is not None else SpecifierSet()
    if not _overlap(admitted, wanted):
        msg = f'{MANIFEST} does not admit {quoted(text)}: it says `python = "{admitted}"`'
        raise UsageError(msg, hint="pin another one, or widen `python`")
    path = Path(session.project.folder, _FILE)
    before = next(read_version_file(path), "") if path.is_file() else ""
    interpreter = _found(session, text, admitted)
    if before != text:
        try:
            write_atomically(path, f"{text}\n".encode())
        except OSError as error:
            raise InstallError(f"{path} cannot be written: {error.strerror}") from None
    file = shown(session.project, str(path))
    return Pinned(file=file, version=text, before=before, interpreter=interpreter)


def _overlap(admitted: SpecifierSet, wanted: ByVersion) -> bool:
    """Whether a manifest admits some of what a version stands for."""
    return not admitted.to_range().is_disjoint(wanted.specifier.to_range())


def _found(session: Session, text: str, admitted: SpecifierSet) -> Interpreter | None:
    try:
        return find(
            text,
            requires_python=admitted,
            project=Path(session.project.folder),
            environ=session.environ,
            cache=session.probes,
        )
    except InterpreterNotFound:
        return None
