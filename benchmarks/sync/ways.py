"""The ways to install a lock: what each tool is given, its environment, its commands.

In commands and variables, {program} is the tool, {python} the interpreter that the environment is for, {env} the
environment, {cache} the tool's cache, {index} and {host} the index on loopback, {link} how files are to come from
a cache (hardlink, copy, clone).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name
from packaging.version import Version

Command: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A package of a lock, and the sha256 of its files."""

    name: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What a tool's project is made of: requirements and, once lockenv has locked these, the lock and its pins."""

    python: str
    requirements: tuple[str, ...]
    index: str
    pylock: str = ""
    pins: tuple[Pin, ...] = ()

    @property
    def versions(self) -> dict[str, str]:
        """The packages that a right environment has."""
        return {pin.name: pin.version for pin in self.pins}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to install a lock.

    `files` are written into a project before `lock` makes the rest (if it is not there already). `sync` makes the
    environment right; where there is none, `create` comes before, if `sync` does not do that itself. `alone` makes
    an environment without packages. `verify` compares an environment with its lock. An empty command is one that
    the tool does not have. `variables` are its own environment variables. `remark` is what one must know to read
    its figures. It installs the project of the way that it is `like`, if there is one. `pause` is for how many
    seconds after a change it keeps what was there before, for programs that began with it. `phases` are those that
    it is measured in, if not all. `brings` names packages that it needs in every environment besides.
    """

    name: str
    program: str
    files: Callable[[Locked], Mapping[str, str]]
    sync: Command = ()
    lock: Command = ()
    create: Command = ()
    alone: Command = ()
    verify: Command = ()
    variables: Mapping[str, str]
    remark: str = ""
    like: str = ""
    pause: float = 0.0
    phases: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()

    @property
    def project(self) -> str:
        """The way whose project it installs."""
        return self.like or self.name

    @property
    def links(self) -> bool:
        """Whether it can be told how files are to come from its cache."""
        return any("{link}" in value for value in self.variables.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folders of one tool at work on one set."""

    folder: Path

    @property
    def project(self) -> Path:
        """Where the project's files are."""
        return self.folder / "project"

    @property
    def env(self) -> Path:
        """Where the environment is made."""
        return self.project / ".venv"

    @property
    def kept(self) -> tuple[Path, ...]:
        """What a tool keeps between two runs, its project aside."""
        return self.folder / "cache", self.folder / "home"

    @property
    def temporary(self) -> Path:
        """Where temporary files go."""
        return self.folder / "tmp"


def _for_lockenv(locked: Locked) -> Mapping[str, str]:
    tables = [
        f'[env]\nname = "benchmark"\npython = {_text(locked.python)}\ndependencies = {_list(locked.requirements)}',
        '[targets]\nplatforms = ["linux-x86_64"]',
    ]
    files = {"env.toml": "\n\n".join(tables) + "\n"}
    return files | ({"pylock.toml": locked.pylock} if locked.pylock else {})


def _for_uv(locked: Locked) -> Mapping[str, str]:
    marker = "sys_platform == 'linux' and platform_machine == 'x86_64'"
    index = f'[[tool.uv.index]]\nname = "recorded"\nurl = {_text(locked.index)}\ndefault = true'
    return {"pyproject.toml": _pyproject(locked, f"[tool.uv]\nenvironments = {_list([marker])}", index)}


def _for_pdm(locked: Locked) -> Mapping[str, str]:
    source = f'[[tool.pdm.source]]\nname = "pypi"\nurl = {_text(locked.index)}'
    return {"pyproject.toml": _pyproject(locked, "[tool.pdm]\ndistribution = false", source)}


def _for_poetry(locked: Locked) -> Mapping[str, str]:
    source = f'[[tool.poetry.source]]\nname = "recorded"\nurl = {_text(locked.index)}\npriority = "primary"'
    return {"pyproject.toml": _pyproject(locked, "[tool.poetry]\npackage-mode = false", source)}


def _requirements(locked: Locked) -> Mapping[str, str]:
    lines = (
        " \\\n    ".join([f"{pin.name}=={pin.version}", *(f"--hash=sha256:{each}" for each in pin.hashes)])
        for pin in locked.pins
    )
    return {"requirements.txt": "".join(f"{line}\n" for line in lines)}


def _pylock(locked: Locked) -> Mapping[str, str]:
    return {"pylock.toml": locked.pylock}


def _nothing(_: Locked) -> Mapping[str, str]:
    return {}


_UV: Final = {
    "UV_CACHE_DIR": "{cache}",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_LINK_MODE": "{link}",
    "UV_NO_PROGRESS": "1",
}
_UV_PIP: Final = {**_UV, "UV_DEFAULT_INDEX": "{index}"}
_UV_SYNC: Final = {**_UV, "UV_PYTHON": "{python}"}  # which `uv pip` would take for what it is to install into
# pip caches nothing that comes over plain HTTP from a host that it is not told to trust.
_PIP: Final = {"PIP_CACHE_DIR": "{cache}", "PIP_TRUSTED_HOST": "{host}", "PIP_INDEX_URL": "{index}"}
_BARE: Final = ("{python}", "-m", "venv", "--without-pip", "{env}")
_UV_VENV: Final = ("{program}", "venv", "--quiet", "--python", "{python}", "{env}")
_UV_PIP_SYNC: Final = ("{program}", "pip", "sync", "--python", "{env}/bin/python")
_PIP_INSTALL: Final = (
    "{program}",
    "--python",
    "{env}/bin/python",
    "install",
    "--quiet",
    "--no-deps",
    "--no-compile",
)

_LOCKENV: Final = {
    "LOCKENV_INDEX_URL": "{index}",
    "LOCKENV_CACHE_DIR": "{cache}",
    "LOCKENV_LINK_MODE": "{link}",
}

_GRACE: Final = 10.5  #: seconds
_FILES: Final = {"pip-tools": "pip-sync"}

_EVERY = (
    Way(
        name="lockenv",
        program="lockenv",
        files=_for_lockenv,
        lock=("{program}", "lock"),
        sync=("{program}", "sync"),
        alone=("{program}", "sync"),
        verify=("{program}", "verify"),
        variables=_LOCKENV,
        pause=_GRACE,
    ),
    Way(
        name="unsettled",
        program="lockenv",
        like="lockenv",
        files=_for_lockenv,
        sync=("{program}", "sync"),
        alone=("{program}", "sync"),
        variables={**_LOCKENV, "LOCKENV_DURABLE": "process"},
        phases=("create", "cold", "warm", "warm-copy", "change"),
        remark="is `lockenv sync --durable process`: it does not wait for the disk, nor survive a power cut",
    ),
    Way(
        name="fast",
        program="lockenv-fast",
        like="lockenv",
        files=_for_lockenv,
        sync=("{program}", "sync"),
        variables=_LOCKENV,
        phases=("cold",),
        remark="is lockenv installed as `lockenv[fast]`: with ISA-L to inflate what arrives",
    ),
    Way(
        name="uv",
        program="uv",
        files=_for_uv,
        lock=("{program}", "lock"),
        sync=("{program}", "sync", "--frozen"),
        alone=_UV_VENV,
        variables=_UV_SYNC,
    ),
    Way(
        name="uv-pip",
        program="uv",
        files=_requirements,
        sync=(*_UV_PIP_SYNC, "--require-hashes", "requirements.txt"),
        create=_UV_VENV,
        variables=_UV_PIP,
        remark="is `uv pip sync` of a requirements.txt with hashes",
    ),
    Way(
        name="uv-pylock",
        program="uv",
        files=_pylock,
        sync=(*_UV_PIP_SYNC, "pylock.toml"),
        create=_UV_VENV,
        variables=_UV_PIP,
        remark="is `uv pip sync` of lockenv's pylock.toml",
    ),
    Way(
        name="pip",
        program="pip",
        files=_requirements,
        sync=(*_PIP_INSTALL, "--require-hashes", "--requirement", "requirements.txt"),
        create=_BARE,
        variables=_PIP,
        remark="removes nothing, and is given a requirements.txt with hashes",
    ),
    Way(
        name="pip-pylock",
        program="pip",
        files=_pylock,
        sync=(*_PIP_INSTALL, "--requirement", "pylock.toml"),
        create=_BARE,
        variables=_PIP,
        remark="removes nothing, and is given lockenv's pylock.toml",
    ),
    Way(
        name="pip-tools",
        program="pip-tools",
        like="pip",
        files=_requirements,
        sync=(
            "{program}",
            "--quiet",
            "--no-config",
            "--python-executable",
            "{env}/bin/python",
            "--pip-args",
            "--no-deps --no-compile",
            "requirements.txt",
        ),
        create=("{python}", "-m", "venv", "{env}"),
        variables=_PIP,
        remark="is `pip-sync` of a requirements.txt with hashes, and makes each environment with a pip in it",
        brings=("pip",),
    ),
    Way(
        name="pdm",
        program="pdm",
        files=_for_pdm,
        lock=("{program}", "lock"),
        sync=("{program}", "sync", "--clean"),
        create=_BARE,
        variables={
            "PDM_CACHE_DIR": "{cache}",
            "PDM_CHECK_UPDATE": "0",
            "PDM_IGNORE_SAVED_PYTHON": "1",
            "VIRTUAL_ENV": "{env}",
        },
    ),
    Way(
        name="poetry",
        program="poetry",
        files=_for_poetry,
        lock=("{program}", "lock", "--no-interaction"),
        sync=("{program}", "sync", "--no-interaction"),
        create=_BARE,
        variables={"POETRY_CACHE_DIR": "{cache}", "POETRY_VIRTUALENVS_IN_PROJECT": "true"},
    ),
    Way(
        name="venv",
        program="python",
        files=_nothing,
        alone=_BARE,
        variables={},
        remark="is `-m venv --without-pip`",
    ),
    Way(
        name="virtualenv",
        program="virtualenv",
        files=_nothing,
        alone=("{program}", "--quiet", "--no-seed", "--no-periodic-update", "--python", "{python}", "{env}"),
        variables={"VIRTUALENV_OVERRIDE_APP_DATA": "{cache}"},
        remark="is told to install nothing (`--no-seed`)",
    ),
)
WAYS: Final[Mapping[str, Way]] = {way.name: way for way in _EVERY}
#: The programs, and what the file of each is called.
PROGRAMS: Final[Mapping[str, str]] = {
    way.program: _FILES.get(way.program, way.program) for way in _EVERY if way.program != "python"
}


def known_places(program: str, place: Place, *, python: str, index: str, link: str) -> dict[str, str]:
    """What the names in commands and variables stand for."""
    return {
        "program": program,
        "python": python,
        "env": str(place.env),
        "cache": str(place.kept[0]),
        "index": index,
        "host": urlsplit(index).hostname or "",
        "link": link,
    }


def environment(way: Way, place: Place, known: Mapping[str, str]) -> dict[str, str]:
    """Everything that a tool's process gets to know of the machine. It may write bytecode."""
    home = str(place.kept[1])
    common = {
        "PATH": f"{Path(known['python']).parent}{os.pathsep}{os.defpath}",
        "HOME": home,
        "LANG": "C.UTF-8",
        "TMPDIR": str(place.temporary),
        "XDG_CONFIG_DIRS": home,
        "NO_COLOR": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return common | {key: value.format_map(known) for key, value in way.variables.items()}


def pins_of(pylock: str) -> tuple[Pin, ...]:
    """The pins of a lock for one target, where each package stands once."""
    packages = tomllib.loads(pylock).get("packages", ())
    return tuple(_pin(each) for each in packages)


def _pin(package: dict[str, Any]) -> Pin:
    hashes = tuple(wheel["hashes"]["sha256"] for wheel in package.get("wheels", ()))
    assert hashes, f"{package['name']} has no wheel, and nothing is built here"
    return Pin(name=canonicalize_name(package["name"]), version=str(Version(package["version"])), hashes=hashes)


def _pyproject(locked: Locked, *tables: str) -> str:
    dependencies = _list(f"{pin.name}=={pin.version}" for pin in locked.pins)
    project = [
        '[project]\nname = "benchmark"\nversion = "0"',
        f"requires-python = {_text(locked.python)}\ndependencies = {dependencies}",
    ]
    return "\n".join(project) + "\n\n" + "\n\n".join(tables) + "\n"


def _text(value: str) -> str:
    assert not set(value) & set('"\\\n'), f"{value!r} would have to be escaped"
    return f'"{value}"'


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
