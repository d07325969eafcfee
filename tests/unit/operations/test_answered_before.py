"""Unit: a lock that was made before is given again, unless anything it rests on has changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lockenv.events import Event, StageFinished
from lockenv.index.kept_default import _VARIABLES
from lockenv.operations import asked
from lockenv.operations.lock import lock
from lockenv.session import open_session
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject
from tests.fakes.wheels import make_sdist, make_wheel

ANSWERED = "answered as on"
#: All that is declared: no Python of this machine has a say.
EVERYWHERE = '[targets]\nplatforms = ["linux-x86_64", "macos-arm64"]\n'


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    with FakeIndex(cache_control="max-age=600") as made:
        made.add(make_wheel("menu", "1.0", requires=["dish"]))
        made.add(make_wheel("dish", "2.0"))
        made.add(make_wheel("checks", "3.0"))
        yield made


@pytest.fixture
def project(tmp_path: Path, index: FakeIndex) -> ScratchProject:
    """A project that was locked once, and has no lock."""
    made = ScratchProject(tmp_path, index_url=index.url)
    made.manifest(dependencies=["menu"], more=EVERYWHERE)
    made.run("lock").ok()
    made.lock.unlink()
    return made


def locked(project: ScratchProject, *arguments: str, **environ: str) -> bool:
    """Lock, see that it is as by resolving with nothing remembered, and say whether it was answered as before."""
    before = project.lock.read_bytes() if project.lock.exists() else None
    ran = project.run("lock", "-v", *arguments, **environ).ok()
    made = project.lock.read_bytes()
    answers = project.cache / "index" / "answers"
    aside = answers.rename(answers.with_name("aside")) if answers.exists() else None
    shutil.rmtree(project.cache / "standing", ignore_errors=True)
    project.lock.unlink() if before is None else project.lock.write_bytes(before)
    again = project.run("lock", "-v", *arguments, **environ).ok()
    assert ANSWERED not in again.err
    assert project.lock.read_bytes() == made
    assert untimed(again.out) == untimed(ran.out)
    if aside is not None:
        shutil.rmtree(answers, ignore_errors=True)
        aside.rename(answers)
    return ANSWERED in ran.err


def untimed(text: str) -> str:
    return re.sub(r", [\d.]+ m?s$", "", text, flags=re.MULTILINE)


def pages(project: ScratchProject) -> list[Path]:
    return [path for path in (project.cache / "index" / "pages").rglob("*") if path.is_file()]


def answers(project: ScratchProject) -> list[Path]:
    folder = project.cache / "index" / "answers"
    return sorted(folder.iterdir()) if folder.exists() else []


def aged(project: ScratchProject, seconds: float = 700) -> None:
    """Let the pages be older than their max-age."""
    then = time.time() - seconds
    for path in pages(project):
        os.utime(path, (then, then))


# ── what is answered


def test_a_lock_that_went_comes_back_without_a_request(project: ScratchProject, index: FakeIndex) -> None:
    index.forget_requests()
    assert locked(project)
    assert index.count() == 0
    assert project.locked() == {"menu": "1.0", "dish": "2.0"}


def test_nothing_is_resolved(project: ScratchProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockenv.operations.ready.ready", None)
    for arguments in ([], ["-v"], ["--json"], ["-q"]):
        project.lock.unlink(missing_ok=True)
        project.run("lock", *arguments).ok()
        assert project.locked() == {"menu": "1.0", "dish": "2.0"}


def test_the_same_is_said(project: ScratchProject, index: FakeIndex) -> None:
    del index
    said = {}
    for way in ("answered", "resolved"):
        for arguments in ((), ("-v",), ("-q",), ("--json",)):
            project.lock.unlink(missing_ok=True)
            shutil.rmtree(project.cache / "standing", ignore_errors=True)
            if way == "resolved":
                shutil.rmtree(project.cache / "index" / "answers")
            said[way, arguments] = untimed(project.run("lock", *arguments).ok().out)
    for arguments in ((), ("-v",), ("-q",), ("--json",)):
        assert said["answered", arguments] == said["resolved", arguments]
    assert "+ menu 1.0" in said["answered", ()]
    assert json.loads(said["answered", ("--json",)])["written"] is True


def test_colours_are_those_of_the_screen_at_hand(project: ScratchProject) -> None:
    plain = project.run("lock").ok().out
    project.lock.unlink()
    assert "\x1b[32m+\x1b[0m menu 1.0" in project.run("lock", FORCE_COLOR="1").ok().out
    assert "\x1b" not in plain


def test_the_next_lock_finds_nothing_to_do(project: ScratchProject) -> None:
    assert locked(project)
    project.lock.unlink()
    project.run("lock").ok()
    assert "is up to date" in project.run("lock").ok().out
    assert project.run("lock", "--check").status == 0


def test_branches_that_come_and_go_are_each_answered(project: ScratchProject) -> None:
    one, other = project.folder / "env.toml", "dependencies = ['checks']"
    branches = {}
    for name in ("main", "side"):
        if name == "side":
            project.manifest(dependencies=["checks"], more=EVERYWHERE)
        project.lock.unlink(missing_ok=True)
        project.run("lock").ok()
        branches[name] = (one.read_bytes(), project.lock.read_bytes())
    assert other in branches["side"][0].decode()
    for name in ("main", "side", "main"):
        manifest, lock = branches[name]
        one.write_bytes(manifest)
        project.lock.write_bytes(lock)
        ran = project.run("lock", "-v").ok()
        assert ANSWERED in ran.err
        assert "pylock.toml is up to date" in ran.out
        assert project.lock.read_bytes() == lock


def test_a_lock_that_is_kept_in_part_is_answered_from_what_stood_there(
    project: ScratchProject, index: FakeIndex
) -> None:
    project.run("lock").ok()
    before = project.lock.read_bytes()
    index.add(make_wheel("dish", "2.1"))
    aged(project)
    project.manifest(dependencies=["menu", "checks"], more=EVERYWHERE)
    project.run("lock").ok()
    assert project.locked()["dish"] == "2.0"
    project.lock.write_bytes(before)
    assert locked(project)
    assert project.locked() == {"checks": "3.0", "dish": "2.0", "menu": "1.0"}
    project.lock.unlink()
    assert not locked(project)
    assert project.locked()["dish"] == "2.1"


def test_another_checkout_is_answered(project: ScratchProject) -> None:
    elsewhere = project.folder.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(project.folder / "env.toml", elsewhere)
    assert ANSWERED in project.run_in(elsewhere, "lock", "-v").ok().err
    assert (elsewhere / "pylock.toml").exists()
    assert "up to date" in project.run_in(elsewhere, "lock").ok().out


def test_offline_it_does_not_matter_how_old_the_pages_are(project: ScratchProject) -> None:
    aged(project, 1e7)
    assert locked(project, "--offline")


def test_confirmed_pages_answer_again(project: ScratchProject, index: FakeIndex) -> None:
    aged(project)
    assert not locked(project)
    assert index.count("/simple/*", status=304) == 2
    project.lock.unlink()
    assert locked(project)


def test_warnings_are_told_again(tmp_path: Path, index: FakeIndex) -> None:
    index.add(make_wheel("old", "1.0"), yanked="it burns")
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["old==1.0"], more=EVERYWHERE)
    said = project.run("lock").ok().err
    assert "it burns" in said
    project.lock.unlink()
    assert project.run("lock").ok().err == said
    project.lock.unlink()
    assert locked(project)
    project.lock.unlink()
    assert json.loads(project.run("lock", "--json").ok().out)["warnings"]


def test_a_failure_before_is_forgotten(project: ScratchProject) -> None:
    manifest = (project.folder / "env.toml").read_bytes()
    project.manifest(dependencies=["menu>9"], more=EVERYWHERE)
    assert project.run("lock").status != 0
    project.run("explain").ok()
    (project.folder / "env.toml").write_bytes(manifest)
    project.run("lock").ok()
    assert "nothing to explain" in project.run("explain").err


def test_a_named_environment_is_answered_while_the_default_one_has_the_same_lock(
    tmp_path: Path, index: FakeIndex
) -> None:
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["menu"], more=f'{EVERYWHERE}[environments.docs]\ndependencies = ["dish"]\n')
    project.run("lock").ok()
    lock = project.folder / "pylock.docs.toml"
    project.run("lock", "docs").ok()
    first = lock.read_bytes()
    lock.unlink()
    assert ANSWERED in project.run("lock", "docs", "-v").ok().err
    assert lock.read_bytes() == first
    lock.unlink()
    project.lock.write_text(project.lock.read_text() + "# a remark\n")
    assert ANSWERED not in project.run("lock", "docs", "-v").ok().err


def test_where_this_machine_has_a_say_its_pythons_are_compared(tmp_path: Path, index: FakeIndex) -> None:
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    project.lock.unlink()
    assert locked(project)
    project.lock.unlink()
    (project.home / ".pyenv/versions/3.99.0").mkdir(parents=True)
    assert not locked(project)
    project.lock.unlink()
    project.write(".python-version", f"{SERIES}\n")
    assert not locked(project)
    project.lock.unlink()
    assert locked(project)
    project.lock.unlink()
    project.write(".python-version", "/somewhere/python\n")
    assert not locked(project)
    project.lock.unlink()
    assert not locked(project)


def test_where_it_has_none_they_are_not(project: ScratchProject) -> None:
    (project.home / ".pyenv/versions/3.99.0").mkdir(parents=True)
    project.write(".python-version", f"{SERIES}\n")
    assert locked(project)


def test_the_index_of_pip_is_compared(tmp_path: Path, index: FakeIndex) -> None:
    project = ScratchProject(tmp_path)
    config = project.write("pip.conf", f"[global]\nindex-url = {index.url}\n")
    project.environ["PIP_CONFIG_FILE"] = str(config)
    project.manifest(dependencies=["menu"], more=EVERYWHERE)
    project.run("lock").ok()
    project.lock.unlink()
    assert locked(project)
    project.lock.unlink()
    config.write_text(f"[global]\nindex-url = {index.url}\n# a remark\n")
    assert not locked(project)
    project.lock.unlink()
    assert not locked(project, PIP_INDEX_URL=index.url)
    project.lock.unlink()
    assert not locked(project, PIP_NO_INPUT="1")


def test_pip_is_asked_by_the_variables_that_it_heeds() -> None:
    assert asked.PIP_HEEDS == _VARIABLES


# ── what is not


def _touched(name: str, text: str) -> Callable[[ScratchProject], None]:
    def change(project: ScratchProject) -> None:
        path = project.folder / name
        path.write_text((path.read_text() if path.exists() else "") + text)

    return change


def _spoilt(where: int) -> Callable[[ScratchProject], None]:
    def change(project: ScratchProject) -> None:
        for path in answers(project):
            content = bytearray(path.read_bytes())
            content[where] ^= 1
            path.write_bytes(content)

    return change


def _cut(project: ScratchProject) -> None:
    for path in answers(project):
        path.write_bytes(path.read_bytes()[:60])


def _no_answers(project: ScratchProject) -> None:
    for path in answers(project):
        path.write_bytes(b"no answer")


def _without_a_page(project: ScratchProject) -> None:
    pages(project)[0].unlink()


def _with_a_page_of_another(project: ScratchProject) -> None:
    one, other = pages(project)[:2]
    one.write_bytes(other.read_bytes())


def _with_half_a_page(project: ScratchProject) -> None:
    path = pages(project)[0]
    path.write_bytes(path.read_bytes()[:-1])


def _with_pages_of_tomorrow(project: ScratchProject) -> None:
    aged(project, -1e6)


def _netrc(project: ScratchProject) -> None:
    (project.home / ".netrc").write_text("machine elsewhere login me password secret\n")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_touched("env.toml", "# a remark\n"), id="the manifest"),
        pytest.param(aged, id="stale pages"),
        pytest.param(_with_pages_of_tomorrow, id="pages of tomorrow"),
        pytest.param(_without_a_page, id="a page that is not there"),
        pytest.param(_with_a_page_of_another, id="a page of another"),
        pytest.param(_with_half_a_page, id="half a page"),
        pytest.param(_netrc, id="a login"),
        pytest.param(_spoilt(3), id="an answer of another format"),
        pytest.param(_spoilt(20), id="an answer to another question"),
        pytest.param(_spoilt(-1), id="a damaged answer"),
        pytest.param(_cut, id="an answer that was cut"),
        pytest.param(_no_answers, id="no answer at all"),
    ],
)
def test_a_change_is_noticed_and_the_lock_is_resolved(
    change: Callable[[ScratchProject], None], project: ScratchProject
) -> None:
    change(project)
    assert not locked(project)


@pytest.mark.parametrize(
    "environ",
    [
        {"LOCKENV_INDEX_DEFAULT_USERNAME": "me"},
        {"LOCKENV_KEYRING": "never"},
        {"LOCKENV_PYTHON": SERIES},
        {"NETRC": "/dev/null"},
    ],
)
def test_another_surrounding_is_noticed(environ: dict[str, str], project: ScratchProject) -> None:
    if "NETRC" in environ:
        _netrc(project)
        project.run("lock").ok()
        project.lock.unlink()
    assert not locked(project, **environ)


def test_another_index_is_another_question(project: ScratchProject) -> None:
    with FakeIndex(cache_control="max-age=600") as other:
        other.add(make_wheel("menu", "1.1"))
        assert not locked(project, LOCKENV_INDEX_URL=other.url)
        assert project.locked() == {"menu": "1.1"}


def test_another_lockenv_finds_its_own_answer(project: ScratchProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "__version__", "99")
    assert not locked(project)


def test_a_page_with_another_content_is_resolved_anew(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("dish", "2.5"))
    assert locked(project)
    aged(project)
    project.lock.unlink()
    assert not locked(project)
    assert project.locked()["dish"] == "2.5"


def test_a_standing_lock_with_other_versions_is_another_question(
    project: ScratchProject, index: FakeIndex
) -> None:
    project.run("lock").ok()
    project.write("pylock.toml", project.lock.read_bytes() + b"# a remark\n")
    project.manifest(dependencies=["menu", "checks"], more=EVERYWHERE)
    assert not locked(project)
    del index


def test_a_file_that_the_manifest_includes_is_compared(tmp_path: Path, index: FakeIndex) -> None:
    project = ScratchProject(tmp_path, index_url=index.url)
    project.write("env.toml", f'[env]\ninclude = "pyproject.toml"\npython = "=={SERIES}.*"\n{EVERYWHERE}')
    wishes = {"menu": {"menu": "1.0", "dish": "2.0"}, "checks": {"checks": "3.0"}}
    for known in (False, True):
        for name, found in wishes.items():
            project.write("pyproject.toml", f'[project]\nname = "own"\nversion = "1"\ndependencies = ["{name}"]\n')
            project.lock.unlink(missing_ok=True)
            assert locked(project) == known
            assert project.locked() == found


def test_an_upgrade_is_never_answered(project: ScratchProject, index: FakeIndex) -> None:
    project.run("lock").ok()
    index.add(make_wheel("dish", "2.5"))
    aged(project)
    for command in (("lock", "--upgrade"), ("upgrade",), ("lock", "-P", "dish"), ("upgrade", "dish")):
        ran = project.run(*command, "-v").ok()
        assert ANSWERED not in ran.err
        assert project.locked()["dish"] == "2.5"


def test_a_check_writes_nothing(project: ScratchProject) -> None:
    assert project.run("lock", "--check").status == 1
    assert not project.lock.exists()


@pytest.mark.parametrize(
    "more",
    [
        pytest.param('[build]\nallow = ["dish"]\n', id="what may be built"),
        pytest.param('[resolution]\nexclude-newer = "1 day"\n', id="an age"),
        pytest.param('[resolution.exclude-newer-package]\ndish = "1 day"\n', id="an age of one package"),
    ],
)
def test_what_more_than_pages_decides_is_not_kept(more: str, tmp_path: Path, index: FakeIndex) -> None:
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["menu"], more=EVERYWHERE + more)
    for _ in range(2):
        # No two locks of an age are alike, so they are not compared.
        assert ANSWERED not in project.run("lock", "-v").ok().err
        project.lock.unlink()


@pytest.mark.parametrize("kind", ["path", "url"])
def test_what_comes_from_a_source_of_its_own_is_not_kept(kind: str, tmp_path: Path, index: FakeIndex) -> None:
    wheel = index.add(make_wheel("core", "1.0", requires=["dish"]))
    project = ScratchProject(tmp_path, index_url=index.url)
    project.write(wheel.filename, wheel.content)
    where = wheel.filename if kind == "path" else f"{index.files_url}{wheel.filename}"
    source = f'[sources]\ncore = {{ {kind} = "{where}" }}\n'
    project.manifest(dependencies=["menu", "core"], more=EVERYWHERE + source)
    project.run("lock").ok()
    held = project.lock.read_bytes()
    project.lock.unlink()
    assert not locked(project)
    # Nor where a lock that holds such a thing is what is begun with.
    project.manifest(dependencies=["menu"], more=EVERYWHERE)
    for _ in range(2):
        project.lock.write_bytes(held)
        assert not locked(project)


def test_an_index_in_a_folder_is_not_kept(tmp_path: Path, index: FakeIndex) -> None:
    project = ScratchProject(tmp_path, index_url=index.url)
    wheel = make_wheel("core", "1.0")
    project.write(f"wheels/{wheel.filename}", wheel.content)
    project.manifest(
        dependencies=["menu", "core"],
        more=f'{EVERYWHERE}[[index]]\nname = "own"\nurl = "wheels"\npackages = ["core"]\n',
    )
    project.run("lock").ok()
    project.lock.unlink()
    assert not locked(project)


def test_a_file_without_a_hash_is_not_kept(tmp_path: Path, index: FakeIndex) -> None:
    index.add(make_wheel("bare", "1.0"), hashes={})
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["bare"], more=EVERYWHERE)
    project.run("lock").ok()
    project.lock.unlink()
    assert not locked(project)


def test_what_an_sdist_says_of_itself_is_kept(tmp_path: Path, index: FakeIndex) -> None:
    index.add(make_sdist("plain", "1.0", requires=["dish"]))
    index.add(make_wheel("plain", "0.9"))
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["plain"], more=EVERYWHERE)
    project.run("lock").ok()
    project.lock.unlink()
    assert locked(project)


@pytest.mark.parametrize("said", [None, "no-store", "no-cache"])
def test_pages_that_may_not_be_trusted_unasked_answer_nothing(said: str | None, tmp_path: Path) -> None:
    with FakeIndex(cache_control=said) as index:
        index.add(make_wheel("menu", "1.0"))
        project = ScratchProject(tmp_path, index_url=index.url)
        project.manifest(dependencies=["menu"], more=EVERYWHERE)
        project.run("lock").ok()
        project.lock.unlink()
        assert not locked(project)


def test_an_included_file_that_changes_while_a_lock_is_made_leaves_no_answer(
    tmp_path: Path, index: FakeIndex
) -> None:
    project = ScratchProject(tmp_path, index_url=index.url)
    project.write("env.toml", f'[env]\ninclude = "pyproject.toml"\npython = "=={SERIES}.*"\n{EVERYWHERE}')

    def wish(name: str) -> None:
        project.write("pyproject.toml", f'[project]\nname = "own"\nversion = "1"\ndependencies = ["{name}"]\n')

    def meddle(event: Event) -> None:
        if isinstance(event, StageFinished):
            wish("checks")

    wish("menu")
    with open_session({}, environ=project.environ, folder=str(project.folder), report=meddle) as session:
        assert lock(session).rests is None
    project.lock.unlink()
    with open_session({}, environ=project.environ, folder=str(project.folder)) as session:
        assert lock(session).rests is not None
    assert project.locked() == {"checks": "3.0"}


def test_a_python_that_has_no_say_may_come_while_a_lock_is_made(tmp_path: Path, index: FakeIndex) -> None:
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["menu"], more=EVERYWHERE)

    def meddle(event: Event) -> None:
        if isinstance(event, StageFinished):
            (project.home / ".pyenv/versions/3.99.0").mkdir(parents=True, exist_ok=True)

    with open_session({}, environ=project.environ, folder=str(project.folder), report=meddle) as session:
        assert lock(session).rests is not None


@pytest.mark.parametrize("what", ["env.toml", "pylock.toml", "a page", "a Python"])
def test_what_changes_while_a_lock_is_made_leaves_no_answer(what: str, tmp_path: Path, index: FakeIndex) -> None:
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["menu"], more="" if what == "a Python" else EVERYWHERE)

    def meddle(event: Event) -> None:
        if not isinstance(event, StageFinished):
            return
        if what == "a Python":
            (project.home / ".pyenv/versions/3.99.0").mkdir(parents=True)
        elif what == "a page":
            _with_a_page_of_another(project)
        else:
            project.write(what, (project.folder / "env.toml").read_text() + "# a remark\n")

    with open_session({}, environ=project.environ, folder=str(project.folder), report=meddle) as session:
        assert lock(session).rests is None
    project.lock.unlink()
    shutil.rmtree(project.cache / "index")
    with open_session({}, environ=project.environ, folder=str(project.folder)) as session:
        assert lock(session).rests is not None


def test_marks_of_a_merge_are_not_kept(project: ScratchProject) -> None:
    project.run("lock").ok()
    held = project.lock.read_text()
    marked = f"<<<<<<< HEAD\n{held}=======\n{held}>>>>>>> side\n"
    for _ in range(2):
        project.write("pylock.toml", marked)
        assert ANSWERED not in project.run("lock", "-v").ok().err


def test_a_lock_that_cannot_be_written_is_told_by_the_whole_command(project: ScratchProject) -> None:
    project.lock.mkdir()
    ran = project.run("lock")
    assert ran.status != 0
    assert "pylock.toml" in ran.err


# ── housekeeping


def test_no_more_than_so_many_are_kept(project: ScratchProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockenv.index.answers._KEPT", 3)
    for number in range(4):
        project.manifest(dependencies=["menu"], more=f"{EVERYWHERE}# {number}\n")
        project.lock.unlink(missing_ok=True)
        project.run("lock").ok()
    assert len(answers(project)) == 3
    project.lock.unlink()
    assert locked(project)


def test_the_cache_counts_and_removes_them(project: ScratchProject) -> None:
    size = sum(path.stat().st_size for path in answers(project))
    assert size > 0

    def counted() -> int:
        found: dict[str, dict[str, int]] = json.loads(project.run("cache", "size", "--json").ok().out)
        return found["bytes"]["index"]

    before = counted()
    then = time.time() - 40 * 86_400
    for path in answers(project):
        os.utime(path, (then, then))
    project.run("cache", "prune").ok()
    assert answers(project) == []
    assert before - counted() == size


def test_what_is_answered_from_is_not_old(project: ScratchProject) -> None:
    then = time.time() - 40 * 86_400
    for path in answers(project):
        os.utime(path, (then, then))
    project.run("lock").ok()
    project.run("cache", "prune").ok()
    assert len(answers(project)) == 1
