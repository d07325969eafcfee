"""The metadata of releases: one wheel speaks for all of its release until it is found not to.

The wheels of a release nearly always require the same, so one of them is read for all targets; to read each before
it is known whether the release is chosen would multiply the requests by the number of platforms. But nothing rests
on that guess. Before an answer counts, the files that a target itself would install are read (`prove`): those of
what was chosen, and those of what was passed over, for a release must not be lost to a target because of what the
wheel of another one says. A project of which the wheels of some release differ is then read file by file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.version import Version

from lockenv.errors import MetadataError
from lockenv.packages import IndexFile, Metadata, NormalizedName
from lockenv.resolution.candidates import Candidate
from lockenv.resolution.source import Source

_Key = tuple[NormalizedName, Version]


class Readings:
    """Metadata by candidate, for one resolution over all its targets."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._speaking: dict[_Key, IndexFile] = {}
        self._apart: set[NormalizedName] = set()
        self._alike: set[str] = set()
        self._read_before: dict[str, Metadata] = {}
        self._first_of_hash: dict[tuple[_Key, object], IndexFile] = {}
        #: The packages whose listings the source was told to have ready.
        self.announced: set[NormalizedName] = set()

    def file_for(self, candidate: Candidate) -> IndexFile:
        """The file whose metadata is read for a candidate, as things are known so far."""
        if candidate.name in self._apart:
            return self._first_alike(candidate, candidate.file)
        return self._speaking.get(_key(candidate), candidate.file)

    def is_at_hand(self, candidate: Candidate) -> bool:
        """Whether it takes no build to say what a candidate requires."""
        return candidate.file.is_wheel or candidate.file.url in self._read_before

    def metadata(self, candidate: Candidate) -> Metadata:
        """Read the metadata that counts for a candidate. Raises `MetadataError` or `NetworkError`."""
        if candidate.name in self._apart:
            return self._own(candidate)
        return self._read(candidate, self._speaking.setdefault(_key(candidate), candidate.file))

    def alike(self, one: Candidate, other: Candidate) -> bool:
        """Whether two targets' candidates of one release are taken to require the same, as far as is known."""
        if one.name not in self._apart:
            return True
        ours, theirs = (one.file, *one.beside), (other.file, *other.beside)
        return len(ours) == len(theirs) and all(
            mine == yours or _same_hash(mine, yours) for mine, yours in zip(ours, theirs, strict=True)
        )

    def prove(self, chosen: Iterable[Candidate], passed_over: Iterable[Candidate]) -> bool:
        """Read the own files of these candidates; False as soon as a release was found whose wheels differ.

        What was passed over is read from the newest down, ever more at once: often the newest settles it. Raises
        `NetworkError` where a file cannot be read now.
        """
        rest = list(_newest_first(passed_over))
        first = [*chosen, *(rest[0] if rest else ())]
        return all(self._agree(each) for each in (first, *rest[1:]))

    def _agree(self, candidates: Iterable[Candidate]) -> bool:
        waiting = self._unproven(candidates)
        firsts = dict.fromkeys(
            (each.name, str(each.version), self._first_alike(each, file)) for each, file in waiting
        )
        self._source.prefetch_metadata(firsts, lambda _: ())
        differing = {each.name for each, file in waiting if not self._says_the_same(each, file)}
        self._apart |= differing
        return not differing

    def _unproven(self, candidates: Iterable[Candidate]) -> list[tuple[Candidate, IndexFile]]:
        """The files that have not spoken and are not known to say the same, each once."""
        found: dict[str, tuple[Candidate, IndexFile]] = {}
        for candidate in candidates:
            speaking = self._speaking.get(_key(candidate))
            if speaking is None or candidate.name in self._apart:
                continue
            for file in (candidate.file, *candidate.beside):
                if file.url not in self._alike and file != speaking and not _same_hash(speaking, file):
                    found.setdefault(file.url, (candidate, file))
        return list(found.values())

    def _says_the_same(self, candidate: Candidate, file: IndexFile) -> bool:
        same = self._meaning(candidate, file) == self._meaning(candidate, self._speaking[_key(candidate)])
        if same:
            self._alike.add(file.url)
        return same

    def _meaning(self, candidate: Candidate, file: IndexFile) -> object:
        """What a file says as far as it counts; None where it cannot be read."""
        try:
            return _meaning(self._read(candidate, file))
        except MetadataError:
            return None

    def _own(self, candidate: Candidate) -> Metadata:
        """The metadata of the very files that the target installs."""
        metadata = self._read(candidate, candidate.file)
        for file in candidate.beside:
            if _meaning(self._read(candidate, file)) != _meaning(metadata):
                msg = f"{candidate.file.filename} and {file.filename} differ in what they require"
                raise MetadataError(msg, hint="no marker tells their platforms apart; lock for one of them")
        return metadata

    def _read(self, candidate: Candidate, file: IndexFile) -> Metadata:
        known = self._read_before.get(file.url)
        if known is None:
            first = self._first_alike(candidate, file)
            known = self._read_before.get(first.url)
            if known is None:
                known = self._source.metadata(candidate.name, str(candidate.version), first)
                self._read_before[first.url] = known
            self._read_before[file.url] = known
        return known

    def _first_alike(self, candidate: Candidate, file: IndexFile) -> IndexFile:
        """The first file of the release of which the index gives the same hash of metadata."""
        if not file.core_metadata:
            return file
        return self._first_of_hash.setdefault((_key(candidate), file.core_metadata), file)


def _newest_first(candidates: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    """Releases in portions: the newest of each package, then the next two of each, then four, and so on."""
    by_name: dict[NormalizedName, dict[Version, list[Candidate]]] = {}
    for candidate in candidates:
        by_name.setdefault(candidate.name, {}).setdefault(candidate.version, []).append(candidate)
    ranked = [[by_version[each] for each in sorted(by_version, reverse=True)] for by_version in by_name.values()]
    begin, end = 0, 1
    while portion := [each for releases in ranked for one in releases[begin:end] for each in one]:
        yield portion
        begin, end = end, 2 * end + 1


def _key(candidate: Candidate) -> _Key:
    return (candidate.name, candidate.version)


def _same_hash(one: IndexFile, other: IndexFile) -> bool:
    """Whether the index says that two files have the same metadata, by its hash (PEP 658, PEP 714)."""
    return bool(one.core_metadata) and one.core_metadata == other.core_metadata


def _meaning(metadata: Metadata) -> object:
    return (
        metadata.name,
        metadata.version,
        metadata.requires_python,
        frozenset(metadata.requires_dist),
        frozenset(metadata.provides_extra),
    )
