"""Source distributions: locked with what they are built with, built where that is allowed, and only once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.refusals import check_refusal
from tests.cli.sourcing import entry, manifest, packages, up_to_date
from tests.fakes.index import FakeIndex
from tests.fakes.project import PATIENCE, ScratchProject, finished
from tests.fakes.sdists import source_files, source_sdist, source_tree
from tests.fakes.wheels import BuiltFile, make_sdist, make_wheel
from tests.unit.python.pythons import installed_python as python_of

ALLOW = "[build]\nallow = ['core']\n"
PLATFORMS = "[targets]\nplatforms = ['linux-x86_64', 'macos-arm64', 'windows-x86_64']\n"


@pytest.fixture
def witness(project: ScratchProject) -> Path:
    """The file to which every call of a backend adds a line."""
    return project.scratch / "witness"


def sdist(version: str = "1.0", *, witness: Path | None = None, **options: Any) -> BuiltFile:
    """The sdist of `core`, which requires `icons` and is built with `helper`; static unless said otherwise."""
    plan = {"imports": ["helper"], **({"witness": str(witness)} if witness else {}), **options.pop("plan", {})}
    chosen = {"requires": ["icons"], "build_system_requires": ["helper"], "metadata_version": "2.2", **options}
    return source_sdist("core", version, plan=plan, **chosen)


@pytest.fixture
def index(index: FakeIndex) -> FakeIndex:
    """An index with `core` 1.0 as an sdist alone, and what it is built with."""
    index.add(make_wheel("helper", "1.0"))
    return index


def requires_core(project: ScratchProject, *more: str, tables: str = ALLOW) -> None:
    project.manifest(dependencies=["core", *more], more=tables)


def built_with(project: ScratchProject, name: str = "core") -> dict[str, Any]:
    """What the build of a package saw, as its wheel tells."""
    (path,) = project.env.glob(f"lib/python*/site-packages/{name}_built.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def build_lines(project: ScratchProject) -> list[tuple[str, str, str, str]]:
    """What `core` is built with, according to the lock: name, version, file, marker."""
    lines = entry(project, "core")["tool"]["lockenv"]["build"]
    return [
        (line["name"], line["version"], line.get("file") or line["url"].rpartition("/")[2], line.get("marker", ""))
        for line in lines
    ]


# Leave


@pytest.mark.parametrize("version", ["2.1", "2.2"], ids=["dynamic", "static"])
def test_an_sdist_counts_only_where_its_build_is_allowed(
    project: ScratchProject, index: FakeIndex, witness: Path, version: str
) -> None:
    index.add(sdist(witness=witness, metadata_version=version))
    requires_core(project, tables="")
    ran = project.run("lock")
    check_refusal(ran, 3, "core 1.0 is out: no wheels, and the source may not be built")
    assert 'hint: let it be built: `[build] allow = ["core"]`, or `lockenv lock --allow-build core`' in ran.err
    assert not witness.exists()
    requires_core(project)
    project.run("lock").ok()
    assert project.locked() == {"core": "1.0", "icons": "2.0"}


def test_static_metadata_are_read_and_not_built(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    assert witness.read_text().split() == ["get_requires_for_build_wheel"]


def test_dynamic_metadata_are_asked_of_the_build(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness, metadata_version="2.1"))
    requires_core(project)
    project.run("lock").ok()
    assert project.locked() == {"core": "1.0", "icons": "2.0"}
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0"}
    hooks = ["get_requires_for_build_wheel", "prepare_metadata_for_build_wheel", "build_wheel"]
    assert witness.read_text().split() == hooks


def test_an_older_release_with_wheels_is_taken_where_no_build_is_allowed(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(sdist())
    index.add(make_wheel("core", "0.9"))
    requires_core(project, tables="")
    project.run("lock").ok()
    assert project.locked() == {"core": "0.9"}


def test_leave_for_once(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project, tables="")
    project.run("lock", "--allow-build", "core").ok()
    before = project.lock.read_bytes()
    ran = project.run("sync")
    check_refusal(ran, 4, "core must be built", "core 1.0 has no wheels", 'allow = ["core"]', "--allow-build core")
    assert not project.env.exists()
    project.run("sync", "--allow-build", "core").ok()
    assert project.installed()["core"] == "1.0"
    assert project.lock.read_bytes() == before


def test_all_that_needs_leave_is_told_at_once(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    index.add(source_sdist("flags", "1.0", metadata_version="2.2"))
    requires_core(project, "flags", tables="")
    project.run("lock", "--allow-build", "core", "--allow-build", "flags").ok()
    check_refusal(project.run("sync"), 4, "core and flags must be built", 'allow = ["core", "flags"]')


# What it is built with


def test_what_a_build_asks_for_is_locked_and_used_again(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("more", "5", requires=["checks"]))
    index.add(sdist(plan={"build_requires": ["more>=4"], "imports": ["helper", "more", "checks"]}))
    requires_core(project)
    project.run("lock").ok()
    table = entry(project, "core")["tool"]["lockenv"]
    assert table["build-requires"] == ["helper", "more>=4"]
    assert build_lines(project) == [
        ("checks", "3.1", "checks-3.1-py3-none-any.whl", ""),
        ("helper", "1.0", "helper-1.0-py3-none-any.whl", ""),
        ("more", "5", "more-5-py3-none-any.whl", ""),
    ]
    assert all(line["hashes"]["sha256"] and line["size"] for line in table["build"])
    index.add(make_wheel("helper", "2.0"))
    index.add(make_wheel("checks", "9.0"))
    project.run("sync").ok()
    assert built_with(project)["with"] == {"helper": "1.0", "more": "5", "checks": "3.1"}
    # They are not installed.
    assert project.installed() == {"core": "1.0", "icons": "2.0"}


def test_one_artifact_a_line(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    lines = project.lock.read_text().splitlines()
    (line,) = [line for line in lines if "helper-1.0" in line]
    assert line.startswith("    {")
    assert line.endswith("},")


def test_only_targets_that_build_count_for_what_it_is_built_with(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(make_wheel("core", "1.0", tag="py3-none-win_amd64", requires=["icons"]))
    index.add(sdist())
    for tag in ("manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64"):
        index.add(make_wheel("helper", "2.0", tag=f"py3-none-{tag}"))
    requires_core(project, tables=ALLOW + PLATFORMS)
    project.run("lock").ok()
    package = entry(project, "core")
    assert [wheel["url"].rpartition("/")[2] for wheel in package["wheels"]] == ["core-1.0-py3-none-win_amd64.whl"]
    assert package["sdist"]["hashes"]
    assert [file for _, _, file, _ in build_lines(project)] == [
        "helper-2.0-py3-none-macosx_11_0_arm64.whl",
        "helper-2.0-py3-none-manylinux_2_17_x86_64.whl",
    ]


def test_where_targets_differ_each_has_its_own(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    for tag in ("manylinux_2_17_x86_64", "macosx_11_0_arm64"):
        index.add(make_wheel("helper", "2.0", tag=f"py3-none-{tag}"))
    requires_core(project, tables=ALLOW + PLATFORMS)
    project.run("lock").ok()
    assert [(version, marker) for _, version, _, marker in build_lines(project)] == [
        ("1.0", 'sys_platform == "win32"'),
        ("2.0", 'sys_platform != "win32"'),
        ("2.0", 'sys_platform != "win32"'),
    ]
    project.run("sync").ok()
    assert built_with(project)["with"] == {"helper": "2.0"}


def test_where_every_target_has_a_wheel_nothing_is_asked(
    project: ScratchProject, index: FakeIndex, witness: Path
) -> None:
    index.add(make_wheel("core", "1.0", requires=["icons"]))
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    assert "build" not in entry(project, "core")["tool"]["lockenv"]
    project.run("sync").ok()
    assert not witness.exists()


def test_no_binary_builds_what_has_wheels(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("core", "1.0", requires=["icons"]))
    index.add(sdist())
    requires_core(project, tables=f"{ALLOW}[resolution]\nno-binary = ['core']\n")
    project.run("lock").ok()
    assert "wheels" not in entry(project, "core")
    project.run("sync").ok()
    assert built_with(project)["with"] == {"helper": "1.0"}


def test_a_build_requirement_without_a_wheel(project: ScratchProject, index: FakeIndex) -> None:
    index.add(source_sdist("odd", "1.0"))
    index.add(sdist(build_system_requires=["odd"]))
    requires_core(project)
    ran = project.run("lock")
    check_refusal(ran, 6, "core cannot be built, because what it is built with cannot be had as wheels", "odd")
    assert not project.lock.exists()


def test_a_build_requirement_that_is_not_there(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist(build_system_requires=["nowhere"]))
    requires_core(project)
    check_refusal(project.run("lock"), 6, "core cannot be built", "no index knows `nowhere`")


def test_an_optional_target_that_cannot_build_is_told(project: ScratchProject, index: FakeIndex) -> None:
    index.remove("helper-1.0-py3-none-any.whl")
    index.add(make_wheel("helper", "2.0", tag="py3-none-manylinux_2_17_x86_64"))
    index.add(sdist())
    requires_core(project)
    ran = project.run("lock").ok()
    assert "warning: core cannot be built on windows-x86_64" in ran.err
    project.run("sync").ok()
    requires_core(project, tables=ALLOW + PLATFORMS)
    check_refusal(project.run("lock"), 6, "core cannot be built", "helper")


def test_a_name_of_sources_is_not_taken_from_an_index_for_a_build(
    project: ScratchProject, index: FakeIndex
) -> None:
    source_tree(project.folder / "helper", "helper", "7.0")
    index.add(sdist())
    manifest(project, 'helper = { path = "helper" }', dependencies=("core",), more=ALLOW)
    check_refusal(project.run("lock"), 6, "helper, which [sources] does not take from an index", "publish it")


def test_wheels_of_a_folder_serve_builds(project: ScratchProject, index: FakeIndex) -> None:
    (project.folder / "wheelhouse").mkdir()
    for built in (sdist(), make_wheel("helper", "1.0"), make_wheel("icons", "2.0")):
        built.write_to(project.folder / "wheelhouse")
    requires_core(project, tables=f"{ALLOW}[[index]]\nname = 'wheels'\nurl = 'wheelhouse'\n")
    project.run("lock").ok()
    (line,) = entry(project, "core")["tool"]["lockenv"]["build"]
    assert line["path"] == "wheelhouse/helper-1.0-py3-none-any.whl"
    project.run("sync", "--offline").ok()
    assert built_with(project)["with"] == {"helper": "1.0"}
    assert index.count() == 0


# Once, and with nothing to see


def test_what_was_built_is_not_built_again(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    project.run("sync").ok()
    assert up_to_date(project)
    index.forget_requests()
    project.run("sync", "--env", "other").ok()
    shutil.rmtree(project.cache / "wheels")
    project.run("sync", "--env", "third").ok()
    assert witness.read_text().split().count("build_wheel") == 1
    assert index.count("*core*") == index.count("*helper*") == 0


def test_other_settings_build_anew(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    project.run("sync").ok()
    project.run("sync", "--env", "other", CFLAGS="-O3").ok()
    assert witness.read_text().split().count("build_wheel") == 2


def test_offline_from_the_cache(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    check_refusal(project.run("sync", "--offline"), 5, "--offline")
    project.run("sync").ok()
    shutil.rmtree(project.cache / "built")
    project.run("sync", "--env", "other", "--offline").ok()
    assert witness.read_text().split().count("build_wheel") == 2
    shutil.rmtree(project.cache / "built")
    shutil.rmtree(project.cache / "sources")
    check_refusal(project.run("sync", "--env", "third", "--offline"), 5, "core-1.0.tar.gz is not in the cache")


def test_a_build_sees_no_secrets_and_nothing_of_pip(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    secrets = {
        "LOCKENV_INDEX_ACME_PASSWORD": "hunter2",
        "PIP_INDEX_URL": "https://me:hunter2@example.com/simple",
        "UV_INDEX_ACME_PASSWORD": "hunter2",
        "GITHUB_TOKEN": "hunter2",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "HTTPS_PROXY": "http://me:hunter2@127.0.0.1:9",
        "PYTHONPATH": "/hunter2",
        "NO_PROXY": "127.0.0.1",
    }
    project.run("lock", **secrets).ok()
    project.run("sync", **secrets).ok()
    seen = built_with(project)
    assert "hunter2" not in json.dumps(seen)
    assert not [name for name in seen["environ"] if name.startswith(("PIP_", "LOCKENV_", "UV_"))]
    assert str(project.home) not in seen["environ"]["HOME"]
    assert seen["stdin"] == ""
    assert not any("site-packages" in path and str(project.cache) not in path for path in seen["path"])


# What goes wrong


def test_a_build_that_fails_leaves_everything_as_it_was(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist(plan={"fail": {"build_wheel": "no compiler here"}}))
    project.manifest(dependencies=["icons"])
    project.run("lock").ok()
    project.run("sync").ok()
    before = project.tree()
    requires_core(project)
    project.run("lock").ok()
    ran = project.run("sync")
    said = (
        "error: core 1.0 could not be built: `build_wheel` of its backend fake_backend failed with exit status 1"
    )
    assert ran.err.startswith(said)
    assert ran.status == 6
    assert "RuntimeError: no compiler here" in ran.err
    assert project.tree() == before
    log = Path(ran.err.split("all that it said is in ")[1].split()[0])
    assert "no compiler here" in log.read_text()


def test_metadata_that_cannot_be_built_end_the_lock(project: ScratchProject, index: FakeIndex) -> None:
    plan = {"fail": {"prepare_metadata_for_build_wheel": "no idea"}}
    index.add(sdist(metadata_version="2.1", plan=plan))
    requires_core(project)
    ran = project.run("lock")
    assert ran.status == 6
    assert "core 1.0 could not be built: `prepare_metadata_for_build_wheel` of its backend" in ran.err
    assert "RuntimeError: no idea" in ran.err
    assert not project.lock.exists()


@pytest.mark.parametrize(
    ("plan", "said"),
    [({"said_version": "1.1"}, "core 1.1, not core 1.0"), ({"said_name": "other"}, "other 1.0, not core 1.0")],
)
def test_a_wheel_of_something_else_is_refused(
    project: ScratchProject, index: FakeIndex, plan: dict[str, Any], said: str
) -> None:
    index.add(sdist(plan=plan))
    requires_core(project)
    project.run("lock").ok()
    check_refusal(project.run("sync"), 4, f"core 1.0 was built into {said}", "the source is not what it is called")
    assert not project.env.exists()


def test_a_wheel_that_requires_more_than_its_sdist_said_is_refused(
    project: ScratchProject, index: FakeIndex
) -> None:
    files = source_files("core", "1.0", requires=["icons", "checks"])
    index.add(make_sdist("core", "1.0", requires=["icons"], files=files))
    requires_core(project)
    project.run("lock").ok()
    assert "checks" not in project.locked()
    ran = project.run("sync")
    check_refusal(ran, 4, "what wheels require is not what their index or source said", "requires checks")


def test_a_hostile_sdist_is_refused(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist(files={"../../escaped": "x"}))
    requires_core(project)
    ran = project.run("lock")
    check_refusal(ran, 4, "core-1.0.tar.gz")
    assert not list(project.scratch.rglob("escaped"))


def test_another_sdist_behind_the_locked_url_is_refused(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    shutil.rmtree(project.cache)
    index.remove("core-1.0.tar.gz")
    index.add(sdist(plan={"tag": "py2.py3-none-any"}))
    check_refusal(project.run("sync"), 4, "core-1.0.tar.gz is not what it should be")
    assert not project.env.exists()


def test_ctrl_c_ends_the_backend_and_all_it_started(project: ScratchProject, index: FakeIndex) -> None:
    folder = source_tree(project.folder / "libs/core", "core", "1.0", dynamic=[], plan={"waits": True})
    project.manifest(dependencies=["core"], more='[sources]\ncore = { path = "libs/core" }')
    project.run("lock").ok()
    with project.start("sync", start_new_session=True) as process:
        running = _running(folder / "_build/waiting")
        process.send_signal(signal.SIGINT)
        ran = finished(process, ("sync",))
    assert ran.status == 130
    assert "interrupted" in ran.err
    for process_id in running:
        _has_ended(process_id)
    assert not project.env.exists()


def _running(waiting: Path) -> list[int]:
    """The processes that a backend says it runs as, once it says so."""
    for _ in range(PATIENCE * 20):
        if waiting.exists():
            found: list[int] = json.loads(waiting.read_text())
            return found
        time.sleep(0.05)
    raise AssertionError("the backend never began")


def _has_ended(process_id: int) -> None:
    for _ in range(PATIENCE * 20):
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{process_id}/stat").exists():
            state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                return
        time.sleep(0.05)
    raise AssertionError(f"{process_id} still runs")


# The same again


def test_a_lock_is_the_same_with_a_cold_cache_and_another_builder(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(sdist(metadata_version="2.1"))
    tables = f"{ALLOW}{PLATFORMS}"
    project.manifest(dependencies=["core"], python=">=3.8,<3.14", more=tables)
    project.run("lock", "--python", str(python_of("3.11"))).ok()
    first = project.lock.read_bytes()
    project.lock.unlink()
    project.run("lock", "--python", str(python_of("3.11"))).ok()
    assert project.lock.read_bytes() == first
    shutil.rmtree(project.cache)
    project.lock.unlink()
    project.run("lock", "--python", str(python_of("3.8"))).ok()
    assert project.lock.read_bytes() == first
    project.run("lock", "--upgrade").ok()
    assert project.lock.read_bytes() == first


def test_what_a_package_is_built_with_is_kept_until_it_is_upgraded(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    index.add(make_wheel("helper", "2.0"))
    index.add(make_wheel("checks", "4.0"))
    requires_core(project, "checks")
    project.run("lock").ok()
    project.run("lock", "--upgrade-package", "checks").ok()
    project.run("lock", "--upgrade-package", "core").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "1.0")]
    project.run("lock", "--upgrade-package", "helper").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "2.0")]
    project.run("lock", "--upgrade-package", "helper==1.0").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "1.0")]
    project.run("lock", "--upgrade").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "2.0")]
    project.run("sync").ok()
    assert built_with(project)["with"] == {"helper": "2.0"}


def test_what_is_kept_gives_way_where_it_no_longer_fits(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    index.add(make_wheel("helper", "2.0"))
    index.add(make_wheel("helper", "3.0"))
    index.add(sdist("1.1", build_system_requires=["helper>=2"]))
    project.run("lock", "--upgrade-package", "core").ok()
    assert project.locked()["core"] == "1.1"
    assert [line[:2] for line in build_lines(project)] == [("helper", "3.0")]


def test_builds_know_the_cut_off(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    index.add(make_wheel("helper", "2.0"), upload_time="2026-06-01T00:00:00Z")
    requires_core(project, tables=f"{ALLOW}[resolution]\nexclude-newer = '2026-03-01'\n")
    project.run("lock").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "1.0")]


def test_a_backend_that_asks_for_more_elsewhere_is_told(project: ScratchProject, index: FakeIndex) -> None:
    """What a backend asks for may depend on the Python that asks."""
    ours, theirs = python_of("3.11"), python_of("3.12")
    files = source_files("core", "1.0", requires=["icons"], build_system_requires=["helper"])
    files["_build/fake_backend.py"] = files["_build/fake_backend.py"].replace(
        'return list(PLAN.get("build_requires", []))', 'return ["checks"] if sys.version_info >= (3, 12) else []'
    )
    index.add(make_sdist("core", "1.0", requires=["icons"], files=files))
    project.manifest(dependencies=["core"], python=">=3.11,<3.13", more=ALLOW)
    project.run("lock", "--python", str(ours)).ok()
    ran = project.run("sync", "--python", str(theirs))
    check_refusal(ran, 2, "core asks for checks", "the lock has none", "lockenv lock --upgrade-package core")
    project.run("lock", "--upgrade-package", "core", "--python", str(theirs)).ok()
    project.run("sync", "--python", str(theirs)).ok()


# The cache


def test_the_cache_counts_and_prunes_what_builds_need(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    project.run("sync").ok()
    size = project.run("cache", "size").ok().out
    assert "builds and sources  0 B" not in size
    project.run("cache", "prune").ok()
    project.run("sync", "--env", "other", "--offline").ok()
    project.run("cache", "prune", "--days", "0").ok()
    assert "builds and sources  0 B" in project.run("cache", "size").ok().out
    assert not list((project.cache / "sources").iterdir())
    assert up_to_date(project)
    project.run("sync", "--env", "third").ok()
    assert len(packages(project)) == 2


def test_damaged_lines_of_a_lock_stop_a_sync_and_no_lock(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    whole = project.lock.read_text()
    damaged = whole.replace('name = "helper"', "name = 3")
    assert damaged != whole
    project.write("pylock.toml", damaged)
    check_refusal(project.run("sync"), 2, "what core is built with cannot be read from the lock", "lockenv lock")
    project.run("lock", "--upgrade-package", "icons").ok()
    assert project.lock.read_text() == whole
