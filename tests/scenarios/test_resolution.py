"""Resolution by example: one TOML file a case, the index and what is expected of it as data.

Keys: `dependencies`, `groups`, `preferences`, `options` ([resolution] of the manifest), `index`, `statuses`;
expected are `expect` (versions), `gates`, `files`, `warning`, `note`, `unvisited` (metadata that must not be
read), or `error` (lines of the explanation) and `hint`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import ResolutionImpossible
from lockenv.lockfile import judge, pin, pylock
from lockenv.packages import canonicalize_name, parse_requirement
from lockenv.resolution.model import Policy, Question, Resolution
from lockenv.resolution.resolve import resolve
from tests.fakes.source import FakeSource, fake_source, linux_target

CASES = sorted((Path(__file__).parent / "resolution").glob("*.toml"))


def question(case: dict[str, Any]) -> Question:
    options = case.get("options", {})
    policy = Policy(
        strategy=options.get("strategy", "highest"),
        prereleases=options.get("prereleases", "if-necessary"),
        exclude_newer=options.get("exclude-newer"),
        constraints=tuple(map(parse_requirement, options.get("constraints", ()))),
        overrides=tuple(map(parse_requirement, options.get("overrides", ()))),
        only_binary=frozenset(options.get("only-binary", ())),
        no_binary=frozenset(options.get("no-binary", ())),
    )
    roots = {"": case.get("dependencies", []), **case.get("groups", {})}
    return Question(
        targets=(linux_target(),),
        roots={gate: tuple(map(parse_requirement, texts)) for gate, texts in roots.items()},
        policy=policy,
        preferences={canonicalize_name(n): Version(v) for n, v in case.get("preferences", {}).items()},
    )


def check_answer(case: dict[str, Any], resolution: Resolution, source: FakeSource) -> None:
    pins = {pinned.name: pinned for pinned in resolution.pins}
    assert {name: str(pinned.version) for name, pinned in pins.items()} == case["expect"]
    for name, expected in case.get("gates", {}).items():
        assert sorted(pins[name].gates) == expected
    for name, expected in case.get("files", {}).items():
        assert [file.filename for file in pins[name].files] == expected
    if "warning" in case:
        assert any(case["warning"] in warning for warning in resolution.warnings), resolution.warnings
    else:
        assert resolution.warnings == ()
    if "note" in case:
        assert case["note"] in resolution.notes
    assert not set(case.get("unvisited", ())) & set(source.metadata_read)


def check_lock(case: dict[str, Any], resolution: Resolution) -> None:
    """Whatever is resolved can be locked, reads back as itself, and selects what was resolved."""
    lock = pin.pin(
        resolution,
        requires_python=SpecifierSet(">=3.11"),
        groups=list(case.get("groups", {})),
        local={},
        tool={"format": 1},
    )
    text = pylock.write(lock)
    again = pylock.read(text)
    judge.judge(again, resolution)
    claimed = str(again.environments[0] if again.environments else "")
    assert claimed.endswith(case.get("environment", 'sys_platform == "linux"')), claimed
    assert pylock.write(again) == text


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    source = fake_source(case["index"], statuses=case.get("statuses", {}))
    if "error" not in case:
        resolution = resolve(question(case), source)
        check_answer(case, resolution, source)
        check_lock(case, resolution)
        return
    with pytest.raises(ResolutionImpossible) as caught:
        resolve(question(case), source)
    told = "\n".join([caught.value.message, *caught.value.details])
    for line in case["error"]:
        assert line in told, told
    if "hint" in case:
        assert case["hint"] in (caught.value.hint or "")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_order_of_the_manifest_changes_nothing(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    if "error" in case:
        case["dependencies"] = case["dependencies"][::-1] if "dependencies" in case else []
        with pytest.raises(ResolutionImpossible):
            resolve(question(case), fake_source(case["index"], statuses=case.get("statuses", {})))
        return
    one = resolve(question(case), fake_source(case["index"]))
    case["dependencies"] = case.get("dependencies", [])[::-1]
    case["index"] = dict(reversed(case["index"].items()))
    assert resolve(question(case), fake_source(case["index"])).pins == one.pins
