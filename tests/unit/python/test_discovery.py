from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from lockenv.errors import InterpreterNotFound
from lockenv.python.discovery import ask_ahead, find, list_all
from lockenv.python.interpreter import Interpreter, RefusedInterpreter, give_up
from lockenv.python.places import Machine
from lockenv.python.probe_cache import ProbeCache
from tests.unit.python.pythons import EMPTY, fake_python, script

PYENV_SHIM = """set -e
program="${0##*/}"
export PYENV_ROOT="/somewhere/.pyenv"
exec "/somewhere/.pyenv/libexec/pyenv" exec "$program" "$@"
"""
ASDF_SHIM = '# asdf-plugin: python 3.12.1\nexec /somewhere/bin/asdf exec "python" "$@"'


class World:
    """A machine for one test: a home, a project, and folders on PATH."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.project = root / "project"
        self.project.mkdir(parents=True)
        self.path: list[str] = []
        self.variables: dict[str, str] = {}
        self.cache: ProbeCache | None = ProbeCache(root / "cache")
        self.machine = EMPTY

    @property
    def environ(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": os.pathsep.join(self.path), **self.variables}

    def python(self, where: str, version: str, name: str = "python3", **changes: Any) -> Path:
        """Put an interpreter into a folder, and the folder on PATH."""
        made = fake_python(self.root / where / name, version, **changes)
        self.on_path(made.parent)
        return made

    def on_path(self, folder: Path) -> None:
        if str(folder) not in self.path:
            self.path.append(str(folder))

    def pyenv(self, name: str, version: str, **changes: Any) -> Path:
        return fake_python(self.home / ".pyenv" / "versions" / name / "bin" / "python", version, **changes)

    def find(
        self, request: str | None = None, *, requires: str = ">=3.8", env_python: Path | None = None, **more: Any
    ) -> Interpreter:
        return find(
            request,
            requires_python=SpecifierSet(requires),
            project=self.project,
            environ=self.environ,
            cache=self.cache,
            env_python=env_python,
            machine=self.machine,
            **more,
        )

    def ask_ahead(
        self, request: str | None = None, *, requires: str = ">=3.8", env_python: Path | None = None
    ) -> None:
        assert self.cache is not None
        ask_ahead(
            request,
            requires_python=SpecifierSet(requires),
            project=self.project,
            environ=self.environ,
            cache=self.cache,
            env_python=env_python,
            machine=self.machine,
        )

    @property
    def under_way(self) -> set[Path]:
        assert self.cache is not None
        return set(self.cache.under_way)

    def version(self, request: str | None = None, **conditions: Any) -> str:
        return self.find(request, **conditions).version

    def list(self) -> tuple[Interpreter | RefusedInterpreter, ...]:
        return list_all(environ=self.environ, cache=self.cache, machine=self.machine)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def paths(found: Iterable[Interpreter | RefusedInterpreter]) -> list[Path]:
    return [each.path for each in found]


class TestWhereInterpretersAreFound:
    def test_on_path(self, world: World) -> None:
        first, second = world.python("a", "3.12.1"), world.python("b", "3.13.0", "python3.13")
        assert paths(world.list()) == [second, first]

    def test_in_pyenvs_versions_and_never_its_shims(self, world: World) -> None:
        made = world.pyenv("3.12.1", "3.12.1")
        shims = world.home / ".pyenv" / "shims"
        script(shims / "python3", PYENV_SHIM)
        world.on_path(shims)
        assert paths(world.list()) == [made]

    def test_under_pyenv_root_where_it_is_set(self, world: World) -> None:
        made = fake_python(world.root / "pyenv/versions/3.11.7/bin/python", "3.11.7")
        world.variables["PYENV_ROOT"] = str(world.root / "pyenv")
        assert paths(world.list()) == [made]

    @pytest.mark.parametrize("body", [PYENV_SHIM, ASDF_SHIM], ids=["pyenv", "asdf"])
    def test_shims_are_skipped_wherever_they_stand(self, body: str, world: World) -> None:
        script(world.root / "bin" / "python3", f"touch {world.root}/was-run\n{body}")
        world.on_path(world.root / "bin")
        assert world.list() == ()
        assert not (world.root / "was-run").exists()

    def test_a_link_to_a_version_manager_is_a_shim(self, world: World) -> None:
        manager = script(world.root / "tools" / "mise", f"touch {world.root}/was-run")
        (world.root / "bin").mkdir()
        (world.root / "bin" / "python3").symlink_to(manager)
        world.on_path(world.root / "bin")
        assert world.list() == ()
        assert not (world.root / "was-run").exists()

    def test_among_those_that_uv_manages(self, world: World) -> None:
        ours = fake_python(world.home / ".local/share/uv/python/cpython-3.12.1-linux/bin/python", "3.12.1")
        assert paths(world.list()) == [ours]
        moved = fake_python(world.root / "uv/cpython-3.13.0/bin/python", "3.13.0")
        world.variables["UV_PYTHON_INSTALL_DIR"] = str(world.root / "uv")
        assert paths(world.list()) == [moved]

    def test_in_xdg_data_home(self, world: World) -> None:
        made = fake_python(world.root / "data/uv/python/cpython-3.12.1/bin/python", "3.12.1")
        world.variables["XDG_DATA_HOME"] = str(world.root / "data")
        assert paths(world.list()) == [made]

    def test_in_condas_environments(self, world: World) -> None:
        prefix, listed, named = world.root / "conda", world.root / "listed", world.home / "miniforge3"
        made = [
            fake_python(prefix / "bin/python", "3.13.0"),
            fake_python(listed / "bin/python", "3.12.0"),
            fake_python(named / "bin/python", "3.11.0"),
            fake_python(named / "envs" / "science" / "bin/python", "3.10.0"),
        ]
        (world.home / ".conda").mkdir(parents=True)
        (world.home / ".conda" / "environments.txt").write_text(f"{listed}\n\nrelative/one\n/gone\n")
        world.variables["CONDA_PREFIX"] = str(prefix)
        world.machine = Machine(prefixes=("~/miniforge3",))
        assert paths(world.list()) == made

    def test_in_the_usual_places(self, world: World) -> None:
        one = fake_python(world.root / "usr/bin/python3.12", "3.12.0")
        two = fake_python(world.root / "opt/python3.13/bin/python3", "3.13.0")
        world.machine = Machine(folders=(f"{world.root}/usr/bin",), prefixes=(f"{world.root}/opt/python*",))
        assert paths(world.list()) == [two, one]

    def test_the_one_that_runs_lockenv_counts(self, world: World) -> None:
        running = fake_python(world.root / "tool/bin/python", "3.12.0")
        world.machine = Machine(running=str(running))
        assert paths(world.list()) == [running]

    def test_nothing_is_found_where_nothing_is_set(self) -> None:
        assert list_all(environ={}, cache=None, machine=EMPTY) == ()

    def test_names_that_are_no_interpreters_are_not_run(self, world: World) -> None:
        for name in ("python3-config", "python3.12-gdb", "pythonw3", "ipython3", "python4"):
            script(world.root / "bin" / name, f"touch {world.root}/was-run")
        world.on_path(world.root / "bin")
        assert world.list() == ()
        assert not (world.root / "was-run").exists()

    def test_one_whose_name_says_that_it_cannot_fit_is_not_run_where_another_fits(self, world: World) -> None:
        for name in ("python3.8", "python3.13", "pypy3.10"):
            script(world.root / "bin" / name, f"touch {world.root}/was-run")
        world.on_path(world.root / "bin")
        world.python("elsewhere", "3.12.4", name="python3.12")
        world.on_path(world.root / "elsewhere")
        assert world.version(requires=">=3.11,<3.13") == "3.12.4"
        assert not (world.root / "was-run").exists()
        with pytest.raises(InterpreterNotFound) as caught:
            world.version(requires=">=3.7,<3.8")
        assert len(caught.value.details) == 4
        assert (world.root / "was-run").exists()

    def test_relative_empty_missing_and_repeated_folders_on_path(self, world: World) -> None:
        made = world.python("a", "3.12.1")
        world.path = ["", ".", "bin", str(world.root / "gone"), str(made), *world.path, *world.path]
        assert paths(world.list()) == [made]


class TestOneInterpreterIsListedOnce:
    def test_however_many_names_it_has(self, world: World) -> None:
        real = world.python("a", "3.12.1", "python3.12")
        for name in ("python", "python3"):
            (real.parent / name).symlink_to("python3.12")
        (world.root / "b").symlink_to("a")
        (world.root / "c").mkdir()
        (world.root / "c" / "python3").symlink_to(real)
        world.path = [str(world.root / name) for name in "cba"]
        assert paths(world.list()) == [real]

    def test_environments_are_not_listed_beside_their_base(self, world: World) -> None:
        real = world.python("base/bin", "3.12.1", "python3.12")
        env = world.root / "env"
        (env / "bin").mkdir(parents=True)
        (env / "bin" / "python").symlink_to(real)
        (env / "pyvenv.cfg").write_text(f"home = {real.parent}\n")
        world.path = [str(env / "bin"), str(real.parent)]
        (found,) = world.list()
        assert (found.path, isinstance(found, Interpreter) and found.is_venv) == (real, False)

    def test_an_environment_stands_for_a_base_that_is_found_nowhere_else(self, world: World) -> None:
        real = fake_python(world.root / "base/bin/python3.12", "3.12.1")
        env = world.root / "env"
        (env / "bin").mkdir(parents=True)
        (env / "bin" / "python").symlink_to(real)
        (env / "pyvenv.cfg").write_text(f"home = {real.parent}\n")
        world.on_path(env / "bin")
        assert world.find().executable == real

    def test_the_list_is_the_same_with_and_without_a_cache(self, world: World) -> None:
        for number in range(8, 14):
            world.python(f"p{number}", f"3.{number}.1")
        cold, warm = world.list(), world.list()
        world.cache = None
        assert cold == warm == world.list()


class TestWhichIsChosen:
    def test_the_newest_that_fits(self, world: World) -> None:
        for version in ("3.10.4", "3.12.1", "3.9.18", "3.12.0", "3.13.0"):
            world.python(version, version)
        assert world.version() == "3.13.0"
        assert world.version(requires=">=3.9,<3.13") == "3.12.1"
        assert world.version(requires="<3.10") == "3.9.18"

    def test_a_prerelease_only_where_nothing_else_fits(self, world: World) -> None:
        world.python("a", "3.14.0rc1")
        world.python("b", "3.12.1")
        assert world.version() == "3.12.1"
        assert world.version(requires=">=3.14.0a1") == "3.14.0rc1"
        assert world.version("3.14") == "3.14.0rc1"
        assert world.version("3.14.0rc1") == "3.14.0rc1"

    def test_the_final_release_before_a_newer_prerelease_unless_that_is_asked_for(self, world: World) -> None:
        world.python("a", "3.14.1rc1")
        world.python("b", "3.14.0")
        assert world.version("3.14") == "3.14.0"
        assert world.version("3.14-dev") == "3.14.1rc1"

    def test_free_threaded_and_debug_builds_only_when_asked_for(self, world: World) -> None:
        world.python("t", "3.13.2", free_threaded=True, abiflags="t")
        world.python("d", "3.13.1", debug=True, abiflags="d")
        world.python("n", "3.13.0")
        assert world.version() == "3.13.0"
        assert world.version("3.13") == "3.13.0"
        assert world.version("3.13t") == "3.13.2"
        assert world.version("3.13d") == "3.13.1"

    def test_pypy_only_when_asked_for(self, world: World) -> None:
        changes = {"implementation": "pypy", "ext_suffix": ".pypy310-pp73-x86_64-linux-gnu.so"}
        world.python("p", "3.10.14", "pypy3", **changes)
        world.python("c", "3.9.18")
        assert world.version() == "3.9.18"
        assert world.version("pypy3.10") == "3.10.14"
        assert world.version("pypy3") == "3.10.14"
        with pytest.raises(InterpreterNotFound):
            world.find(requires=">=3.10")

    def test_others_before_condas_of_the_same_version(self, world: World) -> None:
        world.python("conda/bin", "3.12.1")
        (world.root / "conda" / "conda-meta").mkdir()
        ours = world.python("plain/bin", "3.12.1")
        assert world.find().path == ours

    def test_the_first_on_path_among_equals(self, world: World) -> None:
        first = world.python("z", "3.12.1")
        world.python("a", "3.12.1")
        assert world.find().path == first


class TestWhatIsAskedFor:
    def test_by_version_range_and_command(self, world: World) -> None:
        for version in ("3.11.7", "3.12.1", "3.12.3"):
            world.python(version, version, f"python{version.rpartition('.')[0]}")
        assert world.version("3.12") == "3.12.3"
        assert world.version("3.12.1") == "3.12.1"
        assert world.version(">=3.10,<3.12") == "3.11.7"
        assert world.version("python3.12") == "3.12.1"

    def test_a_command_that_is_not_on_path_is_found_by_its_version(self, world: World) -> None:
        world.pyenv("3.12.1", "3.12.1")
        assert world.version("python3.12") == "3.12.1"

    def test_by_the_path_of_an_executable_an_environment_or_an_installation(self, world: World) -> None:
        real = fake_python(world.root / "base/bin/python3", "3.12.1")
        env = world.project / "env"
        (env / "bin").mkdir(parents=True)
        (env / "bin" / "python").symlink_to(real)
        (env / "pyvenv.cfg").write_text(f"home = {real.parent}\n")
        for request in (str(real), str(real.parents[1]), str(env), "./env", "env"):
            assert world.find(request).executable == real

    def test_it_must_fit_the_manifest(self, world: World) -> None:
        made = world.python("a", "3.9.18")
        for request in ("3.9", str(made), "python3"):
            with pytest.raises(InterpreterNotFound) as raised:
                world.find(request, requires=">=3.11")
            text = "\n".join((raised.value.message, *raised.value.details))
            assert "it is 3.9.18, and `python` in the manifest says >=3.11" in text

    @pytest.mark.parametrize("request_text", ["nosuch", "./nosuch", ".", "3.99", "pypy"])
    def test_it_must_be_there(self, request_text: str, world: World) -> None:
        world.python("a", "3.12.1")
        with pytest.raises(InterpreterNotFound) as raised:
            world.find(request_text)
        assert "lockenv python list" in (raised.value.hint or "")

    def test_it_comes_before_everything_else(self, world: World) -> None:
        old = world.python("a", "3.10.4")
        world.python("b", "3.11.7")
        world.python("c", "3.12.1")
        (world.project / ".python-version").write_text("3.12\n")
        assert world.version("3.11", env_python=old) == "3.11.7"


class TestVersionFile:
    def test_its_first_line_that_fits(self, world: World) -> None:
        for version in ("3.10.4", "3.11.7", "3.12.1"):
            world.python(version, version)
        (world.root / ".python-version").write_text("3.13.0\nnonsense\n3.11\n3.10\n")
        assert world.version() == "3.11.7"
        assert world.version(requires="<3.11") == "3.10.4"

    def test_a_name_of_pyenvs(self, world: World) -> None:
        world.pyenv("3.12.1", "3.12.1")
        made = world.pyenv("my-own", "3.10.4")
        (world.project / ".python-version").write_text("my-own\n")
        assert world.find().path == made

    @pytest.mark.parametrize("line", ["../../elsewhere", "{home}/elsewhere"])
    def test_a_name_does_not_lead_out_of_pyenvs_folder(self, line: str, world: World) -> None:
        fake_python(world.home / "elsewhere/bin/python", "3.8.1")
        (world.home / ".pyenv" / "versions").mkdir(parents=True)
        world.python("a", "3.12.1")
        (world.project / ".python-version").write_text(line.format(home=world.home))
        assert world.version() == "3.12.1"

    def test_system_is_the_first_on_path(self, world: World) -> None:
        world.python("a", "3.10.4")
        world.python("b", "3.12.1")
        (world.project / ".python-version").write_text("system\n")
        assert world.version() == "3.10.4"

    def test_where_no_line_fits_the_next_source_is_asked(self, world: World) -> None:
        world.python("a", "3.12.1")
        (world.project / ".python-version").write_text("3.9\n3.10\n")
        assert world.version() == "3.12.1"


class TestTheExistingEnvironment:
    def test_keeps_its_interpreter(self, world: World) -> None:
        old = world.python("a", "3.10.4", "python3.10")
        world.python("b", "3.12.1")
        assert world.version(env_python=old) == "3.10.4"

    def test_gives_it_up_where_it_does_not_fit_any_more(self, world: World) -> None:
        old = world.python("a", "3.10.4")
        world.python("b", "3.12.1")
        assert world.version(env_python=old, requires=">=3.11") == "3.12.1"
        assert world.version(env_python=world.root / "gone" / "python") == "3.12.1"

    def test_gives_it_up_for_a_version_file(self, world: World) -> None:
        old = world.python("a", "3.10.4")
        world.python("b", "3.12.1")
        (world.project / ".python-version").write_text("3.12\n")
        assert world.version(env_python=old) == "3.12.1"


def test_one_more_condition_counts_as_the_manifests_does(world: World) -> None:
    old = world.python("a", "3.11.7")
    world.python("b", "3.12.1")

    def not_the_newest(interpreter: Interpreter) -> str:
        return "the lock has no wheels for it" if interpreter.version == "3.12.1" else ""

    assert world.find(also=not_the_newest).path == old
    with pytest.raises(InterpreterNotFound) as raised:
        world.find("3.12", also=not_the_newest)
    assert any("the lock has no wheels for it" in line for line in raised.value.details)


def test_the_error_says_what_was_found_and_why_each_was_refused(world: World) -> None:
    broken = script(world.root / "broken" / "python3", "echo libpython is missing >&2; exit 127")
    world.on_path(broken.parent)
    old, older = world.python("old", "3.10.4"), world.python("older", "3.7.16")
    threaded = world.python("t", "3.13.2", free_threaded=True)
    with pytest.raises(InterpreterNotFound) as raised:
        world.find(requires=">=3.11")
    assert raised.value.message == "no Python on this machine fits the manifest's `>=3.11`"
    assert set(raised.value.details) == {
        f"{threaded}: it is free-threaded",
        f"{old}: it is 3.10.4, and `python` in the manifest says >=3.11",
        f"{older}: Python 3.7.16 is older than 3.8",
        f"{broken}: it failed with exit status 127: libpython is missing",
    }


def test_the_error_where_there_is_no_python_at_all(world: World) -> None:
    with pytest.raises(InterpreterNotFound) as raised:
        world.find("3.12")
    assert raised.value.details == ("none was found on PATH or in the usual places",)


class TestAskedAhead:
    """What `find` will have to run first is begun without waiting, and is not run again by `find`."""

    def counted(self, world: World, where: str, version: str, **changes: Any) -> tuple[Path, Path]:
        """An interpreter that leaves a line in a file each time that it is run."""
        python, runs = world.python(where, version, **changes), world.root / f"{where}-runs"
        python.write_text(python.read_text().replace("\n", f"\necho run >> {runs}\n", 1))
        return python, runs

    def test_the_one_that_is_found(self, world: World) -> None:
        python, runs = self.counted(world, "bin", "3.12.1")
        world.ask_ahead()
        assert world.under_way == {python}
        assert world.version() == "3.12.1"
        assert runs.read_text() == "run\n"
        assert not world.under_way

    def test_all_that_may_fit_and_no_others(self, world: World) -> None:
        old = world.python("a", "3.9.1", "python3.9")
        new, plain = world.python("b", "3.12.1", "python3.12"), world.python("c", "3.11.1")
        world.ask_ahead(requires=">=3.10")
        assert world.under_way == {new, plain}
        assert world.version(requires=">=3.10") == "3.12.1"
        assert not world.under_way
        assert old not in world.under_way

    def test_what_is_asked_for_and_nothing_else(self, world: World) -> None:
        world.python("a", "3.12.1")
        asked = world.python("b", "3.11.1")
        world.ask_ahead(str(asked))
        assert world.under_way == {asked}
        assert world.version(str(asked)) == "3.11.1"

    def test_the_environments_own_before_others(self, world: World) -> None:
        world.python("a", "3.12.1")
        own = fake_python(world.root / "own" / "python3", "3.11.1")
        world.ask_ahead(env_python=own)
        assert world.under_way == {own}
        assert world.version(env_python=own) == "3.11.1"

    def test_what_a_version_file_names(self, world: World) -> None:
        world.python("a", "3.12.1")
        named = world.pyenv("3.11.1", "3.11.1")
        (world.project / ".python-version").write_text("3.11.1\n")
        world.ask_ahead()
        assert world.under_way == {named}
        assert world.version() == "3.11.1"

    def test_nothing_that_is_known(self, world: World) -> None:
        world.python("a", "3.12.1")
        world.find()
        world.ask_ahead()
        assert not world.under_way

    @pytest.mark.parametrize("request_text", ["/nowhere/python", "no-such-command", "==="])
    def test_what_cannot_be_is_said_by_who_looks_for_it(self, request_text: str, world: World) -> None:
        world.ask_ahead(request_text)
        assert not world.under_way

    def test_one_that_gives_no_answer_is_refused_as_ever(self, world: World) -> None:
        script(world.root / "a" / "python3", "echo I am a parrot; exit 3")
        world.on_path(world.root / "a")
        before = self.refused(World(world.root / "other"), world.path)
        world.ask_ahead()
        assert len(world.under_way) == 1
        assert self.refused(world, world.path) == before
        assert "exit status 3: I am a parrot" in before

    def refused(self, world: World, path: list[str]) -> str:
        world.path = path
        with pytest.raises(InterpreterNotFound) as caught:
            world.find()
        return "\n".join(caught.value.details)

    def test_what_nobody_wants_any_more_is_ended(self, world: World) -> None:
        script(world.root / "a" / "python3", f"echo $$ > {world.root}/pid; exec sleep 50")
        world.on_path(world.root / "a")
        world.ask_ahead()
        assert world.cache is not None
        (child,) = world.cache.under_way.values()
        give_up(world.cache)
        assert child.returncode == -9
        assert not world.under_way
