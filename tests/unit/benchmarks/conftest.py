"""A recording of one project, `menu`: 1.0 with metadata and bytes, 2.0 with neither, and an sdist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.recording import File, Page, Recording
from benchmarks.site import Site

MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
CONTENT = bytes(range(256)) * 4
METADATA = b"Metadata-Version: 2.1\nName: menu\nVersion: 1.0\n"


def file(filename: str, **more: object) -> File:
    said: dict[str, object] = {
        "source": f"https://index.invalid/{filename}",
        "hashes": {"sha256": "ab" * 32},
        "requires_python": ">=3.11",
        "size": len(CONTENT),
        "upload_time": "2026-01-01T00:00:00Z",
        "yanked": False,
    }
    return File(filename=filename, **{**said, **more})  # type: ignore[arg-type]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    kept = Recording(tmp_path / "recording", moment=MOMENT)
    files = (
        file("menu-1.0-py3-none-any.whl"),
        file("menu-2.0-py3-none-any.whl", yanked="broken"),
        file("menu-2.0.tar.gz", size=None, requires_python=None),
    )
    kept.keep_page("menu", Page(project="menu", versions=("1.0", "2.0"), files=files))
    kept.keep_page("nobody", None)
    kept.keep_metadata("menu", "menu-1.0-py3-none-any.whl", METADATA)
    path = kept.file("menu", "menu-1.0-py3-none-any.whl")
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return kept


@pytest.fixture
def site(recording: Recording) -> Site:
    return Site(recording, "http://127.0.0.1:1")


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Make a program of Python source."""

    def make(source: str) -> Path:
        import sys

        path = tmp_path / "program"
        path.write_text(f"#!{sys.executable}\n{source}")
        path.chmod(0o755)
        return path

    return make
