"""What tells Git to merge and to compare locks by lockenv: a few settings, and a few lines of attributes.

The settings are one's own and name the program; the lines are committed, so that they serve everybody who has made
the settings. Who has not is served by Git's own ways, as if the lines were not there.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from lockenv.build.children import Children
from lockenv.build.git_program import Git
from lockenv.errors import UsageError
from lockenv.files import write_atomically
from lockenv.operations.files import bytes_of
from lockenv.values import dataclass

#: The name of our drivers, in settings and attributes.
_DRIVER = "lockenv"
#: What the standard calls a lock (PEP 751), in any folder below the attributes.
_LINES = tuple(f"{pattern} merge={_DRIVER} diff={_DRIVER}" for pattern in ("pylock.toml", "pylock.*.toml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was changed: settings by name, and lines of the file `attributes`."""

    settings: tuple[str, ...]
    attributes: Path
    lines: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.settings or self.lines)


def install(environ: Mapping[str, str], folder: Path, *, everywhere: bool = False) -> Made:
    """Let a repository merge and compare locks by lockenv; `everywhere`: all repositories of a person.

    What is so already is left alone. Raises `UsageError` where there is no git, no repository at `folder`, or no
    leave to write.
    """
    repository = _Repository(environ, folder, everywhere=everywhere)
    settings = _settings(environ)
    changed = [name for name, value in settings.items() if repository.setting(name) != value]
    for name in changed:
        repository.set(name, settings[name])
    place = repository.attributes()
    text = _text(place)
    lines = tuple(line for line in _LINES if line not in text.splitlines())
    if lines:
        gap = "" if not text or text.endswith("\n") else "\n"
        _write(place, f"{text}{gap}" + "".join(f"{line}\n" for line in lines))
    return Made(settings=tuple(changed), attributes=place, lines=lines)


def uninstall(environ: Mapping[str, str], folder: Path, *, everywhere: bool = False) -> Made:
    """Take away what `install` did, and nothing else; an attributes file that is empty then goes too.

    Raises as `install`.
    """
    repository = _Repository(environ, folder, everywhere=everywhere)
    changed = [name for name in _settings(environ) if repository.setting(name) is not None]
    for section in dict.fromkeys(name.rpartition(".")[0] for name in changed):
        repository.remove_section(section)
    place = repository.attributes()
    text = _text(place)
    lines = tuple(line for line in _LINES if line in text.splitlines())
    rest = "".join(line for line in text.splitlines(keepends=True) if line.rstrip("\r\n") not in _LINES)
    if lines and rest:
        _write(place, rest)
    elif lines:
        place.unlink()
    return Made(settings=tuple(changed), attributes=place, lines=lines)


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    program = _program(environ)
    return {
        f"merge.{_DRIVER}.name": "lockenv, package by package",
        f"merge.{_DRIVER}.driver": f"{program} git --marker-size %L -- merge-driver %O %A %B %P",
        # Where the bases of a merge have to be merged first, the older one will do.
        f"merge.{_DRIVER}.recursive": "binary",
        f"diff.{_DRIVER}.textconv": f"{program} git textconv",
    }


def _program(environ: Mapping[str, str]) -> str:
    """How Git's shell calls lockenv: by its name where that is on PATH, else by this Python."""
    if shutil.which("lockenv", path=environ.get("PATH")):
        return "lockenv"
    return f"{shlex.quote(sys.executable)} -m lockenv"


class _Repository:
    """The settings of one repository, or of a person."""

    def __init__(self, environ: Mapping[str, str], folder: Path, *, everywhere: bool) -> None:
        self._git = Git(environ, Children())
        self._folder = folder
        self._environ = environ
        self._scope = "--global" if everywhere else "--local"
        if not self._git.is_there:
            raise UsageError("there is no `git` program", hint="install git, or put it on PATH")
        self._top = self._ask("rev-parse", "--show-toplevel")
        if not self._top and not everywhere:
            msg = f"{folder} is in no Git repository"
            raise UsageError(msg, hint="run `git init`, or say `--global` for all of yours")

    def setting(self, name: str) -> str | None:
        """What a setting says here; what other places say does not count."""
        return self._ask("config", self._scope, "--get", name)

    def set(self, name: str, value: str) -> None:
        """Make a setting. Raises `UsageError`."""
        if self._ask("config", self._scope, "--replace-all", name, value) is None:
            raise UsageError(f"git does not take the setting {name}", hint="is its configuration file writable?")

    def remove_section(self, section: str) -> None:
        """Take all settings of a section away. Raises `UsageError`."""
        if self._ask("config", self._scope, "--remove-section", section) is None:
            raise UsageError(f"git does not let go of {section}", hint="is its configuration file writable?")

    def attributes(self) -> Path:
        """The file of attributes that is meant: the repository's own, or the person's."""
        if self._scope == "--local":
            return Path(self._top or "", ".gitattributes")
        named = self._ask("config", "--global", "--type=path", "--get", "core.attributesFile")
        if named:
            return Path(named)
        configured = self._environ.get("XDG_CONFIG_HOME")
        home = Path(configured) if configured else Path(self._environ.get("HOME", ""), ".config")
        return home / "git" / "attributes"

    def _ask(self, *arguments: str) -> str | None:
        return self._git.answer(self._folder, *arguments, theirs=True)


def _text(place: Path) -> str:
    return (bytes_of(place) or b"").decode("utf-8", "surrogateescape")


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place.resolve(), text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror}", hint="make it writable") from None
