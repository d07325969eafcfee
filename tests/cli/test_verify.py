from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import BASE_PYTHON, SERIES, ScratchProject
from tests.fakes.wheels import make_wheel


def site_of(project: ScratchProject) -> Path:
    return next(project.env.glob("lib/python*/site-packages"))


def digest_in(project: ScratchProject) -> str:
    return project.run("list", "--digest").ok().out.strip()


# What is told


def test_an_environment_that_is_what_it_should_be_is_told_in_a_line(synced: ScratchProject) -> None:
    ran = synced.run("verify", "--offline").ok()
    assert ran.out.startswith(".venv is exactly pylock.toml (3 packages, ")
    assert digest_in(synced).removeprefix("sha256:")[:12] in ran.out
    assert synced.run("verify", "-q").ok().out == ""


def test_findings_are_sorted_by_package_and_no_more_than_one_wants_to_read(synced: ScratchProject) -> None:
    for number in range(20):
        (site_of(synced) / f"stray{number:02}.py").write_text("")
    (site_of(synced) / "icons.py").unlink()
    ran = synced.run("verify")
    assert ran.status == 1
    lines = ran.out.splitlines()
    assert lines[0] == "the environment itself:"
    assert lines[1] == f"  lib/python{SERIES}/site-packages/stray00.py: extra"
    assert lines[9] == "  and 12 more; `--json` lists all"
    assert lines[10:12] == ["icons:", f"  lib/python{SERIES}/site-packages/icons.py: missing"]
    assert lines[12].startswith(".venv is not pylock.toml: 20 extra, 1 missing, ")
    assert "sync --verify" in ran.err
    assert len(json.loads(synced.run("verify", "--json").out)["findings"]) == 21


def test_record_on_disk_vouches_for_nothing(synced: ScratchProject) -> None:
    (site_of(synced) / "stray.py").write_text("")
    record = site_of(synced) / "icons-2.0.dist-info" / "RECORD"
    record.unlink()
    record.write_text("stray.py,,\n")
    kinds = [(one["kind"], one["path"].rpartition("/")[2]) for one in _findings(synced)]
    assert kinds == [("changed", "RECORD"), ("extra", "stray.py")]


def _findings(project: ScratchProject, *arguments: str) -> list[dict[str, str]]:
    found = json.loads(project.run("verify", "--json", *arguments).out)["findings"]
    assert isinstance(found, list)
    return found


def test_lockenv_s_own_record_vouches_for_nothing(synced: ScratchProject) -> None:
    """A record that was made to fit drifted files keeps `sync` quiet, and not `verify`."""
    (site_of(synced) / "icons.py").unlink()
    (site_of(synced) / "icons.py").write_text("version = '6.6'\n")
    script = (
        "import sys; from lockenv.transaction import places, state\n"
        "env = sys.argv[1]; record = state.read_current(env)\n"
        "folder = places.generation(env, places.current_number(env))\n"
        "for inner in record.tree:\n"
        "    record.tree[inner], _ = state.scan_folder(folder, inner)\n"
        "open(folder + '/.state', 'wb').write(record.pack())\n"
    )
    subprocess.run([sys.executable, "-c", script, synced.env], check=True)
    assert "already exactly" in synced.run("sync", "--no-verify").ok().out
    assert [one["kind"] for one in _findings(synced)] == ["changed"]


def test_a_damaged_record_is_a_finding_that_a_sync_mends(synced: ScratchProject) -> None:
    (synced.env / ".lockenv" / "current" / ".state").write_bytes(b"nonsense")
    assert [one["kind"] for one in _findings(synced)] == ["record"]
    synced.run("verify", "--repair").ok()
    assert _findings(synced) == []


def test_a_lock_that_was_changed_since_is_told_of(synced: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("icons", "2.1"))
    synced.run("upgrade").ok()
    ran = synced.run("verify")
    assert ran.status == 1
    assert ran.out.startswith("pylock.toml was changed since .venv was made from it")
    assert ran.err == "hint: `lockenv sync` brings the environment to the lock\n"
    assert json.loads(synced.run("verify", "--json").out)["lock-changed"]


def test_an_environment_that_was_rolled_back_says_so_before_all_that_differs(
    synced: ScratchProject, index: FakeIndex
) -> None:
    index.add(make_wheel("icons", "2.1"))
    synced.run("upgrade").ok()
    synced.run("sync").ok()
    synced.run("rollback").ok()
    check_screen("verify-rolled-back", synced, [synced.run("verify"), synced.run("verify", "--repair")])
    synced.run("verify").ok()


def test_a_command_that_is_not_started_says_so_too(synced: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("icons", "2.1"))
    synced.run("upgrade").ok()
    synced.run("sync").ok()
    synced.run("rollback").ok()
    ran = synced.spawn("run", "--verified", "menu")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.splitlines()[1].startswith("  .venv is generation 1 again, rolled back from 2")


def test_what_is_rolled_back_with_its_lock_is_right(synced: ScratchProject, index: FakeIndex) -> None:
    before = synced.lock.read_bytes()
    index.add(make_wheel("icons", "2.1"))
    synced.run("upgrade").ok()
    synced.run("sync").ok()
    synced.run("rollback").ok()
    synced.lock.write_bytes(before)
    (site_of(synced) / "icons.py").unlink()
    ran = synced.run("verify")
    assert (ran.status, "generation" in ran.out) == (1, False)


def test_what_others_made_or_nobody_made_cannot_be_verified(synced: ScratchProject) -> None:
    shutil.rmtree(synced.env)
    assert synced.run("verify").status == 2
    subprocess.run([BASE_PYTHON, "-m", "venv", "--without-pip", synced.env], check=True)
    ran = synced.run("verify")
    assert ran.status == 1
    assert "venv made .venv, and nothing tells what it should be" in ran.err
    assert synced.run("list", "--digest").status == 2


# Where wheels come from


def test_wheels_that_the_store_has_lost_are_fetched_or_refused_offline(synced: ScratchProject) -> None:
    shutil.rmtree(synced.cache / "wheels")
    assert synced.run("verify", "--offline").status == 5
    synced.run("verify").ok()
    synced.run("verify", "--offline").ok()


def test_a_damaged_manifest_of_the_store_is_not_believed(synced: ScratchProject) -> None:
    for manifest in synced.cache.glob("wheels/*/manifest"):
        content = manifest.read_bytes()
        manifest.chmod(0o644)
        manifest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert synced.run("verify", "--offline").status == 5
    synced.run("verify").ok()


def test_a_project_that_was_moved_is_made_anew_by_the_next_sync(synced: ScratchProject) -> None:
    moved = ScratchProject(synced.scratch, name="elsewhere")
    moved.folder.rmdir()
    moved.environ.update(synced.environ)
    synced.folder.rename(moved.folder)
    assert "changed" in {one["kind"] for one in _findings(moved)}
    moved.run("sync").ok()
    assert _findings(moved) == []
    assert moved.execute("menu") == "menu 1.0 over dropdown 1.1"


def test_verify_changes_nothing(synced: ScratchProject) -> None:
    """Also not by way of the store: files there may be those of the environment."""
    synced.run("sync", "--link-mode", "hardlink", "--env", "linked").ok()
    path = next(synced.folder.glob("linked/lib/python*/site-packages/icons.py"))
    path.chmod(0o666)
    for _ in range(2):
        assert [one["kind"] for one in _findings(synced, "--env", "linked")] == ["mode"]


# Without lock and cache


@pytest.fixture
def described(synced: ScratchProject) -> Path:
    """Describe the environment of a project whose lock and cache are lost then."""
    synced.run("sync", "--manifest", "installed.json").ok()
    shutil.rmtree(synced.cache)
    synced.lock.unlink()
    (synced.folder / "env.toml").unlink()
    return synced.folder / "installed.json"


def test_a_document_is_all_that_is_needed(synced: ScratchProject, described: Path) -> None:
    ran = synced.run("verify", "--against", str(described), "--offline").ok()
    assert "(3 packages, " in ran.out
    subprocess.run([synced.env / "bin" / "python", "-c", "import menu"], check=True, env={"PATH": "/usr/bin:/bin"})
    synced.run("verify", "--against", str(described)).ok()
    (site_of(synced) / "icons.py").unlink()
    (site_of(synced) / "stray.pth").write_text("")
    found = _findings(synced, "--against", str(described))
    assert [(one["kind"], one["package"]) for one in found] == [("missing", "icons"), ("extra", "")]


def test_a_document_is_a_function_of_what_is_installed(synced: ScratchProject) -> None:
    texts = []
    for _ in range(2):
        synced.run("sync", "--manifest", "installed.json").ok()
        texts.append((synced.folder / "installed.json").read_bytes())
        shutil.rmtree(synced.env)
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"digest": "sha256:', '"digest": "sha256:0'),
        ('"icons", "2.0"', '"icons", "2.1"'),
        ("site-packages/icons.py", "site-packages/other.py"),
        ('"schema": 1', '"schema": 2'),
        ('"schema": 1', '"schema": [1]'),
        ('"rows": [', '"rows": [[], '),
        ('"rows": [', '"rows": ['),
        ('"interpreter": {', '"interpreter": {"x'),
        ("{", "["),
    ],
)
def test_a_document_that_was_changed_is_refused(
    synced: ScratchProject, described: Path, before: str, after: str
) -> None:
    text = described.read_text()
    assert before in text
    described.write_text(text.replace(before, after, 1) if before != after else text[: len(text) // 2])
    ran = synced.run("verify", "--against", str(described))
    assert (ran.status, ran.out) == (4, ""), ran


def test_a_document_of_another_place_is_refused(synced: ScratchProject, described: Path) -> None:
    synced.env.rename(synced.folder / "other")
    ran = synced.run("verify", "--against", str(described), "--env", "other")
    assert ran.status == 2
    assert "scripts hold the path of their environment" in ran.err
    assert synced.run("verify", "--against", "nowhere.json").status == 2


# The digest


def test_the_digest_is_equal_in_another_folder_with_another_cache_link_mode_and_bytecode(
    synced: ScratchProject, tmp_path: Path, index: FakeIndex
) -> None:
    expected = digest_in(synced)
    for number, options in enumerate((["--link-mode", "copy"], ["--link-mode", "hardlink"], ["--compile"])):
        folder = tmp_path / f"elsewhere {number}"
        folder.mkdir()
        other = ScratchProject(folder, index_url=index.url, name="another name")
        other.write("pylock.toml", synced.lock.read_bytes())
        other.write("env.toml", (synced.folder / "env.toml").read_bytes())
        other.run("sync", *options).ok()
        assert digest_in(other) == expected
        other.run("verify").ok()


def test_the_digest_of_another_selection_is_another(synced: ScratchProject) -> None:
    before = digest_in(synced)
    synced.run("sync", "--group", "test").ok()
    assert digest_in(synced) != before
    synced.run("verify").ok()
    synced.run("sync").ok()
    assert digest_in(synced) == before


def test_no_digest_is_told_of_files_that_have_changed(synced: ScratchProject) -> None:
    (site_of(synced) / "stray.py").write_text("")
    ran = synced.run("list", "--digest")
    assert (ran.status, ran.out) == (1, "")
    assert "stray.py was added" in ran.err
    told = json.loads(synced.run("list", "--digest", "--json").out)
    assert (told["exact"], told["drift"].rpartition("/")[2]) == (False, "stray.py was added")


# Programs


def test_run_verified_starts_nothing_where_content_differs(synced: ScratchProject) -> None:
    assert synced.spawn("run", "--verified", "menu").ok().out == "menu 1.0 over dropdown 1.1\n"
    path = site_of(synced) / "icons.py"
    before = path.stat()
    path.unlink()
    path.write_bytes(b"version = '6.6'\n")
    os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
    ran = synced.spawn("run", "--verified", "menu")
    assert (ran.status, ran.out) == (1, "")
    assert "icons.py: changed" in ran.err
    assert synced.spawn("run", "menu").status == 0


def test_run_can_be_held_to_a_document(synced: ScratchProject, described: Path) -> None:
    assert synced.spawn("run", "--against", str(described), "--", "menu").ok().out.startswith("menu 1.0")
    (site_of(synced) / "stray.pth").write_text("")
    assert synced.spawn("run", "--against", str(described), "--", "menu").status == 1


def test_a_program_can_tell_its_environment(synced: ScratchProject) -> None:
    script = (
        "import lockenv, json; found = lockenv.current()\n"
        "print(json.dumps([found.path, found.digest, found.lock_digest, [p.name for p in found.packages]]))"
    )
    source = str(Path(__file__).resolve().parents[2])

    def ask(python: Path) -> str:
        told = script if python != BASE_PYTHON else "import lockenv; print(lockenv.current())"
        command = [str(python), "-c", told]
        environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", env=environ)
        return done.stdout

    path, digest, lock, names = json.loads(ask(synced.env / "bin" / "python"))
    assert (path, digest) == (str(synced.env), digest_in(synced))
    assert lock == f"sha256:{sha256(synced.lock.read_bytes()).hexdigest()}"
    assert names == ["dropdown", "icons", "menu"]
    assert ask(BASE_PYTHON) == "None\n"


# The store


def test_cache_verify_names_bad_wheels_and_takes_them_out(synced: ScratchProject) -> None:
    assert synced.run("cache", "verify").ok().out.startswith("3 wheels in ")
    stored = next(synced.cache.glob("wheels/*/files/icons.py"))
    before = stored.stat()
    stored.chmod(0o644)
    stored.write_bytes(b"version = '6.6'\n"[: before.st_size])
    stored.chmod(0o444)
    os.utime(stored, ns=(before.st_mtime_ns, before.st_mtime_ns))
    shutil.rmtree(synced.env)
    ran = synced.run("cache", "verify")
    assert ran.status == 1
    assert ran.out.splitlines()[0] == "- icons-2.0-py3-none-any.whl (icons.py)"
    told = json.loads(synced.run("cache", "verify", "--json").ok().out)
    assert told == {"schema": 1, "wheels": 2, "removed": []}
    synced.run("sync").ok()
    synced.run("verify").ok()


def test_a_poisoned_store_that_shows_nothing_is_not_linked_by_a_sync_that_verifies(synced: ScratchProject) -> None:
    stored = next(synced.cache.glob("wheels/*/files/icons.py"))
    before = stored.stat()
    stored.chmod(0o644)
    stored.write_bytes(b"version = '6.6'\n"[: before.st_size])
    stored.chmod(0o444)
    os.utime(stored, ns=(before.st_mtime_ns, before.st_mtime_ns))
    shutil.rmtree(synced.env)
    synced.run("sync", "--verify").ok()
    assert synced.python("import icons; print(icons.version)") == "2.0"


def test_cache_clean_leaves_environments_and_other_people_s_files(synced: ScratchProject) -> None:
    (synced.cache / "notes.txt").write_text("mine")
    synced.run("cache", "clean").ok()
    assert not list(synced.cache.glob("wheels/*"))
    assert (synced.cache / "notes.txt").read_text() == "mine"
    assert synced.execute("menu") == "menu 1.0 over dropdown 1.1"
    synced.run("verify").ok()
