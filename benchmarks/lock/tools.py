"""How each tool is told what to lock: its project's files, its environment, its commands.

A tool sees the index on loopback and no other, and no configuration of the user or the machine: its home, its
cache and its temporary files lie in its own `Place`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.lock.manifests import Manifest

#: Platforms in lockenv's words: the marker that holds there; nab's word for it.
_MARKERS = {
    "linux-x86_64": "sys_platform == 'linux' and platform_machine == 'x86_64'",
    "linux-aarch64": "sys_platform == 'linux' and platform_machine == 'aarch64'",
    "macos-arm64": "sys_platform == 'darwin' and platform_machine == 'arm64'",
    "macos-x86_64": "sys_platform == 'darwin' and platform_machine == 'x86_64'",
    "windows-x86_64": "sys_platform == 'win32' and platform_machine == 'AMD64'",
}
_NAB_PLATFORMS = {
    "linux-x86_64": "linux_x86_64",
    "linux-aarch64": "linux_aarch64",
    "macos-arm64": "macos_arm64",
    "macos-x86_64": "macos_x86_64",
    "windows-x86_64": "windows_amd64",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folders of one tool at work on one manifest."""

    folder: Path

    @property
    def project(self) -> Path:
        """Where the project's files and its lock are."""
        return self.folder / "project"

    @property
    def kept(self) -> tuple[Path, ...]:
        """What a tool keeps between two runs, its project aside."""
        return self.folder / "cache", self.folder / "home"

    @property
    def temporary(self) -> Path:
        """Where temporary files go."""
        return self.folder / "tmp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a tool is asked to lock: `dependencies` of a manifest, from `index`, with `python`."""

    manifest: Manifest
    dependencies: tuple[str, ...]
    index: str
    python: str


def packages_in(lock: bytes) -> int:
    """How many packages a lock has, by name and version; the project itself (uv's) is none."""
    content = tomllib.loads(lock.decode())
    entries = content.get("packages", content.get("package", ()))
    return len(
        {(each["name"], each.get("version")) for each in entries if "virtual" not in each.get("source", ())}
    )


def pins_in(lock: bytes) -> int:
    """How many packages a list of requirements pins."""
    return len({line.partition("==")[0] for line in lock.decode().splitlines() if re.match(r"[\w.-]+==", line)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that locks.

    `lock` is the file it writes, `arguments` make it or make an old one right, `upgrade` let go of one package,
    whose name is put behind them (None: it cannot). `variables` are its own environment variables, where {cache},
    {index}, {host} and {python} stand for a job's; `files` writes a project's files. `packages` tells how many
    packages a lock has. `remark` is what one must know to read its figures. `program` is what its file is called,
    if not as the tool is.
    """

    name: str
    lock: str
    arguments: tuple[str, ...]
    upgrade: tuple[str, ...] | None
    variables: Mapping[str, str]
    files: Callable[[Job], Mapping[str, str]]
    packages: Callable[[bytes], int] = packages_in
    remark: str = ""
    program: str = ""

    @property
    def file(self) -> str:
        """What its program's file is called."""
        return self.program or self.name

    def command(self, job: Job, *, upgrade: bool = False) -> tuple[str, ...] | None:
        """The arguments for a job; None if the tool cannot do that."""
        if not upgrade:
            return self.arguments
        return None if self.upgrade is None else (*self.upgrade, job.manifest.upgrade)


def _for_lockenv(job: Job) -> Mapping[str, str]:
    manifest = job.manifest
    tables = [
        f'[env]\nname = "benchmark"\npython = {_text(manifest.python)}\ndependencies = {_list(job.dependencies)}',
        f"[targets]\nplatforms = {_list(manifest.platforms)}",
    ]
    if manifest.allow_build:
        tables.append(f"[build]\nallow = {_list(manifest.allow_build)}")
    return {"env.toml": "\n\n".join(tables) + "\n"}


def _for_uv(job: Job) -> Mapping[str, str]:
    environments = _list(_MARKERS[platform] for platform in job.manifest.platforms)
    index = f'[[tool.uv.index]]\nname = "recorded"\nurl = {_text(job.index)}\ndefault = true'
    return {"pyproject.toml": _pyproject(job, f"[tool.uv]\nenvironments = {environments}", index)}


def _for_nab(job: Job) -> Mapping[str, str]:
    platforms = _list(_NAB_PLATFORMS[platform] for platform in job.manifest.platforms)
    matrix = f"[tool.nab.matrix]\npython = {_text(job.manifest.python)}\nplatforms = {platforms}"
    index = f'[[tool.nab.indexes]]\nname = "recorded"\nurl = {_text(job.index)}'
    return {"pyproject.toml": _pyproject(job, matrix, index)}


def _for_pdm(job: Job) -> Mapping[str, str]:
    source = f'[[tool.pdm.source]]\nname = "pypi"\nurl = {_text(job.index)}'
    project = _pyproject(job, "[tool.pdm]\ndistribution = false", source)
    return {"pyproject.toml": project, ".pdm-python": job.python}


def _for_poetry(job: Job) -> Mapping[str, str]:
    source = f'[[tool.poetry.source]]\nname = "recorded"\nurl = {_text(job.index)}\npriority = "primary"'
    return {"pyproject.toml": _pyproject(job, "[tool.poetry]\npackage-mode = false", source)}


def _for_pip(job: Job) -> Mapping[str, str]:
    return {"requirements.in": "".join(f"{each}\n" for each in job.dependencies)}


_PIP_COMPILE = (
    "requirements.in",
    "--generate-hashes",
    "--strip-extras",
    "--allow-unsafe",  # pip and setuptools are packages like others
    "--no-config",
    "--no-header",  # it would tell the words that it was called with, and these differ
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--quiet",
    "--output-file",
    "requirements.txt",
)

_EVERY = (
    Tool(
        name="lockenv",
        lock="pylock.toml",
        arguments=("lock",),
        upgrade=("lock", "--upgrade-package"),
        variables={"LOCKENV_INDEX_URL": "{index}", "LOCKENV_CACHE_DIR": "{cache}"},
        files=_for_lockenv,
    ),
    Tool(
        name="uv",
        lock="uv.lock",
        arguments=("lock", "--no-progress"),
        upgrade=("lock", "--no-progress", "--upgrade-package"),
        variables={"UV_CACHE_DIR": "{cache}", "UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON": "{python}"},
        files=_for_uv,
        remark="does not check that what it chooses has a wheel for each target",
    ),
    Tool(
        name="nab",
        lock="pylock.toml",
        arguments=("lock", "--no-progress"),
        upgrade=None,
        variables={"XDG_CACHE_HOME": "{cache}"},
        files=_for_nab,
        remark="runs no builds for a universal lock",
    ),
    Tool(
        name="pdm",
        lock="pdm.lock",
        arguments=("lock", "--update-reuse"),
        upgrade=("update", "--no-sync", "--update-reuse"),
        variables={"PDM_CACHE_DIR": "{cache}", "PDM_CHECK_UPDATE": "0", "PDM_USE_VENV": "0"},
        files=_for_pdm,
        remark="does not look at targets",
    ),
    Tool(
        name="poetry",
        lock="poetry.lock",
        arguments=("lock", "--no-interaction"),
        upgrade=("update", "--no-interaction", "--lock"),
        variables={"POETRY_CACHE_DIR": "{cache}", "POETRY_VIRTUALENVS_CREATE": "false"},
        files=_for_poetry,
        remark="does not look at targets",
    ),
    Tool(
        name="pip",
        lock="pylock.toml",
        arguments=("lock", "--quiet", "--requirement", "requirements.in"),
        upgrade=None,
        # pip caches nothing that comes over plain HTTP from a host that it is not told to trust.
        variables={"PIP_CACHE_DIR": "{cache}", "PIP_TRUSTED_HOST": "{host}"},
        files=_for_pip,
        remark="locks for this platform and this Python only, and keeps no pins",
    ),
    Tool(
        name="pip-tools",
        program="pip-compile",
        lock="requirements.txt",
        arguments=_PIP_COMPILE,
        upgrade=(*_PIP_COMPILE, "--upgrade-package"),
        variables={
            "PIP_CACHE_DIR": "{cache}",
            "PIP_TOOLS_CACHE_DIR": "{cache}/pip-tools",
            "PIP_TRUSTED_HOST": "{host}",
        },
        files=_for_pip,
        packages=pins_in,
        remark="is `pip-compile --generate-hashes`: it locks for this platform and this Python only",
    ),
)
TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _EVERY}


def environment(tool: Tool, place: Place, job: Job) -> dict[str, str]:
    """Everything that a tool's process gets to know of the machine."""
    cache, home = (str(path) for path in place.kept)
    common = {
        "PATH": f"{Path(job.python).parent}{os.pathsep}{os.defpath}",
        "HOME": home,
        "LANG": "C.UTF-8",
        "TMPDIR": str(place.temporary),
        "XDG_CONFIG_DIRS": home,
        "NO_COLOR": "1",
        # Tools that build call on pip, or read what it is told.
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": job.index,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    host = urlsplit(job.index).hostname or ""
    known = {"cache": cache, "index": job.index, "host": host, "python": job.python}
    return common | {key: value.format_map(known) for key, value in tool.variables.items()}


def lay_out(tool: Tool, place: Place, job: Job) -> None:
    """Write a project's files."""
    for folder in (place.project, place.temporary, *place.kept):
        folder.mkdir(parents=True, exist_ok=True)
    for name, content in tool.files(job).items():
        (place.project / name).write_text(content, encoding="utf-8")


def _pyproject(job: Job, *tables: str) -> str:
    project = [
        '[project]\nname = "benchmark"\nversion = "0"',
        f"requires-python = {_text(job.manifest.python)}\ndependencies = {_list(job.dependencies)}",
    ]
    return "\n".join(project) + "\n\n" + "\n\n".join(tables) + "\n"


def _text(value: str) -> str:
    assert not set(value) & set('"\\\n'), f"{value!r} would have to be escaped"
    return f'"{value}"'


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
