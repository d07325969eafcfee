"""What the screen showed, compared with a file; UPDATE_SNAPSHOTS=1 writes the files anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from tests.fakes.project import BASE_PYTHON, SERIES, Ran, ScratchProject

_FOLDER = Path(__file__).parent / "snapshots"
_TIME = re.compile(r"\b(?:\d+ min )?\d+(?:\.\d+)? m?s\b")
_AMOUNT = re.compile(r"\b\d+(?:\.\d+)? [kMG]?B\b")
_TARGET = re.compile(r"\b(?:linux|macos|windows)-\w+, (?:CPython|PyPy|Python) \d+\.\d+")
_HEX = re.compile(r"\b[0-9a-f]{64}\b")
_DIGEST = re.compile(r"\bdigest [0-9a-f]{12}\b")
_ORIGIN = re.compile(r"\bhttp://127\.0\.0\.1:\d+|\b127\.0\.0\.1:\d+")


def check_screen(name: str, project: ScratchProject, runs: Iterable[Ran]) -> None:
    """Compare what a row of commands showed with the snapshot `name`."""
    text = "\n".join(_shown(ran, project) for ran in runs)
    snapshot = _FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8"), f"not as in {snapshot}"


def _shown(ran: Ran, project: ScratchProject) -> str:
    command = " ".join(["$ lockenv", *(f"'{each}'" if " " in each else each for each in ran.arguments)])
    parts = [_normal(command, project) + "\n"]
    if ran.out:
        parts.append(_normal(ran.out, project))
    if ran.err:
        parts.append("--- stderr\n" + _normal(ran.err, project))
    parts.append(f"--- exit {ran.status}\n")
    return "".join(parts)


def _normal(text: str, project: ScratchProject) -> str:
    """Leave out what differs from run to run and from machine to machine."""
    for path, name in (
        (project.folder, "<project>"),
        (project.cache, "<cache>"),
        (project.scratch, "<scratch>"),
        (BASE_PYTHON, "<python>"),
    ):
        text = text.replace(str(path), name)
    for pattern, name in (
        (_TARGET, "<target>"),
        (_TIME, "<time>"),
        (_AMOUNT, "<amount>"),
        (_HEX, "<sha256>"),
        (_DIGEST, "digest <digest>"),
        (_ORIGIN, "<index>"),
    ):
        text = pattern.sub(name, text)
    for sign in ("==", ">=", "python", "Python "):
        text = text.replace(f"{sign}{SERIES}", f"{sign}<series>")
    return text
