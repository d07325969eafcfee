"""Packages that are made up, and put into a recording as if an index had them."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.recording import File, Page, Recording
from benchmarks.sync.sets import Made
from tests.fakes.wheels import BuiltFile, make_wheel

_VERSIONS = ("1.0", "2.0")


def put(recording: Recording, made: Made, stem: str) -> None:
    """Put packages called `stem`-0 and so on into a recording, in two versions each; what is there stays."""
    for number in range(made.packages):
        project = f"{stem}-{number}"
        if recording.knows(project):
            continue
        wheels = [_wheel(project, version, made) for version in _VERSIONS]
        for wheel in wheels:
            _keep(recording.file(project, wheel.filename), wheel.content)
            recording.keep_metadata(project, wheel.filename, wheel.metadata)
        recording.keep_page(
            project, Page(project=project, versions=_VERSIONS, files=tuple(_file(each) for each in wheels))
        )


def _wheel(project: str, version: str, made: Made) -> BuiltFile:
    """Make a wheel of one module and many files, as hard to deflate as compiled code; always the same bytes."""
    chance = random.Random(f"{project} {version}")  # noqa: S311 - nobody is to be surprised by it
    module = project.replace("-", "_")
    half = made.bytes // 2
    files: dict[str, bytes | str] = {
        f"{module}/part{number // 100}/file{number}.bin": chance.randbytes(half) + bytes(made.bytes - half)
        for number in range(made.files - 1)
    }
    return make_wheel(project, version, files={f"{module}/__init__.py": f"version = {version!r}\n", **files})


def _file(wheel: BuiltFile) -> File:
    return File(
        filename=wheel.filename,
        source="",
        hashes={"sha256": wheel.sha256},
        requires_python=None,
        size=len(wheel.content),
        upload_time="2026-01-01T00:00:00Z",
        yanked=False,
    )


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
