"""The metadata of releases: one wheel speaks for all of its release until it is found not to.

The wheels of a release nearly always require the same, so one of them is read for all targets; to read each before
it is known whether the release is chosen would multiply the requests by the number of platforms. But nothing rests
on that guess: the files of what was chosen are read before the answer counts (`prove`), and a release whose
wheels differ is then read file by file.
"""

from __future__ import annotations

from collections.abc import Iterable

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
        self._apart: set[_Key] = set()
        self._alike: set[str] = set()
        self._read_before: dict[str, Metadata] = {}

    def file_for(self, candidate: Candidate) -> IndexFile:
        """The file whose metadata is read for a candidate, as things are known so far."""
        key = _key(candidate)
        return candidate.file if key in self._apart else self._speaking.get(key, candidate.file)

    def metadata(self, candidate: Candidate) -> Metadata:
        """Read the metadata that counts for a candidate. Raises `MetadataError` or `NetworkError`."""
        key = _key(candidate)
        if key in self._apart:
            return self._own(candidate)
        return self._read(candidate, self._speaking.setdefault(key, candidate.file))

    def is_apart(self, candidate: Candidate) -> bool:
        """Whether the wheels of the candidate's release are known to differ."""
        return _key(candidate) in self._apart

    def prove(self, candidates: Iterable[Candidate]) -> bool:
        """Read the own files of these candidates; False if a release was found whose wheels differ.

        Raises `NetworkError` where a file cannot be read now.
        """
        waiting = self._unproven(candidates)
        self._source.prefetch_metadata(
            [(each.name, str(each.version), file) for each, file in waiting], lambda _: ()
        )
        before = len(self._apart)
        for candidate, file in waiting:
            if self._says_the_same(candidate, file):
                self._alike.add(file.url)
            else:
                self._apart.add(_key(candidate))
        return len(self._apart) == before

    def doubt(self, candidates: Iterable[Candidate]) -> bool:
        """Take back the guess for the releases of these candidates; False if there was none to take back."""
        doubtful = {_key(candidate) for candidate, _ in self._unproven(candidates)}
        self._apart |= doubtful
        return bool(doubtful)

    def _unproven(self, candidates: Iterable[Candidate]) -> list[tuple[Candidate, IndexFile]]:
        """The files that have not spoken and are not known to say the same, each once."""
        found: dict[str, tuple[Candidate, IndexFile]] = {}
        for candidate in candidates:
            speaking = self._speaking.get(_key(candidate))
            if speaking is None or _key(candidate) in self._apart:
                continue
            for file in (candidate.file, *candidate.beside):
                if file.url not in self._alike and file != speaking and not _same_hash(speaking, file):
                    found.setdefault(file.url, (candidate, file))
        return list(found.values())

    def _says_the_same(self, candidate: Candidate, file: IndexFile) -> bool:
        try:
            return _meaning(self._read(candidate, file)) == _meaning(self.metadata(candidate))
        except MetadataError:
            return False

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
            known = self._source.metadata(candidate.name, str(candidate.version), file)
            self._read_before[file.url] = known
        return known


def _key(candidate: Candidate) -> _Key:
    return (candidate.name, candidate.version)


def _same_hash(one: IndexFile, other: IndexFile) -> bool:
    """Whether the index says that two files have the same metadata, by its hash (PEP 658, PEP 714)."""
    return bool(one.core_metadata) and one.core_metadata == other.core_metadata


def _meaning(metadata: Metadata) -> object:
    return (metadata.requires_python, frozenset(metadata.requires_dist), frozenset(metadata.provides_extra))
