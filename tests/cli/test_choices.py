"""Which Python, which lock, which wheels: what is asked for by name wins, and what is declared is honoured."""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import BASE_PYTHON, PLATFORM, SERIES, ScratchProject
from tests.fakes.wheels import make_wheel
from tests.unit.python.pythons import installed_python

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="floors of glibc are Linux's")


def test_what_python_version_names_is_used_of_the_pythons_that_the_lock_is_for(project: ScratchProject) -> None:
    other = installed_python("3.9" if SERIES != "3.9" else "3.10")
    series = other.resolve().name.removeprefix("python") or "3.9"
    project.environ["PATH"] = f"{project.environ['PATH']}:{other.parent}"
    project.manifest(dependencies=["icons"], python=">=3.8")
    project.run("lock").ok()
    for version in (SERIES, series):
        project.write(".python-version", f"{version}\n")
        assert "up to date" in project.run("lock").ok().out
        project.run("sync").ok()
        assert project.python("import sys; print('%d.%d' % sys.version_info[:2])").strip() == version


@LINUX
def test_wheels_count_from_the_floor_of_glibc_upwards(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("native", "1.0", tag="py3-none-manylinux_2_17_x86_64.manylinux_2_17_aarch64"))
    index.add(make_wheel("native", "2.0", tag="py3-none-manylinux_2_28_x86_64.manylinux_2_28_aarch64"))
    project.manifest(dependencies=["native"], more='[targets]\nglibc = "2.17"')
    project.run("lock").ok()
    assert project.locked() == {"native": "1.0"}
    project.run("sync").ok()
    project.manifest(dependencies=["native"], more='[targets]\nglibc = "2.28"')
    project.run("lock", "-U").ok()
    assert project.locked() == {"native": "2.0"}


@LINUX
def test_a_lock_for_newer_machines_or_other_implementations_is_none_for_this_one(project: ScratchProject) -> None:
    project.manifest(dependencies=["icons"], more='[targets]\nglibc = "2.99"')
    project.run("lock").ok()
    refused = project.run("sync")
    assert (refused.status, "glibc 2.99" in refused.err) == (2, True)
    project.manifest(dependencies=["icons"], python=">=3.10,<3.12", more='[targets]\nimplementations = ["pypy"]')
    project.run("lock").ok()
    refused = project.run("sync")
    assert (refused.status, "none of the Pythons on this machine" in refused.err) == (2, True)
    asked = project.run("lock", "--python", str(BASE_PYTHON))
    assert (asked.status, "is no pypy" in asked.err) == (2, True)


def test_a_python_that_must_not_be_left_out_is_among_the_declared_platforms(project: ScratchProject) -> None:
    project.manifest(dependencies=["icons"], more='[targets]\nplatforms = ["windows-arm64"]')
    project.run("lock").ok()
    refused = project.run("lock", "--python", str(BASE_PYTHON))
    assert (refused.status, "not among the `platforms`" in refused.err) == (2, True)
    project.manifest(dependencies=["icons"], more=f'[targets]\nplatforms = ["windows-arm64", "{PLATFORM}"]')
    assert f"for {PLATFORM} and windows-arm64, " in project.run("lock", "--python", str(BASE_PYTHON)).ok().out


def test_the_environment_is_called_by_its_name(project: ScratchProject) -> None:
    project.manifest(dependencies=["icons"])
    text = (project.folder / "env.toml").read_text(encoding="utf-8")
    project.write("env.toml", text.replace("[env]", '[env]\nname = "fancy"'))
    project.run("lock").ok()
    project.run("sync").ok()
    assert "prompt = fancy" in (project.env / "pyvenv.cfg").read_text(encoding="utf-8")


def test_a_lock_of_another_tool_named_by_itself_needs_no_manifest(
    project: ScratchProject, index: FakeIndex
) -> None:
    project.manifest(dependencies=["menu"])
    wheel = make_wheel("checks", "3.1")
    project.write(
        "elsewhere/pylock.toml",
        'lock-version = "1.0"\ncreated-by = "somebody"\nextras = ["more"]\n'
        f'[[packages]]\nname = "checks"\nversion = "3.1"\nmarker = "\'more\' in extras"\n'
        f'wheels = [{{url = "{index.origin}/files/{wheel.filename}", hashes = {{sha256 = "{wheel.sha256}"}}}}]\n',
    )
    there = ["--lock", "elsewhere/pylock.toml", "--env", "elsewhere/env"]
    project.run("sync", *there).ok()
    assert not list((project.folder / "elsewhere/env").glob("lib/*/site-packages/checks.py"))
    project.run("sync", *there, "--extra", "more").ok()
    assert list((project.folder / "elsewhere/env").glob("lib/*/site-packages/checks.py"))
    unknown = project.run("sync", *there, "--extra", "mroe")
    assert (unknown.status, "did you mean `more`?" in unknown.err) == (2, True)


@pytest.mark.parametrize("include", ['include = "pyproject\\u002etoml"', '"inclu\\u0064e" = "pyproject.toml"'])
def test_a_change_of_the_included_file_is_noticed_however_it_is_named(
    project: ScratchProject, include: str
) -> None:
    project.write("env.toml", f'[env]\npython = "=={SERIES}.*"\n{include}\n')
    pyproject = '[project]\nname = "x"\nversion = "1"\ndependencies = ["icons"]\n'
    project.write("pyproject.toml", pyproject)
    project.run("lock").ok()
    project.run("sync").ok()
    assert "already" in project.run("sync").ok().out
    project.write("pyproject.toml", pyproject.replace('"icons"', '"icons", "checks"'))
    stale = project.run("sync")
    assert (stale.status, "`checks`, which is not in the lock" in stale.err) == (2, True)


def test_a_hash_that_belongs_to_another_package_is_refused_though_the_store_has_it(
    project: ScratchProject,
) -> None:
    project.manifest(dependencies=["icons", "checks"])
    project.run("lock").ok()
    project.run("sync").ok()
    text = project.lock.read_text(encoding="utf-8")
    checks, icons = (part.split('sha256 = "')[1].split('"')[0] for part in text.split("[[packages]]")[1:3])
    project.lock.write_text(text.replace(checks, icons), encoding="utf-8")
    for cache in (project.cache, project.scratch / "empty"):
        refused = project.run("sync", "--cache-dir", str(cache))
        assert (refused.status, "checks-3.1" in refused.err) == (4, True), refused.err
    assert project.installed() == {"checks": "3.1", "icons": "2.0"}
    shutil.rmtree(project.scratch / "empty")


def test_a_check_writes_nothing_and_asks_nobody(project: ScratchProject, index: FakeIndex) -> None:
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    # Made from another manifest, but it answers this one too: `dropdown` was there for `menu`.
    project.manifest(dependencies=["menu", "dropdown"])
    before, asked = project.lock.read_bytes(), index.count()
    assert "up to date" in project.run("lock", "--check").ok().out
    assert (project.lock.read_bytes(), index.count()) == (before, asked)
    project.run("lock").ok()
    assert project.lock.read_bytes() != before


def test_what_a_note_says_is_what_looking_at_the_lock_says(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    (note,) = (project.cache / "standing").iterdir()
    noted = project.run("lock").ok().out
    note.unlink()
    looked = project.run("lock").ok().out
    assert noted.split(", ")[:-1] == looked.split(", ")[:-1]


def test_a_lock_that_stands_is_told_from_a_note_as_long_as_nothing_changes(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    said = project.run("lock").ok().out
    assert said.split(", ")[:-1] == project.run("lock").ok().out.split(", ")[:-1]
    notes = list((project.cache / "standing").iterdir())
    assert len(notes) == 1
    # Another lock, another manifest, a broken note: each is looked at anew.
    project.lock.write_text(project.lock.read_text(encoding="utf-8").replace('"2.0"', '"2"'), encoding="utf-8")
    project.manifest(dependencies=["menu", "checks"])
    assert project.run("lock", "--check").status == 1
    project.run("lock").ok()
    for text in ("", "{", "[]", '{"inputs": 1}'):
        notes[0].write_text(text, encoding="utf-8")
        assert "up to date" in project.run("lock").ok().out
    project.lock.unlink()
    assert project.run("lock", "--check").status == 1
