"""The metadata of one file, by the cheapest way that is there.

Ways, in order: the cache; the ``.metadata`` file, if the index says that it serves one (PEP 658, 714); range
requests into the wheel; the whole file. A ``.metadata`` that the index does not mention is never tried: measured
on a mirror that serves some unmentioned, a try costs 110 to 150 ms whether or not it is there, and range requests,
which are always answered, 3 to 120 ms.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from lockenv.errors import MetadataError, NetworkError, OfflineMiss, Refused
from lockenv.events import Noted, Reporter
from lockenv.index.cache import IndexCache
from lockenv.index.download import download, path_of
from lockenv.index.http import Http, RangesUnsupported
from lockenv.index.keys import STRONG, metadata_key
from lockenv.index.metadata import (
    MAX_METADATA_BYTES,
    metadata_in_wheel,
    pkg_info_in_sdist,
    read_metadata,
    read_static_metadata,
)
from lockenv.index.remote_zip import remote_metadata
from lockenv.index.sources import keep
from lockenv.packages import IndexFile, Metadata, NormalizedName

_NEEDS_BUILD = "needs-build"
_SERVED = frozenset({200, 404, 410})


class NeedsBuild(MetadataError):
    """Only a build can tell the metadata of this sdist (PEP 643): a thing that one may allow, not a fault."""


class MetadataFetcher:
    """Fetches metadata and keeps it. Safe to use from several threads."""

    def __init__(
        self, *, http: Http, cache: IndexCache, offline: bool, reporter: Reporter, sources: Path | None = None
    ) -> None:
        """Sdists that were fetched are kept below `sources` (`lockenv.index.sources`): builds will want them."""
        self._http = http
        self._sources = sources
        self._cache = cache
        self._offline = offline
        self._reporter = reporter

    def metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        """Say what a file's core metadata says. Raises as `IndexClient.metadata` does."""
        if urlsplit(file.url).scheme == "file":
            return self._of_local_file(path_of(file.url), file, name, version)
        key = metadata_key(name, version, file)
        kept = self._cache.metadata(key)
        if kept is None:
            if self._offline:
                msg = f"the metadata of {file.filename} is not in the cache"
                raise OfflineMiss(msg, hint="run once without `--offline`")
            kept = self._fetch(name, version, file) or _NEEDS_BUILD
            self._cache.store_metadata(key, kept)
        if isinstance(kept, str):
            raise _needs_build(name, file)
        return kept

    def hashed(self, file: IndexFile) -> IndexFile:
        """Give a file its sha256 where the index publishes none, by fetching it. Raises as `metadata` does."""
        if not STRONG.isdisjoint(algorithm for algorithm, _ in file.hashes):
            return file
        if self._offline:
            msg = f"the index publishes no hash for {file.filename}, and `--offline` forbids to fetch it"
            raise OfflineMiss(msg, hint="run once without `--offline`")
        with tempfile.TemporaryDirectory(prefix="lockenv-") as folder:
            arrived = download(
                self._http,
                file.url,
                Path(folder) / file.filename,
                hashes=file.hashes,
                size=file.size,
                reporter=self._reporter,
                unhashed=True,
            )
        return file._replace(hashes=(*file.hashes, ("sha256", arrived.sha256)), size=arrived.size)

    def _fetch(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata | None:
        content = self._served(file) if file.core_metadata is not None else None
        if content is None and file.is_wheel:
            try:
                content = remote_metadata(self._http, file, name=name, version=version)
            except RangesUnsupported:
                self._reporter(
                    Noted(message=f"{file.filename}: the server has no parts of it, so it is fetched whole")
                )
        if content is None:
            return self._of_whole_file(name, version, file)
        return read_metadata(content, filename=file.filename, name=name, version=version)

    def _served(self, file: IndexFile) -> bytes | None:
        """Fetch the ``.metadata`` beside a file (PEP 658); None if it is not there after all."""
        path, question, query = file.url.partition("?")
        url = f"{path}.metadata{question}{query}"
        answer = self._http.get(url, max_bytes=MAX_METADATA_BYTES, accept_statuses=_SERVED)
        if answer.status != 200:
            self._reporter(Noted(message=f"{file.filename}: the index promises metadata that it does not have"))
            return None
        for algorithm, digest in file.core_metadata or ():
            if algorithm not in STRONG:
                continue
            got = hashlib.new(algorithm, answer.body).hexdigest()
            if got != digest:
                raise Refused(
                    f"the metadata that the index serves for {file.filename} is not what it promises",
                    details=(
                        f"expected {algorithm}:{digest}",
                        f"got      {algorithm}:{got}",
                        f"from     {answer.url}",
                    ),
                    hint="the index or something on the way to it is broken or hostile; ask its owner",
                )
        return answer.body

    def _of_whole_file(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata | None:
        sources = None if file.is_wheel else self._sources
        if sources is not None:
            sources.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".lockenv-" if sources else "lockenv-", dir=sources) as folder:
            place = Path(folder) / file.filename
            arrived = download(
                self._http,
                file.url,
                place,
                hashes=file.hashes,
                size=file.size,
                reporter=self._reporter,
                unhashed=True,
            )
            found = _read_file(place, file, name, version)
            if sources is not None:
                keep(place, sources, sha256=arrived.sha256, filename=file.filename)
            return found

    def _of_local_file(self, path: Path, file: IndexFile, name: NormalizedName, version: str) -> Metadata:
        try:
            found = _read_file(path, file, name, version)
        except FileNotFoundError:
            msg = f"{path} does not exist, though its index lists it"
            raise NetworkError(msg, hint="check the index's folder") from None
        if found is None:
            raise _needs_build(name, file)
        return found


def _read_file(path: Path, file: IndexFile, name: NormalizedName, version: str) -> Metadata | None:
    """Read the metadata out of a distribution; None for an sdist that must be built first (PEP 643)."""
    if not file.is_wheel:
        content = pkg_info_in_sdist(path)
        return read_static_metadata(content, filename=file.filename, name=name, version=version)
    with path.open("rb") as opened:
        content = metadata_in_wheel(opened, filename=file.filename, name=name, version=version)
    return read_metadata(content, filename=file.filename, name=name, version=version)


def _needs_build(name: NormalizedName, file: IndexFile) -> NeedsBuild:
    hint = f'allow it in env.toml: [build] allow = ["{name}"]'
    return NeedsBuild(f"the metadata of {file.filename} needs a build", hint=hint)
