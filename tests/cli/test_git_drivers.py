"""Git merges and compares locks by what they hold; `lockenv lock` settles what it cannot, from both sides."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject, importable
from tests.fakes.wheels import make_wheel

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")

#: Far enough apart that each line can change alone.
_MANIFEST = f"""\
[env]
python = "=={SERIES}.*"
dependencies = [
    "menu",
]

[groups]
test = [
    "checks",
]

[resolution]
constraints = []
"""


class Repository:
    """A project under Git, with the settings of nobody but this test."""

    def __init__(self, project: ScratchProject) -> None:
        self.project = project
        project.environ["GIT_CONFIG_GLOBAL"] = str(project.home / "gitconfig")
        project.environ["GIT_CONFIG_NOSYSTEM"] = "1"
        self.git("config", "--global", "user.name", "Nobody")
        self.git("config", "--global", "user.email", "nobody@example.com")
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, ok: bool = True) -> str:
        """Run git and give all that it said; it must go well, or must not."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.project.folder,
            env={**self.project.environ, **importable()},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, said
        return said

    def manifest(self, before: str, after: str) -> None:
        """Change a place of env.toml."""
        text = (self.project.folder / "env.toml").read_text()
        assert before in text
        self.project.write("env.toml", text.replace(before, after))

    def branch(self, name: str, change: Callable[[], object]) -> None:
        """Commit a change to a branch that begins at the first commit, and go back to main."""
        self.git("checkout", "-q", "-b", name, "start")
        change()
        self.commit(name)
        self.git("checkout", "-q", "main")

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "-q", "-m", message)


@pytest.fixture
def repository(project: ScratchProject, index: FakeIndex) -> Repository:
    """A locked project with our drivers, committed, its first commit tagged `start`."""
    made = Repository(project)
    index.add(make_wheel("banner", "1.0", requires=["ink"]))
    index.add(make_wheel("ink", "1.0"))
    index.add(make_wheel("zipper", "1.0"))
    project.write("env.toml", _MANIFEST)
    project.run("lock").ok()
    project.run("git", "install").ok()
    made.commit("start")
    made.git("tag", "start")
    return made


def _adds_a_dependency(repository: Repository) -> None:
    repository.manifest('    "menu",\n', '    "banner",\n    "menu",\n')
    repository.project.run("lock").ok()


def _adds_to_a_group(repository: Repository) -> None:
    repository.manifest('    "checks",\n', '    "checks",\n    "zipper",\n')
    repository.project.run("lock").ok()


@pytest.fixture
def diverged(repository: Repository) -> Repository:
    """`main` requires banner, `side` has zipper in the group test: neighbours in no file but the lock."""
    repository.branch("side", lambda: _adds_to_a_group(repository))
    _adds_a_dependency(repository)
    repository.commit("main")
    return repository


def _holds_both(repository: Repository) -> None:
    project = repository.project
    names = {"banner", "checks", "dropdown", "icons", "ink", "menu", "zipper"}
    assert project.locked().keys() == names
    assert "up to date" in project.run("lock", "--check").ok().out
    merged = project.lock.read_bytes()
    project.lock.unlink()
    project.run("lock").ok()
    assert merged == project.lock.read_bytes()


def test_without_the_driver_the_same_branches_are_in_conflict(diverged: Repository) -> None:
    diverged.project.run("git", "uninstall").ok()
    assert "CONFLICT" in diverged.git("merge", "side", ok=False)


@pytest.mark.parametrize(
    "bring",
    [
        ("merge", "--no-edit", "side"),
        ("rebase", "side"),
        ("rebase", "--apply", "side"),
        ("cherry-pick", "side"),
        ("pull", "--no-rebase", "--no-edit", ".", "side"),
    ],
    ids=" ".join,
)
def test_what_two_branches_add_is_one_lock(diverged: Repository, bring: tuple[str, ...]) -> None:
    assert "merged pylock.toml package by package" in diverged.git(*bring)
    assert diverged.git("status", "--porcelain") == ""
    _holds_both(diverged)


def test_a_stash_comes_back_onto_another_lock(repository: Repository) -> None:
    _adds_to_a_group(repository)
    repository.git("stash")
    _adds_a_dependency(repository)
    repository.commit("main")
    repository.git("stash", "pop")
    _holds_both(repository)


def test_a_project_below_the_top_is_merged_with_its_own_manifest(repository: Repository) -> None:
    project = repository.project
    inner = ScratchProject(project.folder, name="inner")
    inner.environ = project.environ
    inner.write("env.toml", _MANIFEST)
    inner.run("lock").ok()
    repository.commit("inner")
    repository.git("tag", "-f", "start")
    outer, repository.project = project, inner
    repository.branch("side", lambda: _adds_to_a_group(repository))
    _adds_a_dependency(repository)
    repository.commit("main")
    assert "merged inner/pylock.toml" in repository.git("merge", "--no-edit", "side")
    _holds_both(repository)
    assert outer.run("lock", "--check").status == 0


def test_what_was_removed_on_one_side_stays_away(repository: Repository) -> None:
    def removes() -> None:
        repository.manifest('    "checks",\n', "")
        repository.project.run("lock").ok()

    repository.branch("side", removes)
    _adds_a_dependency(repository)
    repository.commit("main")
    repository.git("merge", "--no-edit", "side")
    assert "checks" not in repository.project.locked()
    repository.project.run("lock", "--check").ok()


def test_each_environment_s_lock_is_merged_by_what_the_manifest_says_for_it(repository: Repository) -> None:
    project = repository.project
    repository.manifest("[resolution]\n", "[environments.gpu]\nextra-dependencies = [\n]\n\n[resolution]\n")
    project.run("lock", "--all").ok()
    repository.commit("gpu")
    repository.git("tag", "-f", "start")

    def adds(name: str, place: str) -> None:
        repository.manifest(place, f'{place}    "{name}",\n')
        project.run("lock", "--all").ok()

    repository.branch("side", lambda: adds("zipper", "extra-dependencies = [\n"))
    adds("banner", "\ndependencies = [\n")
    repository.commit("main")
    assert "merged pylock.gpu.toml package by package" in repository.git("merge", "--no-edit", "side")
    assert repository.git("status", "--porcelain") == ""
    project.run("lock", "--all", "--check").ok()
    assert {"zipper", "banner"} <= set(
        re.findall(r'^name = "(.*)"$', (project.folder / "pylock.gpu.toml").read_text(), re.MULTILINE)
    )
    assert "zipper" not in project.locked()


def test_a_linked_working_tree_is_merged_like_any_other(diverged: Repository) -> None:
    project = diverged.project
    folder = project.scratch / "linked"
    diverged.git("worktree", "add", "-q", "-b", "linked", str(folder))
    diverged.git("-C", str(folder), "merge", "--no-edit", "side")
    project.run_in(folder, "lock", "--check").ok()
    assert diverged.git("-C", str(folder), "status", "--porcelain") == ""


# ── conflicts, and what settles them


def _conflict(repository: Repository, because: str) -> None:
    said = repository.git("merge", "side", ok=False)
    assert because in said
    assert "`lockenv lock` takes the versions of both sides" in said
    assert "UU pylock.toml" in repository.git("status", "--porcelain")


def _settled(repository: Repository) -> str:
    """Let `lock` settle it, and give what it says."""
    ran = repository.project.run("lock").ok()
    repository.project.run("lock", "--check").ok()
    repository.commit("settled")
    return ran.err


def test_both_sides_move_the_same_package_and_the_newer_counts(repository: Repository, index: FakeIndex) -> None:
    project = repository.project
    index.add(make_wheel("checks", "3.2"))
    index.add(make_wheel("checks", "3.3"))
    repository.branch("side", lambda: project.run("upgrade", "checks==3.3").ok())
    project.run("upgrade", "checks==3.2").ok()
    repository.commit("main")
    index.add(make_wheel("checks", "4.0"))
    _conflict(repository, "both sides move checks 3.3, not 3.2")
    refused = [project.run("lock", "--check"), project.run("sync")]
    assert [ran.status for ran in refused] == [1, 2]
    assert "Where they differ, the newer counts: checks 3.3, not 3.2" in _settled(repository)
    assert project.locked()["checks"] == "3.3"


def test_packages_that_do_not_fit_together_are_no_lock(repository: Repository, index: FakeIndex) -> None:
    """One branch goes back to an older `icons`, the other has a newcomer that wants a newer one."""
    project = repository.project
    index.add(make_wheel("trends", "1.0", requires=["icons>=2"]))

    def goes_back() -> None:
        project.run("upgrade", "icons==1.9", "dropdown==1.0").ok()

    def newcomer() -> None:
        repository.manifest('    "menu",\n', '    "menu",\n    "trends",\n')
        project.run("lock").ok()

    repository.branch("side", goes_back)
    newcomer()
    repository.commit("main")
    _conflict(repository, "trends requires icons>=2, the lock has 1.9")
    _settled(repository)
    assert (project.locked()["icons"], project.locked()["trends"]) == ("2.0", "1.0")


def test_a_manifest_in_conflict_comes_first(repository: Repository, index: FakeIndex) -> None:
    project = repository.project

    def adds(name: str) -> None:
        repository.manifest('    "menu",\n', f'    "{name}",\n    "menu",\n')
        project.run("lock").ok()

    repository.branch("side", lambda: adds("zipper"))
    adds("banner")
    repository.commit("main")
    # Newer releases appear, and are not what somebody wants who merges.
    for name in ("banner", "zipper", "ink", "menu"):
        index.add(make_wheel(name, "9.0"))
    _conflict(repository, "env.toml has a conflict, too")
    refused = project.run("lock")
    assert refused.status == 2
    assert "env.toml:4:1: a merge has left a conflict here (keep what you want of both sides" in refused.err
    text = (project.folder / "env.toml").read_text().splitlines(keepends=True)
    project.write("env.toml", "".join(line for line in text if line[0] not in "<=>"))
    _settled(repository)
    assert project.locked().keys() == {"banner", "checks", "dropdown", "icons", "ink", "menu", "zipper"}
    assert set(project.locked().values()) == {"1.0", "1.1", "2.0", "3.1"}


@pytest.fixture
def undriven(diverged: Repository, index: FakeIndex) -> Repository:
    """A merge in conflict where nobody has our drivers, after newer releases have appeared."""
    diverged.project.run("git", "uninstall").ok()
    diverged.commit("without drivers")
    diverged.git("merge", "side", ok=False)
    for name in ("banner", "zipper", "ink", "menu", "checks"):
        index.add(make_wheel(name, "9.0"))
    assert "\n=======\n" in diverged.project.lock.read_text()
    return diverged


def _keeps_both(repository: Repository) -> None:
    warned = _settled(repository)
    assert warned.startswith("warning: pylock.toml has a merge conflict; ")
    assert set(repository.project.locked().values()) == {"1.0", "1.1", "2.0", "3.1"}
    assert {"banner", "zipper"} <= repository.project.locked().keys()


def test_without_the_driver_lock_takes_the_versions_of_both_sides(undriven: Repository) -> None:
    _keeps_both(undriven)


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_the_marks_alone_tell_both_sides(undriven: Repository, style: str) -> None:
    undriven.git("checkout", f"--conflict={style}", "pylock.toml")
    marked = undriven.project.lock.read_bytes()
    undriven.git("add", "pylock.toml")  # Git has forgotten the sides
    assert undriven.project.lock.read_bytes() == marked
    _keeps_both(undriven)


def test_a_lock_in_conflict_stands_as_it_was_where_something_fails(undriven: Repository, index: FakeIndex) -> None:
    project = undriven.project
    before = {name: (project.folder / name).read_bytes() for name in ("env.toml", "pylock.toml")}
    index.fail("/files/*", status=500)
    ran = project.run("add", "icons")
    assert ran.status == 5
    assert "are as they were" in ran.err
    assert before == {name: (project.folder / name).read_bytes() for name in before}
    assert project.run("lock", "--check").status == 1
    index.mend()
    project.run("add", "icons").ok()
    project.run("lock", "--check").ok()
    assert {"banner", "zipper", "icons"} <= project.locked().keys()


def test_screens_of_a_conflict(undriven: Repository) -> None:
    project = undriven.project
    runs = [project.run("lock", "--check"), project.run("sync"), project.run("check"), project.run("lock")]
    check_screen("merge-conflict", project, runs)


# ── what is not ours


def test_a_lock_of_another_tool_is_merged_by_lines(repository: Repository) -> None:
    project = repository.project
    foreign = 'lock-version = "1.0"\ncreated-by = "somebody"\npackages = []\n'

    def writes(**changed: str) -> None:
        lines = [f"# {letter}{changed.get(letter, '')}\n" for letter in "abcdefghi"]
        project.write("pylock.other.toml", foreign + "".join(lines))

    writes()
    repository.commit("foreign")
    repository.git("tag", "-f", "start")
    repository.branch("side", lambda: writes(a=" from the side"))
    repository.branch("again", lambda: writes(a=" from another"))
    writes(i=" from main")
    repository.commit("main")
    repository.git("merge", "--no-edit", "side")
    text = (project.folder / "pylock.other.toml").read_text()
    assert "# a from the side\n" in text
    assert "# i from main\n" in text
    said = repository.git("merge", "again", ok=False)
    assert "CONFLICT" in said
    assert "lockenv:" not in said
    assert "<<<<<<< ours" in (project.folder / "pylock.other.toml").read_text()


# ── comparing


def test_git_diff_shows_a_line_a_package(repository: Repository, index: FakeIndex) -> None:
    index.add(make_wheel("checks", "3.2"))
    repository.project.run("upgrade", "checks").ok()
    shown = repository.git("diff", "--no-color", "pylock.toml").splitlines()
    changed = [line for line in shown if line[:1] in "+-" and not line.startswith(("+++", "---"))]
    assert [line.partition(" (")[0] for line in changed] == [
        "-checks 3.1 ; \"test\" in dependency_groups", "+checks 3.2 ; \"test\" in dependency_groups"
    ]  # fmt: skip


def test_another_hash_at_the_same_version_is_a_line_of_its_own(repository: Repository) -> None:
    project = repository.project
    before, icons, after = project.lock.read_text().partition('name = "icons"')
    project.write(
        "pylock.toml", before + icons + after.replace('sha256 = "', 'sha256 = "0', 1).replace('"}}', "}}", 0)
    )
    text = project.lock.read_text()
    assert text != before + icons + after
    shown = repository.git("diff", "--no-color", "pylock.toml")
    assert "\n-icons 2.0 (1 file, " in shown
    assert "\n+icons 2.0 (1 file, " in shown


def test_textconv(repository: Repository) -> None:
    project = repository.project
    project.write("broken.toml", "nothing\x1b[31m of the kind\n")
    runs = [
        project.run("git", "textconv", "pylock.toml"),
        project.run("git", "textconv", "broken.toml"),
        project.run("git", "textconv", "nowhere.toml"),
        project.run("git", "textconv"),
    ]
    shown = [line.partition(" (")[0] for line in runs[0].out.splitlines()]
    assert shown[0] == f"python =={SERIES}.*"
    assert shown[-4:] == ['checks 3.1 ; "test" in dependency_groups', "dropdown 1.1", "icons 2.0", "menu 1.0"]
    assert runs[1].out == "nothing\\x1b[31m of the kind\n"
    assert [ran.status for ran in runs] == [0, 0, 2, 2]


# ── installing


def test_install_and_uninstall(project: ScratchProject) -> None:
    runs = [project.run("git", "install")]
    made = Repository(project)
    project.write(".gitattributes", "*.png binary")
    runs += [project.run("git", "install"), project.run("git", "install")]
    assert (project.folder / ".gitattributes").read_text().splitlines()[0] == "*.png binary"
    assert "merge-driver" in made.git("config", "merge.lockenv.driver")
    runs += [project.run("git", "uninstall"), project.run("git", "uninstall")]
    assert (project.folder / ".gitattributes").read_text() == "*.png binary\n"
    made.git("config", "merge.lockenv.driver", ok=False)
    runs += [project.run("git", "install", "--global"), project.run("git", "uninstall", "--global")]
    runs += [project.run("git", "instal"), project.run("git", "install", "here")]
    check_screen("git", project, runs)


def test_a_file_of_attributes_that_held_nothing_else_goes_again(project: ScratchProject) -> None:
    Repository(project)
    project.run("git", "install").ok()
    project.run("git", "uninstall").ok()
    assert not (project.folder / ".gitattributes").exists()


def test_for_all_repositories_no_file_of_the_project_is_touched(project: ScratchProject) -> None:
    made = Repository(project)
    project.run("git", "install", "--global").ok()
    assert project.files() == [".git"]
    attributes = project.home / ".config" / "git" / "attributes"
    assert attributes.read_text().count("merge=lockenv") == 2
    assert made.git("check-attr", "merge", "below/pylock.dev.toml").endswith("merge: lockenv\n")
    named = project.home / "own attributes"
    made.git("config", "--global", "core.attributesFile", str(named))
    project.run("git", "install", "--global").ok()
    assert Path(named).read_text() == attributes.read_text()


def test_without_git_there_is_nothing_to_install(project: ScratchProject) -> None:
    ran = project.run("git", "install", PATH="/nonexistent")
    assert ran.status == 2
    assert "there is no `git` program" in ran.err
