"""An index in memory: the resolver's `Source` without HTTP, that counts what it is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from lockenv.errors import MetadataError, NetworkError
from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName, Release, canonicalize_name
from lockenv.resolution.source import Guide
from lockenv.targets import PlatformFacts, Span, Target, target_of

LINUX = PlatformFacts(
    implementation="cpython",
    version=(3, 11),
    system="linux",
    machine="x86_64",
    libc="glibc",
    os_version=(2, 36),
    abis=("cp311",),
)


def linux_target(python: str = "3.11.7") -> Target:
    """CPython on a Linux with glibc 2.36, as an interpreter's probe would describe it."""
    major, minor = (int(part) for part in python.split(".")[:2])
    facts = PlatformFacts(
        implementation="cpython",
        version=(major, minor),
        system="linux",
        machine="x86_64",
        libc="glibc",
        os_version=(2, 36),
        abis=(f"cp{major}{minor}",),
    )
    target = target_of(
        {
            "implementation_name": "cpython",
            "implementation_version": python,
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_release": "6.1",
            "platform_system": "Linux",
            "platform_version": "#1 SMP",
            "python_full_version": python,
            "python_version": f"{major}.{minor}",
            "sys_platform": "linux",
        },
        facts,
    )
    # A target's environment is that of the lowest version in its span.
    return replace(target, span=Span(lowest=Version(python), beyond=target.span.beyond))


@dataclass(frozen=True, kw_only=True)
class FakeRelease:
    """One version: what it requires and how it is published.

    `by_tag` says what is otherwise for the wheel of one tag, or for the sdist ("sdist"), in the same words.
    """

    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    python: str | None = None
    metadata_python: str | None = None
    wheels: tuple[str, ...] = ("py3-none-any",)
    sdist: bool = False
    yanked: str | None = None
    uploaded: str | None = None
    broken: str = ""
    says: str | None = None
    by_tag: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, filename: str) -> FakeRelease:
        """The release as one of its files has it."""
        tag = "-".join(filename.removesuffix(".whl").split("-")[2:]) if filename.endswith(".whl") else "sdist"
        said: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in self.by_tag.get(tag, {}).items()
        }
        return replace(self, **said)


@dataclass
class FakeSource:
    """Projects by name, releases by version. `unreachable` names fail like a dead index."""

    projects: Mapping[NormalizedName, Mapping[str, FakeRelease]]
    statuses: Mapping[str, str] = field(default_factory=dict)
    unreachable: frozenset[str] = frozenset()
    listings_read: list[str] = field(default_factory=list)
    metadata_read: list[str] = field(default_factory=list)

    def listing(self, name: NormalizedName) -> Listing | None:
        self.listings_read.append(name)
        if name in self.unreachable:
            msg = f"the page of {name} could not be fetched"
            raise NetworkError(msg)
        releases = self.projects.get(name)
        if releases is None:
            return None
        return Listing(
            name=name,
            index="https://index.example.com/simple/",
            releases=tuple(
                Release(version, tuple(tuple(file) for file in _files(name, version, release)))
                for version, release in sorted(releases.items(), key=lambda item: Version(item[0]), reverse=True)
            ),
            status=self.statuses.get(name, "active"),
        )

    def metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        self.metadata_read.append(f"{name} {version}")
        return self.said(name, Version(version), file.filename)

    def said(self, name: str, version: Version, filename: str) -> Metadata:
        """What a file says, without being counted as a question. Raises `MetadataError`."""
        of_project = self.projects[canonicalize_name(name)]
        spelt, release = next(item for item in of_project.items() if Version(item[0]) == version)
        release = release.of(filename)
        if release.broken:
            raise MetadataError(release.broken)
        return Metadata(
            name=canonicalize_name(name),
            version=release.says or spelt,
            requires_python=release.metadata_python or release.python,
            requires_dist=release.requires,
            provides_extra=tuple(canonicalize_name(extra) for extra in release.extras),
        )

    def prefetch_listings(self, names: Iterable[NormalizedName]) -> None:
        """Nothing is far away."""

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        """Go nowhere: nothing has to be fetched here."""

    def prefetch_metadata(
        self,
        wanted: Iterable[tuple[NormalizedName, str, IndexFile]],
        follow: Callable[[Metadata], Iterable[NormalizedName]],
    ) -> None:
        """Nothing is far away."""


def fake_source(
    index: Mapping[str, Mapping[str, Sequence[str] | Mapping[str, Any]]], **options: Any
) -> FakeSource:
    """Make a source from ``{"a": {"1.0": ["b>=2"], "2.0": {"requires": […], "python": ">=3.12"}}}``."""
    return FakeSource(
        projects={
            canonicalize_name(name): {version: _release(said) for version, said in releases.items()}
            for name, releases in index.items()
        },
        **options,
    )


def _release(said: Sequence[str] | Mapping[str, Any]) -> FakeRelease:
    if not isinstance(said, Mapping):
        return FakeRelease(requires=tuple(said), extras=_extras(said))
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in said.items()
    }
    fields.setdefault("extras", _extras(fields.get("requires", ())))
    return FakeRelease(**fields)


def _extras(requires: Sequence[str]) -> tuple[str, ...]:
    """The extras that markers of the requirements speak of, as a build backend would list them."""
    found: dict[str, None] = {}
    for text in requires:
        try:
            marker = str(Requirement(text).marker or "")
        except InvalidRequirement:
            continue
        for part in marker.split('extra == "')[1:]:
            found.setdefault(part.split('"')[0])
    return tuple(found)


def _files(name: str, version: str, release: FakeRelease) -> Iterable[IndexFile]:
    stem = f"{name.replace('-', '_')}-{version}"
    names = [f"{stem}-{tag}.whl" for tag in release.wheels] + ([f"{stem}.tar.gz"] if release.sdist else [])
    # The reader of pages sorts them, so that the order of a page changes nothing.
    for filename in sorted(names):
        own = release.of(filename)
        yield IndexFile(
            filename=filename,
            url=f"https://files.example.com/{filename}",
            hashes=(("sha256", hashlib.sha256(filename.encode()).hexdigest()),),
            requires_python=own.python,
            yanked=own.yanked,
            upload_time=own.uploaded,
        )
