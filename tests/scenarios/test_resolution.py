"""Resolution by example: one TOML file a case, the index and what is expected of it as data.

Keys: `python` and `targets` ([targets] of the manifest; a Linux and Python 3.11.7 by default), `dependencies`,
`groups`, `preferences`, `options` ([resolution] of the manifest), `allow-build`, `index`, `statuses`; expected are
`expect` (``"version"`` or ``"version ; marker"``, in a list where there are several), `environments`, `gates`,
`files`, `warning`, `note`, `unvisited` (metadata that must not be read), or `error` (lines of the explanation) and
`hint`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import ResolutionImpossible
from lockenv.lockfile import freshness, judge, pin, pylock
from lockenv.manifest.model import Targets
from lockenv.packages import canonicalize_name, parse_requirement
from lockenv.resolution.model import Held, Keeping, Policy, Question, Resolution
from lockenv.resolution.resolve import resolve
from lockenv.resolution.universe import targets_of
from lockenv.targets import Target
from tests.fakes.source import FakeSource, fake_source

CASES = sorted((Path(__file__).parent / "resolution").glob("*.toml"))


def targets(case: dict[str, Any]) -> tuple[Target, ...]:
    said = case.get("targets", {})
    declared = Targets(
        platforms=tuple(said.get("platforms", ["linux-x86_64"])),
        glibc=(2, 36),
        implementations=tuple(said.get("implementations", ["cpython"])),
    )
    return targets_of(SpecifierSet(case.get("python", ">=3.11.7,<3.12")), declared, None)


def question(case: dict[str, Any], held: Keeping | None = None) -> Question:
    options = case.get("options", {})
    policy = Policy(
        strategy=options.get("strategy", "highest"),
        prereleases=options.get("prereleases", "if-necessary"),
        exclude_newer=options.get("exclude-newer"),
        constraints=tuple(map(parse_requirement, options.get("constraints", ()))),
        overrides=tuple(map(parse_requirement, options.get("overrides", ()))),
        only_binary=frozenset(options.get("only-binary", ())),
        no_binary=frozenset(options.get("no-binary", ())),
        allow_build=frozenset(case.get("allow-build", ())),
    )
    roots = {"": case.get("dependencies", []), **case.get("groups", {})}
    wished = {canonicalize_name(n): Held(version=Version(v)) for n, v in case.get("preferences", {}).items()}
    return Question(
        targets=targets(case),
        roots={gate: tuple(map(parse_requirement, texts)) for gate, texts in roots.items()},
        policy=policy,
        conflicts=tuple(tuple(sorted(members)) for members in options.get("conflicts", ())),
        across_pythons=options.get("across-pythons", "newest"),
        held=held or (lambda target, fork: wished),
    )


def lock_of(case: dict[str, Any], asked: Question, resolution: Resolution) -> Pylock:
    """Whatever is resolved can be locked, reads back as itself, and passes the judge."""
    lock = pin.pin(
        resolution,
        requires_python=SpecifierSet(case.get("python", ">=3.11.7,<3.12")),
        groups=list(case.get("groups", {})),
        conflicts=asked.conflicts,
        local={},
        tool={"format": 2} | ({"conflicts": [list(one) for one in asked.conflicts]} if asked.conflicts else {}),
    )
    text = pylock.write(lock)
    again = pylock.read(text)
    judge.judge(
        again,
        judge.Claim(
            targets=resolution.targets,
            roots=asked.roots,
            evidence=resolution.evidence,
            constraints=asked.policy.constraints,
            overrides=asked.policy.overrides,
            conflicts=asked.conflicts,
            buildable=asked.policy.allow_build,
        ),
    )
    assert pylock.write(again) == text
    return again


def entries(lock: Pylock, *, markers: bool) -> dict[str, list[str]]:
    """Each package with its versions, and their markers where asked for."""
    found: dict[str, list[str]] = {}
    for package in lock.packages:
        marker = f" ; {package.marker}" if markers and package.marker is not None else ""
        found.setdefault(package.name, []).append(f"{package.version}{marker}")
    return found


def check_answer(case: dict[str, Any], lock: Pylock, resolution: Resolution, source: FakeSource) -> None:
    expected = {name: said if isinstance(said, list) else [said] for name, said in case["expect"].items()}
    # Gates, where they are looked at apart, are the only reason for a marker in such a case.
    assert entries(lock, markers="gates" not in case) == expected
    pins = {pinned.name: pinned for pinned in resolution.pins}
    for name, said in case.get("gates", {}).items():
        assert sorted(pins[name].gates) == said
    for name, said in case.get("files", {}).items():
        assert [file.filename for file in pins[name].files] == said
    if "warning" in case:
        assert any(case["warning"] in warning for warning in resolution.warnings), resolution.warnings
    else:
        assert resolution.warnings == ()
    if "note" in case:
        assert case["note"] in resolution.notes
    if "environments" in case:
        assert [str(marker) for marker in lock.environments or ()] == case["environments"]
    assert not set(case.get("unvisited", ())) & set(source.metadata_read)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    source = fake_source(case["index"], statuses=case.get("statuses", {}))
    if "error" not in case:
        asked = question(case)
        resolution = resolve(asked, source)
        check_answer(case, lock_of(case, asked, resolution), resolution, source)
        return
    with pytest.raises(ResolutionImpossible) as caught:
        resolve(question(case), source)
    told = "\n".join([caught.value.message, *caught.value.details])
    for line in case["error"]:
        assert line in told, told
    if "hint" in case:
        assert case["hint"] in (caught.value.hint or "")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_locking_again_gives_the_same_lock(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    if "error" in case:
        return
    source = fake_source(case["index"], statuses=case.get("statuses", {}))
    asked = question(case)
    lock = lock_of(case, asked, resolve(asked, source))
    again = question(case, lambda target, fork: freshness.held(lock, target, fork))
    assert pylock.write(lock_of(case, again, resolve(again, source))) == pylock.write(lock)


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
