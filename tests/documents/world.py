"""The index of the documents: what their packages are, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fakes.index import FakeIndex
from tests.fakes.wheels import make_wheel

_PACKAGES = Path(__file__).parent / "packages.toml"


def stock(index: FakeIndex) -> None:
    """Put the packages of the documents on an index."""
    packages = tomllib.loads(_PACKAGES.read_text(encoding="utf-8"))
    for name, releases in packages.items():
        for versions, said in releases.items():
            for version in versions.split():
                _offer(index, name, version, {"requires": said} if isinstance(said, list) else said)
    backend = (Path(__file__).parent / "backend.py").read_text(encoding="utf-8")
    _offer(index, "flit-core", "4.0.0", {"files": {"flit_core/__init__.py": "", "flit_core/buildapi.py": backend}})


def stock_private(index: FakeIndex) -> None:
    """Put the packages of somebody's own on an index."""
    _offer(index, "acme-models", "1.2", {"requires": ["acme-core>=1", "idna"]})
    _offer(index, "acme-core", "1.0", {})


def _offer(index: FakeIndex, name: str, version: str, release: Mapping[str, Any]) -> None:
    for tag in release.get("wheels", ["py3-none-any"]):
        index.add(
            make_wheel(
                name,
                version,
                requires=release.get("requires", ()),
                requires_python=release.get("python", ">=3.8"),
                extras=release.get("extras", ()),
                scripts=release.get("scripts"),
                files=release.get("files"),
                tag=tag,
            ),
            yanked=release.get("yanked", False),
            upload_time=release.get("uploaded", "2026-01-01T00:00:00Z"),
        )
