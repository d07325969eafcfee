"""Scripts that say what they need (PEP 723): each runs in a locked environment of its own."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from lockenv.errors import InstallError
from lockenv.operations import script_edits
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, Ran, ScratchProject
from tests.fakes.wheels import make_wheel

_BODY = "import sys, icons\nprint(icons.version, *sys.argv[1:])\n"


def _script(dependencies: str = '"icons"', *more: str, python: str = f"=={SERIES}.*", body: str = _BODY) -> str:
    lines = [f'requires-python = "{python}"', f"dependencies = [{dependencies}]", *more]
    return "\n".join(["# /// script", *(f"# {line}" for line in lines), "# ///", body])


def _homes(project: ScratchProject) -> list[Path]:
    return sorted((project.cache / "scripts").glob("*"))


@pytest.fixture
def report(project: ScratchProject) -> ScratchProject:
    """A folder with a script that wants `icons`, and no env.toml."""
    project.write("report.py", _script())
    return project


def test_a_script_runs_with_what_it_asks_for(report: ScratchProject) -> None:
    ran = report.spawn("run", "report.py", "--year", "2026").ok()
    assert ran.out == "2.0 --year 2026\n"
    assert ran.err.startswith("an environment for report.py: 1 package, ")
    assert report.files() == ["report.py"]


def test_the_second_time_its_environment_is_there(report: ScratchProject, index: FakeIndex) -> None:
    report.spawn("run", "report.py").ok()
    index.add(make_wheel("icons", "3.0"))
    asked = len(index.requests)
    again = report.spawn("run", "report.py").ok()
    assert (again.out, again.err, len(index.requests)) == ("2.0\n", "", asked)


def test_what_the_script_does_is_no_matter_and_what_it_asks_for_is(report: ScratchProject) -> None:
    report.spawn("run", "report.py").ok()
    report.write("report.py", _script(body=f"{_BODY}print('more')\n"))
    assert report.spawn("run", "report.py").ok().err == ""
    report.write("report.py", _script('"icons<2"'))
    assert report.spawn("run", "report.py").ok().out == "1.9\n"
    assert len(_homes(report)) == 2


def test_scripts_that_ask_for_the_same_share_an_environment(report: ScratchProject) -> None:
    report.spawn("run", "report.py").ok()
    report.write("other/summary.py", _script())
    assert report.spawn("run", "other/summary.py", "x").ok().out == "2.0 x\n"
    assert len(_homes(report)) == 1


def test_a_script_takes_this_process_s_place_and_gives_its_status(report: ScratchProject) -> None:
    report.write(
        "report.py", _script(body="import os, sys\nprint(sys.path[0], os.environ['VIRTUAL_ENV'])\nsys.exit(7)")
    )
    ran = report.spawn("run", "report.py")
    assert ran.status == 7
    assert ran.out == f"{report.folder} {_homes(report)[0]}/env\n"


def test_a_project_around_it_has_no_say(synced: ScratchProject) -> None:
    synced.write("report.py", _script(body="import sys; print(sys.prefix)"))
    assert synced.spawn("run", "report.py").ok().out == f"{_homes(synced)[0]}/env\n"
    assert synced.spawn("run", "--env", ".venv", "report.py").ok().out == f"{synced.env}\n"
    assert synced.spawn("run", "-e", "default", "report.py").ok().out == f"{synced.env}\n"


def test_a_script_without_a_block_runs_in_the_project_s_environment(synced: ScratchProject) -> None:
    synced.write("plain.py", "import sys, menu; print(menu.version, sys.argv[1:], sys.prefix)")
    assert synced.spawn("run", "plain.py", "-x").ok().out == f"1.0 ['-x'] {synced.env}\n"


def test_a_lock_beside_a_script_counts(report: ScratchProject, index: FakeIndex) -> None:
    report.run("lock", "--script", "report.py").ok()
    assert report.files() == ["pylock.report.toml", "report.py"]
    index.add(make_wheel("icons", "3.0"))
    assert report.spawn("run", "report.py").ok().out == "2.0\n"
    assert not (_homes(report)[0] / "pylock.toml").exists()
    report.run("upgrade", "--script", "report.py").ok()
    assert report.spawn("run", "report.py").ok().out == "3.0\n"


def test_a_lock_that_has_fallen_behind_its_script_is_refused(report: ScratchProject) -> None:
    report.run("lock", "--script", "report.py").ok()
    report.write("report.py", _script('"icons<2"'))
    ran = report.spawn("run", "report.py")
    assert (ran.status, ran.out) == (2, "")
    assert "report.py requires `icons<2`, the lock holds icons 2.0" in ran.err
    assert "hint: run `lockenv lock --script report.py`\n" in ran.err


def test_a_lock_is_for_all_targets_and_an_environment_without_one_for_this_machine(report: ScratchProject) -> None:
    report.spawn("run", "report.py").ok()
    own = (_homes(report)[0] / "pylock.toml").read_text()
    report.run("lock", "--script", "report.py").ok()
    beside = (report.folder / "pylock.report.toml").read_text()
    assert own.count("sys_platform") < beside.count("sys_platform")


def test_the_lock_of_an_environment_is_never_taken_for_that_of_a_script(project: ScratchProject) -> None:
    project.manifest(dependencies=[], more='[environments.report]\ndependencies = ["icons<2"]\n')
    project.run("lock", "report").ok()
    project.write("report.py", _script())
    assert project.spawn("run", "report.py").ok().out == "2.0\n"
    refused = project.run("lock", "--script", "report.py")
    assert "pylock.report.toml is the lock of an environment that env.toml declares" in refused.err


def test_indexes_and_sources_stand_in_the_block(report: ScratchProject, index: FakeIndex) -> None:
    wheel = make_wheel("icons", "7.0")
    report.write(f"wheels/{wheel.filename}", wheel.content)
    source = f'icons = {{ path = "wheels/{wheel.filename}" }}'
    report.write("report.py", _script('"icons"', "[tool.lockenv.sources]", source))
    assert report.spawn("run", "report.py").ok().out == "7.0\n"
    report.write("other/report.py", _script('"icons"', "[tool.lockenv.sources]", source))
    assert "other/report.py" in report.spawn("run", "other/report.py").err


def test_a_script_by_any_name_begins_with_run_script(report: ScratchProject) -> None:
    path = report.write("bin/report", _script())
    assert report.spawn("run", "--script", "bin/report", "-q").ok().out == "2.0 -q\n"
    path.write_text("print(1)")
    assert "bin/report does not say what it needs (PEP 723)" in report.spawn("run", "--script", "bin/report").err


def test_an_environment_that_was_touched_does_not_pass_as_verified(report: ScratchProject) -> None:
    report.spawn("run", "--verified", "report.py").ok()
    module = next(_homes(report)[0].glob("env/lib/python*/site-packages/icons.py"))
    module.chmod(0o644)
    module.write_text("version = 'evil'\n")
    ran = report.spawn("run", "--verified", "report.py")
    assert (ran.status, ran.out) == (1, "")
    assert "icons.py" in ran.err


def test_without_its_python_an_environment_is_made_anew(report: ScratchProject) -> None:
    report.spawn("run", "report.py").ok()
    next(_homes(report)[0].glob("env/.lockenv/g-*/bin/python")).unlink()
    assert not (_homes(report)[0] / "env" / "bin" / "python").exists()
    assert report.spawn("run", "report.py").ok().out == "2.0\n"


def test_a_python_that_is_named_has_an_environment_of_its_own(report: ScratchProject) -> None:
    report.spawn("run", "report.py").ok()
    report.spawn("run", "-p", SERIES, "report.py").ok()
    assert len(_homes(report)) == 2
    refused = report.spawn("run", "--python", "3.99", "report.py")
    assert f"no Python on this machine fits `3.99` and report.py's `=={SERIES}.*`" in refused.err
    assert report.spawn("run", "--python", SERIES, "true").status == 2


def test_offline_a_script_that_is_new_says_what_it_lacks_and_a_known_one_runs(report: ScratchProject) -> None:
    refused = report.spawn("run", "--offline", "report.py")
    assert refused.status != 0
    assert "offline" in refused.err
    report.spawn("run", "-q", "report.py").ok()
    assert report.spawn("run", "--offline", "report.py").ok().out == "2.0\n"


def test_nothing_but_the_script_writes_on_stdout(report: ScratchProject) -> None:
    quiet = report.spawn("run", "-q", "report.py").ok()
    assert (quiet.out, quiet.err) == ("2.0\n", "")


def test_a_failed_resolution_leaves_nothing_behind(report: ScratchProject) -> None:
    report.write("report.py", _script('"icons>9"'))
    assert report.spawn("run", "report.py").status == 3
    assert _homes(report) == []


def test_the_cache_lets_go_of_environments_that_no_script_was_run_in(report: ScratchProject) -> None:
    report.spawn("run", "report.py").ok()
    home = _homes(report)[0]
    report.run("cache", "prune", "--days", "1").ok()
    assert home.exists()
    long_ago = time.time() - 3 * 24 * 3600
    os.utime(home / "ready", (long_ago, long_ago))
    assert report.spawn("run", "report.py").ok().err == ""
    report.run("cache", "prune", "--days", "1").ok()
    assert home.exists(), "it was run in just now"
    os.utime(home / "ready", (long_ago, long_ago))
    report.run("cache", "prune", "--days", "1").ok()
    assert _homes(report) == []
    assert report.spawn("run", "report.py").ok().out == "2.0\n"
    report.run("cache", "clean").ok()
    assert _homes(report) == []


def test_the_screens_of_scripts(report: ScratchProject) -> None:
    def run(*arguments: str) -> Ran:
        return report.spawn("run", *arguments)

    runs = [
        run("report.py", "--year", "2026"),
        run("report.py"),
        report.run("lock", "--script", "report.py", "--check"),
        report.run("lock", "--script", "report.py"),
        report.run("lock", "--script", "report.py"),
    ]
    report.write("report.py", _script('"icons<2"'))
    runs += [run("report.py"), report.run("lock", "--script", "report.py"), run("report.py")]
    report.write("report.py", _script('"icons>9"'))
    runs += [report.run("lock", "--script", "report.py")]
    report.write("report.py", _script('"icons=1"', "dependency = []"))
    runs += [run("report.py")]
    report.write("report.py", "# /// script\n# dependencies = []\n# ///\n")
    runs += [report.run("lock", "--script", "report.py")]
    report.write("report.py", _script() * 2)
    runs += [run("report.py")]
    report.write("report.py", "print(1)\n")
    runs += [
        run("report.py"),
        report.run("lock", "--script", "report.py"),
        report.run("lock", "--script", "rep.py"),
        report.run("lock", "--script", "report.py", "--all"),
    ]
    check_screen("scripts", report, runs)


# ── add and remove


def test_add_and_remove_edit_the_block_and_nothing_else(report: ScratchProject) -> None:
    path = report.write("report.py", "#!/usr/bin/env python\n" + _script())
    path.chmod(0o755)
    before = path.read_text()
    report.run("add", "--script", "report.py", "checks").ok()
    assert path.read_text() == before.replace('["icons"]', '["icons", "checks>=3.1,<4"]')
    assert path.stat().st_mode & 0o777 == 0o755
    report.run("remove", "--script", "report.py", "checks").ok()
    assert path.read_text() == before
    assert report.files() == ["report.py"]


def test_a_script_without_a_block_gets_one(report: ScratchProject) -> None:
    report.write("plain.py", "#!/usr/bin/python\n# what it does\nimport icons\nprint(icons.version)\n")
    report.run("add", "--script", "plain.py", "icons<2").ok()
    assert (report.folder / "plain.py").read_text() == (
        "#!/usr/bin/python\n# /// script\n"
        f'# requires-python = ">={SERIES}"\n# dependencies = [\n#     "icons<2",\n# ]\n# ///\n\n'
        "# what it does\nimport icons\nprint(icons.version)\n"
    )
    assert report.spawn("run", "plain.py").ok().out == "1.9\n"


def test_a_lock_beside_the_script_follows_its_edits(report: ScratchProject) -> None:
    report.run("lock", "--script", "report.py").ok()
    report.run("add", "--script", "report.py", "checks").ok()
    assert report.locked("pylock.report.toml") == {"icons": "2.0", "checks": "3.1"}
    report.run("lock", "--script", "report.py", "--check").ok()


@pytest.mark.parametrize("locked", [False, True])
def test_what_cannot_be_added_leaves_all_as_it_was(report: ScratchProject, locked: bool) -> None:
    if locked:
        report.run("lock", "--script", "report.py").ok()
    before = {name: (report.folder / name).read_bytes() for name in report.files()}
    assert report.run("add", "--script", "report.py", "icons>9").status == 3
    assert report.run("add", "--script", "report.py", "nothing-like-it").status == 3
    assert {name: (report.folder / name).read_bytes() for name in report.files()} == before


def test_a_lock_that_cannot_be_written_leaves_the_script_as_it_was(
    report: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise InstallError("the disk is full")

    report.run("lock", "--script", "report.py").ok()
    before = (report.folder / "report.py").read_bytes()
    monkeypatch.setattr(script_edits, "write_lock", fails)
    assert report.run("add", "--script", "report.py", "checks").status == 6
    assert (report.folder / "report.py").read_bytes() == before


def test_an_edit_of_a_script_is_a_document_for_machines(report: ScratchProject) -> None:
    document = json.loads(report.run("add", "--script", "report.py", "checks", "--json").ok().out)
    assert (document["path"], document["lock"], document["sync"]) == ("report.py", None, None)
    assert document["lines"] == [{"sign": "+", "text": "checks>=3.1,<4"}]


def test_the_screens_of_edits_of_scripts(report: ScratchProject) -> None:
    runs = [
        report.run("add", "--script", "report.py", "checks", "menu"),
        report.run("add", "--script", "report.py", "icons<2"),
        report.run("add", "--script", "report.py", "checks"),
        report.run("lock", "--script", "report.py"),
        report.run("remove", "--script", "report.py", "menu"),
        report.run("remove", "--script", "report.py", "chekcs"),
        report.run("add", "--script", "report.py", "icons>9"),
        report.run("add", "--script", "report.py", "x @ https://files.example.com/x.whl"),
        report.run("add", "--script", "report.py", "x", "--group", "test"),
        report.run("add", "--script", "report.py", "x", "--path", "libs/x"),
        report.run("add", "--script", "rep.py", "x"),
    ]
    check_screen("scripts-edited", report, runs)
