"""Resolution by example: one TOML file a case, the index and what is expected of it as data.

Keys: `python` and `targets` ([targets] of the manifest; a Linux and Python 3.11.7 by default) or `here` (this
machine's Python, where `[targets]` is left out), `dependencies`, `groups`, `preferences`, `options` ([resolution]
of the manifest), `allow-build`, `index`, `statuses`; expected are `expect` (``"version"`` or
``"version ; marker"``, in a list where there are several), `environments`, `gates`, `files`, `warning` (or a list
of them), `note`, `dropped` (targets left out, and why), `unvisited` (metadata that must not be read), or `error`
(lines of the explanation), `not-in-error`, `hint` and `status` (the exit status, 3 unless said otherwise).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock

from lockenv.errors import ResolutionImpossible
from lockenv.lockfile import pylock
from lockenv.resolution.model import Resolution
from lockenv.resolution.resolve import resolve
from tests.fakes.source import FakeSource
from tests.scenarios.cases import entries, expected, kept, lock_of, question, source_of

CASES = sorted((Path(__file__).parent / "resolution").glob("*.toml"))


def read(path: Path) -> dict[str, Any]:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert case["description"].endswith("."), "a case says in a sentence what it shows"
    assert ("expect" in case) != ("error" in case)
    return case


READ = {path: read(path) for path in CASES}
ANSWERED = [path for path, case in READ.items() if "expect" in case]
REFUSED = [path for path, case in READ.items() if "error" in case]


def scenarios(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def check_answer(case: dict[str, Any], lock: Pylock, resolution: Resolution, source: FakeSource) -> None:
    # Gates, where they are looked at apart, are the only reason for a marker in such a case.
    assert entries(lock, markers="gates" not in case) == expected(case["expect"])
    pins = {pinned.name: pinned for pinned in resolution.pins}
    for name, said in case.get("gates", {}).items():
        assert sorted(pins[name].gates) == said
    for name, said in case.get("files", {}).items():
        files = [file.filename for pinned in resolution.pins if pinned.name == name for file in pinned.files]
        assert files == said
    warnings = case.get("warning", [])
    warnings = [warnings] if isinstance(warnings, str) else warnings
    assert len(resolution.warnings) == len(warnings), resolution.warnings
    for told, warning in zip(resolution.warnings, warnings, strict=True):
        assert warning in told
    if "note" in case:
        assert case["note"] in resolution.notes
    if "environments" in case:
        assert [str(marker) for marker in lock.environments or ()] == case["environments"]
    dropped = {each.target.name: each.reason for each in resolution.dropped}
    assert list(dropped) == list(case.get("dropped", {}))
    assert all(said in dropped[name] for name, said in case.get("dropped", {}).items()), dropped
    assert not set(case.get("unvisited", ())) & set(source.metadata_read)


@scenarios(ANSWERED)
def test_the_lock_is_what_is_expected(path: Path) -> None:
    case, source = READ[path], source_of(READ[path])
    asked = question(case)
    resolution = resolve(asked, source)
    check_answer(case, lock_of(case, asked, resolution, source), resolution, source)


@scenarios(REFUSED)
def test_what_cannot_be_is_refused_with_the_reason(path: Path) -> None:
    case = READ[path]
    with pytest.raises(ResolutionImpossible) as caught:
        resolve(question(case), source_of(case))
    told = "\n".join([caught.value.message, *caught.value.details])
    for line in case["error"]:
        assert line in told, told
    for line in case.get("not-in-error", ()):
        assert line not in told, told
    assert case.get("hint", "") in (caught.value.hint or "")
    assert caught.value.exit_status == case.get("status", 3)


@scenarios(ANSWERED)
def test_locking_again_gives_the_same_lock(path: Path) -> None:
    case, source = READ[path], source_of(READ[path])
    asked = question(case)
    lock = lock_of(case, asked, resolve(asked, source), source)
    again = question(case, kept(case, lock))
    assert pylock.write(lock_of(case, again, resolve(again, source), source)) == pylock.write(lock)


@scenarios(ANSWERED)
def test_the_order_of_manifest_and_index_changes_nothing(path: Path) -> None:
    case, source = READ[path], source_of(READ[path])
    asked, other = question(case), question(turned_round(case))
    one = lock_of(case, asked, resolve(asked, source), source)
    two = lock_of(turned_round(case), other, resolve(other, source_of(turned_round(case))), source)
    assert pylock.write(one) == pylock.write(two)


@scenarios(REFUSED)
def test_what_cannot_be_is_refused_in_any_order(path: Path) -> None:
    with pytest.raises(ResolutionImpossible):
        resolve(question(turned_round(READ[path])), source_of(turned_round(READ[path])))


def turned_round(case: dict[str, Any]) -> dict[str, Any]:
    """The same case, written from the end to the beginning."""
    index = {name: dict(reversed(releases.items())) for name, releases in reversed(case["index"].items())}
    turned = case | {"dependencies": case.get("dependencies", [])[::-1], "index": index}
    turned["groups"] = {name: said[::-1] for name, said in reversed(case.get("groups", {}).items())}
    if "platforms" in case.get("targets", {}):
        turned["targets"] = case["targets"] | {"platforms": case["targets"]["platforms"][::-1]}
    return turned
