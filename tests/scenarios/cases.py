"""From a scenario (TOML) to a question, and from a resolution to the lock of that scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.graph import MAIN
from lockenv.lockfile import freshness, judge, pin, pylock
from lockenv.manifest.model import Group, Manifest, Options, Targets
from lockenv.operations.question import forbidden, holding, standing
from lockenv.packages import NormalizedName, canonicalize_name, parse_requirement
from lockenv.resolution.model import Fork, Held, Keeping, Policy, Question, Resolution
from lockenv.resolution.universe import Here, targets_of
from lockenv.targets import Target
from tests.fakes import installer
from tests.fakes.source import LINUX, FakeSource, fake_source, linux_target

PYTHON = ">=3.11.7,<3.12"
Case = Mapping[str, Any]


def source_of(case: Case) -> FakeSource:
    return fake_source(case["index"], statuses=case.get("statuses", {}))


def targets(case: Case) -> tuple[Target, ...]:
    """The declared platforms; with `here`, a full version of Python, the friendly ones and this machine."""
    python = SpecifierSet(case.get("python", PYTHON))
    said = case.get("targets", {})
    if "here" in case:
        return targets_of(python, None, _here(case["here"]))
    declared = Targets(
        platforms=tuple(said.get("platforms", ["linux-x86_64"])),
        implementations=tuple(said.get("implementations", ["cpython"])),
        glibc=_floor(said.get("glibc", "2.36")),
        musl=_floor(said.get("musl", "1.2")),
        macos=_floor(said.get("macos", "13.0")),
    )
    return targets_of(python, declared, None)


def _floor(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def _here(python: str) -> Here:
    major, minor, _ = python.split(".")
    facts = replace(LINUX, version=(int(major), int(minor)), abis=(f"cp{major}{minor}",))
    return Here(target=linux_target(python), facts=facts)


def _policy(options: Mapping[str, Any], case: Case) -> Policy:
    return Policy(
        strategy=options.get("strategy", "highest"),
        prereleases=options.get("prereleases", "if-necessary"),
        exclude_newer=options.get("exclude-newer"),
        exclude_newer_package={
            canonicalize_name(name): moment or None
            for name, moment in options.get("exclude-newer-package", {}).items()
        },
        constraints=tuple(map(parse_requirement, options.get("constraints", ()))),
        overrides=tuple(map(parse_requirement, options.get("overrides", ()))),
        only_binary=frozenset(options.get("only-binary", ())),
        no_binary=frozenset(options.get("no-binary", ())),
        allow_build=frozenset(case.get("allow-build", ())),
        owned=tuple(options.get("owned", {}).items()),
        explicit=tuple(options.get("explicit", ())),
    )


def manifest(case: Case) -> Manifest:
    """The manifest, as far as groups and their conflicts go. One that contradicts itself is not refused here."""
    conflicts = case.get("options", {}).get("conflicts", ())
    return Manifest(
        python=SpecifierSet(case.get("python", PYTHON)),
        dependencies=tuple(map(parse_requirement, case.get("dependencies", ()))),
        groups=tuple(_groups(case.get("groups", {}))),
        resolution=Options(conflicts=tuple(tuple(map(canonicalize_name, sorted(one))) for one in conflicts)),
    )


def _groups(said: Mapping[str, list[Any]]) -> Iterator[Group]:
    """Groups with their includes followed (PEP 735)."""
    for name in sorted(said):
        waiting, lines, includes = [name], list[str](), set[str]()
        while waiting:
            for line in said[waiting.pop()]:
                if isinstance(line, str):
                    lines.append(line)
                else:
                    waiting.append(line["include-group"])
                    includes.add(line["include-group"])
        found = tuple(map(parse_requirement, lines))
        yield Group(name=name, requirements=found, includes=frozenset(map(canonicalize_name, includes)))


def question(case: Case, held: Keeping | None = None) -> Question:
    options, declared = case.get("options", {}), manifest(case)
    wished = {canonicalize_name(n): Held(version=Version(v)) for n, v in case.get("preferences", {}).items()}
    return Question(
        targets=targets(case),
        roots={MAIN: declared.dependencies} | {group.name: group.requirements for group in declared.groups},
        policy=_policy(options, case),
        conflicts=declared.resolution.conflicts,
        includes={group.name: group.includes for group in declared.groups},
        across_pythons=options.get("across-pythons", "newest"),
        held=held or (lambda target, fork: wished),
        here=Version(case["here"]) if "here" in case else None,
    )


def kept(case: Case, lock: Pylock, moving: frozenset[NormalizedName] = frozenset()) -> Keeping:
    """What a lock holds, without the packages that are to move."""
    holds = holding(manifest(case), lock)

    def held(target: Target, fork: Fork) -> Mapping[NormalizedName, Held]:
        return {name: one for name, one in holds(target, fork).items() if name not in moving}

    return held


def lock_of(case: Case, asked: Question, resolution: Resolution, source: FakeSource) -> Pylock:
    """Whatever is resolved can be locked, and a plain installer finds nothing wrong with it."""
    lock = judged(case, asked, resolution)
    assert installs(case, asked, resolution, lock, source) == []
    return lock


def judged(case: Case, asked: Question, resolution: Resolution) -> Pylock:
    """The lock of a resolution, which reads back as itself and passes the judge."""
    apart = [list(members) for members in forbidden(manifest(case))]
    lock = pin.pin(
        resolution,
        requires_python=SpecifierSet(case.get("python", PYTHON)),
        groups=list(case.get("groups", {})),
        conflicts=asked.conflicts,
        standing=standing(manifest(case)),
        local={},
        tool={"format": freshness.FORMAT} | ({"conflicts": apart} if apart else {}),
    )
    text = pylock.write(lock)
    again = pylock.read(text)
    judge.judge(again, claim_of(case, asked, resolution))
    assert pylock.write(again) == text
    return again


def claim_of(case: Case, asked: Question, resolution: Resolution) -> judge.Claim:
    return judge.Claim(
        targets=resolution.targets,
        roots=asked.roots,
        evidence=resolution.evidence,
        constraints=asked.policy.constraints,
        overrides=asked.policy.overrides,
        conflicts=forbidden(manifest(case)),
        buildable=asked.policy.allow_build,
    )


def installs(case: Case, asked: Question, resolution: Resolution, lock: Pylock, source: FakeSource) -> list[str]:
    """What is wrong where a plain installer takes the lock at its word, for every target and all groups."""
    told = map(int, re.findall(r"3\.\d+\.(\d+)", str(case)))
    patches = sorted({max(patch + more, 0) for patch in told for more in (-1, 0, 1)})
    wrong: list[str] = []
    known = installer.recorded(lock)
    for target in resolution.targets:
        for environment in installer.pythons(target, patches):
            for groups in installer.selections(list(case.get("groups", {})), forbidden(manifest(case))):
                roots = [each for gate in ("", *sorted(groups)) for each in asked.roots[gate]]
                for tags in installer.all_tags(target):
                    pins = installer.installed(lock, environment, tags, groups)
                    where = f"{target.name}, {environment['python_full_version']}, {sorted(groups)}"
                    found = installer.faults(
                        source, roots, pins, environment, overrides=asked.policy.overrides, known=known
                    )
                    wrong += [f"{where}: {fault}" for fault in found]
    return wrong


def entries(lock: Pylock, *, markers: bool = True) -> dict[str, list[str]]:
    """Each package with its versions, and their markers where asked for."""
    found: dict[str, list[str]] = {}
    for package in lock.packages:
        marker = f" ; {package.marker}" if markers and package.marker is not None else ""
        found.setdefault(package.name, []).append(f"{package.version}{marker}")
    return found


def expected(said: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a scenario expects, in the form of `entries`."""
    return {name: texts if isinstance(texts, list) else [texts] for name, texts in said.items()}
