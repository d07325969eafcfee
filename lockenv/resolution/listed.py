"""The versions of a listing in order, parsed when somebody looks at them: of a thousand, a search looks at ten.

A page in order says by the spelling of its versions which are pre-releases, and a bound is found by halving, so
that nothing else need be parsed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import overload

from packaging.version import Version

from lockenv.packages import Release


@lru_cache(maxsize=65536)
def parse_version(text: str) -> Version:
    """Parse a PEP 440 version; equal text gives the same object. Raises `InvalidVersion`."""
    return Version(text)


class Versions(Sequence[Version]):
    """Versions, newest first, each once; `texts` are their normal spellings (`str(Version)`)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._made: list[Version | None] = [None] * len(texts)
        self._places: dict[Version, int] = {}

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, place: int) -> Version: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Version, ...]: ...
    def __getitem__(self, place: int | slice) -> Version | tuple[Version, ...]:
        if isinstance(place, slice):
            return tuple(map(self.__getitem__, range(*place.indices(len(self.texts)))))
        made = self._made[place]
        if made is None:
            made = self._made[place] = parse_version(self.texts[place])
            self._places[made] = place % len(self.texts)
        return made

    def place(self, version: Version) -> int | None:
        """The place of a version, 0 for the newest; None if it is not here."""
        known = self._places.get(version)
        if known is not None:
            return known
        place = bisect_left(self, True, key=lambda each: each <= version)
        return place if place < len(self.texts) and self[place] == version else None

    def prereleases(self) -> list[int]:
        """The places of pre-releases: whose normal spelling has a letter of a, b, rc or dev (PEP 440)."""
        return [
            place
            for place, text in enumerate(self.texts)
            if not text.replace(".", "").isdigit() and not _PRERELEASE.isdisjoint(text.partition("+")[0])
        ]


_PRERELEASE = frozenset("abcd")


class Numbers(Mapping[Version, int]):
    """The place of each version."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def __len__(self) -> int:
        return len(self._versions)

    def __iter__(self) -> Iterator[Version]:
        return iter(self._versions)

    def __contains__(self, version: object) -> bool:
        return isinstance(version, Version) and self._versions.place(version) is not None

    def __getitem__(self, version: Version) -> int:
        place = self._versions.place(version)
        if place is None:
            raise KeyError(version)
        return place


class ByVersion(Mapping[Version, Release]):
    """The release of each version, where both are in the same order."""

    def __init__(self, numbers: Numbers, releases: Sequence[Release]) -> None:
        self._numbers = numbers
        self._releases = releases

    def __len__(self) -> int:
        return len(self._releases)

    def __iter__(self) -> Iterator[Version]:
        return iter(self._numbers)

    def __contains__(self, version: object) -> bool:
        return version in self._numbers

    def __getitem__(self, version: Version) -> Release:
        return self._releases[self._numbers[version]]
