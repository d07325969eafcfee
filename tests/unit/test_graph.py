from __future__ import annotations

from lockenv.graph import MAIN, Node, gates, reached
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
