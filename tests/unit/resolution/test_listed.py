"""Unit: versions of a page, parsed when somebody looks at them."""

from __future__ import annotations

import pytest
from packaging.version import Version

from lockenv.packages import Release, Releases
from lockenv.resolution.listed import ByVersion, Numbers, Versions

TEXTS = ("2!0.1", "3.0.dev1", "2.0", "2.0rc1", "1.5+b2", "1.5.post1", "1.5", "1.0a1.post2", "1!0.1", "0.9")
IN_ORDER = tuple(map(str, sorted(map(Version, TEXTS), reverse=True)))


def test_versions_are_those_of_the_page() -> None:
    versions = Versions(IN_ORDER)
    assert versions[-1] == Version("0.9")
    assert tuple(versions) == versions[:] == tuple(map(Version, IN_ORDER))
    with pytest.raises(IndexError):
        versions[len(IN_ORDER)]


@pytest.mark.parametrize("text", IN_ORDER)
def test_each_version_is_found_at_its_place_before_others_are_looked_at(text: str) -> None:
    numbers = Numbers(Versions(IN_ORDER))
    assert numbers[Version(text)] == IN_ORDER.index(text)
    assert Version(text) in numbers


@pytest.mark.parametrize("text", ["9!1", "2.0.1", "1.5.post2", "0.1"])
def test_what_is_not_there_has_no_place(text: str) -> None:
    numbers = Numbers(Versions(IN_ORDER))
    assert numbers.get(Version(text)) is None
    assert Version(text) not in numbers


def test_prereleases_are_known_by_their_spelling() -> None:
    wanted = [place for place, text in enumerate(IN_ORDER) if Version(text).is_prerelease]
    assert Versions(IN_ORDER).prereleases() == wanted
    assert len(wanted) == 3


def test_releases_are_found_by_version() -> None:
    releases = Releases(IN_ORDER, [((text,),) for text in IN_ORDER])
    found = ByVersion(Numbers(Versions(IN_ORDER)), releases)
    assert found[Version("2.0.0")] == Release("2.0", (("2.0",),))
    assert dict(found) == {Version(each.version): each for each in releases}
    assert found.get(Version("7")) is None


def test_releases_are_equal_to_the_same_releases() -> None:
    releases = Releases(("2.0", "1.0"), [(), (("x",),)])
    plain = (Release("2.0", ()), Release("1.0", (("x",),)))
    assert releases == plain == releases[:]
    assert hash(releases) == hash(plain)
    assert releases[1] == plain[1]
    with pytest.raises(ValueError, match="2 versions with the rows of 1"):
        Releases(("2.0", "1.0"), [()])
