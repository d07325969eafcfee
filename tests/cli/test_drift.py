"""What can happen to an environment behind lockenv's back: `verify` notices all of it, `sync` mends it."""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockenv.operations.carry_out import carry_out
from lockenv.transaction.apply import Applied
from lockenv.tree import fixed_mtime_ns
from tests.fakes.index import FakeIndex
from tests.fakes.project import BASE_PYTHON, ScratchProject
from tests.fakes.wheels import make_wheel

TAG = sys.implementation.cache_tag


def site_of(project: ScratchProject) -> Path:
    return next(project.env.glob("lib/python*/site-packages"))


def bytecode(source: Path, code: str, *, mtime: int | None = None) -> bytes:
    """Bytecode of some code under a header that speaks of a source."""
    found = source.stat()
    when = int(found.st_mtime) if mtime is None else mtime
    head = importlib.util.MAGIC_NUMBER + b"".join(part.to_bytes(4, "little") for part in (0, when, found.st_size))
    return head + marshal.dumps(compile(code, str(source), "exec", dont_inherit=True))


def edited(path: Path, content: bytes | None = None) -> None:
    """Write into a file as an editor does that keeps the inode; what is hard-linked changes everywhere."""
    mode = path.stat().st_mode & 0o7777
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"# edited\n" if content is None else content)
    path.chmod(mode)


def edited_unseen(path: Path) -> None:
    """Change content and leave size and time as they were."""
    before = path.stat()
    edited(path, path.read_bytes()[:-2] + b"!\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def relinked(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def linked(path: Path, target: Path) -> None:
    path.rename(target)
    path.symlink_to(target)


def replaced_interpreter(project: ScratchProject) -> None:
    """Put another file behind the interpreter's path, as an upgrade of the system does."""
    interpreter = project.scratch / "python" / "bin" / BASE_PYTHON.name
    (interpreter.parent / "new").write_bytes(interpreter.read_bytes())
    shutil.copystat(interpreter, interpreter.parent / "new")
    os.utime(interpreter.parent / "new")
    (interpreter.parent / "new").replace(interpreter)


def planted_bytecode(project: ScratchProject) -> None:
    source = site_of(project) / "icons.py"
    cache = source.parent / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / f"icons.{TAG}.pyc").write_bytes(bytecode(source, "version = 'planted'"))


def package(project: ScratchProject) -> None:
    (site_of(project) / "json").mkdir()
    (site_of(project) / "json" / "__init__.py").write_text("planted = True\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Something that happens; `seen` says whether sizes, times, names and types show it."""

    name: str
    happens: Callable[[ScratchProject], object]
    kind: str
    seen: bool = True


DRIFTS = (
    Drift(name="changed file", happens=lambda p: edited(site_of(p) / "icons.py"), kind="changed"),
    Drift(
        name="changed file of the same size and time",
        happens=lambda p: edited_unseen(site_of(p) / "icons.py"),
        kind="changed",
        seen=False,
    ),
    Drift(name="deleted file", happens=lambda p: (site_of(p) / "icons.py").unlink(), kind="missing"),
    Drift(name="deleted package folder", happens=lambda p: shutil.rmtree(site_of(p) / "tree"), kind="missing"),
    Drift(
        name="deleted dist-info",
        happens=lambda p: shutil.rmtree(site_of(p) / "icons-2.0.dist-info"),
        kind="missing",
    ),
    Drift(name="stray module", happens=lambda p: (site_of(p) / "stray.py").write_text(""), kind="extra"),
    Drift(name="stray .pth", happens=lambda p: (site_of(p) / "stray.pth").write_text("import os\n"), kind="extra"),
    Drift(name="planted bytecode", happens=planted_bytecode, kind="bytecode", seen=False),
    Drift(
        name="bytecode without a source",
        happens=lambda p: (site_of(p) / "ghost.pyc").write_bytes(b""),
        kind="bytecode",
    ),
    Drift(name="changed console script", happens=lambda p: edited(p.env / "bin" / "menu"), kind="changed"),
    Drift(
        name="changed link to Python",
        happens=lambda p: relinked(p.env / "bin" / "python3", Path("/bin/true")),
        kind="changed",
    ),
    Drift(name="changed pyvenv.cfg", happens=lambda p: edited(p.env / "pyvenv.cfg"), kind="changed"),
    Drift(
        name="edited RECORD",
        happens=lambda p: edited(site_of(p) / "icons-2.0.dist-info" / "RECORD"),
        kind="changed",
    ),
    Drift(name="lost mode", happens=lambda p: (p.env / "bin" / "menu").chmod(0o644), kind="mode"),
    Drift(name="open mode", happens=lambda p: (site_of(p) / "icons.py").chmod(0o666), kind="mode"),
    Drift(
        name="folder open to all", happens=lambda p: (site_of(p) / "tree").chmod(0o777), kind="mode", seen=False
    ),
    Drift(
        name="file replaced by a link",
        happens=lambda p: linked(site_of(p) / "icons.py", p.scratch / "icons.py"),
        kind="type",
    ),
    Drift(
        name="folder replaced by a link",
        happens=lambda p: linked(site_of(p) / "tree", p.scratch / "tree"),
        kind="type",
    ),
    Drift(name="package that shadows one", happens=package, kind="extra"),
    Drift(name="changed activation script", happens=lambda p: edited(p.env / "bin" / "activate"), kind="changed"),
    Drift(name="sitecustomize", happens=lambda p: (site_of(p) / "sitecustomize.py").write_text(""), kind="extra"),
    Drift(name="usercustomize", happens=lambda p: (site_of(p) / "usercustomize.py").write_text(""), kind="extra"),
    Drift(name="replaced interpreter", happens=replaced_interpreter, kind="interpreter"),
)


@pytest.fixture
def project(tmp_path: Path, index: FakeIndex) -> ScratchProject:
    """A synced project with an interpreter of its own, whose executable a test may replace."""
    index.add(make_wheel("tree", "1.0", files={"tree/__init__.py": "", "tree/leaf.py": "green = True\n"}))
    made = ScratchProject(tmp_path, index_url=index.url)
    prefix = tmp_path / "python"
    shutil.copytree(BASE_PYTHON.parent, prefix / "bin", symlinks=True)
    (prefix / "lib").symlink_to(BASE_PYTHON.parent.parent / "lib")
    made.environ["PATH"] = f"{prefix / 'bin'}:/usr/bin:/bin"
    made.manifest(dependencies=["menu", "tree"])
    made.run("lock").ok()
    made.run("sync", "--python", str(prefix / "bin" / BASE_PYTHON.name)).ok()
    return made


def findings(project: ScratchProject, *arguments: str) -> list[dict[str, str]]:
    found = json.loads(project.run("verify", "--json", *arguments).out)["findings"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.name)
def test_all_drift_is_noticed_by_verify_and_mended_by_a_sync_that_verifies(
    project: ScratchProject, drift: Drift
) -> None:
    before = project.tree()
    assert findings(project) == []
    drift.happens(project)
    ran = project.run("verify")
    assert ran.status == 1
    assert drift.kind in {finding["kind"] for finding in findings(project)}
    project.run("sync", "--verify").ok()
    assert findings(project) == []
    assert project.execute("menu") == "menu 1.0 over dropdown 1.1"
    after = project.tree()
    assert {path for path in before if "/g-" not in path} == {path for path in after if "/g-" not in path}


@pytest.mark.parametrize("drift", [drift for drift in DRIFTS if drift.seen], ids=lambda drift: drift.name)
def test_what_sizes_and_times_show_is_mended_by_any_sync(project: ScratchProject, drift: Drift) -> None:
    drift.happens(project)
    project.run("sync").ok()
    assert findings(project) == []


def test_on_a_machine_that_calls_itself_a_ci_content_is_compared(project: ScratchProject) -> None:
    edited_unseen(site_of(project) / "icons.py")
    project.run("sync").ok()
    assert findings(project)
    project.environ["CI"] = "true"
    project.run("sync", "--no-verify").ok()
    assert findings(project)
    project.run("sync").ok()
    assert findings(project) == []


def test_repair_is_a_sync_that_verifies(project: ScratchProject) -> None:
    edited_unseen(site_of(project) / "icons.py")
    assert project.run("verify", "--repair").status == 0
    assert findings(project) == []
    assert project.python("import icons; print(icons.version)") == "2.0"


def test_an_edit_through_a_hard_link_is_seen_in_the_other_environment_and_not_linked_again(
    project: ScratchProject,
) -> None:
    project.run("sync", "--link-mode", "hardlink", "--env", "one").ok()
    project.run("sync", "--link-mode", "hardlink", "--env", "two").ok()
    edited_unseen(next(project.folder.glob("one/lib/python*/site-packages/icons.py")))
    assert [finding["path"].rpartition("/")[2] for finding in findings(project, "--env", "two")] == ["icons.py"]
    ran = project.run("verify", "--repair", "--link-mode", "hardlink", "--env", "two")
    assert ran.status == 2, "verify takes no link mode"
    ran = project.run("sync", "--verify", "--link-mode", "hardlink", "--env", "two").ok()
    assert "changed in the cache" in ran.err
    assert findings(project, "--env", "two") == []
    assert project.run("cache", "verify").status == 0


def test_bytecode_that_python_writes_is_accepted_at_every_level(project: ScratchProject) -> None:
    environ = {"PATH": "/usr/bin:/bin"}
    for flags in ([], ["-O"], ["-OO"]):
        command = [str(project.env / "bin" / "python"), *flags, "-c", "import menu, dropdown, icons, tree.leaf"]
        subprocess.run(command, check=True, env=environ)
    assert len(list(site_of(project).glob("**/__pycache__/*.pyc"))) == 15
    assert findings(project) == []
    assert findings(project) == [], "proofs are remembered"
    # What was proven does not vouch for another file in its place.
    planted_bytecode(project)
    assert [finding["kind"] for finding in findings(project)] == ["bytecode"]
    assert findings(project, "--no-bytecode") == []


def test_what_other_programs_keep_is_told_and_is_no_drift(project: ScratchProject) -> None:
    cache = site_of(project) / "__pycache__"
    cache.mkdir()
    kept = [f"icons.{TAG}-pytest-8.3.3.pyc", "icons.draw-3.py312.1.nbc", "icons.draw-3.py312.nbi"]
    for name in kept:
        (cache / name).write_bytes(b"\x80\x04N.")
    project.environ["CI"] = "true"
    before = (project.env / ".lockenv" / "current").readlink()
    assert "already exactly" in project.run("sync").ok().out
    assert (project.env / ".lockenv" / "current").readlink() == before
    told = json.loads(project.run("verify", "--json").ok().out)
    assert [(Path(one["path"]).name, one["package"], one["program"]) for one in told["unjudged"]] == [
        (kept[0], "icons", "pytest"),
        (kept[1], "icons", "numba"),
        (kept[2], "icons", "numba"),
    ]
    assert told["exact"] is True
    told_to_people = project.run("verify").ok().err
    assert "not judged: 3 files in __pycache__ that Python never loads (numba, pytest)" in told_to_people


def test_what_passes_for_another_program_s_and_is_not_is_a_finding(project: ScratchProject) -> None:
    cache = site_of(project) / "__pycache__"
    cache.mkdir()
    (cache / f"ghost.{TAG}-pytest-8.3.3.pyc").write_bytes(b"")
    (cache / f"icons.{TAG}-pytest-8.3.3.pyc").symlink_to("/dev/null")
    (cache / "icons.draw-3.py312.nbi").write_bytes(b"")
    (cache / "icons.draw-3.py312.nbi").chmod(0o666)
    (cache / f"icons.x-pytest-1.{TAG}.pyc").write_bytes(b"")
    (cache / "icons.nbi").write_bytes(b"")
    assert sorted((Path(one["path"]).name, one["kind"]) for one in findings(project)) == [
        (f"ghost.{TAG}-pytest-8.3.3.pyc", "bytecode"),
        (f"icons.{TAG}-pytest-8.3.3.pyc", "type"),
        ("icons.draw-3.py312.nbi", "mode"),
        ("icons.nbi", "extra"),
        (f"icons.x-pytest-1.{TAG}.pyc", "bytecode"),
    ]


@pytest.mark.parametrize(
    "code", ["version = '2.0'\nimport os\n", "version = '2.1'\n", "version = 2.0\n", "\nversion = '2.0'\n"]
)
def test_bytecode_with_a_right_header_and_other_code_is_refused(project: ScratchProject, code: str) -> None:
    source = site_of(project) / "icons.py"
    (source.parent / "__pycache__").mkdir()
    place = source.parent / "__pycache__" / f"icons.{TAG}.pyc"
    place.write_bytes(bytecode(source, source.read_text()))
    assert findings(project) == []
    place.write_bytes(bytecode(source, code))
    assert [finding["kind"] for finding in findings(project)] == ["bytecode"]


def test_bytecode_with_another_header_or_no_code_is_refused(project: ScratchProject) -> None:
    source = site_of(project) / "icons.py"
    cache = source.parent / "__pycache__"
    cache.mkdir()
    right = bytecode(source, source.read_text())
    mtime = fixed_mtime_ns("0" * 64) // 10**9
    unchecked = right[:4] + (1).to_bytes(4, "little") + importlib.util.source_hash(source.read_bytes())
    for content, accepted in (
        (right, True),
        (unchecked + right[16:], True),
        (unchecked[:8] + bytes(8) + right[16:], False),
        (b"1234" + right[4:], False),
        (bytecode(source, source.read_text(), mtime=mtime), False),
        (right[:-5], False),
        (right[:16], False),
        (b"", False),
        (right[:16] + b"\xe3" + b"\xff" * 200, False),
    ):
        (cache / f"icons.{TAG}.pyc").write_bytes(content)
        assert (findings(project) == []) is accepted, content[:40]
    (cache / f"icons.{TAG}.pyc").unlink()
    (cache / "icons.cpython-27.pyc").write_bytes(right)
    (cache / f"ghost.{TAG}.pyc").write_bytes(right)
    (cache / f"tree.{TAG}.opt-7.pyc").write_bytes(right)
    assert [finding["kind"] for finding in findings(project)] == ["bytecode"] * 3


def test_a_sync_can_compile_all_modules_before_they_stand(project: ScratchProject) -> None:
    digest = project.run("sync").ok().out.partition("digest ")[2].partition(")")[0]
    shutil.rmtree(project.env)
    ran = project.run("sync", "--compile").ok()
    assert digest in ran.out
    compiled = {path: path.read_bytes() for path in site_of(project).rglob("*.pyc")}
    assert len(compiled) == 5
    assert findings(project) == []
    generation = (project.env / ".lockenv" / "current").resolve()
    for content in compiled.values():
        code = marshal.loads(content[16:])  # noqa: S302
        assert code.co_filename.startswith(str(generation)), code.co_filename
        assert Path(code.co_filename).is_file()
    shutil.rmtree(project.env)
    project.run("sync", "--compile").ok()
    assert {path: path.read_bytes() for path in site_of(project).rglob("*.pyc")} == compiled


def test_an_environment_that_stands_is_compiled_as_it_is(project: ScratchProject) -> None:
    before = (project.env / ".lockenv" / "current").readlink()
    project.run("sync", "--compile").ok()
    assert (project.env / ".lockenv" / "current").readlink() == before
    assert len(list(site_of(project).rglob("*.pyc"))) == 5
    assert "already exactly" in project.run("sync", "--compile").ok().out


def spoilt_unseen(project: ScratchProject, path: str) -> None:
    """Change a file of the store so that neither size nor time shows it, as an edit through a hard link can."""
    edited_unseen(next(project.cache.glob(f"wheels/*/files/{path}")))


@pytest.fixture
def scripted(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A project with a script in a wheel, of which the environment gets a copy of its own."""
    script = "#!python\nprint('usual')\n"
    index.add(make_wheel("usual", "1.0", files={"usual.py": "", "{data}/scripts/usual": script}))
    project.manifest(dependencies=["menu", "usual"])
    project.run("lock").ok()
    project.run("sync").ok()
    return project


@pytest.mark.parametrize("options", [(), ("--verify",), ("--compile",)])
def test_a_script_that_was_spoilt_in_the_store_is_brought_anew_in_the_same_run(
    scripted: ScratchProject, options: tuple[str, ...]
) -> None:
    spoilt_unseen(scripted, "usual-1.0.data/scripts/usual")
    shutil.rmtree(scripted.env)
    shutil.rmtree(scripted.cache / "plans", ignore_errors=True)
    ran = scripted.run("sync", *options).ok()
    assert "was changed in the cache, and is brought there anew" in ran.err
    assert scripted.execute("usual") == "usual"
    assert scripted.run("cache", "verify").status == 0


def test_what_a_spoilt_store_cannot_tell_is_said_with_what_mends_it(scripted: ScratchProject) -> None:
    spoilt_unseen(scripted, "usual-1.0.data/scripts/usual")
    ran = scripted.run("verify")
    assert ran.status == 6
    assert "the environment was not changed" in ran.err
    assert "hint: `lockenv cache verify` takes out" in ran.err
    scripted.run("sync", "--verify").ok()
    assert findings(scripted) == []


def test_an_edit_while_a_sync_runs_is_healed_by_it(
    project: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(project.env)
    spoilt: list[Path] = []

    def edited_meanwhile(*arguments: Any, **options: Any) -> Applied:
        if not spoilt:
            spoilt.append(next(project.cache.glob("wheels/*/files/icons.py")))
            edited(spoilt[0], b"version = 'from elsewhere'\n")
        return carry_out(*arguments, **options)

    monkeypatch.setattr("lockenv.operations.converge.carry_out", edited_meanwhile)
    ran = project.run("sync").ok()
    assert "was changed in the cache, and is brought there anew" in ran.err
    assert project.python("import icons; print(icons.version)") == "2.0"
    assert findings(project) == []
