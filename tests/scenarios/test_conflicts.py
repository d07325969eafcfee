"""What cannot be, told: one TOML file a case, with what a person reads as a snapshot in the same file.

The keys are those of `test_resolution`; `told` is the error as the screen shows it.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from lockenv.errors import NetworkError, ResolutionImpossible
from lockenv.resolution.candidates import Offers, Projects, Unfit
from lockenv.resolution.explain.impossible import explain
from lockenv.resolution.explain.prose import MOST_FACTS
from lockenv.resolution.explain.wheels import lacking
from lockenv.resolution.resolve import resolve
from lockenv.targets import Target
from tests.fakes.source import FakeSource
from tests.scenarios.cases import question, source_of
from tests.scenarios.test_resolution import turned_round

CASES = {
    path: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "conflicts").glob("*.toml"))
}
each = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)


def refused(case: dict[str, Any]) -> ResolutionImpossible:
    with pytest.raises(ResolutionImpossible) as caught:
        resolve(question(case), source_of(case))
    return caught.value


def prose(error: ResolutionImpossible) -> str:
    lines = [f"error: {error.message}", *(f"  {detail}" for detail in error.details)]
    return "\n".join([*lines, f"hint: {error.hint}"] if error.hint else lines) + "\n"


@each
def test_what_cannot_be_is_told_like_this(path: Path) -> None:
    assert prose(refused(CASES[path])) == CASES[path]["told"]


@each
def test_a_tired_person_can_read_it(path: Path) -> None:
    told = CASES[path]["told"].splitlines()
    assert len(told) <= MOST_FACTS + 6
    assert max(map(len, told)) < 160
    assert any("hint: " in line for line in told), "it says what to change"


@each
def test_the_order_of_manifest_and_index_changes_no_word(path: Path) -> None:
    assert prose(refused(turned_round(CASES[path]))) == CASES[path]["told"]


@each
def test_the_derivation_is_told_on_request_and_all_of_it_is_a_document(path: Path) -> None:
    case = CASES[path]
    error = refused(case)
    told = error.derivation()
    assert told[0].startswith("the whole derivation, for ")
    assert any(line.startswith("    so there is no solution") for line in told)
    document = json.loads(json.dumps(error.document))
    assert document["schema"] == 1
    assert document["conflicts"][0]["message"] in error.message
    for conflict in document["conflicts"]:
        assert conflict["targets"]
        assert conflict["requirements"]


@each
def test_an_explanation_asks_the_world_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[path]
    source = source_of(case)
    asked: list[int] = []

    def counting(*arguments: Any) -> ResolutionImpossible:
        asked.append(len(source.listings_read) + len(source.metadata_read))
        return explain(*arguments)

    monkeypatch.setattr("lockenv.resolution.explain.impossible.explain", counting)
    with pytest.raises(ResolutionImpossible):
        resolve(question(case), source)
    assert asked == [len(source.listings_read) + len(source.metadata_read)]


@each
def test_what_is_told_of_several_targets_is_true_of_each(path: Path) -> None:
    case = CASES[path]
    asked, source = question(case), source_of(case)
    projects = Projects(source, asked.policy)
    document: Any = refused(case).document
    for conflict in document["conflicts"]:
        whose = {conflict["facts-of"]} if "facts-of" in conflict else set(conflict["targets"])
        for target in (each for each in asked.targets if each.name in whose):
            offers = Offers(projects, target, asked.policy)
            for fact in conflict["facts"]:
                if fact.get("why") in {"files", "python"}:
                    check_out(fact, offers, target, source)


def check_out(fact: dict[str, Any], offers: Offers, target: Target, source: FakeSource) -> None:
    """See that a target cannot use these versions, and for the reason told."""
    project = offers.project(fact["package"])
    assert project is not None
    for version in map(Version, fact["versions"]):
        if not isinstance(offers.offer(fact["package"], "", version), Unfit):
            said = source.said(fact["package"], version, "a-1-py3-none-any.whl")
            assert not offers.accepts_python(said.requires_python)
        if fact["reason"].startswith("wheels"):
            assert fact["reason"].startswith(lacking(project.releases[version].files, target))


def test_what_an_index_did_not_say_is_no_reason_to_call_it_impossible() -> None:
    case = {"dependencies": ["a", "b<2"], "index": {"a": {"1": ["b>=2"]}, "b": {"1": [], "2": []}}}
    refused(case)
    source = source_of(case)
    source.unreachable = frozenset({"b"})
    with pytest.raises(NetworkError):
        resolve(question(case), source)
