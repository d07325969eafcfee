"""Packages that come from no index, and sdists: our lock for pip and uv, and their locks for us."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock

from tests.cli.refusals import check_refusal
from tests.conformance.installers import fresh_environment, installed, pip_reads_locks, tool, uv
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.repositories import Repository
from tests.fakes.sdists import source_files, source_sdist, source_tree
from tests.fakes.wheels import BuiltFile, make_wheel

#: What a build saw of its surroundings, and what an installer says of where it took things from.
_OF_THE_BUILD = ("_built.json", "uv_build.json", "direct_url.json")


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index with `packed` as an sdist alone, which is built with `helper`."""
    with FakeIndex() as running:
        running.add(make_wheel("helper", "1.0"))
        running.add(make_wheel("icons", "2.0"))
        running.add(source_sdist("packed", "1.0", build_system_requires=["helper"], metadata_version="2.2"))
        yield running


@pytest.fixture
def project(tmp_path: Path, index: FakeIndex) -> ScratchProject:
    return ScratchProject(tmp_path, index_url=index.url)


def serve(index: FakeIndex, built: BuiltFile) -> str:
    index.serve(f"/elsewhere/{built.filename}", built.content, "application/octet-stream")
    return f"{index.origin}/elsewhere/{built.filename}"


def synced(project: ScratchProject, index: FakeIndex, *more: str) -> ScratchProject:
    """Lock and sync what comes from URLs, a repository and as an sdist, and what `more` lines of sources say."""
    repository = Repository(project.scratch / "kept.git")
    repository.commit(source_files("kept", "1.0", requires=["icons"], dynamic=[]))
    sources = [
        f'wheel = {{ url = "{serve(index, make_wheel("wheel", "1.0"))}" }}',
        f'source = {{ url = "{serve(index, source_sdist("source", "1.0", metadata_version="2.2"))}" }}',
        f'kept = {{ git = "{repository.url}", rev = "main" }}',
        *more,
    ]
    names = [line.partition(" ")[0] for line in sources]
    allow = '[build]\nallow = ["packed", "source", "kept"]\n'
    project.manifest(dependencies=["packed", *names], more="\n".join([allow, "[sources]", *sources]))
    project.run("lock").ok()
    project.run("sync").ok()
    return project


def with_paths(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    source_tree(project.folder / "libs/tree", "tree", "1.0", requires=["icons"], dynamic=[])
    source_tree(project.folder / "libs/edit", "edit", "1.0", dynamic=[])
    make_wheel("near", "1.0").write_to(project.folder)
    return synced(
        project,
        index,
        'tree = { path = "libs/tree" }',
        'edit = { path = "libs/edit", editable = true }',
        'near = { path = "near-1.0-py3-none-any.whl" }',
    )


def same(one: Path, other: Path) -> None:
    """Insist that two environments hold the same packages, apart from what a build saw."""
    first, second = (
        {path: content for path, content in installed(env).items() if not path.endswith(_OF_THE_BUILD)}
        for env in (one, other)
    )
    assert first == second


def test_packaging_reads_every_kind_of_source(project: ScratchProject, index: FakeIndex) -> None:
    lock = Pylock.from_dict(tomllib.loads(with_paths(project, index).lock.read_text()))
    kinds = {
        package.name: next(
            kind
            for kind in ("archive", "directory", "vcs", "sdist", "wheels")
            if getattr(package, kind) is not None
        )
        for package in lock.packages
    }
    assert kinds == {
        "edit": "directory",
        "icons": "wheels",
        "kept": "vcs",
        "near": "archive",
        "packed": "sdist",
        "source": "archive",
        "tree": "directory",
        "wheel": "archive",
    }


def test_uv_installs_every_kind_of_source(project: ScratchProject, index: FakeIndex) -> None:
    with_paths(project, index)
    env = fresh_environment(project, "by-uv")
    command = [uv(), "pip", "sync", "--quiet", "--preview-features", "pylock", "--python", str(env)]
    tool(project, [*command, "--default-index", index.url, "pylock.toml"])
    same(env, project.env)


def test_pip_installs_what_it_can_hash(project: ScratchProject, index: FakeIndex) -> None:
    """As soon as one package has a hash, pip takes nothing without: no folder and no repository."""
    pip_reads_locks()
    synced(project, index)
    text = project.lock.read_text()
    blocks = text.split("\n\n[[packages]]\n")
    project.write(
        "pylock.pip.toml", "\n\n[[packages]]\n".join(b for b in blocks if not b.startswith('name = "kept"'))
    )
    env = fresh_environment(project, "by-pip")
    command = [sys.executable, "-m", "pip", "--python", str(env), "install", "--quiet", "--no-compile"]
    tool(project, [*command, "-i", index.url, "-r", "pylock.pip.toml"])
    ours, theirs = installed(project.env), installed(env)
    for name in ("packed", "source", "wheel", "icons"):
        assert theirs[f"{name}.py"] == ours[f"{name}.py"]


def uv_lock(project: ScratchProject, index: FakeIndex, *requirements: str) -> None:
    """Have uv lock some requirements; there is no manifest of ours then."""
    project.write("requirements.in", "\n".join(requirements) + "\n")
    command = [uv(), "pip", "compile", "--quiet", "--format", "pylock.toml", "--output-file", "pylock.toml"]
    python = ["--python", sys.executable]
    tool(project, [*command, *python, "--default-index", index.url, "requirements.in"])


def test_what_uv_locks_from_a_folder(project: ScratchProject, index: FakeIndex) -> None:
    source_tree(project.folder / "libs/tree", "tree", "1.0", requires=["icons"], dynamic=[])
    source_tree(project.folder / "libs/edit", "edit", "1.0", dynamic=[])
    uv_lock(project, index, "./libs/tree", "-e ./libs/edit")
    ran = project.run("sync", "--lock", "pylock.toml", "--env", ".venv")
    check_refusal(ran, 4, "edit and tree must be built", "--allow-build edit --allow-build tree")
    arguments = ["--lock", "pylock.toml", "--env", ".venv", "--allow-build", "tree", "--allow-build", "edit"]
    project.run("sync", *arguments).ok()
    assert project.installed() == {"edit": "1.0", "icons": "2.0", "tree": "1.0"}
    (project.folder / "libs/edit/src/edit.py").write_text("version = 'edited'\n")
    (project.folder / "libs/tree/src/tree.py").write_text("version = 'edited'\n")
    assert project.python("import edit, tree; print(edit.version, tree.version)") == "edited 1.0"
    project.run("sync", *arguments).ok()
    assert project.python("import edit, tree; print(edit.version, tree.version)") == "edited edited"


def test_what_uv_locks_from_a_repository_and_urls(project: ScratchProject, index: FakeIndex) -> None:
    repository = Repository(project.scratch / "all.git")
    files = source_files("kept", "1.0", requires=["icons"], dynamic=[])
    repository.commit({f"libs/kept/{path}": text for path, text in files.items()})
    uv_lock(
        project,
        index,
        f"kept @ git+{repository.url}@main#subdirectory=libs/kept",
        f"wheel @ {serve(index, make_wheel('wheel', '1.0'))}",
        f"source @ {serve(index, source_sdist('source', '1.0', metadata_version='2.2'))}",
    )
    allow = ["--allow-build", "kept", "--allow-build", "source"]
    project.run("sync", "--lock", "pylock.toml", "--env", ".venv", *allow).ok()
    assert project.installed() == {"icons": "2.0", "kept": "1.0", "source": "1.0", "wheel": "1.0"}


@pytest.mark.parametrize("maker", ["uv", "pip"])
def test_a_lock_of_others_does_not_say_what_an_sdist_is_built_with(
    project: ScratchProject, index: FakeIndex, maker: str
) -> None:
    if maker == "uv":
        uv_lock(project, index, "packed")
    else:
        pip_reads_locks()
        command = [sys.executable, "-m", "pip", "lock", "--quiet", "-i", index.url, "-o", "pylock.toml"]
        tool(project, [*command, "packed"])
    where = ["--lock", "pylock.toml", "--env", ".venv"]
    check_refusal(
        project.run("sync", *where), 4, "packed must be built", "packed 1.0 has no wheels", "--allow-build packed"
    )
    ran = project.run("sync", *where, "--allow-build", "packed")
    check_refusal(ran, 2, "packed has to be built, and the lock does not say with what", "asks for: helper")
    assert not project.env.exists()


def test_what_pip_locks_from_a_folder(project: ScratchProject, index: FakeIndex) -> None:
    pip_reads_locks()
    source_tree(project.folder / "libs/tree", "tree", "1.0", requires=["icons"], dynamic=[])
    command = [sys.executable, "-m", "pip", "lock", "--quiet", "-i", index.url, "-o", "pylock.toml"]
    tool(project, [*command, "./libs/tree"])
    project.run("sync", "--lock", "pylock.toml", "--env", ".venv", "--allow-build", "tree").ok()
    assert project.installed() == {"icons": "2.0", "tree": "1.0"}


def foreign(project: ScratchProject, entry: str) -> None:
    project.write(
        "pylock.toml", f'lock-version = "1.0"\ncreated-by = "somebody"\n[[packages]]\nname = "core"\n{entry}\n'
    )


def _hashes(built: BuiltFile) -> str:
    return f'hashes = {{ sha256 = "{built.sha256}" }}'


def _sdist_by_path(project: ScratchProject) -> str:
    built = source_sdist("core", "1.0")
    built.write_to(project.folder)
    return f'version = "1.0"\nsdist = {{ path = "{built.filename}", {_hashes(built)} }}'


def _archive_by_path(project: ScratchProject) -> str:
    built = source_sdist("core", "1.0")
    (project.folder / "core.tar.gz").write_bytes(built.content)
    return f'archive = {{ path = "./core.tar.gz", {_hashes(built)} }}'


def _repository_by_path(project: ScratchProject) -> str:
    commit = Repository(project.folder / "core.git").commit(source_files("core", "1.0"))
    return f'vcs = {{ type = "git", path = "core.git", commit-id = "{commit}" }}'


def _folder_in_a_folder(project: ScratchProject) -> str:
    source_tree(project.folder / "libs/core", "core", "1.0")
    return 'directory = { path = "libs", subdirectory = "core" }'


@pytest.mark.parametrize("kind", [_sdist_by_path, _archive_by_path, _repository_by_path, _folder_in_a_folder])
def test_paths_of_any_kind_count_from_the_lock(project: ScratchProject, kind: Any) -> None:
    foreign(project, kind(project))
    project.run("sync", "--lock", "pylock.toml", "--env", ".venv", "--allow-build", "core").ok()
    assert project.installed() == {"core": "1.0"}
    assert "already exactly" in project.run("sync").ok().out


def test_repositories_of_other_kinds_are_refused(project: ScratchProject) -> None:
    foreign(project, f'vcs = {{ type = "hg", url = "https://example.com/core", commit-id = "{"a" * 40}" }}')
    check_refusal(project.run("sync", "--allow-build", "core"), 4, "core comes from a hg repository", "lock it as")
