from __future__ import annotations

import os
from pathlib import Path

import pytest

from lockenv.build import housekeeping
from lockenv.build.answers import Answers, key_of
from lockenv.build.git import Repositories
from lockenv.build.wheels import BuiltWheels, KeptWheel
from lockenv.packages import canonicalize_name
from tests.fakes.repositories import Repository
from tests.fakes.wheels import BuiltFile, make_wheel

MENU = make_wheel("menu", "1.0")
ICONS = make_wheel("icons", "1.0")


def built(tmp_path: Path, wheel: BuiltFile = MENU) -> KeptWheel:
    name = canonicalize_name(wheel.filename.partition("-")[0])
    path = wheel.write_to(tmp_path)
    return KeptWheel(path=path, filename=wheel.filename, sha256=wheel.sha256, name=name, version="1.0")


def age(folder: Path, seconds: float) -> None:
    """Make all that is in a folder older."""
    for path in (folder, *folder.rglob("*")):
        facts = path.lstat()
        os.utime(path, (facts.st_atime - seconds, facts.st_mtime - seconds), follow_symlinks=False)


# Answers


@pytest.mark.parametrize("answer", ["text", ["a", "b"], {"a": {"b": 1}}, ""])
def test_an_answer_is_kept(tmp_path: Path, answer: object) -> None:
    answers = Answers(tmp_path / "answers")
    key = key_of("a question", 1)
    assert answers.get(key) is None
    answers.keep(key, answer)
    assert answers.get(key) == answer


def test_a_damaged_answer_is_none(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    answers.keep("key", "answer")
    content = bytearray((tmp_path / "key").read_bytes())
    for at in range(len(content)):
        broken = bytearray(content)
        broken[at] ^= 1
        (tmp_path / "key").write_bytes(broken)
        assert answers.get("key") is None


def test_questions_that_differ_have_keys_that_differ() -> None:
    questions = [("a", "b"), ("ab",), ("a", ["b"]), ("b", "a"), ("a", "b", None), (("a", "b"), "c")]
    assert len({key_of(*question) for question in questions}) == len(questions)
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})


def test_a_disk_that_keeps_nothing_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "answers").touch()
    answers = Answers(tmp_path / "answers")
    answers.keep("key", "answer")
    assert answers.get("key") is None


# Wheels


def test_a_wheel_is_kept_by_its_key(tmp_path: Path) -> None:
    wheels = BuiltWheels(tmp_path / "built")
    assert wheels.recall("key") is None
    wheels.keep("key", built(tmp_path))
    kept = wheels.recall("key")
    assert kept is not None
    assert kept.is_sound
    assert kept.path.read_bytes() == MENU.content
    assert (kept.filename, kept.name, kept.version, kept.sha256) == (MENU.filename, "menu", "1.0", MENU.sha256)


@pytest.mark.parametrize("change", ["gone", "other", "folder"])
def test_a_wheel_that_is_not_what_it_was_is_not_sound(tmp_path: Path, change: str) -> None:
    wheels = BuiltWheels(tmp_path / "built")
    wheels.keep("key", built(tmp_path))
    kept = wheels.recall("key")
    assert kept is not None
    kept.path.unlink()
    if change == "other":
        kept.path.write_bytes(ICONS.content)
    elif change == "folder":
        kept.path.mkdir()
    assert not kept.is_sound


def test_pruning_takes_what_was_not_used_for_a_while(tmp_path: Path) -> None:
    wheels = BuiltWheels(tmp_path / "built")
    wheels.keep("old", built(tmp_path))
    wheels.keep("also old", built(tmp_path))
    wheels.keep("in use", built(tmp_path, ICONS))
    age(tmp_path / "built", 10_000)
    assert wheels.recall("in use") is not None
    whole = wheels.size()
    assert whole == len(MENU.content) + len(ICONS.content)
    assert wheels.prune(older_than=5000) == len(MENU.content)
    assert wheels.recall("old") is None
    kept = wheels.recall("in use")
    assert kept is not None
    assert kept.is_sound
    assert wheels.prune() == len(ICONS.content)
    assert wheels.size() == 0


# All of it


def test_housekeeping_counts_and_removes_clones_logs_and_leftovers(tmp_path: Path) -> None:
    upstream = Repository(tmp_path / "upstream")
    commit = upstream.commit({"x": "1"})
    cache = tmp_path / "cache"
    found = Repositories(cache, environ=os.environ)
    found.check_out(upstream.url, commit, tmp_path / "one")
    for place in ("built/logs/menu.log", "built/work/abc/env/x", "built/work/.abc.lock"):
        (cache / place).parent.mkdir(parents=True, exist_ok=True)
        (cache / place).write_text("0123456789")
    size = housekeeping.size(cache)
    assert size > 100
    assert housekeeping.prune(cache, older_than=3600) == 0
    age(cache, 2 * 86400)
    found.check_out(upstream.url, commit, tmp_path / "two")  # used, and so no longer old
    assert housekeeping.prune(cache, older_than=86400) == 30
    assert housekeeping.size(cache) == size - 10
    age(cache, 2 * 86400)
    housekeeping.prune(cache, older_than=86400)
    assert housekeeping.size(cache) == 0
    found.check_out(upstream.url, commit, tmp_path / "three")
