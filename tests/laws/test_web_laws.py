"""What is shown of a lock is in the lock: every edge of it, and no package without a reason."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockenv.graph import shortest_paths, unfold
from lockenv.lockfile.pylock import tool_table
from lockenv.lockfile.web import Vertex, web_of
from lockenv.packages import canonicalize_name
from tests.effort import examples
from tests.fakes.locks import lock_of, manifest_of

NAMES = "abcdef"
_MARKERS = st.sampled_from(["", "", "; extra == 'x'", "; sys_platform == 'linux'", "; python_version < '3'"])
_LINES = st.builds("{}{}{}".format, st.sampled_from(NAMES), st.sampled_from(["", "", "[x]"]), _MARKERS)
REQUIRES = st.fixed_dictionaries({name: st.lists(_LINES, max_size=4, unique=True) for name in NAMES})
WANTED = st.lists(
    st.builds("{}{}".format, st.sampled_from(NAMES), st.sampled_from(["", "[x]"])),
    min_size=1,
    max_size=3,
    unique_by=lambda text: text[0],
)


@examples(60)
@given(requires=REQUIRES, wanted=WANTED, grouped=WANTED)
def test_every_edge_is_in_the_lock_and_every_package_has_a_reason(
    requires: dict[str, list[str]], wanted: list[str], grouped: list[str]
) -> None:
    index = {name: {"1": {"requires": lines, "extras": ["x"]}} for name, lines in requires.items()}
    manifest = manifest_of(wanted, groups={"test": grouped})
    lock = lock_of(manifest, index)
    web = web_of(lock, manifest)
    for demand in web.demands:
        goal = lock.packages[demand.goal]
        assert canonicalize_name(demand.requirement.name) == goal.name
        if demand.source is not None:
            assert str(demand.requirement).replace(" ", "") in {
                text.replace(" ", "").replace("'", '"')
                for text in tool_table(lock.packages[demand.source.number])["requires"]
            }
    assert not web.missing
    for number, package in enumerate(lock.packages):
        assert shortest_paths(web.demands, Vertex(number), most=1).found, package.name
    numbers = range(len(lock.packages))
    shown = unfold(numbers, lambda number: [one.goal for one in web.below(number, ["x"])], int)
    assert {twig.item for twig in shown} == set(numbers)
