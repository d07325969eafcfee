from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lockenv.build.builder import _Found
from lockenv.build.requirements import Chain, Provision, merged, provision_of
from lockenv.build.sources import Checkout
from lockenv.errors import BuildError, MetadataError, Refused, UsageError
from lockenv.events import StageStarted
from lockenv.packages import Metadata, canonicalize_name
from tests.fakes.repositories import Repository
from tests.fakes.sdists import Plan, calls, source_files, source_sdist, source_tree
from tests.fakes.wheels import make_wheel
from tests.unit.build.workshops import Workshop, seen, tree
from tests.unit.python.pythons import installed

HELPER = make_wheel(
    "helper",
    "1.0",
    files={
        "helper.py": "def main():\n    print('helped')\n",
        "{data}/scripts/raw-helper": "#!python\nprint('raw')\n",
    },
    scripts={"helper-tool": "helper:main"},
)
EXTRA = make_wheel("extra", "2.0")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, wheels=[HELPER, EXTRA])


def failure(shop: Workshop, folder: Path, **options: Any) -> BuildError:
    with pytest.raises(BuildError) as caught:
        shop.builder.wheel(tree(folder), **options)
    return caught.value


# Wheels


@pytest.mark.parametrize("series", ["3.8", "3.11", "3.13"])
def test_an_sdist_becomes_a_wheel_in_the_store(tmp_path: Path, series: str) -> None:
    shop = Workshop(tmp_path, interpreter=installed(series))
    built = shop.builder.wheel(shop.archive(source_sdist("menu", "1.0"), name="menu", version="1.0"))
    assert (built.wheel.root / "menu.py").read_text() == "version = '1.0'\n"
    assert shop.store.get(built.wheel.sha256) == built.wheel
    assert built.metadata == Metadata(name=canonicalize_name("menu"), version="1.0")
    assert seen(built)["python"] == [int(part) for part in series.split(".")]
    assert shop.left() == []


def test_a_folder_is_built_where_it_stands(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0")
    built = shop.builder.wheel(tree(folder))
    assert seen(built)["cwd"] == str(folder)
    assert not list(folder.rglob("__pycache__"))


def test_a_commit_is_built(shop: Workshop) -> None:
    upstream = Repository(shop.folder / "upstream")
    commit = upstream.commit(
        {f"libs/menu/{path}": text for path, text in source_files("menu", "1.0").items()} | {"x": "1"}
    )
    source = Checkout(url=upstream.url, commit=commit, subdirectory="libs/menu")
    assert shop.builder.wheel(source).metadata.name == "menu"
    assert shop.left() == []


@pytest.mark.parametrize("subdirectory", ["..", "../upstream", "/", "nowhere", "link", "pyproject.toml"])
def test_a_subdirectory_lies_within(shop: Workshop, subdirectory: str) -> None:
    upstream = Repository(shop.folder / "upstream")
    (upstream.folder / "link").symlink_to("/usr")
    commit = upstream.commit(source_files("menu", "1.0"))
    with pytest.raises(UsageError, match="has no folder"):
        shop.builder.wheel(Checkout(url=upstream.url, commit=commit, subdirectory=subdirectory))


def test_a_declaration_that_leads_out_of_a_commit_is_not_read(shop: Workshop) -> None:
    upstream = Repository(shop.folder / "upstream")
    (shop.folder / "secret").write_text("[project]\nname = 'x'\nversion = '1'\n")
    (upstream.folder / "pyproject.toml").symlink_to(shop.folder / "secret")
    commit = upstream.commit({})
    with pytest.raises(BuildError, match=r"its pyproject.toml is a link that leads out of it"):
        shop.builder.metadata(Checkout(url=upstream.url, commit=commit))


def test_the_same_is_not_built_twice(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0")
    source = tree(folder)
    one = shop.builder.wheel(source)
    assert shop.builder.wheel(source).wheel == one.wheel
    assert calls(folder) == ["get_requires_for_build_wheel", "build_wheel"]


def test_an_sdist_is_not_built_twice_by_anybody(shop: Workshop) -> None:
    source = shop.archive(source_sdist("menu", "1.0", build_system_requires=["helper"]))
    one = shop.builder.wheel(source)
    brought = shop.brought
    shop.store.discard(one.wheel.sha256)
    source.path.unlink()  # nobody needs it any more
    two = Workshop(shop.folder, wheels=[HELPER]).builder.wheel(source)
    assert two.wheel == one.wheel
    assert shop.brought == brought
    assert two.needs.requirements == ("helper",)


def test_a_damaged_wheel_is_built_again(shop: Workshop) -> None:
    source = shop.archive(source_sdist("menu", "1.0"))
    one = shop.builder.wheel(source)
    shop.store.discard(one.wheel.sha256)
    (kept,) = (shop.cache / "built/wheels").glob("*/*.whl")
    kept.write_bytes(kept.read_bytes()[:-1] + b"!")
    assert shop.builder.wheel(source).wheel.sha256 == one.wheel.sha256
    (shop.cache / "built/answers").rename(shop.cache / "built/lost")
    for answer in (shop.cache / "built/lost").iterdir():
        answer.write_bytes(b"damaged")
    (shop.cache / "built/lost").rename(shop.cache / "built/answers")
    assert shop.builder.wheel(source).wheel.sha256 == one.wheel.sha256


def test_what_shapes_a_build_makes_another_wheel(shop: Workshop) -> None:
    source = shop.archive(source_sdist("menu", "1.0", build_system_requires=["helper"]))
    other_helper = make_wheel("helper", "1.1")
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"wheels": [other_helper]},
        {"settings": {"debug": "yes"}},
        {"environ": {**os.environ, "CFLAGS": "-O3"}},
        {"interpreter": installed("3.8")},
    )
    for way in ways:
        first, again = (Workshop(shop.folder, **{"wheels": [HELPER], **way}) for _ in range(2))
        wheel = first.builder.wheel(source).wheel
        assert sum(isinstance(event, StageStarted) for event in first.told) == 2
        assert again.builder.wheel(source).wheel == wheel
        assert again.told == []


# What a backend sees


def test_a_backend_sees_no_secret_and_no_index(shop: Workshop) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": "/home/me",
        "LANG": "C.UTF-8",
        "CFLAGS": "-O2",
        "MY_TOKEN": "hush",
        "DB_PASSWORD": "hush",
        "AWS_SECRET_ACCESS_KEY": "hush",
        "PIP_INDEX_URL": "https://me:hush@example.com/simple",
        "LOCKENV_INDEX_ACME_PASSWORD": "hush",
        "NETRC": "/home/me/hush",
        "HTTPS_PROXY": "http://me:hush@proxy.example.com:8080",
        "HTTP_PROXY": "http://proxy.example.com:8080",
        "PYTHONPATH": "/home/me/hush",
        "PYTHONSTARTUP": "/home/me/hush",
        "SSH_AUTH_SOCK": "/run/hush",
        "GIT_ASKPASS": "/bin/hush",
    }
    built = Workshop(shop.folder, environ=environ).builder.wheel(shop.archive(source_sdist("menu", "1.0")))
    found = seen(built)
    assert "hush" not in json.dumps(found)
    assert (
        found["environ"].items()
        >= {
            "LANG": "C.UTF-8",
            "CFLAGS": "-O2",
            "HTTP_PROXY": "http://proxy.example.com:8080",
            "SOURCE_DATE_EPOCH": "1577836800",
            "PYTHONHASHSEED": "0",
        }.items()
    )
    assert found["environ"]["HOME"] != "/home/me"
    assert found["environ"]["PATH"].split(":")[0] == found["environ"]["VIRTUAL_ENV"] + "/bin"
    assert found["stdin"] == ""


def test_a_backend_can_import_nothing_but_its_requirements(shop: Workshop, tmp_path: Path) -> None:
    built = shop.builder.wheel(shop.archive(source_sdist("menu", "1.0", build_system_requires=["helper"])))
    found = seen(built)
    environment = found["environ"]["VIRTUAL_ENV"]
    assert found["prefix"] == environment
    outside = [path for path in found["path"] if "site-packages" in path and not path.startswith(environment)]
    assert outside == []


def test_requirements_can_be_imported_and_their_programs_run(shop: Workshop) -> None:
    plan = Plan(imports=["helper", "extra"], runs=["helper-tool", "raw-helper"], build_requires=["extra>=1"])
    source = shop.archive(source_sdist("menu", "1.0", build_system_requires=["helper"], plan=plan))
    built = shop.builder.wheel(source)
    assert built.needs.requirements == ("helper", "extra>=1")
    assert [pin[:2] for pin in built.needs.pins] == [("helper", "1.0"), ("extra", "2.0")]


def test_an_edit_of_the_environment_does_not_reach_the_store(shop: Workshop) -> None:
    """A backend may write to its environment; the store's own files are others."""
    plan = Plan(imports=["helper"])
    source = source_sdist("menu", "1.0", build_system_requires=["helper"], plan=plan)
    content = source_files("menu", "1.0", build_system_requires=["helper"], plan=plan)["_build/fake_backend.py"]
    vandal = content + "\nimport helper\nopen(helper.__file__, 'a').write('# edited')\n"
    source = source_sdist(
        "menu", "1.0", build_system_requires=["helper"], files={"_build/fake_backend.py": vandal}
    )
    shop.builder.wheel(shop.archive(source))
    stored = shop.store.get(HELPER.sha256)
    assert stored is not None
    assert "edited" not in (stored.root / "helper.py").read_text()


def test_settings_reach_the_backend(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, settings={"debug": "yes"})
    assert seen(shop.builder.wheel(shop.archive(source_sdist("menu", "1.0"))))["settings"] == {"debug": "yes"}


# What a build needs


def test_the_provider_is_told_for_whom_it_provides(shop: Workshop) -> None:
    source = shop.archive(
        source_sdist("menu", "1.0", build_system_requires=["helper"], plan=Plan(build_requires=["extra"])),
        name="menu",
        version="1.0",
    )
    needs = shop.builder.needs(source)
    assert needs.requirements == ("helper", "extra")
    assert [requirements for requirements, _ in shop.asked] == [("helper",), ("helper", "extra")]
    asking = shop.asked[0][1].asking
    assert asking is not None
    assert (asking.name, asking.version, asking.shown) == ("menu", "1.0", "menu 1.0")
    assert source.sha256 in asking.identity


def test_what_a_backend_asks_for_is_remembered(shop: Workshop) -> None:
    source = shop.archive(source_sdist("menu", "1.0", plan=Plan(build_requires=["extra"])))
    shop.builder.needs(source)
    source.path.unlink()
    assert shop.builder.needs(source).requirements == ("extra",)


def test_a_requirement_that_stands_there_already_is_asked_for_once(shop: Workshop) -> None:
    plan = Plan(build_requires=["helper"])
    source = shop.archive(source_sdist("menu", "1.0", build_system_requires=["helper", "helper"], plan=plan))
    assert shop.builder.needs(source).requirements == ("helper",)
    assert len(shop.asked) == 1


def test_requirements_that_go_round_in_a_circle_are_told_with_the_chain(shop: Workshop) -> None:
    names = {"menu": "icons", "icons": "paint", "paint": "menu"}
    sources = {
        name: shop.archive(source_sdist(name, "1.0", build_system_requires=[needed]), name=name, version="1.0")
        for name, needed in names.items()
    }

    def provide(requirements: tuple[str, ...], *, chain: Chain) -> Provision:
        return provision_of(builder.wheel(sources[text], chain=chain).wheel for text in requirements)

    builder = shop.made(provide)
    with pytest.raises(BuildError) as caught:
        builder.wheel(sources["menu"])
    assert caught.value.message == "building menu 1.0 needs menu 1.0: its build requirements go round in a circle"
    assert caught.value.details == (
        "menu 1.0 needs icons 1.0 to be built",
        "icons 1.0 needs paint 1.0 to be built",
        "paint 1.0 needs menu 1.0 to be built",
    )


def test_a_build_may_need_another_build(shop: Workshop) -> None:
    helper = shop.archive(source_sdist("helper", "1.0"), name="helper")

    def provide(requirements: tuple[str, ...], *, chain: Chain) -> Provision:
        return provision_of([shop.made(provide).wheel(helper, chain=chain).wheel])

    source = source_sdist("menu", "1.0", build_system_requires=["helper"], plan=Plan(imports=["helper"]))
    built = shop.made(provide).wheel(shop.archive(source))
    assert built.needs.pins[0].name == "helper"


def test_requirements_are_put_together_in_order() -> None:
    assert merged(["b", "a"], ("a", "c")) == ("b", "a", "c")


# Metadata


def test_static_metadata_run_nothing(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0", requires=["dropdown>=2"], dynamic=[])
    found = shop.builder.metadata(tree(folder))
    assert found == Metadata(name=canonicalize_name("menu"), version="1.0", requires_dist=("dropdown>=2",))
    assert calls(folder) == []


def test_the_pkg_info_of_an_sdist_is_believed_where_it_may_be(shop: Workshop) -> None:
    trusted = source_sdist("menu", "1.0", requires=["dropdown"], metadata_version="2.2")
    shop.builder.metadata(shop.archive(trusted))
    assert shop.asked == []
    assert not (shop.cache / "built/logs").exists() or shop.left() == []


@pytest.mark.parametrize(
    "options", [{"metadata_version": "2.1"}, {"metadata_version": "2.2", "pkg_info_dynamic": ["Version"]}]
)
def test_the_backend_is_asked_where_nothing_is_certain(shop: Workshop, options: dict[str, Any]) -> None:
    plan = Plan(fail={"build_wheel": "not needed"})
    source = shop.archive(source_sdist("menu", "1.0", requires=["dropdown"], plan=plan, **options))
    found = shop.builder.metadata(source)
    assert found.requires_dist == ("dropdown",)
    source.path.unlink()
    assert shop.builder.metadata(source) == found


def test_a_backend_without_the_hook_builds_the_wheel_for_its_metadata(shop: Workshop) -> None:
    plan = Plan(without=["prepare_metadata_for_build_wheel", "get_requires_for_build_wheel"])
    source = shop.archive(source_sdist("menu", "1.0", requires=["dropdown"], plan=plan))
    assert shop.builder.metadata(source).requires_dist == ("dropdown",)
    source.path.unlink()
    assert shop.builder.wheel(source).metadata.requires_dist == ("dropdown",)


@pytest.mark.parametrize(("name", "version"), [("icons", "1.0"), ("menu", "2.0")])
def test_metadata_of_something_else_is_refused(shop: Workshop, name: str, version: str) -> None:
    ways: tuple[dict[str, Any], ...] = ({"dynamic": []}, {"metadata_version": "2.2"}, {})
    for options in ways:
        source = shop.archive(source_sdist("menu", "1.0", **options), name=name, version=version)
        with pytest.raises(MetadataError, match=f"the metadata of {name} {version} is broken"):
            shop.builder.metadata(source)


@pytest.mark.parametrize(("name", "version"), [("icons", "1.0"), ("menu", "2.0")])
def test_a_wheel_of_something_else_is_refused(shop: Workshop, name: str, version: str) -> None:
    source = shop.archive(source_sdist("menu", "1.0"), name=name, version=version)
    with pytest.raises(Refused, match=f"was built into menu 1.0, not {name} {version}"):
        shop.builder.wheel(source)


# Editable


def test_a_folder_can_be_editable(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0")
    built = shop.builder.wheel(tree(folder, editable=True), editable=True)
    assert (built.wheel.root / "menu_editable.pth").read_text() == f"{folder}/src\n"
    assert calls(folder) == ["get_requires_for_build_editable", "build_editable"]
    (folder / "src/menu.py").write_text("edited = True\n")
    assert shop.builder.wheel(tree(folder, editable=True), editable=True).wheel == built.wheel
    assert len(calls(folder)) == 2


def test_a_backend_that_cannot_be_editable_is_told(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0", plan=Plan(without=["build_editable"]))
    error = failure(shop, folder, editable=True)
    assert error.message == (
        "menu cannot be installed as editable: its backend fake_backend has no `build_editable` (PEP 660)"
    )


# Failures


def test_a_failure_shows_the_last_words_and_where_the_others_are(shop: Workshop) -> None:
    plan = Plan(fail={"build_wheel": "no compiler \x1b[31mhere\x1b[0m"})
    error = failure(shop, source_tree(shop.folder / "menu", "menu", "1.0", plan=plan))
    assert (
        error.message
        == "menu could not be built: `build_wheel` of its backend fake_backend failed with exit status 1"
    )
    assert error.details[-1] == "RuntimeError: no compiler here"
    assert len(error.details) <= 20
    assert error.hint is not None
    log = Path(error.hint.removeprefix("all that it said is in "))
    assert log.is_relative_to(shop.cache)
    assert log.name.startswith("menu-")
    assert b"running get_requires_for_build_wheel" in log.read_bytes()
    assert error.exit_status == 6


def test_the_log_of_a_failure_goes_when_a_build_succeeds(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0", plan=Plan(fail={"build_wheel": "not yet"}))
    source = tree(folder)
    with pytest.raises(BuildError):
        shop.builder.wheel(source)
    assert len(shop.left()) == 1
    source_tree(folder, "menu", "1.0")
    shop.builder.wheel(source)
    assert shop.left() == []


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"exit": {"build_wheel": 3}}, "failed with exit status 3"),
        ({"exit": {"build_wheel": 0}}, "gave no answer"),
        ({"gives": {"build_wheel": "../evil-1.0-py3-none-any.whl"}}, "which is no name of a .whl"),
        ({"gives": {"build_wheel": "menu.zip"}}, "which is no name of a .whl"),
        ({"gives": {"build_wheel": None}}, "made None, which is no name of a .whl"),
        ({"gives": {"build_wheel": "menu-1.0-py3-none-any.whl"}}, "which is not there"),
        ({"gives": {"get_requires_for_build_wheel": "helper"}}, "which is no list of requirements"),
        ({"gives": {"get_requires_for_build_wheel": [1]}}, "which is no list of requirements"),
        ({"gives": {"get_requires_for_build_wheel": ["-e ."]}}, "asks for '-e .', which is no requirement"),
        ({"gives": {"get_requires_for_build_wheel": {"x": "y" * 999}}}, "…, which is no list"),
        ({"without": ["build_wheel"]}, "failed with exit status 1"),
        ({"tag": "py3-none-win32"}, "does not take here"),
    ],
)
def test_a_backend_that_misbehaves_is_told(shop: Workshop, plan: Plan, said: str) -> None:
    assert said in failure(shop, source_tree(shop.folder / "menu", "menu", "1.0", plan=plan)).message


@pytest.mark.parametrize("given", ["../..", "menu", 7, "absent.dist-info"])
def test_metadata_that_are_not_where_they_should_be_are_told(shop: Workshop, given: object) -> None:
    plan = Plan(gives={"prepare_metadata_for_build_wheel": given})
    with pytest.raises(BuildError):
        shop.builder.metadata(tree(source_tree(shop.folder / "menu", "menu", "1.0", plan=plan)))


def test_a_backend_that_is_not_there_is_told(shop: Workshop) -> None:
    folder = shop.folder / "menu"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[build-system]\nrequires = []\nbuild-backend = 'no_such_backend'\n")
    error = failure(shop, folder)
    assert error.message == "menu could not be built: its backend no_such_backend cannot be imported"
    assert "No module named 'no_such_backend'" in error.details[-1]


def test_a_backend_path_that_leads_out_of_the_project_is_refused(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0")
    (folder / "_build").rename(shop.folder / "elsewhere")
    (folder / "_build").symlink_to(shop.folder / "elsewhere")
    assert "its backend-path '_build' leads out of the project" in failure(shop, folder).message


def test_a_source_that_is_no_project_is_told(shop: Workshop) -> None:
    folder = shop.folder / "menu"
    folder.mkdir()
    (folder / "README").touch()
    assert failure(shop, folder).message == "menu cannot be built: it has neither pyproject.toml nor setup.py"


@pytest.mark.parametrize("name", ["setup.py", "pyproject.toml"])
def test_a_source_without_a_build_system_is_built_by_setuptools(tmp_path: Path, name: str) -> None:
    backend = "def get_requires_for_build_wheel(settings=None):\n    return []\n"
    files = {"setuptools/__init__.py": "", "setuptools/build_meta.py": f"class __legacy__:\n    pass\n{backend}"}
    shop = Workshop(tmp_path, wheels=[make_wheel("setuptools", "80", files=files)])
    folder = tmp_path / "menu"
    folder.mkdir()
    (folder / name).touch()
    assert shop.builder.needs(tree(folder)).requirements == ("setuptools>=40.8.0",)


def test_requirements_that_collide_are_refused(shop: Workshop) -> None:
    wheels = [
        make_wheel("helper", "1.0", files={"same.py": "1"}),
        make_wheel("extra", "1.0", files={"same.py": "2"}),
    ]
    clash = Workshop(shop.folder, wheels=wheels)
    source = source_tree(shop.folder / "menu", "menu", "1.0", build_system_requires=["helper", "extra"])
    with pytest.raises(Refused, match="packages collide"):
        clash.builder.wheel(tree(source))


# Interrupts, and several at once


def running_children(folder: Path) -> list[int]:
    for _ in range(3000):
        if (folder / "_build/waiting").exists():
            break
        time.sleep(0.02)
    found: list[int] = json.loads((folder / "_build/waiting").read_text())
    return found


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie that waits for the machine's first process to notice it.
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] in {"Z", "X"}


def all_gone(pids: list[int]) -> bool:
    for _ in range(500):
        if all(map(is_gone, pids)):
            return True
        time.sleep(0.02)
    return False


def test_stopping_ends_a_build_in_another_thread(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0", plan=Plan(waits=True))
    caught: list[BaseException] = []

    def build() -> None:
        try:
            shop.builder.wheel(tree(folder))
        except BuildError as error:
            caught.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    pids = running_children(folder)
    shop.builder.stop()
    thread.join()
    assert all_gone(pids)
    assert len(caught) == 1
    with pytest.raises(BuildError, match="the build was stopped"):
        shop.builder.wheel(tree(source_tree(shop.folder / "icons", "icons", "1.0")))


PROGRAM = """
import sys
from pathlib import Path
from tests.unit.build.workshops import Workshop, tree

Workshop(Path(sys.argv[1])).builder.wheel(tree(Path(sys.argv[2])))
"""


def test_an_interrupt_ends_the_build_and_sweeps(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0", plan=Plan(waits=True))
    root = Path(__file__).resolve().parents[3]
    environ = {**os.environ, "PYTHONPATH": str(root)}
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, str(shop.folder), str(folder)], env=environ)
    pids = running_children(folder)
    child.send_signal(signal.SIGINT)
    child.wait()
    assert all_gone(pids)
    assert [name for name in shop.left() if not name.endswith(".log")] == []


def test_what_a_killed_build_left_is_swept_by_the_next(shop: Workshop) -> None:
    source = shop.archive(source_sdist("menu", "1.0"))
    one = shop.builder.wheel(source)
    work = Path(seen(one)["environ"]["VIRTUAL_ENV"]).parent
    (work / "env").mkdir(parents=True)
    (work / "env/junk").touch()
    (shop.cache / "built/answers").rename(shop.cache / "built/forgotten")
    assert shop.builder.wheel(source).wheel.sha256 == one.wheel.sha256
    assert shop.left() == []


def test_several_who_want_the_same_build_it_once(shop: Workshop) -> None:
    folder = source_tree(shop.folder / "menu", "menu", "1.0")
    source = tree(folder)
    results: list[str] = []
    threads = [
        threading.Thread(target=lambda: results.append(shop.builder.wheel(source).wheel.sha256)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len(set(results)) == 1
    assert calls(folder).count("build_wheel") == 1


def test_a_job_that_waits_for_another_one_does_not_hold_it_up() -> None:
    """As one does that waits for the bench, while the other has it and has still to find out what is needed."""
    other_is_done = threading.Event()

    class Job:
        def __init__(self, *, waits: bool) -> None:
            self.waits = waits
            self.begun = threading.Event()

        @_Found
        def needs(self) -> bool:
            self.begun.set()
            return other_is_done.wait(10) if self.waits else True

    waiting, other = Job(waits=True), Job(waits=False)
    thread = threading.Thread(target=lambda: waiting.needs)
    thread.start()
    waiting.begun.wait(10)
    assert other.needs
    other_is_done.set()
    thread.join()
    assert waiting.needs
