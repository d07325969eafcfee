"""Bringing what a lock selects into the store: side by side, hashed while it arrives, unpacked once."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from packaging.pylock import PackageArchive, PackageWheel
from packaging.version import Version

from lockenv.errors import InstallError, NetworkError, OfflineMiss, Refused
from lockenv.events import Reporter, StageAdvanced, StageFinished, StageStarted
from lockenv.index.download import CHECKED, download, path_of
from lockenv.index.http import CHECK_URL, Http
from lockenv.leftovers import half_made, sweep
from lockenv.limits import DEFAULT, Limits
from lockenv.lockfile.trust import check_hashes
from lockenv.operations.proven_hashes import ProvenHashes
from lockenv.operations.unpacking import Unpacking
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.store import Store, StoredWheel
from lockenv.values import dataclass

#: This many wheels are on their way at once.
_WORKERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A wheel that an environment needs. `url` is absolute (https, http or file); `hashes` are the lock's."""

    name: NormalizedName
    version: str
    filename: str
    url: str
    hashes: Mapping[str, str]
    size: int | None


def need_of(
    name: NormalizedName, version: Version | None, artifact: PackageWheel | PackageArchive, folder: Path
) -> Need:
    """Make the need for a wheel of a lock; `folder` is the lock's, from which its paths count (PEP 751).

    Raises `Refused` for a path that leaves the file system's plain folders, such as one with a NUL, and for hashes
    that prove nothing.
    """
    check_hashes(name, artifact.hashes)
    if artifact.path is not None:
        if "\0" in artifact.path:
            raise Refused(f"the path of {name} in the lock is no path")
        url = (folder / artifact.path).resolve().as_uri()
    else:
        url = artifact.url or ""
    filename = artifact.filename if isinstance(artifact, PackageWheel) else url.split("?")[0].rpartition("/")[2]
    return Need(
        name=name,
        version=str(version or ""),
        filename=filename,
        url=url,
        hashes=artifact.hashes,
        size=artifact.size,
    )


def fetch(
    needs: Sequence[Need],
    store: Store,
    connect: Callable[[], Http],
    scratch: Path,
    report: Reporter,
    *,
    offline: bool = False,
    limits: Limits = DEFAULT,
    arrived: Callable[[], None] | None = None,
    compares: bool = False,
) -> dict[NormalizedName, StoredWheel]:
    """Have every needed wheel in the store. The first failure stops the rest, and is raised.

    `connect` is called if something is missing, and `arrived` when all of that is there. Who `compares`
    the files with what the store says when using them need not have that done before.

    Raises `Refused` for a wrong hash or a hostile wheel, `NetworkError` for what cannot be had, `OfflineMiss` if
    `offline` and something would have to be fetched, `InstallError` where the disk refuses. The largest files come
    first, so that the last one to arrive is small.
    """
    look = store.offered if compares else store.get
    proven = ProvenHashes(store.root)
    found = {need.name: stored for need in needs if (stored := _stored(look, proven, need)) is not None}
    missing = sorted((need for need in needs if need.name not in found), key=lambda need: -(need.size or 0))
    if not missing:
        sweep(str(scratch))  # of who was killed when all had arrived
        return found
    if offline:
        _refuse_network(missing)
    sizes = [need.size for need in missing]
    size = None if None in sizes else sum(size or 0 for size in sizes)
    done = count(1)
    pool = ThreadPoolExecutor(max_workers=min(_WORKERS, len(missing)))
    # Its processes are made before there is a thread, and are gone before the pool's threads are waited for.
    with _scratch(scratch) as own, pool, Unpacking(store, sizes, limits) as unpacking:
        report(StageStarted(stage="Fetching", total=len(missing), size=size))
        http = connect()

        def bring(need: Need) -> tuple[NormalizedName, StoredWheel]:
            stored = _bring(need, unpacking, http, own, report)
            report(StageAdvanced(stage="Fetching", done=next(done), detail=need.filename))
            return need.name, stored

        found.update(_results([pool.submit(bring, need) for need in missing]))
    for need in missing:
        proven.keep(need.hashes, found[need.name].sha256, CHECKED)
    report(StageFinished(stage="Fetching"))
    if arrived is not None:
        arrived()
    return found


def _refuse_network(missing: Sequence[Need]) -> None:
    far = sorted(need.filename for need in missing if not need.url.startswith("file:"))
    if far:
        count = "one wheel is" if len(far) == 1 else f"{len(far)} wheels are"
        raise OfflineMiss(
            f"{count} not in the cache, and --offline forbids to fetch",
            details=far,
            hint="leave out --offline once",
        )


def _results(
    futures: Sequence[Future[tuple[NormalizedName, StoredWheel]]],
) -> Iterator[tuple[NormalizedName, StoredWheel]]:
    try:
        wait(futures, return_when=FIRST_EXCEPTION)
        failed = next((future for future in futures if future.done() and future.exception() is not None), None)
        if failed is not None:
            failed.result()
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _stored(look: Callable[[str], StoredWheel | None], proven: ProvenHashes, need: Need) -> StoredWheel | None:
    sha256 = proven.sha256_of(need.hashes, CHECKED)
    stored = look(sha256) if sha256 else None
    # What has the right hash and another name is fetched, and refused as it would be with an empty store.
    return stored if stored is not None and _is_meant(stored, need) else None


def _is_meant(stored: StoredWheel, need: Need) -> bool:
    """Whether a wheel is the one that the lock speaks of: its package, and its version where the lock has one."""
    named = canonicalize_name(stored.name) == need.name
    return named and (not need.version or Version(stored.version) == Version(need.version))


def _bring(need: Need, unpacking: Unpacking, http: Http, scratch: Path, report: Reporter) -> StoredWheel:
    place = scratch / f"{secrets.token_hex(8)}.whl"
    try:
        arrived = download(
            http,
            need.url,
            place,
            hashes=tuple(need.hashes.items()),
            size=need.size,
            filename=need.filename,
            reporter=report,
        )
        stored = unpacking.add(
            arrived.sha256,
            place,
            name=need.name,
            version=need.version,
            filename=need.filename,
            seal=arrived.seal,
        )
        if not _is_meant(stored, need):
            msg = f"the lock calls a file {need.filename} that is {stored.name} {stored.version} by its content"
            raise Refused(msg, hint="run `lockenv lock` to make the lock anew")
        return stored
    except Refused as error:
        raise error if error.hint else _with_remedy(error, need) from None
    except NetworkError as error:
        hint = "try again; if the file is gone for good, run `lockenv lock`"
        raise error if error.hint != CHECK_URL else type(error)(error.message, hint=hint) from None
    except FileNotFoundError:
        msg = f"{need.filename} is not at {path_of(need.url)}, where the lock says"
        raise InstallError(msg, hint="put it back, or run `lockenv lock`") from None
    finally:
        place.unlink(missing_ok=True)


def _with_remedy(error: Refused, need: Need) -> Refused:
    """Say what can be done about a wheel that is not as it should be: to do without it."""
    release = f"`{need.name}!={need.version}`" if need.version else f"another version of {need.name}"
    hint = f"require {release} in env.toml and run `lockenv lock`; its authors will want to know of it"
    return Refused(error.message, problems=error.problems, details=error.details, hint=hint)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Give a folder of this process's own in `folder`, after those of dead ones were removed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(str(folder))
        with half_made(str(folder), "fetch") as own:
            yield Path(own)
    except OSError as error:
        place = f" at {error.filename}" if error.filename else ""
        msg = f"fetching failed: {error.strerror}{place}; the environment was not changed"
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        hint = f"{'free some space, or ' if full else ''}choose another cache with --cache-dir"
        if error.errno == errno.EMFILE:  # no other place would help
            hint = "raise the limit (`ulimit -n`) and run it again"
        raise InstallError(msg, hint=hint) from error
