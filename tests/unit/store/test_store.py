from __future__ import annotations

import hashlib
import os
import stat
import threading
from functools import partial
from pathlib import Path

import pytest

from lockenv.errors import InstallError, Refused
from lockenv.files import seal_of
from lockenv.store import Store, StoredWheel, _check_space, suspects
from lockenv.tree import fixed_mtime_ns
from lockenv.wheels import Script
from tests.fakes.wheels import BuiltFile, make_wheel

MENU = make_wheel(
    "menu",
    "1.0",
    files={"menu.py": "x = 1\n", "{data}/data/share/menu.txt": "m", "{info}/INSTALLER": "other"},
    scripts={"menu": "menu:main"},
)


def add(store: Store, folder: Path, built: BuiltFile = MENU) -> StoredWheel:
    path = folder / "arrived"
    path.write_bytes(built.content)
    return store.add(built.sha256, path, name="menu", version="1.0", filename=built.filename)


def make_writable_and(change: bytes | None, path: Path) -> None:
    path.chmod(0o644)
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change)


def test_a_wheel_is_found_again_as_it_was_added(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    assert store.get(MENU.sha256) is None
    added = add(store, tmp_path)
    found = Store(tmp_path / "cache").get(MENU.sha256)
    assert found == added
    assert found is not None
    assert found.scripts == (Script("menu", "menu", "main"),)
    assert (found.name, found.version, found.dist_info) == ("menu", "1.0", "menu-1.0.dist-info")
    for file in found.files:
        place = found.root / file.path
        assert hashlib.sha256(place.read_bytes()).hexdigest() == file.sha256
        assert stat.S_IMODE(place.stat().st_mode) == file.mode
    assert [entry.name for entry in (tmp_path / "cache" / "wheels").iterdir()] == [MENU.sha256]


def test_the_fixed_part_of_record_leaves_out_what_is_moved_or_written_by_the_installer(tmp_path: Path) -> None:
    stored = add(Store(tmp_path / "cache"), tmp_path)
    assert [line.split(",")[0] for line in stored.record.splitlines()] == [
        "menu-1.0.dist-info/METADATA",
        "menu-1.0.dist-info/WHEEL",
        "menu-1.0.dist-info/entry_points.txt",
        "menu.py",
    ]


@pytest.mark.parametrize("change", ["none", "bytes", "another file"])
def test_a_file_that_was_hashed_is_hashed_again_if_it_was_touched_since(change: str, tmp_path: Path) -> None:
    other = make_wheel("menu", "1.0", files={"menu.py": "x = 2\n"})
    arrived = tmp_path / "arrived"
    arrived.write_bytes(other.content)
    with arrived.open("rb") as file:
        seal = seal_of(file.fileno())
    if change == "bytes":
        while arrived.stat().st_ctime_ns == seal[4]:  # some systems count time in ticks of some milliseconds
            with arrived.open("r+b") as file:
                file.write(other.content[:1])
            os.utime(arrived, ns=(seal[3], seal[3]))
    elif change == "another file":
        arrived.rename(tmp_path / "before")
        arrived.write_bytes(other.content)
    store = Store(tmp_path / "cache")
    # The name is a lie, which nobody finds out who does not hash.
    sealed = partial(store.add, MENU.sha256, arrived, name="menu", version="1.0", filename="menu.whl", seal=seal)
    if change == "none":
        assert sealed().sha256 == MENU.sha256
    else:
        with pytest.raises(Refused, match=f"not {MENU.sha256}"):
            sealed()


def test_a_file_with_another_hash_is_refused_and_nothing_is_added(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    path = tmp_path / "arrived"
    path.write_bytes(make_wheel("menu", "1.0", files={"menu.py": "evil"}).content)
    with pytest.raises(Refused, match=f"not {MENU.sha256}"):
        store.add(MENU.sha256, path, name="menu", version="1.0", filename=MENU.filename)
    assert list((tmp_path / "cache" / "wheels").iterdir()) == []


def test_a_hostile_wheel_leaves_nothing_in_the_store(tmp_path: Path) -> None:
    hostile = make_wheel("menu", "1.0", files={"../../evil.py": ""})
    store = Store(tmp_path / "cache")
    with pytest.raises(Refused, match="evil"):
        add(store, tmp_path, hostile)
    assert list((tmp_path / "cache" / "wheels").iterdir()) == []
    assert not list(tmp_path.rglob("evil.py"))


@pytest.mark.parametrize("digest", ["", "..", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 63 + "/"])
def test_only_a_digest_names_an_entry(tmp_path: Path, digest: str) -> None:
    with pytest.raises(Refused, match="is no sha256"):
        Store(tmp_path).get(digest)


@pytest.mark.parametrize("change", [b"x = 2\n", b"longer than before", None])
def test_a_changed_or_missing_file_is_a_miss_that_adding_mends(tmp_path: Path, change: bytes | None) -> None:
    store = Store(tmp_path / "cache")
    stored = add(store, tmp_path)
    make_writable_and(change, stored.root / "menu.py")
    assert store.get(MENU.sha256) is None
    add(store, tmp_path)
    assert store.get(MENU.sha256) == stored
    assert (stored.root / "menu.py").read_bytes() == b"x = 1\n"
    assert len(list((tmp_path / "cache" / "wheels").iterdir())) == 1


def test_a_file_that_was_only_touched_gets_its_facts_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    stored = add(store, tmp_path)
    path = stored.root / "menu.py"
    make_writable_and(b"x = 1\n", path)
    assert store.get(MENU.sha256) == stored
    sha256 = hashlib.sha256(b"x = 1\n").hexdigest()
    assert (path.stat().st_mtime_ns, stat.S_IMODE(path.stat().st_mode)) == (fixed_mtime_ns(sha256), 0o444)


def test_a_link_in_a_files_place_is_a_miss(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    stored = add(store, tmp_path)
    copy = tmp_path / "copy"
    copy.write_bytes(b"x = 1\n")
    (stored.root / "menu.py").unlink()
    (stored.root / "menu.py").symlink_to(copy)
    assert store.get(MENU.sha256) is None


@pytest.mark.parametrize("damage", [b"", b"lockenv store 1\n", b"garbage"])
def test_a_broken_manifest_is_a_miss_that_adding_mends(tmp_path: Path, damage: bytes) -> None:
    store = Store(tmp_path / "cache")
    stored = add(store, tmp_path)
    (stored.root.parent / "manifest").write_bytes(damage)
    assert store.get(MENU.sha256) is None
    assert add(store, tmp_path) == stored
    assert store.get(MENU.sha256) == stored


def test_a_manifest_with_one_changed_byte_is_never_trusted(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    manifest = add(store, tmp_path).root.parent / "manifest"
    content = bytearray(manifest.read_bytes())
    for at in range(0, len(content), 7):
        broken = bytearray(content)
        broken[at] ^= 0x20
        manifest.write_bytes(broken)
        assert store.get(MENU.sha256) is None


def test_another_wheels_entry_under_this_name_is_a_miss(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    stored = add(store, tmp_path)
    wrong = "0" * 64
    stored.root.parent.rename(tmp_path / "cache" / "wheels" / wrong)
    assert store.get(wrong) is None


def test_several_may_add_the_same_wheel_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    path = MENU.write_to(tmp_path)
    results: list[StoredWheel] = []

    def work() -> None:
        results.append(store.add(MENU.sha256, path, name="menu", version="1.0", filename=MENU.filename))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert set(map(str, results)) == {str(results[0])}
    assert [entry.name for entry in (tmp_path / "cache" / "wheels").iterdir()] == [MENU.sha256]


def test_pruning_frees_what_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    stored = add(store, tmp_path)
    size = store.size()
    assert size > sum(file.size for file in stored.files)
    assert store.prune(keep=lambda sha256: sha256 == MENU.sha256) == 0
    assert store.prune(older_than=3600) == 0
    assert store.prune() == size
    assert store.get(MENU.sha256) is None
    assert store.size() == 0


def test_pruning_removes_what_was_left_half_made_a_day_ago(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    add(store, tmp_path)
    for name, age in ((".old", 2 * 86400), (".new", 60)):
        half = tmp_path / "cache" / "wheels" / name
        half.mkdir()
        now = half.stat().st_mtime
        os.utime(half, (now - age, now - age))
    store.prune(keep=lambda sha256: True)
    assert {entry.name for entry in (tmp_path / "cache" / "wheels").iterdir()} == {MENU.sha256, ".new"}


def test_content_that_a_power_cut_took_is_noticed_though_size_and_time_are_right(tmp_path: Path) -> None:
    stored = add(Store(tmp_path / "cache"), tmp_path)
    lost = stored.root / "menu.py"
    found = lost.stat()
    make_writable_and(b"\0" * found.st_size, lost)
    lost.chmod(0o444)
    os.utime(lost, ns=(found.st_mtime_ns, found.st_mtime_ns))
    mark = stored.root.parent / "unsettled"
    mark.unlink()
    mark.symlink_to("an earlier run of the machine")
    assert Store(tmp_path / "cache").get(MENU.sha256) is None
    healed = add(Store(tmp_path / "cache"), tmp_path)
    assert (healed.root / "menu.py").read_bytes() == b"x = 1\n"


def test_what_is_sound_after_the_machine_was_started_anew_is_read_once(tmp_path: Path) -> None:
    stored = add(Store(tmp_path / "cache"), tmp_path)
    mark = stored.root.parent / "unsettled"
    mark.unlink()
    mark.symlink_to("an earlier run of the machine")
    assert Store(tmp_path / "cache").get(MENU.sha256) == stored
    assert not mark.is_symlink()


def test_a_wheel_for_which_there_is_no_room_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    huge = make_wheel("menu", "1.0", files={"menu.py": "x = 1\n"})
    with pytest.raises(InstallError, match=r"no room to unpack menu-1.0.*are needed, and .* are free at"):
        _check_space(tmp_path, huge.filename, [1 << 60])


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o027, 0o077])
def test_files_have_their_modes_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    wheel = make_wheel("menu", "1.0", files={"menu.py": "", "{data}/scripts/serve": "#!python\n"})
    path = tmp_path / wheel.filename
    path.write_bytes(wheel.content)
    store = Store(tmp_path / "cache")
    (tmp_path / "cache/wheels").mkdir(parents=True)
    before = os.umask(umask)
    try:
        stored = store.add(wheel.sha256, path, name="menu", version="1.0", filename=wheel.filename)
    finally:
        os.umask(before)
    assert suspects(stored) == []
    modes = {row[0].rpartition("/")[2]: row[3] for row in stored.rows}
    assert (modes["menu.py"], modes["serve"]) == (0o444, 0o555)
