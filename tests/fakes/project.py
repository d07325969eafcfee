"""A scratch project and the command line, used as a person uses it.

    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["menu>=1"])
    ran = project.run("lock")              # in this process: quick
    ran = project.spawn("run", "menu")     # in a process of its own: `python -m lockenv run menu`
    assert (ran.status, ran.out, ran.err) == (0, "…", "")

Home, cache and configuration lie in the scratch folder; of this machine's environment nothing is passed on.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from packaging.markers import default_environment

from lockenv.cli.main import run as run_command_line
from lockenv.python.discovery import list_all
from lockenv.python.probe_cache import ProbeCache
from lockenv.targets import platform_name
from lockenv.transaction import durability

#: The minor version of the running Python, such as ``3.11``, and its executable outside any environment.
SERIES = f"{sys.version_info.major}.{sys.version_info.minor}"
BASE_PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
#: This machine's platform, as `[targets]` names it.
PLATFORM = platform_name({name: str(said) for name, said in default_environment().items()})
#: Longer than anything takes here, so that what hangs fails.
PATIENCE = 120
_SYSTEM_PATH = "/usr/bin:/bin"
_SETTLE = durability._settle
#: What of an environment is ours to rewrite from one sync to the next, and no part of what was installed.
_OWN = (".lockenv/lock", ".lockenv/fresh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that has come to its end."""

    arguments: tuple[str, ...]
    status: int
    out: str
    err: str

    def ok(self) -> Self:
        """Insist that it went well."""
        assert self.status == 0, f"lockenv {' '.join(self.arguments)}: {self.status}\n{self.out}\n{self.err}"
        return self


class ScratchProject:
    """A folder for a project, with a home and a cache beside it."""

    def __init__(self, scratch: Path, *, index_url: str | None = None, name: str = "forecast") -> None:
        self.scratch = scratch
        self.folder = scratch / name
        self.cache = scratch / "cache"
        self.home = scratch / "home"
        self.folder.mkdir()
        self.home.mkdir(exist_ok=True)
        self.environ = {
            "PATH": f"{BASE_PYTHON.parent}:{_SYSTEM_PATH}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "LOCKENV_CACHE_DIR": str(self.cache),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if index_url is not None:
            self.environ["LOCKENV_INDEX_URL"] = index_url
        self._know_interpreters()

    def _know_interpreters(self) -> None:
        """Have been here before: to ask the interpreters on PATH takes longer than most that is tested."""
        answers = self.cache / "interpreters"
        if not answers.exists():
            answers.mkdir(parents=True)
            for name, answer in _answers(self.environ["PATH"]).items():
                (answers / name).write_bytes(answer)

    # -- its files

    @property
    def lock(self) -> Path:
        return self.folder / "pylock.toml"

    @property
    def env(self) -> Path:
        return self.folder / ".venv"

    def manifest(
        self,
        *,
        dependencies: Sequence[str] = (),
        groups: Mapping[str, Sequence[str]] | None = None,
        python: str = f"=={SERIES}.*",
        more: str = "",
    ) -> None:
        """Write env.toml. `more` is further TOML, behind the tables."""
        lines = ["[env]", f'python = "{python}"', f"dependencies = {_toml(dependencies)}", "", "[groups]"]
        lines += [f"{group} = {_toml(requirements)}" for group, requirements in (groups or {}).items()]
        self.write("env.toml", "\n".join([*lines, "", more, ""]))

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def files(self) -> list[str]:
        """The names in the project's folder: what a person sees."""
        return sorted(path.name for path in self.folder.iterdir())

    def tree(self) -> dict[str, bytes | str]:
        """Everything in the environment: content of files, targets of links."""
        found: dict[str, bytes | str] = {}
        for folder, folders, files in os.walk(self.env):
            for name in [*files, *(each for each in folders if Path(folder, each).is_symlink())]:
                path = Path(folder, name)
                where = path.relative_to(self.env).as_posix()
                if where not in _OWN:
                    found[where] = str(path.readlink()) if path.is_symlink() else path.read_bytes()
        return found

    def installed(self, env: str = ".venv") -> dict[str, str]:
        """Names and versions in an environment, by its dist-info folders."""
        folders = [path.name for path in (self.folder / env).glob("lib/python*/site-packages/*.dist-info")]
        return dict(sorted(folder.removesuffix(".dist-info").split("-", 1) for folder in folders))

    def locked(self, lock: str = "pylock.toml") -> dict[str, str]:
        """Names and versions in a lock."""
        import tomllib

        packages = tomllib.loads((self.folder / lock).read_text(encoding="utf-8"))["packages"]
        return {package["name"]: package["version"] for package in packages}

    # -- running things

    def run(self, *arguments: str, **environ: str) -> Ran:
        """Run the command line in this process. Not for `run`, which would take the process over."""
        return self.run_in(self.folder, *arguments, **environ)

    def run_in(self, folder: Path, *arguments: str, **environ: str) -> Ran:
        """Run the command line in this process, from another folder."""
        assert "run" not in arguments[:1], "`lockenv run` replaces its process: use spawn"
        out, err = io.StringIO(), io.StringIO()
        with _surroundings({**self.environ, **environ}, folder), redirect_stdout(out), redirect_stderr(err):
            try:
                status = run_command_line(arguments)
            except SystemExit as leaving:  # argparse, after --help
                status = int(leaving.code or 0)
        return Ran(arguments=arguments, status=status, out=out.getvalue(), err=err.getvalue())

    def spawn(self, *arguments: str, **environ: str) -> Ran:
        """Run the command line in a process of its own."""
        with self.start(*arguments, environ=environ) as process:
            return finished(process, arguments)

    def start(
        self,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "lockenv"),
        **options: Any,
    ) -> subprocess.Popen[str]:
        """Begin to run the command line; `options` are further ones of `subprocess.Popen`."""
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "encoding": "utf-8",
        }
        return subprocess.Popen(
            [*program, *arguments],
            env={**self.environ, **importable(), **(environ or {})},
            **{"cwd": self.folder, **streams, **options},
        )

    def python(self, code: str) -> str:
        """Run a line of Python in the environment and give what it prints; it must go well."""
        return self.execute("python", "-c", code)

    def execute(self, command: str, *arguments: str) -> str:
        """Run a command of the environment and give what it prints; it must go well."""
        done = subprocess.run(
            [self.env / "bin" / command, *arguments],
            env={"PATH": _SYSTEM_PATH, "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()


@cache
def _answers(path: str) -> Mapping[str, bytes]:
    """What the cache holds once the interpreters on `path` were asked: file by file."""
    with TemporaryDirectory() as folder:
        list_all(environ={"PATH": path, "HOME": folder}, cache=ProbeCache(Path(folder)))
        return {file.name: file.read_bytes() for file in Path(folder).iterdir()}


def finished(process: subprocess.Popen[str], arguments: tuple[str, ...], *, patience: float = PATIENCE) -> Ran:
    """Wait for a process to end; one that hangs is killed and fails the test."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ran(arguments=arguments, status=process.returncode, out=out, err=err)


def plain(text: str) -> str:
    """Take the colours out of a text."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _toml(texts: Sequence[str]) -> str:
    return "[" + ", ".join("'" + text + "'" for text in texts) + "]"


def importable() -> dict[str, str]:
    """What a child needs to find lockenv: nothing, where it is installed."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution("lockenv")
    except PackageNotFoundError:
        return {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    return {}


@contextmanager
def _surroundings(environ: Mapping[str, str], folder: Path) -> Iterator[None]:
    """Let this process have another environment, working folder and command line for a while.

    Nor does it wait for the disk, which would show nothing, unless a test has put something else in its place.
    """
    settle = durability._settle
    before, here, arguments = dict(os.environ), Path.cwd(), sys.argv
    try:
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(folder)
        sys.argv = ["lockenv"]
        if settle is _SETTLE:
            setattr(durability, "_settle", lambda _: None)  # noqa: B010
        yield
    finally:
        setattr(durability, "_settle", settle)  # noqa: B010
        sys.argv = arguments
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
