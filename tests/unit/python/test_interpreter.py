from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockenv.packages import MARKER_VARIABLES
from lockenv.python.interpreter import Interpreter, RefusedInterpreter, cached, probe
from lockenv.python.probe_cache import ProbeCache
from tests.unit.python.pythons import SERIES, answer, fake_python, installed, installed_python, script


def refused(path: Path, *, limit: float = 10) -> str:
    found = probe(path, None, limit=limit)
    assert isinstance(found, RefusedInterpreter)
    return found.reason


def accepted(path: Path, cache: ProbeCache | None = None) -> Interpreter:
    found = probe(path, cache)
    assert isinstance(found, Interpreter), found
    return found


@pytest.mark.parametrize("series", SERIES)
def test_every_cpython_says_what_it_is(series: str) -> None:
    interpreter = installed(series)
    assert interpreter.implementation == "cpython"
    assert ".".join(map(str, interpreter.version_info[:2])) == series
    assert interpreter.purelib == f"lib/python{series}/site-packages"
    assert interpreter.stdlib.joinpath("os.py").is_file()
    assert not interpreter.is_venv


@pytest.mark.parametrize("series", SERIES)
def test_marker_variables_are_those_that_packaging_sees_inside(series: str) -> None:
    interpreter = installed(series)
    assert {name for name, _ in interpreter.markers} == set(MARKER_VARIABLES)
    code = (
        "import json, os, platform, sys; print(json.dumps({"
        "'os_name': os.name, 'sys_platform': sys.platform, 'platform_machine': platform.machine(),"
        "'platform_python_implementation': platform.python_implementation(),"
        "'platform_release': platform.release(), 'platform_system': platform.system(),"
        "'platform_version': platform.version(),"
        "'python_version': '.'.join(platform.python_version_tuple()[:2]),"
        "'python_full_version': platform.python_version(),"
        "'implementation_name': sys.implementation.name,"
        "'implementation_version': platform.python_version()}))"
    )
    run = subprocess.run([interpreter.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert dict(interpreter.markers) == json.loads(run.stdout)
    assert dict(interpreter.target().environment) == dict(interpreter.markers)


@pytest.mark.parametrize("series", SERIES)
def test_an_environment_leads_to_its_base(series: str, tmp_path: Path) -> None:
    base = installed(series)
    env = tmp_path / "env"
    subprocess.run([base.executable, "-I", "-m", "venv", "--without-pip", env], check=True)
    found = accepted(env / "bin" / "python")
    assert found.is_venv
    assert found.environment == env
    assert found.real_path == base.real_path
    assert found.executable == base.executable
    assert found.base_prefix == base.base_prefix


def test_an_environment_of_copies_leads_to_its_base(tmp_path: Path) -> None:
    base = accepted(Path(sys.executable))
    env = tmp_path / "env"
    subprocess.run([base.executable, "-I", "-m", "venv", "--copies", "--without-pip", env], check=True)
    found = accepted(env / "bin" / "python3")
    assert (found.environment, found.real_path) == (env, base.real_path)


def test_an_environment_whose_base_is_gone_is_refused(tmp_path: Path) -> None:
    env = tmp_path / "env"
    (env / "bin").mkdir(parents=True)
    (env / "bin" / "python").symlink_to(tmp_path / "gone" / "python3.12")
    (env / "pyvenv.cfg").write_text(f"home = {tmp_path / 'gone'}\n")
    assert "there is no" in refused(env / "bin" / "python")


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").write_text("home = /nowhere\n")
    (tmp_path / "bin" / "python").symlink_to("python3")
    (tmp_path / "bin" / "python3").symlink_to("python")
    assert "circle" in refused(tmp_path / "bin" / "python")


@pytest.mark.parametrize("series", ["2.7", "3.6", "3.7"])
def test_pythons_older_than_3_8_are_refused(series: str) -> None:
    reason = refused(installed_python(series))
    assert "older than 3.8" in reason or "Python 2" in reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo nonsense", "it does not answer as Python does: nonsense"),
        ("exit 0", "it does not answer as Python does"),
        ("echo cannot load libpython >&2; exit 127", "exit status 127: cannot load libpython"),
        ("kill -9 $$", "killed by signal 9"),
        ("echo 'lockenv-answer:{\"version_info\"'", "cut off"),
        ("echo 'lockenv-answer:{}'", "makes no sense"),
        ('echo \'lockenv-answer:{"executable": 5, "version_info": 3}\'', "makes no sense"),
        ("echo 'Unknown option: -I' >&2; exit 2", "it is Python 2"),
        ("while :; do echo y; done", "more than a Python would"),
    ],
)
def test_what_is_no_python_is_refused_with_a_reason(body: str, reason: str, tmp_path: Path) -> None:
    assert reason in refused(script(tmp_path / "python", body))


def test_what_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    # The pipe stays open as long as the grandchild lives: were only the script ended, this would take an hour.
    hanging = script(tmp_path / "python", "sleep 3600 & wait")
    assert "did not answer within 0.5 seconds" in refused(hanging, limit=0.5)


def test_what_is_not_executable_or_not_there_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "python"
    plain.write_text("not a program")
    assert "cannot be started" in refused(plain)
    assert "no such file" in refused(tmp_path / "python3")


def test_other_implementations_are_refused_by_name(tmp_path: Path) -> None:
    found = probe(fake_python(tmp_path / "bin/graalpy", implementation="graalpy"), None)
    assert isinstance(found, RefusedInterpreter)
    assert found.reason == "it is graalpy, neither CPython nor PyPy"
    assert found.version == "3.12.1"


def test_the_environment_variables_of_the_caller_do_not_reach_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    assert accepted(Path(sys.executable)).version.startswith("3.")


def test_the_working_folder_does_not_reach_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "platform.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert accepted(Path(sys.executable)).version.startswith("3.")


def test_new_environments_link_to_the_name_that_holds_the_version(tmp_path: Path) -> None:
    real = fake_python(tmp_path / "bin/python3.12", "3.12.1")
    for name in ("python3", "python"):
        (tmp_path / "bin" / name).symlink_to("python3.12")
        assert accepted(tmp_path / "bin" / name).executable == real


def test_new_environments_do_not_link_to_a_name_that_may_mean_another_version_tomorrow(tmp_path: Path) -> None:
    real = fake_python(tmp_path / "opt/bin/python3.12", "3.12.1")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(real)
    assert accepted(tmp_path / "bin" / "python3").executable == real
    (tmp_path / "bin" / "python3.12").symlink_to(real)
    assert accepted(tmp_path / "bin" / "python3").executable == tmp_path / "bin" / "python3.12"


def test_a_script_that_starts_another_python_leads_to_that_one_and_is_not_remembered(tmp_path: Path) -> None:
    cache = ProbeCache(tmp_path / "cache")
    real = fake_python(tmp_path / "real/bin/python3.12")
    wrapper = script(tmp_path / "wrapper/python", f'exec {real} "$@"')
    assert accepted(wrapper, cache).executable == real
    assert cached(wrapper, cache) is None
    assert cached(real, cache) is not None


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"free_threaded": True, "abiflags": "t"}, ("linux", "x86_64", "glibc", (2, 36), ("cp313t",))),
        ({"debug": True, "abiflags": "d"}, ("linux", "x86_64", "glibc", (2, 36), ("cp313d", "cp313"))),
        ({"glibc": "glibc 2.20-2014.11"}, ("linux", "x86_64", "glibc", (2, 20), ("cp313",))),
        ({"glibc": ""}, ("linux", "x86_64", "", (0, 0), ("cp313",))),
        ({"bits": 32}, ("linux", "i686", "glibc", (2, 36), ("cp313",))),
        ({"platform": "win-amd64", "glibc": ""}, ("win32", "amd64", "", (0, 0), ("cp313",))),
        ({"platform": "win32", "glibc": "", "bits": 32}, ("win32", "x86", "", (0, 0), ("cp313",))),
        (
            {"platform": "macosx-11.0-universal2", "mac_ver": ["14.5", "arm64"], "glibc": ""},
            ("darwin", "arm64", "", (14, 5), ("cp313",)),
        ),
        (
            {"implementation": "pypy", "ext_suffix": ".pypy310-pp73-x86_64-linux-gnu.so"},
            ("linux", "x86_64", "glibc", (2, 36), ("pypy310_pp73",)),
        ),
    ],
)
def test_facts_of_platforms_that_are_not_here(
    changes: dict[str, object], facts: tuple[object, ...], tmp_path: Path
) -> None:
    found = accepted(fake_python(tmp_path / "bin/python3.13", "3.13.0", **changes)).facts
    assert (found.system, found.machine, found.libc, found.os_version, found.abis) == facts


def test_a_prerelease_has_its_letters(tmp_path: Path) -> None:
    found = accepted(fake_python(tmp_path / "bin/python", "3.14.0rc2"))
    assert (found.version, found.is_prerelease) == ("3.14.0rc2", True)


class TestCache:
    def test_an_answer_is_remembered_and_nothing_is_run_again(self, tmp_path: Path) -> None:
        cache = ProbeCache(tmp_path / "cache")
        python = fake_python(tmp_path / "bin/python", "3.12.1")
        assert cached(python, cache) is None
        first = accepted(python, cache)
        assert cached(python, cache) == first
        assert accepted(python, cache) == first

    def test_a_changed_executable_is_asked_again(self, tmp_path: Path) -> None:
        cache = ProbeCache(tmp_path / "cache")
        python = fake_python(tmp_path / "bin/python", "3.12.1")
        os.utime(python, ns=(1, 1))
        accepted(python, cache)
        fake_python(python, "3.12.2")
        assert accepted(python, cache).version == "3.12.2"

    def test_a_refusal_of_an_old_version_is_remembered(self, tmp_path: Path) -> None:
        cache = ProbeCache(tmp_path / "cache")
        python = fake_python(tmp_path / "bin/python", "3.7.16")
        assert probe(python, cache) == cached(python, cache)

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"key": 1}', b"[" * 100_000],
        ids=["empty", "cut off", "list", "null", "not UTF-8", "no key", "other key", "deep"],
    )
    def test_a_corrupt_entry_is_no_entry(self, content: bytes, tmp_path: Path) -> None:
        cache = ProbeCache(tmp_path / "cache")
        python = fake_python(tmp_path / "bin/python")
        first = accepted(python, cache)
        (entry,) = (tmp_path / "cache").iterdir()
        entry.write_bytes(content)
        assert cached(python, cache) is None
        assert accepted(python, cache) == first
        assert cached(python, cache) == first

    def test_an_entry_whose_answer_makes_no_sense_is_no_entry(self, tmp_path: Path) -> None:
        cache = ProbeCache(tmp_path / "cache")
        python = fake_python(tmp_path / "bin/python")
        cache.write(python, answer(python) | {"version_info": "nonsense"})
        assert cached(python, cache) is None

    def test_a_folder_that_cannot_be_written_is_no_obstacle(self, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("a file where the folder should be")
        assert accepted(fake_python(tmp_path / "bin/python"), ProbeCache(tmp_path / "cache")).version

    def test_a_remembered_answer_needs_no_packaging(self, tmp_path: Path) -> None:
        cache = ProbeCache(tmp_path / "cache")
        python = fake_python(tmp_path / "bin/python")
        accepted(python, cache)
        code = (
            "import sys; from pathlib import Path; from lockenv.python.interpreter import cached;"
            "from lockenv.python.probe_cache import ProbeCache;"
            f"print(cached(Path({str(python)!r}), ProbeCache(Path({str(tmp_path / 'cache')!r}))).version);"
            "print([name for name in sys.modules if name.startswith(('packaging', 'subprocess'))])"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stdout.split("\n")[:2] == ["3.12.1", "[]"]
