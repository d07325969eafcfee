"""`[environments]`: several environments of one manifest, each with its own lock and folder."""

from __future__ import annotations

import json
import os
import re

import pytest

from tests.cli.refusals import check_refusal
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import PLATFORM, SERIES, ScratchProject
from tests.fakes.wheels import make_wheel

_OLD = '[environments.old]\nextra-dependencies = ["dropdown<1.1"]\n'
_TESTS = '[environments.tests]\ndependencies = []\ngroups = ["test"]\nfolder = "envs/tests"\n'


@pytest.fixture
def several(project: ScratchProject) -> ScratchProject:
    """A project with a default environment and two others, neither locked nor synced."""
    project.manifest(dependencies=["menu"], groups={"test": ["checks"]}, more=_OLD + _TESTS)
    return project


@pytest.fixture
def made(several: ScratchProject) -> ScratchProject:
    """The same, all locked and synced."""
    several.run("lock", "--all").ok()
    several.run("sync", "--all").ok()
    return several


def test_each_environment_is_locked_and_synced_by_itself(made: ScratchProject) -> None:
    assert made.locked() == {"menu": "1.0", "dropdown": "1.1", "icons": "2.0", "checks": "3.1"}
    assert made.locked("pylock.old.toml") == {"menu": "1.0", "dropdown": "1.0", "icons": "2.0", "checks": "3.1"}
    assert made.locked("pylock.tests.toml") == {"checks": "3.1"}
    assert made.installed() == {"menu": "1.0", "dropdown": "1.1", "icons": "2.0"}
    assert made.installed(".venv-old") == {"menu": "1.0", "dropdown": "1.0", "icons": "2.0"}
    assert made.installed("envs/tests") == {"checks": "3.1"}
    assert not (made.folder / ".venv-tests").exists()


def test_the_screens_of_several_environments(several: ScratchProject, index: FakeIndex) -> None:
    runs = [
        several.run("sync", "old"),
        several.run("lock", "--all", "--check"),
        several.run("lock", "--all"),
        several.run("lock", "--all"),
        several.run("lock", "old"),
        several.run("sync", "--all"),
        several.run("sync", "old"),
        several.run("check", "-e", "old"),
        several.run("list", "-e", "old"),
        several.run("sync", "tests", "--group", "test"),
        several.run("lock", "odl"),
        several.run("verify", "--environment", "odl"),
        several.run("sync", "old", "--all"),
        several.run("sync", "--all", "--env", "x"),
        several.run("sync", "a.b"),
    ]
    index.add(make_wheel("icons", "2.1"))
    runs.append(several.run("upgrade", "--all", "icons"))
    several.manifest(
        dependencies=["menu"], groups={"test": ["checks"]}, more=_OLD.replace("<1.1", "<1.1,>1") + _TESTS
    )
    runs += [
        several.run("lock", "--all", "--check"),
        several.run("lock", "--all"),
        several.run("sync", "old"),
        several.run("check", "-e", "old"),
    ]
    check_screen("environments", several, runs)


def test_a_change_of_one_environment_leaves_the_locks_of_the_others_fresh(made: ScratchProject) -> None:
    more = _OLD.replace("<1.1", "==1.0") + _TESTS
    made.manifest(
        dependencies=["menu"], groups={"test": ["checks"]}, more=more + "[environments.new]\ngroups = []"
    )
    assert made.run("lock", "--check").status == made.run("lock", "tests", "--check").status == 0
    assert made.run("sync").status == made.run("sync", "tests").status == 0
    assert "pylock.new.toml" in made.run("lock", "new", "--check").err


def test_what_they_have_in_common_makes_all_that_take_it_stale(made: ScratchProject) -> None:
    made.manifest(dependencies=["menu", "checks"], groups={"test": ["checks"]}, more=_OLD + _TESTS)
    ran = made.run("lock", "--all", "--check", "--json")
    assert ran.status == 1
    assert [line.partition(" ")[0] for line in json.loads(ran.out)["error"]["details"]] == [
        "pylock.toml",
        "pylock.old.toml",
    ]


def test_a_first_lock_begins_with_the_versions_of_the_default_one(
    several: ScratchProject, index: FakeIndex
) -> None:
    several.run("lock").ok()
    index.add(make_wheel("icons", "2.1"))
    several.run("lock", "old").ok()
    assert several.locked("pylock.old.toml")["icons"] == "2.0"
    (several.folder / "pylock.old.toml").unlink()
    several.run("lock", "--all").ok()
    assert several.locked("pylock.old.toml")["icons"] == "2.0"
    several.run("upgrade", "icons").ok()
    several.run("lock", "--all").ok()
    assert several.locked("pylock.old.toml")["icons"] == "2.0"


def test_locks_that_are_first_together_agree_where_they_can(project: ScratchProject, index: FakeIndex) -> None:
    more = '[environments.ci]\nextra-dependencies = ["checks"]\n'
    project.manifest(dependencies=["icons"], more=more)
    project.run("lock").ok()
    index.add(make_wheel("icons", "2.1"))
    project.manifest(dependencies=["icons", "dropdown"], more=more)
    project.run("lock", "--all").ok()
    assert project.locked()["icons"] == project.locked("pylock.ci.toml")["icons"] == "2.0"


def test_a_sync_of_all_that_fails_says_of_which_it_is_and_keeps_what_was_done(several: ScratchProject) -> None:
    several.run("lock", "--all").ok()
    (several.folder / "pylock.old.toml").unlink()
    ran = several.run("sync", "--all")
    assert (ran.status, ran.err) == (
        2,
        "error: there is no pylock.old.toml  [lock]\nhint: run `lockenv lock old` to make it\n",
    )
    assert several.installed() == {"menu": "1.0", "dropdown": "1.1", "icons": "2.0"}
    assert not (several.folder / "envs").exists()


def test_a_warning_says_whose_lock_it_is_about(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("narrow", "1.0", tag=f"py3-none-manylinux_2_17_{os.uname().machine}"))
    more = '[environments.x]\ndependencies = ["narrow"]\n'
    project.manifest(dependencies=["icons"], more=more)
    ran = project.run("lock", "--all")
    assert "warning: pylock.x.toml: " in ran.err


def test_locks_are_written_all_or_none(several: ScratchProject) -> None:
    more = _OLD + _TESTS.replace('["test"]', '["test"]\nextra-dependencies = ["checks>9"]')
    several.manifest(dependencies=["menu"], groups={"test": ["checks"]}, more=more)
    ran = several.run("lock", "--all")
    assert ran.status == 3
    assert "that is about [environments.tests]; no lock was written" in ran.err
    assert several.files() == ["env.toml"]


def test_one_environment_may_have_another_python_and_other_targets(project: ScratchProject) -> None:
    more = f'[environments.ci]\npython = "=={SERIES}.*"\ntargets = {{ platforms = ["{PLATFORM}"] }}\n'
    project.manifest(dependencies=["icons"], python=">=3.9", more=more)
    project.run("lock", "--all").ok()
    own = (project.folder / "pylock.ci.toml").read_text()
    assert f'requires-python = "=={SERIES}.*"' in own
    assert own.count("implementation_name") == 1
    assert 'requires-python = ">=3.9"' in project.lock.read_text()


def test_the_lock_of_all_is_a_document_for_machines(several: ScratchProject) -> None:
    document = json.loads(several.run("lock", "--all", "--json").ok().out)
    assert list(document["environments"]) == ["default", "old", "tests"]
    assert document["environments"]["old"]["path"] == "pylock.old.toml"


@pytest.mark.parametrize(
    "command",
    [
        ("tree",),
        ("why", "dropdown"),
        ("outdated",),
        ("list",),
        ("history",),
        ("check",),
        ("verify",),
        ("diff", "env"),
        ("export", "requirements"),
        ("upgrade",),
        ("lock",),
        ("sync",),
    ],
)
def test_every_command_takes_the_name_of_an_environment(made: ScratchProject, command: tuple[str, ...]) -> None:
    def out(*more: str) -> str:
        return re.sub(r"[\d.]+ m?s\b", "", made.run(*command, *more).ok().out)

    assert out("-e", "old") != out("--environment", "default") == out()
    assert made.run(*command, "-e", "none").status == 2


def test_what_is_given_out_is_of_the_environment_that_is_named(made: ScratchProject) -> None:
    text = made.run("export", "dockerfile", "-e", "old").ok().out
    assert "COPY pylock.old.toml ./\n" in text
    assert "lockenv sync --lock pylock.old.toml --env /app/.venv " in text
    assert "dropdown==1.0" in made.run("export", "constraints", "-e", "old").ok().out
    assert '"dropdown<1.1"' in made.run("export", "pyproject", "-e", "old").ok().out


def test_the_variable_for_a_folder_is_about_the_default_environment_alone(made: ScratchProject) -> None:
    made.run("sync", LOCKENV_ENV="elsewhere").ok()
    assert made.installed("elsewhere")["dropdown"] == "1.1"
    for _ in range(2):
        assert made.run("sync", "old", LOCKENV_ENV="elsewhere").ok().out.startswith(".venv-old is already exactly")
    assert made.installed("elsewhere")["dropdown"] == "1.1"
    made.run("sync", "old", "--env", "there", LOCKENV_ENV="elsewhere").ok()
    assert made.installed("there")["dropdown"] == "1.0"
    line = "import dropdown; print(dropdown.version)"
    assert made.spawn("run", "-e", "old", "python", "-c", line, LOCKENV_ENV="elsewhere").ok().out == "1.0\n"
    assert made.run("sync", "--all", LOCKENV_ENV="elsewhere").status == 2


def test_an_environment_named_where_a_package_is_asked_for(made: ScratchProject) -> None:
    check_refusal(
        made.run("upgrade", "tests"), 2, "`tests` is not in the lock", "lockenv upgrade --environment tests"
    )
    made.run("upgrade", "--environment", "tests").ok()


def test_a_rollback_is_of_one_environment(made: ScratchProject) -> None:
    made.run("sync", "old", "--group", "test").ok()
    made.run("rollback", "-e", "old").ok()
    assert "checks" not in made.installed(".venv-old")
    assert made.run("rollback").status == 2


def test_a_command_runs_in_the_environment_that_is_named(made: ScratchProject) -> None:
    line = "import dropdown, os; print(dropdown.version, os.path.basename(os.environ['VIRTUAL_ENV']))"
    assert made.spawn("run", "-e", "old", "--", "python", "-c", line).ok().out == "1.0 .venv-old\n"
    assert made.spawn("run", "--environment=default", "python", "-c", line).ok().out == "1.1 .venv\n"
    assert made.spawn("run", "-e", "old", "--verified", "python", "-c", line).ok().out == "1.0 .venv-old\n"
    missing = made.spawn("run", "-e", "odl", "true")
    assert (missing.status, missing.err) == (
        2,
        "error: there is no environment `odl` in env.toml  [usage]\nhint: did you mean `old`?\n",
    )


def test_the_prompt_tells_the_environments_apart(made: ScratchProject) -> None:
    prompts = [(made.folder / env / "pyvenv.cfg").read_text() for env in (".venv", ".venv-old", "envs/tests")]
    assert ["forecast" in text for text in prompts] == [True, True, False]
    assert "prompt = forecast-old" in prompts[1]
    assert "prompt = tests" in prompts[2]


def test_one_lock_under_two_names_is_judged_for_the_one_that_is_meant(made: ScratchProject) -> None:
    where = ("--lock", "pylock.tests.toml", "--env", "there")
    made.run("sync", "tests", *where).ok()
    assert "pylock.tests.toml is out of date" in made.run("sync", *where).err


# ── add and remove


def test_what_is_added_to_an_environment_is_beside_the_dependencies_of_all(made: ScratchProject) -> None:
    made.run("add", "-e", "old", "checks").ok()
    text = (made.folder / "env.toml").read_text()
    assert '[environments.old]\nextra-dependencies = ["dropdown<1.1", "checks>=3.1,<4"]\n' in text
    assert made.installed(".venv-old")["checks"] == "3.1"
    assert "checks" not in made.installed()
    made.run("remove", "checks", "-e", "old").ok()
    assert 'extra-dependencies = ["dropdown<1.1"]\n' in (made.folder / "env.toml").read_text()
    assert "checks" not in made.installed(".venv-old")


def test_an_environment_with_dependencies_of_its_own_gets_it_there(made: ScratchProject) -> None:
    made.run("add", "icons<2", "-e", "tests").ok()
    assert 'dependencies = [\n    "icons<2",\n]\ngroups' in (made.folder / "env.toml").read_text()
    assert made.locked("pylock.tests.toml") == {"checks": "3.1", "icons": "1.9"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[environments.x]\n", '[environments.x]\nextra-dependencies = [\n    "checks>=3",\n]\n'),
        ("[environments]\nx = {}\n", '[environments]\nx = { extra-dependencies = [\n    "checks>=3",\n] }\n'),
        (
            "[environments]\nx.groups = []\n",
            '[environments]\nx.groups = []\nx.extra-dependencies = [\n    "checks>=3",\n]\n',
        ),
        (
            "[environments.x.resolution]\n",
            '[environments.x.resolution]\n\n[environments.x]\nextra-dependencies = [\n    "checks>=3",\n]\n',
        ),
    ],
)
def test_the_list_is_made_however_the_table_is_written(project: ScratchProject, before: str, after: str) -> None:
    head = f'[env]\npython = "=={SERIES}.*"\n\n'
    project.write("env.toml", head + before)
    project.run("add", "-e", "x", "checks>=3", "--no-sync").ok()
    assert (project.folder / "env.toml").read_text() == head + after


def test_the_screens_of_add_and_remove_with_several_environments(made: ScratchProject) -> None:
    runs = [
        made.run("add", "checks", "-e", "old"),
        made.run("add", "checks", "-e", "old"),
        made.run("add", "icons<2.5"),
        made.run("remove", "icons", "-e", "old"),
        made.run("remove", "dropdown"),
        made.run("remove", "checks", "-e", "tests"),
        made.run("lock", "--all", "--check"),
        made.run("add", "nothing-like-it", "-e", "old"),
        made.run("add", "checks", "-e", "odl"),
    ]
    check_screen("environments-edited", made, runs)
