"""What a reader types, typed: all commands of a page in one shell, in one scratch folder, against one index."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.documents.markdown import Command, Step
from tests.fakes.project import BASE_PYTHON, PATIENCE, SERIES

ROOT = Path(__file__).resolve().parents[2]
#: Where the reader is at home, in the documents.
_HOME = "/home/ada"
#: The reader's Python, where a document shows what follows from it.
_SERIES = "3.13"
_MARK = "\x1e"  # nothing shows it
_ENDS = re.compile(f"{_MARK}(\\d+) (\\d+)\n")
#: A line of a document that stands for any number of lines.
_ANY = "…"
#: What differs from run to run or from machine to machine.
_VARYING = (
    (re.compile(r"\b(?:\d+ min )?\d+(?:\.\d+)? m?s\b"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)? [kMG]?B\b"), "<amount>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<sha256>"),
    (re.compile(r"\b(digest|lock) [0-9a-f]{12}\b"), r"\1 <digest>"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "<commit>"),
    (re.compile(r"\bgit [0-9a-f]{8}\b"), "git <commit>"),
    (re.compile(r"\bPython 3\.\d+\.\d+\w*"), "Python <version>"),
    (re.compile(r"\blockenv==[\w.]+"), "lockenv==<version>"),
    (re.compile(r"\bpython3\.\d+\b"), "python3.<minor>"),
    (re.compile(r"\b20\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?"), "<date>"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that was typed, its exit status, and what it showed."""

    command: Command
    status: int
    text: str


class Stage:
    """A home folder with `lockenv` on PATH, and an index that pip and lockenv are configured for.

    `hosts` are addresses in the documents, and what takes their places here, the longer first.
    """

    def __init__(self, scratch: Path, index_url: str, hosts: Mapping[str, str]) -> None:
        self.home = scratch / "ada"
        self.home.mkdir()
        programs = scratch / "bin"
        programs.mkdir()
        _write_programs(programs)
        self.environ = {
            "PATH": f"{programs}:{BASE_PYTHON.parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "120",
            "LOCKENV_CACHE_DIR": str(self.home / ".cache/lockenv"),
            "LOCKENV_INDEX_URL": index_url,
            "PIP_INDEX_URL": index_url,
            "INDEX": index_url,  # for staging that has taken the others away
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_CACHE_DIR": str(scratch / "pip"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "LOCKENV_LINK_MODE": "hardlink",  # what a disk can do besides makes no difference
            "PYTHONUNBUFFERED": "1",  # what goes to stdout and what goes to stderr comes in order
            **_GIT,
        }
        self.hosts = {index_url: "<index>"} | {there: said for said, there in hosts.items()}

    def bring(self, folder: Path, *, without: Sequence[str]) -> None:
        """Copy a project to where the reader is at home."""
        copy = self.home / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*without))
        for path in copy.rglob("*.toml"):
            path.write_text(self._as_here(path.read_text(encoding="utf-8")), encoding="utf-8")

    def play(self, steps: Sequence[Step]) -> list[Done]:
        """Type and write everything, in order."""
        done = subprocess.run(
            ["bash", "-c", self._as_here(_script(steps))],
            cwd=self.home,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        parts = _ENDS.split(done.stdout)
        shown = {int(number): (int(status), text) for text, number, status in _threes(parts)}
        commands = [(number, step) for number, step in enumerate(steps) if isinstance(step, Command)]
        missing = [step.line for number, step in commands if number not in shown]
        assert not missing, f"the shell ended before line {missing[0]}:\n{parts[-1]}"
        return [Done(command=step, status=shown[number][0], text=shown[number][1]) for number, step in commands]

    def is_told(self, done: Done) -> bool:
        """Whether the page says what was shown, or says nothing about it."""
        said = done.command.shown
        return said is None or alike(self.normal(done.text), self.normal("\n".join(said)))

    def corrected(self, page: str, played: Sequence[Done]) -> str:
        """Give the page with what was shown, where it says something else."""
        lines = page.splitlines()
        for done in reversed(played):
            # A command that fails where it should not is no news to be written down.
            if done.command.is_status(done.status) and not self.is_told(done):
                first = done.command.line - 1 + done.command.typed.count("\n")
                shown = (
                    self._as_there(done.text)
                    .rstrip("\n")
                    .replace(f"python{SERIES}", f"python{_SERIES}")
                    .splitlines()
                )
                lines[first : first + len(done.command.shown or ())] = [line.rstrip() for line in shown]
        return "\n".join(lines) + "\n"

    def normal(self, text: str) -> list[str]:
        """Leave out what differs from run to run, and where the scratch folder is."""
        text = re.sub(rf"(?<![\d.]){re.escape(SERIES)}(?!\d)", _SERIES, self._as_there(text))
        for pattern, name in _VARYING:
            text = pattern.sub(name, text)
        return [line.rstrip() for line in text.rstrip("\n").splitlines()]

    def _as_there(self, text: str) -> str:
        for here, there in {
            str(self.home): _HOME,
            str(BASE_PYTHON): f"/usr/bin/python{_SERIES}",
            **self.hosts,
        }.items():
            text = text.replace(here, there)
        return text

    def _as_here(self, text: str) -> str:
        for here, there in self.hosts.items():
            text = text.replace(there, here)
        return text


def alike(shown: Sequence[str], said: Sequence[str]) -> bool:
    """Whether what was shown is what a document says, in which a line of dots stands for any lines."""
    if not said:
        return not shown
    if said[0].strip() == _ANY:
        return any(alike(shown[at:], said[1:]) for at in range(len(shown) + 1))
    return bool(shown) and shown[0] == said[0] and alike(shown[1:], said[1:])


_GIT: Mapping[str, str] = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "init.defaultBranch",
    "GIT_CONFIG_VALUE_0": "main",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


def _script(steps: Sequence[Step]) -> str:
    return "\n".join(_part(number, step) for number, step in enumerate(steps))


def _part(number: int, step: Step) -> str:
    if isinstance(step, Command):
        return f"{step.typed}printf '{_MARK}{number} %d\\n' $?\n"
    folder = f"mkdir -p \"$(dirname '{step.name}')\"\n"
    return f"{folder}cat > '{step.name}' <<'END OF {number}'\n{step.text}END OF {number}\n"


def _threes(parts: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    return zip(parts[0::3], parts[1::3], parts[2::3], strict=False)


def _write_programs(folder: Path) -> None:
    """Write `lockenv`, and for programs that import it `python-with-lockenv`."""
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = 'lockenv'"
    lines = (f"#!{sys.executable} -P", start, "from lockenv.__main__ import main", "sys.exit(main())", "")
    (folder / "lockenv").write_text("\n".join(lines), encoding="utf-8")
    python = f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' \"$@\"\n"
    (folder / "python-with-lockenv").write_text(python, encoding="utf-8")
    for program in folder.iterdir():
        program.chmod(0o755)
