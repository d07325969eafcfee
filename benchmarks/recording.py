"""A recording: a folder with what an index said about some projects, as of one moment.

    recording.json              the moment; files that were uploaded later are not in the pages
    asked/<manifest>.txt        the projects that were asked for while recording a manifest
    pages/<project>.json        the files of a project, or that the index does not know it
    metadata/<project>/<file>   METADATA of a wheel; empty where it has none that can be read
    files/<project>/<file>      a file's own bytes

Pages never change once they are there: a further pass adds to a recording and alters nothing. It knows the real
addresses of files (it may have to fetch more), and is therefore no thing to commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

from lockenv.files import write_atomically

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a page. `hashes` and `yanked` as PEP 691 writes them; `source` is its real address."""

    filename: str
    source: str
    hashes: Mapping[str, str]
    requires_python: str | None
    size: int | None
    upload_time: str | None
    yanked: bool | str

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an index lists for a project."""

    project: str
    versions: tuple[str, ...]
    files: tuple[File, ...]


class Recording:
    """A recording in a folder, which is made if it is not there; `moment` counts only then."""

    def __init__(self, folder: Path, *, moment: datetime | None = None) -> None:
        self.folder = folder
        about = folder / "recording.json"
        if not about.is_file():
            said = (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
            _write(about, json.dumps({"format": _FORMAT, "moment": said}).encode())
        content = json.loads(about.read_bytes())
        if content["format"] != _FORMAT:
            msg = f"{folder} is a recording of format {content['format']}, not {_FORMAT}; record anew"
            raise SystemExit(msg)
        self.moment = datetime.fromisoformat(content["moment"])

    # -- pages

    def knows(self, project: str) -> bool:
        """Whether it is recorded what the index says about a project, be it that there is none."""
        return self._page(project).is_file()

    def page(self, project: str) -> Page | None:
        """The page of a project that is recorded; None where the index does not know it."""
        content = json.loads(self._page(project).read_bytes())
        if content is None:
            return None
        files = tuple(File(**each) for each in content["files"])
        return Page(project=project, versions=tuple(content["versions"]), files=files)

    def keep_page(self, project: str, page: Page | None) -> None:
        """Keep a page, or that there is none."""
        content: Any = None
        if page is not None:
            files = [{key: getattr(each, key) for key in File.__slots__} for each in page.files]
            content = {"versions": page.versions, "files": files}
        _write(self._page(project), json.dumps(content, separators=(",", ":")).encode())

    def asked(self, manifest: str) -> tuple[str, ...]:
        """The projects that were asked for while recording a manifest."""
        path = self.folder / "asked" / f"{manifest}.txt"
        return tuple(path.read_text(encoding="utf-8").split()) if path.is_file() else ()

    def keep_asked(self, manifest: str, projects: Iterable[str]) -> None:
        """Add to the projects that a manifest asks for."""
        every = sorted({*projects, *self.asked(manifest)})
        _write(self.folder / "asked" / f"{manifest}.txt", ("\n".join(every) + "\n").encode())

    def _page(self, project: str) -> Path:
        return self.folder / "pages" / f"{project}.json"

    # -- metadata and files

    def metadata(self, project: str, filename: str) -> bytes | None:
        """METADATA of a wheel: empty where there is none to be had, None where it is not recorded."""
        path = self.folder / "metadata" / project / filename
        return path.read_bytes() if path.is_file() else None

    def keep_metadata(self, project: str, filename: str, content: bytes) -> None:
        """Keep METADATA of a wheel, or b'' where there is none to be had."""
        _write(self.folder / "metadata" / project / filename, content)

    def metadata_files(self, project: str) -> tuple[str, ...]:
        """The files of a project whose metadata is recorded."""
        folder = self.folder / "metadata" / project
        return tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ()

    def file(self, project: str, filename: str) -> Path:
        """Where a file of a project is, if it is recorded."""
        return self.folder / "files" / project / filename


def version_of(project: str, filename: str) -> str | None:
    """The version that the name of a project's file tells; None where it is no such name."""
    try:
        if filename.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(filename)
        else:
            name, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return str(version) if name == canonicalize_name(project) else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
