"""What a lock must hold before anything of it is fetched: hashes that prove, and hosts that it names.

A lock is reviewed by people, and a change of one URL among thousands is not seen. So our locks name the hosts of
all their artifacts in one line, `hosts` in ``[tool.lockenv]``: who slips in another host has to change that line,
or is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from packaging.pylock import Package, PackageArchive, PackageSdist, PackageVcs, PackageWheel, Pylock

from lockenv.errors import Problem, Refused
from lockenv.lockfile.pylock import tool_table

#: Algorithms that prove what a file is, with the length of their hexadecimal digests.
_STRONG = {
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "sha3_256": 64,
    "sha3_384": 96,
    "sha3_512": 128,
    "blake2b": 128,
    "blake2s": 64,
}
_HEX = frozenset("0123456789abcdefABCDEF")
_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_ADDRESS = re.compile(r"(?:git\+)?([a-z][a-z0-9+.-]*)://(?:[^/?#]*@)?([^/?#]*)", re.IGNORECASE)
_USUAL_PORTS = {"https": ":443", "http": ":80", "ssh": ":22"}
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?")
_SHOWN = 6

Artifact = PackageWheel | PackageSdist | PackageArchive | PackageVcs


def host_of(url: str) -> str:
    """Name where a URL leads: ``files.example.com``, with a port that is not the usual one, in small letters.

    What is neither https nor ssh is named with its scheme, ``http://files.example.com``. Empty for paths and for
    what lies on this machine (``file:``).
    """
    found = _ADDRESS.match(url)
    if found is None:
        return ""
    scheme, host = found[1].lower(), found[2].lower()
    if scheme == "file":
        return ""
    host = host.removesuffix(_USUAL_PORTS.get(scheme, "\0"))
    return host if scheme in {"https", "ssh"} else f"{scheme}://{host}"


def hosts_of(lock: Pylock) -> tuple[str, ...]:
    """The hosts of all artifacts of a lock, also of those that packages are built with, sorted.

    This machine is not among them: its ports mean nothing elsewhere.
    """
    known: dict[str, str] = {}
    for url in _urls(lock):
        # A lock has thousands of files of few hosts: what stands before the path is looked at once.
        start = "/".join(url.split("/", 3)[:3])
        if start not in known:
            known[start] = host_of(start)
    return tuple(sorted({host for host in known.values() if host and not is_loopback(host)}))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    return _LOOPBACK.fullmatch(host.rpartition("://")[2]) is not None


def check_hosts(lock: Pylock, *, where: str, only: Collection[str] = ()) -> None:
    """Refuse artifacts from hosts that a lock of ours does not name. Raises `Refused` with the packages.

    Where `only` is given, hosts must be among these, for any lock. Locks of others name no hosts. Plain http is
    refused unless the package's index is asked by it, too.
    """
    named = tool_table(lock).get("hosts")
    foreign = named is None and "format" not in tool_table(lock)
    allowed = frozenset(only or named or ())
    problems = []
    for package, url in _sources(lock):
        host = host_of(url)
        if not host or is_loopback(host):
            continue
        if host not in allowed and (only or not foreign):
            problems.append(Problem(where=_title(package), message=f"comes from {host}"))
        elif host.startswith("http://") and not _asked_plainly(package):
            problems.append(Problem(where=_title(package), message=f"comes from {host}, without encryption"))
    if problems:
        raise _unnamed(sorted(set(problems), key=str), where=where, only=bool(only))


def check_artifact(package: Package, artifact: object) -> None:
    """Refuse an artifact whose hashes, or whose commit, prove nothing. Raises `Refused`."""
    if isinstance(artifact, PackageVcs):
        if not re.fullmatch(_COMMIT, artifact.commit_id):
            msg = (
                f"the lock holds {artifact.commit_id!r} as the commit of {package.name}, which is no commit's hash"
            )
            raise Refused(msg, hint="a branch or tag can be moved: lock the full hash")
    elif isinstance(artifact, PackageWheel | PackageSdist | PackageArchive):
        check_hashes(package.name, artifact.hashes)


def check_hashes(name: str, hashes: Mapping[str, str]) -> None:
    """Refuse hashes of which none is sha256 or better, or one cannot be its algorithm's. Raises `Refused`."""
    for algorithm, digest in hashes.items():
        size = _STRONG.get(algorithm)
        if size is not None and not (len(digest) == size and _HEX.issuperset(digest)):
            msg = f"the lock holds {digest[:100]!r} as {algorithm} of {name}, which no {algorithm} can be"
            raise Refused(msg, hint="the lock was damaged: have it made anew")
    if _STRONG.keys().isdisjoint(hashes):
        given = ", ".join(sorted(hashes)) or "none"
        msg = f"the lock has no hash of {name} that proves anything (it has: {given[:100]})"
        raise Refused(msg, hint="sha256 or better is needed: have the lock made anew")


def _title(package: Package) -> str:
    return f"{package.name} {package.version}" if package.version is not None else package.name


def _asked_plainly(package: Package) -> bool:
    """Whether whoever locked the package said http: as its index or, without one, as its source."""
    return package.index is None or package.index.lower().startswith("http://")


def _unnamed(problems: list[Problem], *, where: str, only: bool) -> Refused:
    first = problems[0]
    more = f"and {len(problems) - _SHOWN} more"
    if only:
        hint = "name it with `--only-host`, if it is meant"
    else:
        hint = f"somebody may have changed {where}: look at its history, then run `lockenv lock` or mend `hosts`"
    rule = "was not allowed" if only else "is not meant by the lock"
    return Refused(
        f"{first.where} {first.message}, which {rule}",
        problems=problems[1:_SHOWN],
        details=[more] if len(problems) > _SHOWN else (),
        hint=hint,
    )


def _sources(lock: Pylock) -> Iterator[tuple[Package, str]]:
    for package in lock.packages:
        for url in _urls_of(package):
            yield package, url


def _urls(lock: Pylock) -> Iterator[str]:
    for package in lock.packages:
        yield from _urls_of(package)


def _urls_of(package: Package) -> Iterator[str]:
    files: Iterable[object] = (*(package.wheels or ()), package.sdist, package.archive, package.vcs)
    for file in files:
        url = getattr(file, "url", None)
        if url is not None:
            yield url
    for line in tool_table(package).get("build", ()):
        if isinstance(url := line.get("url"), str):
            yield url
