"""From manifest to environment and back, over real HTTP: what a person does in the life of a project."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import BASE_PYTHON, SERIES, ScratchProject, finished
from tests.fakes.wheels import make_wheel
from tests.unit.python.pythons import installed_python

_EXAMPLE_HOLDS = {"colours": "0.9", "greeter": "1.2", "phrases": "1.4"}
_EXAMPLE = Path(__file__).parents[2] / "examples" / "offline"


def test_what_is_removed_is_gone_with_what_only_it_needed(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu", "checks"])
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.installed() == {"checks": "3.1", "dropdown": "1.1", "icons": "2.0", "menu": "1.0"}
    assert project.python("import menu, dropdown, icons, checks; print(icons.version)") == "2.0"
    project.manifest(dependencies=["checks", "icons"])
    assert project.run("lock").ok().out.splitlines()[:-1] == [
        "- menu 1.0       no longer in env.toml",
        "- dropdown 1.1   nothing requires it any more",
    ]
    assert project.run("sync").ok().out.splitlines()[:-1] == ["- dropdown 1.1", "- menu 1.0"]
    assert project.installed() == {"checks": "3.1", "icons": "2.0"}
    left = project.python("import os, sys; print(sorted(os.listdir(sys.path[-1])))")
    assert "menu" not in left
    assert "dropdown" not in left
    assert not (project.env / "bin" / "menu").exists()
    assert "is already exactly" in project.run("sync").ok().out


@pytest.mark.parametrize("arguments", [("lock",), ("lock", "--upgrade"), ("add", "icons"), ("sync",)])
def test_who_was_never_here_asks_the_interpreters(arguments: tuple[str, ...], project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    shutil.rmtree(project.cache)
    project.run(*arguments).ok()
    assert any((project.cache / "interpreters").iterdir())
    project.run("sync").ok()
    assert project.python("import menu; print(menu.version)") == "1.0"


def test_extras_bring_what_they_need(project: ScratchProject, index: FakeIndex) -> None:
    index.add(
        make_wheel(
            "site",
            "1.0",
            requires=["icons ; extra == 'pretty'", "checks ; extra == 'all'", "site[pretty] ; extra == 'all'"],
            extras=["pretty", "all"],
        )
    )
    project.manifest(dependencies=["site"])
    for requirement, wanted in (
        ("site", {"site"}),
        ("site[pretty]", {"site", "icons"}),
        ("site[all]", {"site", "icons", "checks"}),
        ("site", {"site"}),
    ):
        project.manifest(dependencies=[requirement])
        project.run("lock").ok()
        project.run("sync").ok()
        assert project.installed().keys() == wanted


def test_groups_are_added_and_taken_away_by_the_wish(project: ScratchProject) -> None:
    project.write(
        "env.toml",
        f'[env]\npython = "=={SERIES}.*"\ndependencies = ["icons"]\n[groups]\n'
        'test = ["checks"]\ndev = [{include-group = "test"}, "menu"]\n',
    )
    project.run("lock").ok()
    every = {"icons", "checks", "menu", "dropdown"}
    for arguments, wanted in (
        ((), {"icons"}),
        (("--group", "test"), {"icons", "checks"}),
        (("--group", "dev"), every),
        (("--all-groups",), every),
        ((), {"icons"}),
    ):
        project.run("sync", *arguments).ok()
        assert project.installed().keys() == wanted
        assert "is already exactly" in project.run("sync", *arguments).ok().out


def test_markers_decide_for_this_machine(project: ScratchProject) -> None:
    project.manifest(
        dependencies=['icons ; sys_platform == "plan9"', 'checks ; python_version >= "3"', 'menu ; os_name == "x"']
    )
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.installed() == {"checks": "3.1"}


def test_a_manifest_that_says_the_same_otherwise_leaves_the_lock_fresh(synced: ScratchProject) -> None:
    text = synced.lock.read_bytes()
    synced.write(
        "env.toml",
        f"# A comment.\n[groups]\ntest = [ 'CHECKS', ]\n\n[env]\ndependencies = [\n  'Menu',  # the menu\n]\n"
        f"python = '=={SERIES}.*'\n",
    )
    synced.run("lock", "--check").ok()
    assert "is already exactly" in synced.run("sync").ok().out
    assert "is up to date" in synced.run("lock").ok().out
    assert synced.lock.read_bytes() == text


@pytest.mark.parametrize(
    "manifest",
    [
        '[env]\npython = "=={0}.*"\ninclude = "pyproject.toml"\n',
        "env = {{ python = '=={0}.*', 'include' = 'pyproject.toml' }}  # include = \"..\"\n",
        'env.python = "=={0}.*"\nenv.include = """pyproject.toml"""\n',
    ],
)
def test_a_change_of_the_included_file_is_noticed(manifest: str, project: ScratchProject) -> None:
    project.write("env.toml", manifest.format(SERIES))
    project.write("pyproject.toml", '[project]\nname = "x"\ndependencies = ["icons"]\n')
    project.run("lock").ok()
    project.run("sync").ok()
    assert "is already exactly" in project.run("sync").ok().out
    project.write("pyproject.toml", '[project]\nname = "x"\ndependencies = ["icons<2"]\n')
    assert "env.toml requires `icons<2`, the lock holds icons 2.0" in project.run("sync").err
    assert project.run("lock").ok().out.startswith("~ icons 2.0 -> 1.9")


def test_a_tighter_requirement_that_the_lock_satisfies_asks_the_index_nothing(
    synced: ScratchProject, index: FakeIndex
) -> None:
    index.add(make_wheel("icons", "2.5"))
    index.forget_requests()
    synced.manifest(dependencies=["menu", "icons>=1.9,<3"], groups={"test": ["checks"]})
    synced.run("sync").ok()
    assert index.count() == 0


def test_pins_are_kept_until_they_are_let_go(synced: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("menu", "1.2", requires=["dropdown>=1"]))
    index.add(make_wheel("icons", "2.5"))
    synced.manifest(dependencies=["menu", "banner"], groups={"test": ["checks"]})
    index.add(make_wheel("banner", "1.0"))
    assert synced.run("lock").ok().out.splitlines()[:-1] == ["+ banner 1.0   env.toml requires banner"]
    assert synced.run("lock", "-P", "Icons").ok().out.splitlines()[:-1] == ["~ icons 2.0 -> 2.5"]
    assert synced.run("lock", "-U").ok().out.splitlines()[:-1] == ["~ menu 1.0 -> 1.2"]


def test_drift_is_noticed_and_mended(synced: ScratchProject) -> None:
    tree = _installed_files(synced)
    site = synced.env / "lib" / f"python{SERIES}" / "site-packages"
    menu = (site / "menu.py").read_bytes()
    (site / "menu.py").unlink()
    (site / "menu.py").write_bytes(menu.replace(b"1.0", b"6.6"))
    (site / "stranger.py").write_text("")
    shutil.rmtree(site / "icons-2.0.dist-info")
    assert "rebuilt: " in synced.run("sync").ok().out
    assert _installed_files(synced) == tree
    assert synced.execute("menu") == "menu 1.0 over dropdown 1.1"
    assert not (site / "stranger.py").exists()


def _installed_files(project: ScratchProject) -> dict[str, bytes]:
    """What stands in the folders of the environment, whichever generation it is."""
    found = {}
    for top in ("bin", "lib"):
        for path in (project.env / top).resolve().rglob("*"):
            if path.is_file() and not path.is_symlink():
                found[f"{top}/{path.relative_to((project.env / top).resolve())}"] = path.read_bytes()
    return found


def test_two_syncs_at_once_both_succeed(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu", "checks"])
    project.run("lock").ok()
    for _ in range(3):
        first, second = project.start("sync"), project.start("sync")
        with first, second:
            one, two = finished(first, ("sync",)).ok(), finished(second, ("sync",)).ok()
        assert "exactly pylock.toml (4 packages, digest " in one.out
        assert "exactly pylock.toml (4 packages, digest " in two.out
        assert project.execute("menu") == "menu 1.0 over dropdown 1.1"
        assert project.files() == [".venv", "env.toml", "pylock.toml"]
        shutil.rmtree(project.env)


def test_a_lock_and_a_place_are_enough(synced: ScratchProject, index: FakeIndex) -> None:
    elsewhere = ScratchProject(synced.scratch, name="elsewhere")
    elsewhere.write("requirements/pylock.app.toml", synced.lock.read_bytes())
    target = str(elsewhere.scratch / "app")
    ran = elsewhere.run("sync", "--lock", "requirements/pylock.app.toml", "--env", target).ok()
    last = ran.out.splitlines()[-1]
    assert last.startswith(f"{target} is exactly requirements/pylock.app.toml (3 packages, digest ")
    assert elsewhere.spawn("run", "--env", target, "menu").out == "menu 1.0 over dropdown 1.1\n"
    assert elsewhere.files() == ["requirements"]


def test_commands_work_from_a_folder_below(synced: ScratchProject) -> None:
    below = synced.folder / "src" / "deep"
    below.mkdir(parents=True)
    assert "is already exactly" in synced.run_in(below, "sync").ok().out
    synced.run_in(below, "lock", "--check").ok()
    with synced.start("run", "menu", cwd=below) as child:
        assert finished(child, ("run", "menu")).out == "menu 1.0 over dropdown 1.1\n"
    assert synced.run_in(below, "list").ok().out == synced.run_in(below, "list", "-C", "../..").ok().out != ""


@pytest.mark.parametrize("name", ["my project", "größe ' \" $x", "x" * 150])
def test_a_project_may_be_called_anything(name: str, tmp_path: Path, index: FakeIndex) -> None:
    project = ScratchProject(tmp_path, index_url=index.url, name=name)
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.execute("menu") == "menu 1.0 over dropdown 1.1"
    assert project.spawn("run", "menu").out == "menu 1.0 over dropdown 1.1\n"


def test_an_environment_made_by_venv_is_taken_over(project: ScratchProject) -> None:
    subprocess.run([BASE_PYTHON, "-m", "venv", "--without-pip", project.env], check=True)
    project.write(".venv/precious", "made by hand")
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.execute("menu") == "menu 1.0 over dropdown 1.1"
    assert "is already exactly" in project.run("sync").ok().out
    assert project.files() == [".venv", "env.toml", "pylock.toml"]


def test_the_pins_of_a_lock_by_others_are_kept(project: ScratchProject, index: FakeIndex) -> None:
    entry = (
        '[[packages]]\nname = "{0}"\nversion = "{1}"\n'
        'wheels = [{{url = "{2}{0}-{1}-py3-none-any.whl", hashes = {{sha256 = "{3}"}}}}]\n'
    )
    packages = [("menu", "1.0"), ("dropdown", "1.0"), ("icons", "1.9")]
    text = 'lock-version = "1.0"\ncreated-by = "uv"\n'
    text += "".join(entry.format(name, version, index.files_url, "0" * 64) for name, version in packages)
    project.write("pylock.toml", text)
    project.manifest(dependencies=["menu"])
    assert project.run("sync").status == 2
    project.run("lock").ok()
    assert project.locked() == {"dropdown": "1.0", "icons": "1.9", "menu": "1.0"}
    project.run("sync").ok()


def test_an_age_limit_keeps_its_moment_while_the_lock_stays(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("icons", "2.6"), upload_time="2999-01-01T00:00:00Z")
    project.manifest(dependencies=["icons"], more='[resolution]\nexclude-newer = "7 days"\n')
    project.run("lock").ok()
    text = project.lock.read_bytes()
    assert project.locked() == {"icons": "2.0"}
    assert b"exclude-newer = " in text
    # The age is counted anew, a second later; but nothing comes of it.
    time.sleep(1)
    project.run("lock", "--upgrade-package", "icons").ok()
    project.run("sync").ok()
    assert project.lock.read_bytes() == text


def test_a_folder_without_a_project_says_how_to_begin(project: ScratchProject) -> None:
    assert "run `lockenv init`" in project.run("lock").err
    ran = project.run("sync")
    assert ran.status == 2
    assert f"there is no pylock.toml in {project.folder}, and no env.toml" in ran.err
    assert "`--project`" in ran.err


def test_run_gives_a_command_its_environment(synced: ScratchProject) -> None:
    code = "import os, sys; print(os.environ['VIRTUAL_ENV'], sys.prefix, *sys.argv[1:])"
    ran = synced.spawn("run", "--", "python", "-c", code, "--", "-v", "--help", PYTHONHOME="")
    assert ran.out == f"{synced.env} {synced.env} -- -v --help\n"


def test_seed_adds_pip_and_leaving_it_out_takes_it_away(synced: ScratchProject) -> None:
    synced.run("sync", "--seed").ok()
    assert "pip" in synced.installed()
    assert synced.execute("pip", "--version").startswith("pip ")
    synced.run("sync").ok()
    assert "pip" not in synced.installed()


def test_the_offline_example_locks_and_syncs_with_what_lies_beside_it(project: ScratchProject) -> None:
    shutil.copytree(_EXAMPLE, project.folder, dirs_exist_ok=True)
    project.environ["LOCKENV_INDEX_URL"] = "http://index.invalid/simple/"
    project.run("lock").ok()
    project.run("sync", "--offline").ok()
    assert project.installed() == _EXAMPLE_HOLDS
    assert project.execute("greet", "you") != ""
    assert str(project.scratch) not in project.lock.read_text()
    project.run("sync", "--all-groups").ok()
    assert "checker" in project.installed()


def test_a_project_with_a_folder_of_wheels_can_be_moved(project: ScratchProject) -> None:
    shutil.copytree(_EXAMPLE, project.folder, dirs_exist_ok=True)
    project.run("lock").ok()
    moved = ScratchProject(project.scratch, name="moved")
    shutil.copytree(project.folder, moved.folder, dirs_exist_ok=True)
    shutil.rmtree(project.folder)
    moved.run("lock", "--check").ok()
    moved.run("sync", "--cache-dir", str(project.scratch / "fresh")).ok()
    assert moved.installed() == _EXAMPLE_HOLDS


def test_python_version_names_the_python(project: ScratchProject) -> None:
    wanted = installed_python("3.9")
    project.manifest(dependencies=["icons"], python=">=3.8")
    project.write(".python-version", "3.9\n")
    project.environ["PATH"] = f"{wanted.parent}:{project.environ['PATH']}"
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.python("import sys; print('%d.%d' % sys.version_info[:2])") == "3.9"


@pytest.mark.parametrize("series", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_an_environment_for_each_python(series: str, project: ScratchProject, index: FakeIndex) -> None:
    python = str(installed_python(series))
    index.add(make_wheel("modern", "2.0", requires_python=">=3.10"))
    index.add(make_wheel("modern", "1.0"))
    project.manifest(dependencies=["menu", "modern"], python=">=3.8")
    project.run("lock", "--python", python).ok()
    project.run("sync", "--python", python).ok()
    expected = "2.0" if tuple(map(int, series.split("."))) >= (3, 10) else "1.0"
    said = project.python("import sys, menu, modern; print('%d.%d' % sys.version_info[:2], modern.version)")
    assert said == f"{series} {expected}"
    assert project.execute("menu") == "menu 1.0 over dropdown 1.1"
    assert "is already exactly" in project.run("sync").ok().out


def test_an_environment_changes_its_python(project: ScratchProject) -> None:
    older = str(installed_python("3.9"))
    project.manifest(dependencies=["menu"], python=">=3.8")
    for python in (SERIES, older, SERIES):
        project.run("lock", "--python", python).ok()
        project.run("sync", "--python", python).ok()
        assert project.execute("menu") == "menu 1.0 over dropdown 1.1"
        assert len(list(project.env.glob("lib/python*"))) == 1
