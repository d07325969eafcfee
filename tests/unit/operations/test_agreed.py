"""Unit: what wheels require is compared once; whatever becomes of the note costs time and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockenv.operations.agreed import Agreed, digest
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel

ONE, TWO, THREE = (digest("wheel", number) for number in range(3))


def test_what_is_kept_is_known_to_the_next(tmp_path: Path) -> None:
    assert ONE not in Agreed(tmp_path)
    Agreed(tmp_path).keep([ONE, TWO, ONE])
    Agreed(tmp_path).keep([TWO, THREE])
    later = Agreed(tmp_path)
    assert all(each in later for each in (ONE, TWO, THREE))
    assert digest("wheel", 3) not in later
    assert (tmp_path / "agreed/wheels").stat().st_size == 3 * 16


def test_facts_that_differ_have_other_digests() -> None:
    facts = [("a", ["b"]), ("a", ["b", ""]), ("ab",), ("a", "b"), ("a", ["b"], None)]
    assert len({digest(*each) for each in facts}) == len(facts)


@pytest.mark.parametrize("left", [b"", b"x", ONE + TWO[:7]])
def test_a_file_that_was_cut_is_made_whole_by_the_next(left: bytes, tmp_path: Path) -> None:
    place = tmp_path / "agreed/wheels"
    place.parent.mkdir()
    place.write_bytes(left)
    Agreed(tmp_path).keep([TWO])
    later = Agreed(tmp_path)
    assert TWO in later
    later.keep([THREE])
    assert THREE in Agreed(tmp_path)
    assert TWO in Agreed(tmp_path)


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    Agreed(tmp_path).keep(digest(number) for number in range(19_999))
    Agreed(tmp_path).keep([ONE, TWO])
    assert (tmp_path / "agreed/wheels").stat().st_size == 2 * 16


def test_a_place_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "agreed").write_text("in the way")
    Agreed(tmp_path).keep([ONE])
    assert ONE not in Agreed(tmp_path)


def test_a_second_sync_asks_for_no_metadata_and_a_lock_that_says_less_is_refused_as_before(tmp_path: Path) -> None:
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0", requires=["dish"]))
        index.add(make_wheel("dish", "2.0"))
        project = ScratchProject(tmp_path, index_url=index.url)
        project.manifest(dependencies=["menu"])
        project.run("lock").ok()
        project.run("sync").ok()
        kept = (project.cache / "agreed/wheels").read_bytes()
        project.run("sync", "--verify").ok()
        assert (project.cache / "agreed/wheels").read_bytes() == kept
        lock = project.folder / "pylock.toml"
        text = lock.read_text()
        assert 'requires = ["dish"]' in text
        lock.write_text(text.replace('requires = ["dish"]', 'requires = ["dish<3"]'))
        for _ in range(2):
            refused = project.run("sync")
            assert refused.status == 4
            assert "requires dish, which the lock does not know of" in refused.err
