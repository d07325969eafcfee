from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from lockenv.graph import MAIN, Node, gates, reached, shortest_paths, unfold
from lockenv.packages import canonicalize_name


def node(text: str) -> Node:
    name, _, extra = text.removesuffix("]").partition("[")
    return Node(canonicalize_name(name), extra)


def graph(**edges: str) -> dict[Node, list[Node]]:
    return {node(owner): [node(child) for child in children.split()] for owner, children in edges.items()}


def test_everything_behind_the_roots_is_reached_and_nothing_else() -> None:
    edges = graph(a="b c", c="d", x="y")
    assert reached(edges, [node("a")]) == {node(name) for name in "abcd"}


def test_circles_end() -> None:
    assert reached(graph(a="b", b="a"), [node("a")]) == {node("a"), node("b")}


def test_depth_is_unbounded() -> None:
    edges = {node(f"n{number}"): [node(f"n{number + 1}")] for number in range(50_000)}
    assert len(reached(edges, [node("n0")])) == 50_001


def test_an_extra_is_a_node_of_its_own() -> None:
    edges = {node("a[x]"): [node("a"), node("b")]}
    assert reached(edges, [node("a")]) == {node("a")}
    assert {one.name for one in reached(edges, [node("a[x]")])} == {"a", "b"}


def test_each_gate_opens_what_is_behind_it() -> None:
    edges = graph(a="b", t="b c")
    found = gates(edges, {MAIN: [node("a")], "test": [node("t")], "docs": [node("c")]})
    assert found == {"a": {MAIN}, "b": {MAIN, "test"}, "t": {"test"}, "c": {"test", "docs"}}


@dataclass(frozen=True)
class Arrow:
    source: str | None
    goals: tuple[str, ...]
    where: frozenset[int] = frozenset({0})


def arrows(text: str, **where: set[int]) -> list[Arrow]:
    """Edges written as `a>b c>d >a`, in their order; a name in `where` says on which places an arrow counts."""
    found = []
    for word in text.split():
        source, _, goal = word.partition(">")
        places = frozenset(where.get(f"{source}_{goal}", {0, 1}))
        found.append(Arrow(source or None, tuple(goal.split(",")), places))
    return found


def routes(edges: list[Arrow], goal: str, most: int = 100) -> tuple[list[str], bool]:
    paths = shortest_paths(edges, goal, most=most)
    return [" ".join(",".join(edge.goals) for edge in path) for path in paths.found], paths.more


def test_the_shortest_path_comes_first() -> None:
    edges = arrows(">a a>b b>c a>c >c")
    assert routes(edges, "c") == (["c", "a c", "a b c"], False)


def test_what_does_not_lead_there_is_on_no_path() -> None:
    assert routes(arrows(">a a>b a>x x>y z>b"), "b") == (["a b"], False)
    assert routes(arrows(">a a>b"), "z") == ([], False)


def test_a_path_goes_nowhere_twice() -> None:
    assert routes(arrows(">a a>b b>a b>c c>b"), "c") == (["a b c"], False)


def test_a_path_counts_on_some_place_as_a_whole() -> None:
    assert routes(arrows(">a a>b b>c", a_b={0}, b_c={1}), "c") == ([], False)


def test_paths_beyond_the_bound_are_left_out_and_said_to_be_there() -> None:
    steps = " ".join(f"{n}>{n + 1},x{n + 1} x{n}>{n + 1}" for n in range(1, 20))
    found, more = routes(arrows(f">1 >x1 {steps}"), "20", most=7)
    assert (len(found), more) == (7, True)
    lengths = [len(route.split()) for route in found]
    assert lengths == sorted(lengths)


@given(edges=st.lists(st.tuples(st.sampled_from(["", *"abcde"]), st.sampled_from("abcde")), max_size=12))
def test_every_path_hangs_together_and_all_of_them_are_found(edges: list[tuple[str, str]]) -> None:
    made = [Arrow(source or None, (goal,)) for source, goal in dict.fromkeys(edges)]
    found = shortest_paths(made, "e", most=10_000)
    assert set(found.found) == set(_simple(made, None, ()))
    assert not found.more


def _simple(edges: list[Arrow], at: str | None, path: tuple[Arrow, ...]) -> Iterator[tuple[Arrow, ...]]:
    """All paths to `e` that go nowhere twice, by trying everything."""
    if at == "e":
        yield path
        return
    seen = {goal for edge in path for goal in edge.goals}
    for edge in edges:
        if edge.source == at and edge.goals[0] not in seen:
            yield from _simple(edges, edge.goals[0], (*path, edge))


def leaves(edges: dict[str, str], *roots: str, depth: int | None = None) -> list[str]:
    twigs = unfold(roots, lambda name: edges.get(name, "").split(), str, depth=depth)
    return [f"{'.' * len(twig.rails)}{twig.item}{f' {twig.fate}' if twig.fate else ''}" for twig in twigs]


def test_what_was_shown_is_shown_again_without_what_is_below_it() -> None:
    edges = {"a": "b c", "b": "c", "c": "d"}
    assert leaves(edges, "a", "c", "d") == ["a", ".b", "..c", "...d", ".c again", "c again", "d"]


def test_a_tree_ends_where_a_circle_closes() -> None:
    assert leaves({"a": "b", "b": "a c"}, "a") == ["a", ".b", "..a circle", "..c"]


def test_what_lies_too_deep_is_said_to_be_there() -> None:
    edges = {"a": "b c", "b": "d"}
    assert leaves(edges, "a", depth=1) == ["a", ".b deep", ".c"]
    assert leaves(edges, "a", depth=0) == ["a deep"]


def test_rails_say_whether_a_sibling_follows() -> None:
    twigs = unfold(["a"], lambda name: {"a": "b c", "b": "d"}.get(name, "").split(), str)
    assert [(twig.item, twig.rails) for twig in twigs] == [
        ("a", ()),
        ("b", (True,)),
        ("d", (True, False)),
        ("c", (False,)),
    ]


def test_a_tree_may_be_as_deep_as_it_likes() -> None:
    twigs = unfold([0], lambda number: [number + 1] if number < 3000 else [], int)
    assert sum(1 for _ in twigs) == 3001
