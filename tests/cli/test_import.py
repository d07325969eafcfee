"""`lockenv import`: other tools' files brought in, and what works today works again."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import PATIENCE, SERIES, ScratchProject
from tests.fakes.wheels import make_wheel
from tests.unit.python.pythons import fake_python, script

OLD = "menu==1.0\ndropdown==1.0\nicons==1.9\n"


def written(project: ScratchProject, name: str, text: str) -> None:
    path = project.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def env_toml(project: ScratchProject) -> str:
    return (project.folder / "env.toml").read_text(encoding="utf-8")


def locked(project: ScratchProject) -> str:
    return project.lock.read_text(encoding="utf-8")


def test_what_a_file_pins_is_kept_by_the_lock(project: ScratchProject) -> None:
    written(project, "requirements.txt", OLD)
    runs = [
        project.run("import", "requirements.txt"),
        project.run("lock", "--check"),
        project.run("import", "no.txt"),
    ]
    check_screen("import", project, runs)
    assert '"menu",' in env_toml(project)
    assert 'name = "icons"\nversion = "1.9"' in locked(project)


def test_a_pin_that_no_longer_fits_is_told(project: ScratchProject) -> None:
    written(project, "requirements.txt", "menu==1.0\ndropdown==1.1\nicons==1.9\n")
    ran = project.run("import", "requirements.txt").ok()
    assert "pylock.toml: 2 versions are as before\n~ icons 1.9 -> 2.0\n" in ran.out


class TestWhereNoFileNamesAPython:
    """A newer Python than the one that `python3` starts is on this machine."""

    @pytest.fixture(autouse=True)
    def newer(self, project: ScratchProject) -> Path:
        """The folder of the newer one; another tool's environment may be of it."""
        newer = fake_python(project.scratch / "newer" / "python3.99", "3.99.0").parent
        project.environ["PATH"] += f":{newer}"
        project.write("requirements.in", "menu\n")
        project.write("requirements.txt", OLD)
        return newer

    def brought(self, project: ScratchProject, *arguments: str) -> tuple[str, str]:
        """What env.toml says of Python, and what is told of it."""
        ran = project.run("import", *(arguments or ("requirements.in",)), "--dry-run").ok()
        told = [line for line in ran.err.splitlines() if line.startswith("the files name no Python to take")]
        return tomllib.loads(ran.out)["env"]["python"], told[0].partition(": ")[2]

    def test_it_begins_at_what_python3_starts(self, project: ScratchProject) -> None:
        assert self.brought(project) == (
            f">={SERIES}",
            f"env.toml begins at Python {SERIES}, which `python3` starts (--python names another)",
        )

    def test_versions_are_for_it_alone(self, project: ScratchProject) -> None:
        assert self.brought(project, "requirements.txt") == (
            f"=={SERIES}.*",
            f"env.toml is for Python {SERIES} alone, which `python3` starts (--python names another)",
        )

    @pytest.mark.parametrize("usual", ["exit 1", None])
    def test_the_newest_stands_in_for_a_python3_that_is_none_or_too_old(
        self, project: ScratchProject, usual: str | None
    ) -> None:
        first = project.scratch / "first"
        if usual is None:
            fake_python(first / "python3", "3.7.1")
        else:
            script(first / "python3", usual)
        project.environ["PATH"] = f"{first}:{project.environ['PATH']}"
        python, told = self.brought(project)
        assert (python, "which is the newest here" in told) == (">=3.99", True)

    def test_one_that_is_asked_for_is_taken(self, project: ScratchProject) -> None:
        assert self.brought(project, "requirements.in", "--python", "3.99")[0] == ">=3.99"
        project.write(".python-version", "3.99\n")
        python, told = self.brought(project)
        assert (python, "which .python-version asks for" in told) == (">=3.99", True)

    def test_the_environment_that_is_there_shows_it(self, project: ScratchProject, newer: Path) -> None:
        (project.env / "bin").mkdir(parents=True)
        (project.env / "bin" / "python").symlink_to(newer / "python3.99")
        python, told = self.brought(project)
        assert (python, "which .venv has" in told) == (">=3.99", True)


def test_a_python_that_is_not_served_is_left_out_with_its_place(project: ScratchProject) -> None:
    project.write("Pipfile", '[packages]\nmenu = "*"\n[requires]\npython_version = "3.6"\n')
    locked = {"_meta": {"requires": {"python_version": "2.7"}}, "default": {"menu": {"version": "==1.0"}}}
    project.write("Pipfile.lock", json.dumps(locked))
    for files in (["Pipfile"], ["Pipfile", "Pipfile.lock"]):
        ran = project.run("import", *files, "--dry-run").ok()
        assert tomllib.loads(ran.out)["env"]["python"].strip("=>.*") == SERIES
        assert "warning: Pipfile" in ran.err
        assert "the files name no Python to take" in ran.err


def test_files_that_ask_for_nothing_are_no_lock_without_its_wishes(project: ScratchProject) -> None:
    project.write("pyproject.toml", '[project]\nname = "x"\n')
    project.write("poetry.lock", '[[package]]\nname = "menu"\nversion = "1.0"\n')
    ran = project.run("import", "pyproject.toml", "poetry.lock")
    assert (ran.status, ran.err.splitlines()[0]) == (
        2,
        "error: no package is asked for in what is brought in  [usage]",
    )


def test_a_dry_run_shows_the_manifest_and_writes_nothing(project: ScratchProject) -> None:
    written(project, "requirements.txt", OLD)
    ran = project.run("import", "requirements.txt", "--dry-run").ok()
    assert ran.out.count("menu") == 1
    assert "\ndependencies = [\n" in ran.out
    assert project.files() == ["requirements.txt"]


def test_what_cannot_be_carried_over_is_told_with_its_line(project: ScratchProject) -> None:
    lines = [
        "--extra-index-url https://more.example.com/simple",
        "menu",
        "svn+https://svn.example.com/x#egg=checks",
    ]
    written(project, "requirements.txt", "\n".join([*lines, "-r no.txt"]))
    check_screen("import-left-out", project, [project.run("import", "requirements.txt")])


def test_a_second_file_is_added_and_what_stands_is_kept(project: ScratchProject) -> None:
    written(project, "env.toml", '# Mine.\n[env]\npython = ">=3.11"\ndependencies = ["menu>=1"]  # keep\n')
    written(project, "requirements.txt", "menu==1.0\nicons<2\n")
    written(project, "dev.txt", "checks\n")
    runs = [
        project.run("import", "requirements.txt"),
        project.run("import", "dev.txt", "--group", "test"),
        project.run("import", "dev.txt", "--group", "test"),
    ]
    check_screen("import-adds", project, runs)
    assert env_toml(project) == (
        '# Mine.\n[env]\npython = ">=3.11"\ndependencies = ["menu>=1", "icons<2"]  # keep\n\n'
        '[groups]\ntest = [\n    "checks",\n]\n'
    )


def test_a_group_does_not_ask_again_for_what_is_always_there(project: ScratchProject) -> None:
    project.write("base.in", "menu>=1\nicons ; sys_platform == 'linux'\n")
    project.write("dev.in", "-r base.in\nchecks\nmenu<9\n")
    project.run("import", "base.in", "--no-lock").ok()
    project.run("import", "dev.in", "--group", "dev", "--no-lock").ok()
    manifest = tomllib.loads((project.folder / "env.toml").read_text(encoding="utf-8"))
    assert manifest["groups"] == {"dev": ["checks", "menu<9"]}


def test_force_replaces_the_manifest(project: ScratchProject) -> None:
    written(project, "env.toml", '[env]\npython = ">=3.11"\ndependencies = ["checks"]\n')
    written(project, "requirements.txt", "menu>=1\n")
    project.run("import", "requirements.txt", "--force").ok()
    assert '"menu>=1"' in env_toml(project)
    assert "checks" not in env_toml(project)


def test_a_manifest_that_what_is_brought_in_does_not_fit_stays(project: ScratchProject) -> None:
    before = '[env]\npython = ">=3.11"\n[groups]\na = [{ include-group = "b" }]\nb = []\n'
    written(project, "env.toml", before)
    written(project, "pyproject.toml", '[dependency-groups]\na = []\nb = [{ include-group = "a" }]\n')
    ran = project.run("import", "pyproject.toml")
    assert ran.status == 2
    assert "circle" in ran.err
    assert env_toml(project) == before


def test_a_lock_alone_does_not_say_what_is_wanted(project: ScratchProject) -> None:
    written(project, "poetry.lock", '[[package]]\nname = "menu"\nversion = "1.0"\n')
    check_screen("import-lock-alone", project, [project.run("import", "poetry.lock"), project.run("import")])
    assert project.files() == ["poetry.lock"]


def test_the_lock_beside_a_project_is_mentioned_and_when_named_its_versions_are_kept(
    project: ScratchProject,
) -> None:
    written(
        project, "pyproject.toml", '[project]\nname = "x"\nrequires-python = ">=3.11"\ndependencies = ["menu"]\n'
    )
    written(
        project,
        "uv.lock",
        'version = 1\nrequires-python = ">=3.11"\n'
        + "".join(
            f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "x" }}\n'
            for name, version in (("menu", "1.0"), ("dropdown", "1.0"), ("icons", "1.9"))
        ),
    )
    alone = project.run("import", "pyproject.toml", "--dry-run").ok()
    assert "uv.lock holds versions: name it too" in alone.err
    project.run("import", "pyproject.toml", "uv.lock").ok()
    assert 'name = "icons"\nversion = "1.9"' in locked(project)


def test_a_foreign_lock_gives_versions_to_a_manifest_that_is_there(
    project: ScratchProject, index: FakeIndex
) -> None:
    project.manifest(dependencies=["icons"])
    project.run("lock").ok()
    foreign = locked(project).replace('created-by = "lockenv"', 'created-by = "somebody"').replace("2.0", "1.9")
    foreign = foreign.partition("[tool.lockenv")[0]
    written(project, "theirs/pylock.toml", foreign)
    ran = project.run("import", "theirs/pylock.toml").ok()
    assert "1 version is as before" in ran.out
    assert 'name = "icons"\nversion = "1.9"' in locked(project)


def test_our_own_lock_is_not_brought_in(project: ScratchProject) -> None:
    project.manifest(dependencies=["icons"])
    project.run("lock").ok()
    assert "lockenv's own lock" in project.run("import", "pylock.toml").err


@pytest.mark.parametrize("text", [b"\xff\xfe", b"caf\xe9==1.0\n"])
def test_a_file_that_is_no_text_is_refused(project: ScratchProject, text: bytes) -> None:
    (project.folder / "requirements.txt").write_bytes(text)
    ran = project.run("import", "requirements.txt")
    assert (ran.status, ran.out) == (2, "")
    assert "requirements.txt:1: it is not UTF-8 text" in ran.err


def test_an_environment_that_pip_made_comes_back_with_the_same_versions(
    project: ScratchProject, index: FakeIndex, tmp_path: Path
) -> None:
    index.add(make_wheel("dropdown", "2.0", requires=["icons"]))
    env = tmp_path / "theirs"
    made_with_pip(env, index, "menu", "dropdown==1.0", "icons<2", "checks")
    frozen = run_pip(env, "freeze")
    assert sorted(frozen.split()) == ["checks==3.1", "dropdown==1.0", "icons==1.9", "menu==1.0"]
    written(project, "frozen.txt", frozen)
    project.run("import", "frozen.txt").ok()
    project.run("sync").ok()
    assert installed(project) == frozen.split()

    project.run("import", "--from-env", str(env), "--force").ok()
    assert '    "menu",' in env_toml(project)
    project.run("sync").ok()
    assert installed(project) == frozen.split()


def test_of_an_environment_only_what_was_asked_for_is_asked_for(
    project: ScratchProject, index: FakeIndex, tmp_path: Path
) -> None:
    env = tmp_path / "theirs"
    made_with_pip(env, index, "menu")
    project.run("import", "--from-env", str(env)).ok()
    assert 'dependencies = [\n    "menu",\n]' in env_toml(project)


def test_a_folder_that_is_no_environment_is_refused(project: ScratchProject) -> None:
    ran = project.run("import", "--from-env", ".")
    assert ran.status == 2
    assert "there is no environment at ." in ran.err


def made_with_pip(env: Path, index: FakeIndex, *requirements: str) -> None:
    """Make an environment as people do: with venv and pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True, timeout=PATIENCE)
    run_pip(env, "install", "-q", "--no-cache-dir", "--index-url", index.url, *requirements)


def run_pip(env: Path, *arguments: str) -> str:
    pip = [sys.executable, "-m", "pip", "--python", str(env / "bin" / "python"), "--isolated"]
    ran = subprocess.run(
        [*pip, "--disable-pip-version-check", *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={"PATH": "/usr/bin:/bin", "HOME": str(env), "PIP_CONFIG_FILE": "/dev/null"},
    )
    return ran.stdout


def installed(project: ScratchProject) -> list[str]:
    lines = project.run("list").ok().out.splitlines()
    return ["==".join(line.split()[:2]) for line in lines]


def test_what_cannot_be_locked_leaves_the_manifest_and_says_what_was_left_out(project: ScratchProject) -> None:
    written(project, "requirements.txt", "menu==1.0\nno-such-package==1.0\n--frobnicate\n")
    ran = project.run("import", "requirements.txt")
    assert ran.status == 3
    assert "`--frobnicate` has no counterpart here" in ran.err
    assert ran.out == "wrote env.toml\n"
    manifest = env_toml(project).replace('    "no-such-package",\n', "")
    written(project, "env.toml", manifest)
    written(project, "requirements.txt", "menu==1.0\n")
    assert "1 version is as before" in project.run("import", "requirements.txt").ok().out
