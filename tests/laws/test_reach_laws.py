"""The law of reach: a set of versions by bisection is the set that PEP 440's own filter gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.resolution.reach import everything, places, reach
from tests.effort import examples

numbers = st.integers(0, 3)
plain = st.lists(numbers, min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
texts = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "", "", "1!"]),
    plain,
    st.sampled_from(["", "", "a1", "b2", "rc1"]),
    st.sampled_from(["", "", "", ".post0", ".post2"]),
    st.sampled_from(["", "", "", ".dev1"]),
)
listed = st.builds("{}{}".format, texts, st.sampled_from(["", "", "", "+cpu", "+cu12.1"]))
clauses = st.one_of(
    st.builds("{}{}".format, st.sampled_from([">=", "<=", ">", "<", "==", "!=", "==="]), texts),
    st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), plain),
    st.builds("~={}.{}".format, numbers, plain),
)


@examples(700)
@given(st.lists(listed, max_size=20), st.lists(clauses, max_size=3))
def test_what_is_reached_is_what_the_specifier_contains(versions: list[str], said: list[str]) -> None:
    newest_first = sorted({Version(text) for text in versions}, reverse=True)
    specifier = SpecifierSet(",".join(said))
    found = [newest_first[place] for place in places(reach(specifier, newest_first))]
    assert found == list(specifier.filter(newest_first, prereleases=True))


def test_the_members_of_a_set_are_found_in_order() -> None:
    assert list(places(0)) == []
    assert list(places(0b1010011)) == [0, 1, 4, 6]
    assert list(places(everything([Version("1")] * 3))) == [0, 1, 2]
