"""Laws of the markers that a universal lock holds, on random universes, against brute force."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise, product

from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.markers.cover import Universe, cover, covers
from lockenv.markers.cuts import cuts, requires_python_cuts
from lockenv.markers.disjoint import disjoint
from lockenv.markers.space import Row, forks_of
from lockenv.markers.syntax import atoms, parse
from lockenv.markers.text import environments as lock_environments
from lockenv.targets import Span
from tests.effort import examples
from tests.fakes.rows import Environment, environments, holds, python_variables, rows, span

CONFLICTS = (("cpu", "gpu"),)
PYTHONS = ("3.9", "3.10", "3.11-3.11.3", "3.11.3-3.12", "3.11.4-3.11.5", "3.12", "3.14-")
PLATFORMS = ("linux", "linux-arm", "macos", "macos-intel", "windows")

#: Environments of the whole space, many of which no universe declares.
ANYWHERE: list[Environment] = [
    {
        **python_variables(python),
        "sys_platform": system,
        "platform_machine": machine,
        "implementation_name": implementation,
        "dependency_groups": frozenset(groups),
        "extras": frozenset(),
    }
    for python in ("3.8.1", "3.10.2", "3.11.2", "3.11.3rc1", "3.11.4", "3.12.0a1", "3.13.1", "3.14.0", "4.0.0")
    for system in ("linux", "darwin", "win32", "freebsd14")
    for machine in ("x86_64", "aarch64", "arm64", "AMD64", "riscv64")
    for implementation in ("cpython", "pypy", "graalpy")
    for groups in ((), ("cpu",), ("gpu",))
]


@st.composite
def universes(draw: st.DrawFn) -> tuple[Row, ...]:
    """Declared platforms and Pythons with holes: not every platform has every Python."""
    pythons = draw(st.sets(st.sampled_from(PYTHONS), min_size=1, max_size=5))
    platforms = draw(st.sets(st.sampled_from(PLATFORMS), min_size=1, max_size=5))
    implementations = draw(st.sampled_from(["cpython", "cpython pypy"]))
    forks = forks_of(draw(st.sampled_from([(), CONFLICTS])))
    every = rows(" ".join(sorted(pythons)), " ".join(sorted(platforms)), implementations, forks)
    holes = draw(st.sets(st.integers(0, len(every) - 1), max_size=3))
    return apart([row for number, row in enumerate(every) if number not in holes or len(every) < 5])


def apart(found: list[Row]) -> tuple[Row, ...]:
    """Drop rows whose Pythons overlap an earlier row's on the same platform: no universe has such."""
    kept: list[Row] = []
    for row in found:
        if not any((row.values, row.fork) == (other.values, other.fork) and overlap(row, other) for other in kept):
            kept.append(row)
    return tuple(kept)


def overlap(one: Row, other: Row) -> bool:
    low, high = sorted((one.python, other.python), key=lambda python: python.lowest)
    return low.beyond is None or high.lowest < low.beyond


KEYS: tuple[Callable[[Row], object], ...] = (
    lambda row: row,
    lambda row: row.python,
    lambda row: row.values,
    lambda row: row.fork,
    lambda row: (row.python, row.fork),
    lambda row: (row.python.lowest < Version("3.11"), dict(row.values)["sys_platform"]),
)


@st.composite
def divided(draw: st.DrawFn, parts: int) -> tuple[tuple[Row, ...], list[list[int]]]:
    """A universe and the rows of each part: numbers below `parts`; what is left over belongs to none."""
    universe = draw(universes())
    # At random, or as markers and Requires-Python do it: by Python, by platform, by fork.
    key = draw(st.sampled_from(KEYS))
    label = {value: draw(st.integers(0, parts)) for value in dict.fromkeys(map(key, universe))}
    labels = [label[key(row)] for row in universe]
    members = [[number for number, label in enumerate(labels) if label == part] for part in range(parts)]
    return universe, [part for part in members if part]


@given(divided(2))
def test_a_cover_is_true_on_its_rows_and_false_on_the_others(
    case: tuple[tuple[Row, ...], list[list[int]]],
) -> None:
    universe, parts = case
    if not parts:
        return
    on = {universe[number] for number in parts[0]}
    off = {universe[number] for number in range(len(universe)) if number not in parts[0]}
    marker = cover(on, off)
    for row in universe:
        assert all(holds(marker, environment) == (row in on) for environment in environments(row))


@given(divided(2))
def test_the_order_of_rows_does_not_matter(case: tuple[tuple[Row, ...], list[list[int]]]) -> None:
    universe, parts = case
    members = [[universe[number] for number in part] for part in parts]
    expected = covers(members, universe)
    for order in (universe[::-1], universe[len(universe) // 2 :] + universe[: len(universe) // 2]):
        assert covers([part[::-1] for part in members][::-1], order)[::-1] == expected


@examples(30)
@given(divided(4))
def test_versions_of_a_package_have_no_environment_in_common(
    case: tuple[tuple[Row, ...], list[list[int]]],
) -> None:
    universe, parts = case
    markers = covers([[universe[number] for number in part] for part in parts], universe)
    for part, marker in zip(parts, markers, strict=True):
        for number, row in enumerate(universe):
            assert all(holds(marker, environment) == (number in part) for environment in environments(row))
    for one, other in combinations(markers, 2):
        assert disjoint(one, other, CONFLICTS)
    for environment in ANYWHERE:
        assert sum(holds(marker, environment) for marker in markers) <= 1


@examples(60)
@given(divided(3))
def test_members_of_a_conflict_asked_for_together_are_ambiguous_where_they_differ(
    case: tuple[tuple[Row, ...], list[list[int]]],
) -> None:
    universe, parts = case
    markers = covers([[universe[number] for number in part] for part in parts], universe)
    owner = {universe[number]: place for place, part in enumerate(parts) for number in part}
    for row, place in owner.items():
        if len(parts) > 1 and row.fork and row.fork[0][1]:
            for environment in environments(row, ("cpu", "gpu")):
                assert holds(markers[place], environment)


@st.composite
def gated(draw: st.DrawFn) -> tuple[tuple[Row, ...], list[dict[str, list[int]]]]:
    """A universe, and for each part what each gate reaches."""
    universe, parts = draw(divided(2))
    gates = ("", "dev", "test", "cpu")
    reaches = []
    for part in parts:
        reach = {gate: [number for number in part if draw(st.booleans())] for gate in gates}
        lost = [number for number in part if not any(number in rows for rows in reach.values())]
        reach["cpu"] = [number for number in reach["cpu"] if asks(universe[number], "cpu")]
        reach[draw(st.sampled_from(gates[:3]))] += lost
        reaches.append(reach)
    return universe, [reach for reach in reaches if any(reach.values())]


def asks(row: Row, group: str) -> bool:
    return any(member == group for _, member in row.fork)


@examples(30)
@given(gated())
def test_an_entry_is_selected_where_a_gate_that_is_asked_for_leads_to_it(
    case: tuple[tuple[Row, ...], list[dict[str, list[int]]]],
) -> None:
    universe, reaches = case
    markers = Universe(universe).markers(reaches)
    for reach, marker in zip(reaches, markers, strict=True):
        for number, row in enumerate(universe):
            for groups in ((), ("dev",), ("test",), ("dev", "test")):
                asked = {"", *groups, *(member for _, member in row.fork)}
                expected = any(number in rows for gate, rows in reach.items() if gate in asked)
                assert all(holds(marker, environment) == expected for environment in environments(row, groups))
    for one, other in combinations(markers, 2):
        assert disjoint(one, other, CONFLICTS)


# --- The smallest.


@given(st.data())
def test_no_shorter_cover_exists(data: st.DataObject) -> None:
    minors = data.draw(st.sampled_from(["3.10 3.11", "3.10 3.11 3.12", "3.10 3.11 3.12 3.13"]))
    platforms = data.draw(st.sampled_from(["linux macos", "linux macos windows"]))
    universe = rows(minors, platforms)
    labels = data.draw(
        st.lists(st.sampled_from(["on", "off", "either"]), min_size=len(universe), max_size=len(universe))
    )
    on, off = (
        sum(1 << number for number, label in enumerate(labels) if label == wanted) for wanted in ("on", "off")
    )
    if on and off:
        pick = {
            label: [row for row, found in zip(universe, labels, strict=True) if found == label] for label in labels
        }
        marker = cover(pick["on"], pick["off"])
        assert marker is not None
        length = len(list(atoms(parse(str(marker)))))
        # The universe that `cover` sees holds only rows that are on or off, so it may know fewer values than we.
        assert length <= shortest(len(minors.split()), len(platforms.split()), on, off)


def shortest(pythons: int, platforms: int, on: int, off: int) -> int:
    """The least number of comparisons with which alternatives of conditions say it: every way is tried."""
    lengths: dict[int, int] = {}
    for (minors, minor_length), (systems, system_length) in product(intervals(pythons), subsets(platforms)):
        held = sum(1 << minor * platforms + system for minor in minors for system in systems)
        if not held & off:
            length = minor_length + system_length
            lengths[held & on] = min(length, lengths.get(held & on, length))
    best = {0: 0}
    for held, length in lengths.items():
        for known, before in list(best.items()):
            both = known | held
            best[both] = min(before + length, best.get(both, before + length))
    # One pass takes each alternative once, which is as often as is useful.
    return best[on]


def intervals(count: int) -> list[tuple[tuple[int, ...], int]]:
    every = tuple(range(count))
    found = [(every, 0)]
    for start, end in combinations(range(count + 1), 2):
        run = every[start:end]
        if run != every:
            edge = start == 0 or end == count
            found.append((run, 1 if edge or len(run) == 1 else 2))
            if len(run) == 1 and not edge:
                found.append((tuple(value for value in every if value not in run), 1))
    return found


def subsets(count: int) -> list[tuple[tuple[int, ...], int]]:
    every = tuple(range(count))
    return [
        (chosen, min(size, count - size)) for size in range(1, count + 1) for chosen in combinations(every, size)
    ]


# --- Disjointness.

_comparisons = st.one_of(
    st.builds(
        'python_version {} "3.{}"'.format,
        st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~="]),
        st.integers(9, 13),
    ),
    st.builds('python_version {} "3.9 3.11"'.format, st.sampled_from(["in", "not in"])),
    st.builds(
        'python_full_version {} "3.11.{}"'.format,
        st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~=", "==="]),
        st.sampled_from(["0", "2", "3", "3rc1", "4"]),
    ),
    st.builds('python_full_version {} "3.11.*"'.format, st.sampled_from(["==", "!="])),
    st.builds('"3.{}" {} python_version'.format, st.integers(9, 13), st.sampled_from(["<", "<=", ">", ">="])),
    st.builds(
        'sys_platform {} "{}"'.format,
        st.sampled_from(["==", "!=", "in", "not in", "<", ">="]),
        st.sampled_from(["linux", "darwin", "linux darwin", "win32"]),
    ),
    st.builds(
        '"{}" {} sys_platform'.format, st.sampled_from(["linux", "win"]), st.sampled_from(["in", "not in", "=="])
    ),
    st.builds(
        'implementation_name {} "{}"'.format, st.sampled_from(["==", "!="]), st.sampled_from(["cpython", "pypy"])
    ),
    st.builds(
        '"{}" {} dependency_groups'.format, st.sampled_from(["cpu", "gpu"]), st.sampled_from(["in", "not in"])
    ),
)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)


markers = st.recursive(_comparisons, _joined, max_leaves=5)


@examples(300)
@given(markers, markers)
def test_markers_said_to_be_disjoint_are_true_together_nowhere(first: str, second: str) -> None:
    if disjoint(Marker(first), Marker(second), CONFLICTS):
        both = Marker(first) & Marker(second)
        assert not any(both.evaluate(environment, "lock_file") for environment in ANYWHERE)


_exact = st.recursive(
    st.one_of(
        st.builds(
            'python_version {} "3.{}"'.format, st.sampled_from(["<", ">=", "==", "!="]), st.integers(10, 13)
        ),
        st.builds('python_full_version {} "3.11.4"'.format, st.sampled_from(["<", ">=", "<=", ">"])),
        st.builds(
            'sys_platform {} "{}"'.format,
            st.sampled_from(["==", "!="]),
            st.sampled_from(["linux", "darwin", "win32"]),
        ),
        st.builds(
            '"{}" {} dependency_groups'.format, st.sampled_from(["cpu", "gpu"]), st.sampled_from(["in", "not in"])
        ),
    ),
    _joined,
    max_leaves=5,
)


@examples(300)
@given(_exact, _exact)
def test_plain_markers_that_are_true_together_nowhere_are_said_to_be_disjoint(first: str, second: str) -> None:
    both = Marker(first) & Marker(second)
    somewhere = any(
        both.evaluate(
            {
                **python_variables(python),
                "sys_platform": system,
                "dependency_groups": frozenset(groups),
                "extras": frozenset(),
            },
            "lock_file",
        )
        for python in (
            "3.9.0",
            "3.10.1",
            "3.11.0",
            "3.11.3",
            "3.11.4",
            "3.11.5rc1",
            "3.11.5",
            "3.11.4rc1",
            "3.12.0",
            "3.13.0",
            "3.14.0",
            "3.12.0a1",
        )
        for system in ("linux", "darwin", "win32", "freebsd14")
        for groups in ((), ("cpu",), ("gpu",))
    )
    assert disjoint(Marker(first), Marker(second), CONFLICTS) is not somewhere


# --- Cuts.

SPANS = ("3.11", "3.10", "3.11.2-3.11.8", "3.11-3.14", "3.12-")
_TRIED = [f"3.{minor}.{patch}" for minor in range(9, 18) for patch in range(26)]
_bound_values = st.one_of(
    st.builds("3.{}.{}".format, st.integers(10, 13), st.integers(0, 12)),
    st.builds("3.{}".format, st.integers(9, 15)),
    st.sampled_from(["3.11.0a6", "3.11.3rc1", "3.11.3.1", "3.11.3.post1", "3", "4", "3.11.*", "3.*", "three", ""]),
    st.sampled_from(["3.11.4 3.11.7", "3.11.10,3.12.1", "3.10 3.11", "1", "11.3"]),
)
_python_comparisons = st.builds(
    lambda variable, sign, value, mirrored: (
        f'"{value}" {sign} {variable}' if mirrored else f'{variable} {sign} "{value}"'
    ),
    st.sampled_from(["python_full_version", "python_version", "implementation_version"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~=", "===", "in", "not in"]),
    _bound_values,
    st.booleans(),
)


def pieces(whole: Span, bounds: tuple[Version, ...]) -> list[list[str]]:
    """The final releases within a span, parted at the bounds."""
    inside = [python for python in _TRIED if whole.holds(Version(python))]
    edges = [whole.lowest, *bounds, Version("99")]
    return [[python for python in inside if low <= Version(python) < high] for low, high in pairwise(edges)]


@examples(200)
@given(st.lists(_python_comparisons, min_size=1, max_size=3), st.sampled_from(SPANS))
def test_between_cuts_every_comparison_has_one_answer_and_at_a_cut_one_changes(
    texts: list[str], whole: str
) -> None:
    found = cuts(texts, span(whole))
    assert list(found) == sorted(set(found))
    parts = pieces(span(whole), found)
    before: list[bool | None] = []
    for part in parts:
        answers = [[answer(text, python) for text in texts] for python in part]
        assert all(here == answers[0] for here in answers), (texts, found, part)
        if answers:
            assert answers[0] != before
        before = answers[0] if answers else []


def answer(text: str, python: str) -> bool | None:
    try:
        return Marker(text).evaluate(python_variables(python))
    except ValueError:
        return None


_specifiers = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~="]),
        _bound_values.filter(
            lambda value: value[:1] in {"3", "4"} and " " not in value and "," not in value and value != "3"
        ),
    ),
    min_size=1,
    max_size=3,
).map(",".join)


@examples(200)
@given(_specifiers, st.sampled_from(SPANS))
def test_between_cuts_a_requires_python_has_one_answer(text: str, whole: str) -> None:
    try:
        specifiers = SpecifierSet(text)
    except ValueError:
        assert requires_python_cuts([text], span(whole)) == ()
        return
    before = None
    for part in pieces(span(whole), requires_python_cuts([text], span(whole))):
        answers = {specifiers.contains(python, prereleases=True) for python in part}
        assert len(answers) <= 1
        if answers:
            assert answers != before
            before = answers


# --- Environments.


@examples(25)
@given(
    universes(), st.sampled_from(["", ">=3.9", ">=3.10,<3.12", ">=3.9,<3.14", ">=3.11.3", "==3.11.*", "~=3.10"])
)
def test_a_lock_s_environments_are_its_rows_and_nothing_else(universe: tuple[Row, ...], requires: str) -> None:
    specifiers = SpecifierSet(requires)
    found = lock_environments(universe, specifiers)
    assert found == lock_environments(universe[::-1], specifiers)
    for environment in ANYWHERE:
        python = Version(str(environment["python_full_version"]))
        if specifiers.contains(python, prereleases=True) and not python.is_prerelease:
            declared = any(
                row.python.holds(python)
                and all(environment.get(name, value) == value for name, value in row.values)
                for row in universe
            )
            assert sum(holds(marker, environment) for marker in found) == declared
    for one, other in combinations(found, 2):
        assert disjoint(one & Marker(bounds(requires)) if requires else one, other)


def bounds(requires: str) -> str:
    return " and ".join(f'python_full_version {one.operator} "{one.version}"' for one in SpecifierSet(requires))
