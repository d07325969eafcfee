"""Every function, called by a script that is no part of lockenv."""

from __future__ import annotations

from tests.api.scripts import ran
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject
from tests.fakes.wheels import make_wheel


def test_a_project_is_begun_locked_and_installed(project: ScratchProject) -> None:
    said = ran(
        project,
        """
path = lockenv.init(folder, ["menu>=1"], bare=True)
manifest = lockenv.read_manifest(folder)
locked = lockenv.lock(folder)
planned = lockenv.plan_sync(folder)
done = lockenv.sync(folder)
again = lockenv.sync(folder)
answer({
    "path": str(path),
    "dependencies": [str(one) for one in manifest.dependencies],
    "written": locked.written,
    "packages": {name: [entry.version for entry in entries] for name, entries in locked.packages.items()},
    "planned": [f"{type(step).__name__} {step.name}" for step in planned.plan.steps],
    "done": [f"{type(step).__name__} {step.name}" for step in done.plan.steps],
    "again": again.plan is None and again.digest == done.digest,
    "holds": lockenv.check(folder).holds,
    "installed": [f"{one.name} {one.version}" for one in lockenv.installed(folder)],
})
""",
    )
    assert said == {
        "path": str(project.folder / "env.toml"),
        "dependencies": ["menu>=1"],
        "written": True,
        "packages": {"dropdown": ["1.1"], "icons": ["2.0"], "menu": ["1.0"]},
        "planned": ["Install dropdown", "Install icons", "Install menu"],
        "done": ["Install dropdown", "Install icons", "Install menu"],
        "again": True,
        "holds": True,
        "installed": ["dropdown 1.1", "icons 2.0", "menu 1.0"],
    }


def test_a_plan_is_what_the_sync_does_and_changes_nothing(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["icons<2"], groups={"test": ["checks"]})
    synced.run("lock").ok()
    before = synced.tree()
    code = """
planned = lockenv.plan_sync(folder, groups=["test"])
answer([[type(step).__name__, step.name] for step in planned.plan.steps])
"""
    planned = ran(synced, code)
    assert planned == [["Install", "checks"], ["Remove", "dropdown"], ["Replace", "icons"], ["Remove", "menu"]]
    assert synced.tree() == before
    done = ran(synced, code.replace("plan_sync", "sync"))
    assert done == planned
    assert ran(synced, code) == []


def test_a_plan_is_refused_for_the_reasons_a_sync_is(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["icons<2"])
    assert ran(
        synced,
        """
kinds = []
for project, groups in ((folder, []), (lockenv.Project(folder, lock="missing.toml"), []), (folder, ["tset"])):
    found = []
    for call in (lockenv.plan_sync, lockenv.sync):
        try:
            call(project, groups=groups)
        except lockenv.LockenvError as error:
            found.append([error.code, error.message])
    kinds.append(found[0][0] if found[0] == found[1] or error.code == "lock" else found)
answer(kinds)
""",
    ) == ["lock", "lock", "lock"]


def test_requirements_come_and_go_with_lock_and_environment(project: ScratchProject) -> None:
    project.manifest(dependencies=[])
    said = ran(
        project,
        """
added = lockenv.add(lockenv.Project(folder, bounds="exact"), ["menu"])
removed = lockenv.remove(folder, ["menu"], sync=False)
answer([[line.text for line in done.lines] for done in (added, removed)] + [added.synced.packages, removed.synced])
""",
    )
    assert said == [["menu==1.0"], ["menu==1.0"], 3, None]
    assert "menu" not in project.locked()
    assert "menu" in project.installed()


def test_newer_versions_are_looked_for_and_taken(synced: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("icons", "2.1"))
    said = ran(
        synced,
        """
behind = [f"{one.package.name} {one.newest}" for one in lockenv.outdated(folder).standings if one.behind]
kept = lockenv.lock(folder).written
moved = lockenv.upgrade(folder, ["icons"])
answer([behind, kept, [f"{change.name} {change.after[0].version}" for change in moved.changes]])
""",
    )
    assert said == [["icons 2.1"], False, ["icons 2.1"]]


def test_an_environment_is_verified_repaired_and_rolled_back(synced: ScratchProject) -> None:
    module = synced.env / "lib" / f"python{SERIES}" / "site-packages" / "menu.py"
    said = ran(
        synced,
        f"""
lockenv.sync(folder, groups=["test"], manifest="env.json")
numbers = [one.number for one in lockenv.history(folder)]
back = lockenv.rollback(folder)
forth = lockenv.rollback(folder, numbers[0])
exact = lockenv.verify(folder).findings == () and lockenv.digest(folder).drift is None
import os
os.remove({str(module)!r})
with open({str(module)!r}, "w") as file:
    file.write("# changed")
findings = [one.path.rpartition("/")[2] for one in lockenv.verify(folder).findings]
against = [one.path.rpartition("/")[2] for one in lockenv.verify(folder, against="env.json").findings]
lockenv.repair(folder)
mended = lockenv.verify(folder).findings == ()
answer([exact, findings, against, mended, [back.before, back.after], [forth.before, forth.after], numbers])
""",
    )
    assert said[:4] == [True, ["menu.py"], ["menu.py"], True]
    now, before = said[6]
    assert said[4:6] == [[now, before], [before, now]]
    assert (synced.folder / "env.json").is_file()


def test_the_lock_is_read_compared_and_explained(synced: ScratchProject) -> None:
    old = synced.write("old.toml", synced.lock.read_bytes())
    synced.manifest(dependencies=["menu", "icons>=2"], groups={})
    synced.run("lock").ok()
    said = ran(
        synced,
        """
lock = lockenv.read_lock(folder)
compared = lockenv.diff(folder, "old.toml")
reasons = lockenv.why(folder, "icons").reasons
tree = lockenv.tree_of(folder, ["menu"], depth=1)
answer([
    [package.name for package in lock.packages],
    compared.before,
    [change.name for change in compared.difference.changes],
    [len(path.demands) for path in reasons[0].paths],
    [len(list(tree.twigs(section))) for section in tree.sections],
])
""",
    )
    assert said == [["dropdown", "icons", "menu"], old.name, ["checks"], [1, 3], [2]]


def test_other_tools_files_come_in_and_go_out(project: ScratchProject) -> None:
    project.write("requirements.txt", "menu\n")
    project.write("frozen.txt", "menu==1.0\ndropdown==1.0\nicons==1.9\n")
    said = ran(
        project,
        f"""
(offer,) = lockenv.offers(folder)
shown = lockenv.import_from(lockenv.Project(folder, python="{SERIES}"), offer.files, dry_run=True)
brought = lockenv.import_from(lockenv.Project(folder, python="{SERIES}"), ["frozen.txt"])
kept = lockenv.keep_versions(folder, brought)
given = lockenv.export(folder, "constraints", output="constraints.txt")
answer(["menu" in shown.text, shown.before, kept.kept, [line for line in given.text.splitlines() if "==" in line]])
""",
    )
    assert said == [True, None, 3, ["dropdown==1.0", "icons==1.9", "menu==1.0"]]
    assert (project.folder / "constraints.txt").is_file()


def test_further_environments_are_locked_and_synced_by_name(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"], more='[environments.docs]\ndependencies = ["checks"]')
    said = ran(
        project,
        """
names = lockenv.list_environments(folder)
locked = lockenv.lock_all(folder)
done = [lockenv.sync(lockenv.Project(folder, environment=name)) for name in names]
again = lockenv.lock_all(folder, upgrade=["checks"], check=False)
answer([names, {name: sorted(one.packages) for name, one in locked.items()}, [one.env for one in done],
        [one.written for one in again.values()]])
""",
    )
    packages = {"": ["dropdown", "icons", "menu"], "docs": ["checks"]}
    assert said == [["", "docs"], packages, [".venv", ".venv-docs"], [False, False]]


def test_a_script_is_locked_and_its_block_edited(project: ScratchProject) -> None:
    block = f'# /// script\n# requires-python = "=={SERIES}.*"\n# dependencies = ["icons<2"]\n# ///\n'
    project.write("report.py", block)
    said = ran(
        project,
        """
locked = lockenv.lock_script(folder, "report.py")
added = lockenv.add_to_script(folder, "report.py", ["checks"])
removed = lockenv.remove_from_script(folder, "report.py", ["icons"])
again = lockenv.lock_script(folder, "report.py", upgrade=True, check=False)
answer([locked.path, sorted(locked.packages), sorted(added.locked.packages), sorted(removed.locked.packages),
        [line.text for line in added.lines], again.written])
""",
    )
    assert said == ["pylock.report.toml", ["icons"], ["checks", "icons"], ["checks"], ["checks>=3.1,<4"], False]
    assert project.files() == ["pylock.report.toml", "report.py"]


def test_what_has_no_solution_is_an_error_that_can_be_explained(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu>=7"])
    said = ran(
        project,
        """
try:
    lockenv.lock(folder)
except lockenv.ResolutionImpossible as error:
    answer([error.code, error.exit_status, error.message == lockenv.explain(folder).message])
""",
    )
    assert said == ["resolution-impossible", 3, True]


def test_pythons_are_found_and_pinned(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    said = ran(
        project,
        f"""
pinned = lockenv.pin_python(folder, "{SERIES}")
found = lockenv.find_python(folder)
paths = [one.path for one in lockenv.list_pythons(folder)]
answer([pinned.file, found.version.startswith("{SERIES}"), found.path in paths])
""",
    )
    assert said == [".python-version", True, True]


def test_the_cache_is_measured_checked_and_emptied(synced: ScratchProject) -> None:
    said = ran(
        synced,
        """
answer([
    lockenv.cache_folder(folder),
    lockenv.cache_sizes(folder).together > 0,
    lockenv.verify_cache(folder).wheels,
    lockenv.prune_cache(folder, older_than_days=30),
    lockenv.clean_cache(folder) > 0,
    lockenv.cache_sizes(folder).store,
])
""",
    )
    assert said == [str(synced.cache), True, 3, 0, True, 0]


def test_relative_paths_of_variables_begin_at_the_project_s_folder(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    said = ran(
        project,
        "lockenv.lock(folder)\nanswer([lockenv.sync(folder).env, lockenv.cache_folder(folder)])",
        environ={"LOCKENV_ENV": "envs/here", "LOCKENV_CACHE_DIR": "own-cache"},
    )
    assert said == ["envs/here", str(project.folder / "own-cache")]
    assert (project.folder / "envs/here/bin/python").exists()


def test_a_listener_hears_what_happens(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    said = ran(
        project,
        """
heard = []
project = lockenv.Project(folder, listener=lambda event: heard.append(type(event).__name__))
lockenv.lock(project)
locking = set(heard)
lockenv.sync(project)
answer([sorted(locking), "DownloadFinished" in heard, "DownloadFinished" in locking])
""",
    )
    assert {"StageStarted", "StageFinished", "Requested"} <= set(said[0])
    assert said[1:] == [True, False]


def test_functions_can_be_called_from_several_threads(synced: ScratchProject) -> None:
    said = ran(
        synced,
        """
from concurrent.futures import ThreadPoolExecutor
wishes = [[], ["test"], [], ["test"]] * 3
projects = [folder, folder, lockenv.Project(folder, env="other")] * 4
with ThreadPoolExecutor(6) as pool:
    done = list(pool.map(lambda project, groups: lockenv.sync(project, groups=groups), projects, wishes))
answer([
    sorted({one.packages for one in done}),
    [lockenv.verify(project).findings == () for project in projects[1:3]],
])
""",
    )
    assert said == [[3, 4], [True, True]]


def test_another_environment_is_asked_instead_of_this_process_s(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    said = ran(
        project,
        """
environ = {"LOCKENV_CACHE_DIR": folder + "/cold", "HOME": folder, "PATH": ""}
nobody = lockenv.Project(folder, environ=environ, offline=True)
try:
    lockenv.lock(nobody)
except lockenv.LockenvError as error:
    answer(error.code)
""",
    )
    assert said == "offline"


def test_a_program_asks_for_its_own_environment_as_often_as_it_likes(synced: ScratchProject) -> None:
    assert ran(synced, "answer([lockenv.current() is None, lockenv.current() is None])") == [True, True]
