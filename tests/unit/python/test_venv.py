from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lockenv import __version__
from lockenv.errors import InstallError, UsageError
from lockenv.python.interpreter import Interpreter, probe
from lockenv.python.pyvenv import describe_environment, read_settings
from lockenv.python.venv import bare, bundled_pip, harvest, layout, root_files, safe, skeleton
from lockenv.tree import Directory, Link, Text
from tests.unit.python.pythons import SERIES, fake_python, installed, make_environment, running, script, write

REPORT = (
    "import json, site, sys, sysconfig; print(json.dumps({"
    "'prefix': sys.prefix, 'base': sys.base_prefix, 'executable': sys.executable, 'path': sys.path,"
    "'site': site.getsitepackages(), 'paths': sysconfig.get_paths(), 'user': site.ENABLE_USER_SITE}))"
)


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def report(*command: str | Path) -> dict[str, Any]:
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=clean(), cwd="/")
    return dict(json.loads(run.stdout))


def imagined(folder: Path, version: str = "3.12.1", **changes: Any) -> Interpreter:
    found = probe(fake_python(folder / "bin/python", version, **changes), None)
    assert isinstance(found, Interpreter)
    return found


@pytest.mark.parametrize("series", SERIES)
class TestEveryCPython:
    def test_finds_its_environment(self, series: str, tmp_path: Path) -> None:
        base = installed(series)
        env = make_environment(base, tmp_path / "a b" / ".venv")
        library = env / layout(base).purelib
        for name in ("python", "python3", f"python{series}"):
            seen = report(env / "bin" / name, "-c", REPORT)
            assert seen["prefix"] == str(env)
            assert seen["base"] == str(base.base_prefix)
            assert seen["executable"] == str(env / "bin" / name)
            assert seen["path"][-1] == str(library.resolve())
            assert seen["site"] == [str(library)]
            assert seen["user"] is False

    def test_agrees_about_the_layout(self, series: str, tmp_path: Path) -> None:
        base = installed(series)
        env = make_environment(base, tmp_path / ".venv")
        paths, scheme = report(env / "bin/python", "-c", REPORT)["paths"], layout(base)
        assert paths["purelib"] == str(env / scheme.purelib)
        assert paths["platlib"] == str(env / scheme.platlib)
        assert paths["scripts"] == str(env / scheme.scripts)
        assert paths["data"] == str(env)

    def test_finds_it_through_a_shebang_and_a_link(self, series: str, tmp_path: Path) -> None:
        env = make_environment(installed(series), tmp_path / ".venv")
        program = env / "bin" / "program"
        program.write_text(f"#!{env}/bin/python\n{REPORT}\n")
        program.chmod(0o755)
        (tmp_path / "program").symlink_to(program)
        assert report(program)["prefix"] == str(env)
        assert report(tmp_path / "program")["prefix"] == str(env)

    def test_imports_what_is_put_there_and_runs_site(self, series: str, tmp_path: Path) -> None:
        base = installed(series)
        env = make_environment(base, tmp_path / ".venv")
        (env / layout(base).purelib / "here.py").write_text("print('here')")
        run = subprocess.run(
            [env / "bin/python", "-m", "here"], capture_output=True, text=True, check=True, env=clean()
        )
        assert run.stdout == "here\n"
        site = subprocess.run(
            [env / "bin/python", "-m", "site"], capture_output=True, text=True, check=True, env=clean()
        )
        assert str((env / layout(base).purelib).resolve()) in site.stdout

    def test_can_make_an_environment_from_it(self, series: str, tmp_path: Path) -> None:
        base = installed(series)
        env = make_environment(base, tmp_path / ".venv")
        subprocess.run(
            [env / "bin/python", "-m", "venv", "--without-pip", tmp_path / "inner"], check=True, env=clean()
        )
        inner = report(tmp_path / "inner/bin/python", "-c", REPORT)
        assert (inner["prefix"], inner["base"]) == (str(tmp_path / "inner"), str(base.base_prefix))

    def test_is_probed_back_to_its_base(self, series: str, tmp_path: Path) -> None:
        base = installed(series)
        env = make_environment(base, tmp_path / ".venv")
        found = probe(env / "bin" / "python3", None)
        assert isinstance(found, Interpreter)
        assert (found.environment, found.executable) == (env, base.executable)

    def test_brings_a_pip_for_seeding(self, series: str) -> None:
        wheel = bundled_pip(installed(series))
        if wheel is None:
            pytest.skip("its maker left ensurepip's wheels out")
        assert wheel.name.startswith("pip-")
        assert wheel.is_file()

    def test_makes_the_same_environment_itself(self, series: str, tmp_path: Path) -> None:
        base = installed(series)
        ours = {each.path for each in skeleton(base, env_dir=tmp_path, prompt="") if isinstance(each, Link)}
        theirs = harvest(base, tmp_path)
        assert {each.path for each in theirs.executables} >= {"bin/python", "bin/python3"}
        # The standard library has linked `python3.X` from 3.9 on, under one of several names.
        assert {each.path for each in theirs.executables} <= ours
        assert dict(theirs.settings)["home"] == str(base.executable.parent)


def test_an_environment_says_who_made_it_and_from_what(tmp_path: Path) -> None:
    base = running()
    env = make_environment(base, tmp_path / ".venv", prompt="forecast")
    assert read_settings(env / "pyvenv.cfg") == {
        "home": str(base.executable.parent),
        "include-system-site-packages": "false",
        "version": base.version,
        "executable": str(base.executable),
        "lockenv": __version__,
        "prompt": "forecast",
    }
    described = describe_environment(env)
    assert described is not None
    assert (described.kind, described.version, described.prompt) == ("lockenv", base.version, "forecast")
    assert described.python == env / "bin" / "python"


def test_git_ignores_an_environment(tmp_path: Path) -> None:
    (ignore,) = (each for each in root_files(running(), prompt="") if each.path == ".gitignore")
    assert isinstance(ignore, Text)
    assert ignore.content == b"*\n"


def test_a_prompt_of_several_lines_adds_no_settings(tmp_path: Path) -> None:
    env = make_environment(running(), tmp_path / ".venv", prompt="a\ninclude-system-site-packages = true")
    settings = read_settings(env / "pyvenv.cfg")
    assert settings is not None
    assert settings["include-system-site-packages"] == "false"


def test_lib64_leads_to_lib_where_the_interpreter_looks_there(tmp_path: Path) -> None:
    fedora = imagined(tmp_path, platlib="lib64/python3.12/site-packages")
    assert Link(path="lib64", target="lib") in root_files(fedora, prompt="")
    assert layout(fedora).platlib == layout(fedora).purelib == "lib/python3.12/site-packages"
    assert not any(isinstance(each, Link) for each in root_files(imagined(tmp_path / "plain"), prompt=""))


def test_the_folders_stand_though_nothing_is_in_them(tmp_path: Path) -> None:
    folders = {
        each.path
        for each in skeleton(imagined(tmp_path), env_dir=tmp_path, prompt="")
        if isinstance(each, Directory)
    }
    assert folders == {"lib/python3.12/site-packages", "include"}


def test_a_free_threaded_build_has_its_own_folder_and_name(tmp_path: Path) -> None:
    library = "lib/python3.13t/site-packages"
    threaded = imagined(tmp_path, "3.13.0", free_threaded=True, abiflags="t", purelib=library, platlib=library)
    assert layout(threaded).purelib == library
    links = {
        each.path: each.target
        for each in skeleton(threaded, env_dir=tmp_path, prompt="")
        if isinstance(each, Link)
    }
    assert links["bin/python3.13t"] == links["bin/python3.13"] == "python"


def test_headers_stand_where_pip_puts_them(tmp_path: Path) -> None:
    assert layout(imagined(tmp_path)).headers == "include/site/python3.12"


@pytest.mark.parametrize("name", ["a:b", "a\nb", "a\x07b"])
def test_a_folder_that_path_or_pyvenv_cfg_cannot_hold_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        skeleton(running(), env_dir=tmp_path / name, prompt="")
    assert "--env" in (raised.value.hint or "")


def test_a_relative_folder_is_refused() -> None:
    with pytest.raises(UsageError):
        skeleton(running(), env_dir=Path(".venv"), prompt="")


def test_the_same_arguments_give_the_same_values(tmp_path: Path) -> None:
    assert skeleton(running(), env_dir=tmp_path, prompt="x") == skeleton(running(), env_dir=tmp_path, prompt="x")


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, True),
        ({"framework": "Python"}, False),
        ({"implementation": "pypy", "ext_suffix": ".pypy310-pp73-x86_64-linux-gnu.so"}, False),
        ({"platform": "win-amd64", "glibc": "", "scripts": "Scripts"}, False),
    ],
)
def test_our_own_description_is_used_only_where_it_is_known_to_be_right(
    changes: dict[str, Any], answer: bool, tmp_path: Path
) -> None:
    assert safe(imagined(tmp_path, **changes)) is answer


def test_windows_has_its_own_layout_and_scripts(tmp_path: Path) -> None:
    windows = imagined(tmp_path, platform="win-amd64", glibc="", scripts="Scripts", purelib="Lib/site-packages")
    scheme = layout(windows)
    assert (scheme.purelib, scheme.scripts) == ("Lib/site-packages", "Scripts")
    paths = {each.path for each in skeleton(windows, env_dir=Path("/env"), prompt="x")}
    assert {"Scripts/activate.bat", "Scripts/deactivate.bat", "Scripts/Activate.ps1", "Scripts/activate"} <= paths


def test_a_harvested_environment_works(tmp_path: Path) -> None:
    base = running()
    (tmp_path / "scratch").mkdir()
    taken = harvest(base, tmp_path / "scratch")
    assert not any("ctivate" in each.path for each in taken.executables)
    entries = skeleton(base, env_dir=tmp_path / "env", prompt="", harvest=taken)
    links = {each.path: each.target for each in entries if isinstance(each, Link)}
    assert Path(os.path.realpath(links["bin/python"])) == base.real_path or "bin/python3" in links
    (config,) = (each for each in root_files(base, prompt="", harvest=taken) if each.path == "pyvenv.cfg")
    assert isinstance(config, Text)
    assert f"home = {dict(taken.settings)['home']}\n".encode() in config.content


def test_a_bare_environment_is_harvested_only_where_it_must_be(tmp_path: Path) -> None:
    plain = running()
    ours = bare(plain, env_dir=tmp_path / "env", prompt="x")
    described = (
        *root_files(plain, prompt="x"),
        *skeleton(plain, env_dir=tmp_path / "env", prompt="x"),
    )
    assert ours == described
    framework = dataclasses.replace(plain, framework=True)
    write(bare(framework, env_dir=tmp_path / "env", prompt="x"), tmp_path / "env")
    assert report(tmp_path / "env" / "bin" / "python", "-c", REPORT)["prefix"] == str(tmp_path / "env")


def test_a_venv_module_that_fails_says_what_it_said(tmp_path: Path) -> None:
    broken = script(tmp_path / "python3", "echo no module named venv >&2; exit 1")
    with pytest.raises(InstallError) as raised:
        harvest(dataclasses.replace(running(), executable=broken), tmp_path)
    assert raised.value.details == ("no module named venv",)
    assert "--python" in (raised.value.hint or "")


class TestBundledPip:
    def test_is_the_newest_that_is_there(self, tmp_path: Path) -> None:
        python = imagined(tmp_path, stdlib=str(tmp_path / "lib"))
        folder = tmp_path / "lib" / "ensurepip" / "_bundled"
        folder.mkdir(parents=True)
        for name in ("pip-9.0-py3-none-any.whl", "pip-24.0-py3-none-any.whl", "pip-odd.whl", "setuptools-1.whl"):
            (folder / name).touch()
        assert bundled_pip(python) == folder / "pip-24.0-py3-none-any.whl"

    def test_may_stand_in_a_folder_of_the_distribution(self, tmp_path: Path) -> None:
        (tmp_path / "wheels").mkdir()
        (tmp_path / "wheels" / "pip-23.0.1-py3-none-any.whl").touch()
        python = imagined(tmp_path, stdlib=str(tmp_path / "lib"), wheel_folder=str(tmp_path / "wheels"))
        assert bundled_pip(python) == tmp_path / "wheels" / "pip-23.0.1-py3-none-any.whl"

    def test_may_be_left_out(self, tmp_path: Path) -> None:
        assert bundled_pip(imagined(tmp_path, stdlib=str(tmp_path / "lib"))) is None
