"""Unit: a lock that names further hashes of a wheel is held to all of them, though the wheel is in the store."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from lockenv.operations.proven_hashes import ProvenHashes
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel

KNOWN = ("sha256", "sha512", "blake2b", "md5")
ONE, TWO = "1" * 64, "2" * 64


def test_a_sha256_speaks_for_itself(tmp_path: Path) -> None:
    assert ProvenHashes(tmp_path).sha256_of({"sha256": ONE.upper()}, KNOWN) == ONE.lower()
    assert ProvenHashes(tmp_path).sha256_of({"sha256": ONE, "crc7": "5"}, KNOWN) == ONE
    assert ProvenHashes(tmp_path).sha256_of({}, KNOWN) is None


def test_others_count_once_they_were_seen_with_it(tmp_path: Path) -> None:
    both = {"sha256": ONE, "sha512": "AB"}
    assert ProvenHashes(tmp_path).sha256_of(both, KNOWN) is None
    ProvenHashes(tmp_path).keep({"sha512": "ab", "md5": "c"}, ONE, KNOWN)
    later = ProvenHashes(tmp_path)
    assert later.sha256_of(both, KNOWN) == ONE
    assert later.sha256_of({"sha512": "ab", "md5": "c"}, KNOWN) == ONE
    assert later.sha256_of({"sha256": TWO, "sha512": "ab"}, KNOWN) is None
    assert later.sha256_of(both | {"blake2b": "d"}, KNOWN) is None


@pytest.mark.parametrize("cut", range(1, 11))
def test_a_line_that_was_cut_counts_for_nothing_and_hurts_no_other(cut: int, tmp_path: Path) -> None:
    ProvenHashes(tmp_path).keep({"sha512": "ab"}, ONE, KNOWN)
    place = tmp_path / "agreed/hashes"
    os.truncate(place, place.stat().st_size - cut * 7)
    ProvenHashes(tmp_path).keep({"md5": "c"}, TWO, KNOWN)
    assert ProvenHashes(tmp_path).sha256_of({"sha512": "ab"}, KNOWN) is None
    assert ProvenHashes(tmp_path).sha256_of({"md5": "c"}, KNOWN) == TWO


def test_a_wrong_second_hash_is_refused_though_the_wheel_is_in_the_store(tmp_path: Path) -> None:
    wheel = make_wheel("menu", "1.0")
    right = hashlib.sha512(wheel.content).hexdigest()
    with FakeIndex() as index:
        index.add(wheel)
        project = ScratchProject(tmp_path, index_url=index.url)
        project.manifest(dependencies=["menu"])
        project.run("lock").ok()
        project.run("sync").ok()
        lock = project.folder / "pylock.toml"
        text = lock.read_text()
        for digest, status in ((right[::-1], 4), (right, 0), (right[::-1], 4)):
            lock.write_text(text.replace('hashes = {sha256 = "', f'hashes = {{sha512 = "{digest}", sha256 = "'))
            assert project.run("sync").status == status
        before = len(index.requests)
        lock.write_text(lock.read_text().replace(right[::-1], right) + "# once more\n")
        project.run("sync").ok()
        assert len(index.requests) == before
