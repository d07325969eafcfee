"""`[sources]`: packages from Git repositories."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.refusals import check_refusal
from tests.cli.sourcing import direct_url, entry, manifest
from tests.fakes.project import ScratchProject
from tests.fakes.repositories import Repository
from tests.fakes.sdists import source_files

ALLOW = "[build]\nallow = ['core']\n"


def core(version: str = "1.0", **options: Any) -> dict[str, str]:
    """The files of a project whose metadata are static, with something that no build brings along."""
    return source_files("core", version, requires=["icons"], **{"dynamic": [], **options})


@pytest.fixture
def repository(project: ScratchProject) -> Repository:
    """A repository with `core` 1.0 in its first commit."""
    made = Repository(project.scratch / "core.git")
    made.commit(core())
    return made


def source(repository: Repository, more: str = "") -> str:
    return f'core = {{ git = "{repository.url}"{more} }}'


def test_a_commit_is_locked_and_installed(project: ScratchProject, repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    manifest(project, source(repository), more=ALLOW)
    ran = project.run("lock").ok()
    assert f"+ core 1.0 (git {commit[:8]})" in ran.out
    package = entry(project, "core")
    assert package["version"] == "1.0"
    assert package["vcs"] == {"type": "git", "url": repository.url, "commit-id": commit}
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0"}
    assert direct_url(project, "core") == {
        "url": repository.url,
        "vcs_info": {"vcs": "git", "commit_id": commit},
    }


def test_a_commit_is_kept_though_the_branch_moves(project: ScratchProject, repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    manifest(project, source(repository, ', rev = "main"'), more=ALLOW)
    project.run("lock").ok()
    second = repository.commit(core("2.0"))
    project.run("lock", "--check").ok()
    manifest(project, source(repository, ', rev = "main"'), more=ALLOW, dependencies=("checks",))
    project.run("lock").ok()
    assert entry(project, "core")["vcs"]["commit-id"] == first
    project.run("sync").ok()
    assert project.installed()["core"] == "1.0"
    ran = project.run("lock", "--upgrade-package", "core").ok()
    assert f"~ core 1.0 (git {first[:8]}) -> 2.0 (git {second[:8]})" in ran.out
    assert entry(project, "core")["vcs"]["commit-id"] == second
    project.run("sync").ok()
    assert project.installed() == {"checks": "3.1", "core": "2.0", "icons": "2.0"}


def test_another_package_s_upgrade_keeps_the_commit(project: ScratchProject, repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    manifest(project, source(repository), more=ALLOW)
    project.run("lock").ok()
    second = repository.commit(core("2.0"))
    project.run("lock", "--upgrade-package", "icons").ok()
    assert entry(project, "core")["vcs"]["commit-id"] == first
    project.run("lock", "--upgrade").ok()
    assert entry(project, "core")["vcs"]["commit-id"] == second


def test_another_revision_in_the_manifest_moves_the_commit(
    project: ScratchProject, repository: Repository
) -> None:
    repository.git("tag", "v1")
    repository.commit(core("2.0"))
    repository.git("tag", "--annotate", "--message", "two", "v2")
    manifest(project, source(repository, ', rev = "v1"'), more=ALLOW)
    project.run("lock").ok()
    assert project.locked()["core"] == "1.0"
    manifest(project, source(repository, ', rev = "v2"'), more=ALLOW)
    check_refusal(project.run("lock", "--check"), 1, "`sources` in env.toml has changed")
    project.run("lock").ok()
    package = entry(project, "core")
    assert package["version"] == "2.0"
    assert package["vcs"]["requested-revision"] == "v2"
    assert package["vcs"]["commit-id"] == repository.git("rev-parse", "v2^{commit}")
    project.run("sync").ok()
    assert direct_url(project, "core")["vcs_info"]["requested_revision"] == "v2"


@pytest.mark.parametrize("length", [7, 40])
def test_a_commit_by_its_name(project: ScratchProject, repository: Repository, length: int) -> None:
    commit = repository.git("rev-parse", "HEAD")
    repository.commit(core("2.0"))
    manifest(project, source(repository, f', rev = "{commit[:length]}"'), more=ALLOW)
    project.run("lock").ok()
    assert entry(project, "core")["vcs"]["commit-id"] == commit
    assert project.locked()["core"] == "1.0"


def test_a_folder_of_a_repository(project: ScratchProject) -> None:
    repository = Repository(project.scratch / "all.git")
    repository.commit({f"libs/core/{path}": text for path, text in core().items()})
    manifest(project, source(repository, ', subdirectory = "libs/core"'), more=ALLOW)
    project.run("lock").ok()
    assert entry(project, "core")["vcs"]["subdirectory"] == "libs/core"
    project.run("sync").ok()
    assert project.installed()["core"] == "1.0"
    assert direct_url(project, "core")["subdirectory"] == "libs/core"


def test_a_repository_beside_the_project(project: ScratchProject, repository: Repository) -> None:
    manifest(project, 'core = { git = "../core.git" }', more=ALLOW)
    project.run("lock").ok()
    vcs = entry(project, "core")["vcs"]
    assert (vcs.get("url"), vcs["path"]) == (None, "../core.git")
    project.run("sync").ok()
    assert direct_url(project, "core")["url"] == repository.url
    repository.commit(core("2.0"))
    manifest(project, 'core = { git = "../core.git" }', more=ALLOW, dependencies=("checks",))
    project.run("lock").ok()
    assert entry(project, "core")["vcs"] == vcs


def test_static_metadata_lock_without_leave_and_a_sync_asks_for_it(
    project: ScratchProject, repository: Repository
) -> None:
    manifest(project, source(repository))
    ran = project.run("lock").ok()
    assert "warning: a sync will refuse to build core, which nobody has allowed: write `allow = [" in ran.err
    assert "build-requires" not in entry(project, "core")["tool"]["lockenv"]
    ran = project.run("sync")
    check_refusal(ran, 4, "core must be built", "core comes from a Git repository", 'allow = ["core"]', "[build]")
    # The lock does not say yet what the build takes: leave for the sync alone would not do.
    assert "run `lockenv lock`" in ran.err
    assert "say `--allow-build core` to `lockenv lock`, and then to this command" in ran.err
    assert not project.env.exists()
    manifest(project, source(repository), more=ALLOW)
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.installed()["core"] == "1.0"


def test_an_add_that_may_not_build_says_what_to_say_to_it(project: ScratchProject, repository: Repository) -> None:
    project.manifest(dependencies=["checks"])
    project.run("lock").ok()
    add = ("add", "core", "--git", str(repository.url))
    ran = project.run(*add)
    check_refusal(ran, 4, "core must be built", 'allow = ["core"]', "or say `--allow-build core`\n")
    assert "and then to this command" not in ran.err
    project.run(*add, "--allow-build", "core").ok()
    assert project.installed()["core"] == "1.0"


def test_leave_for_once(project: ScratchProject, repository: Repository) -> None:
    repository.commit(core("2.0", build_system_requires=["checks"]))
    manifest(project, source(repository))
    project.run("lock").ok()
    ran = project.run("sync", "--allow-build", "core")
    check_refusal(ran, 2, "the lock does not say with what", "checks", "lockenv lock --allow-build core")
    project.run("lock", "--allow-build", "core").ok()
    assert entry(project, "core")["tool"]["lockenv"]["build-requires"] == ["checks"]
    project.run("sync", "--allow-build", "core").ok()
    assert project.installed() == {"core": "2.0", "icons": "2.0"}


@pytest.mark.parametrize("requires", [[], ["checks"]], ids=["backend alone", "backend with requirements"])
def test_nothing_of_a_repository_runs_unasked(project: ScratchProject, requires: list[str]) -> None:
    repository = Repository(project.scratch / "core.git")
    files = core(dynamic=["version"], build_system_requires=requires)
    witness = project.scratch / "witness"
    files["_build/fake_backend.py"] = f"open({str(witness)!r}, 'w')\n" + files["_build/fake_backend.py"]
    repository.commit(files)
    manifest(project, source(repository))
    ran = project.run("lock")
    check_refusal(ran, 4, "only its build can say what core requires", 'allow = ["core"]', "--allow-build core")
    assert not witness.exists()
    assert not project.lock.exists()
    project.run("lock", "--allow-build", "core").ok()
    assert witness.exists()


def test_a_revision_that_is_not_there(project: ScratchProject, repository: Repository) -> None:
    repository.git("tag", "v1.0")
    manifest(project, source(repository, ', rev = "v1.1"'), more=ALLOW)
    check_refusal(project.run("lock"), 2, "has no revision 'v1.1'", "did you mean `v1.0`?")


def test_a_commit_that_is_not_there(project: ScratchProject, repository: Repository) -> None:
    manifest(project, source(repository, f', rev = "{"a" * 40}"'), more=ALLOW)
    check_refusal(project.run("lock"), 2, "does not have the commit")


def test_a_repository_that_is_not_there(project: ScratchProject) -> None:
    manifest(project, f'core = {{ git = "{(project.scratch / "nowhere").as_uri()}" }}', more=ALLOW)
    check_refusal(project.run("lock"), 5, "there is no Git repository", "check the address")


def test_a_repository_with_another_project(project: ScratchProject) -> None:
    repository = Repository(project.scratch / "other.git")
    repository.commit(source_files("other", "1.0", dynamic=[]))
    manifest(project, source(repository), more=ALLOW)
    check_refusal(project.run("lock"), 2, "[sources] takes core from what is other", "call it `other`")


def test_without_git(project: ScratchProject, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    manifest(project, source(repository), more=ALLOW)
    check_refusal(project.run("lock", PATH=str(tmp_path / "bin")), 2, "there is no `git` program", "install git")


def test_offline_with_and_without_a_clone(project: ScratchProject, repository: Repository) -> None:
    manifest(project, source(repository, ', rev = "main"'), more=ALLOW)
    project.run("lock").ok()
    project.run("sync").ok()
    shutil.rmtree(repository.folder)
    shutil.rmtree(project.env)
    project.run("sync", "--offline").ok()
    shutil.rmtree(project.cache / "built")
    project.run("sync", "--env", "other", "--offline").ok()
    project.lock.unlink()
    project.run("lock", "--offline").ok()
    shutil.rmtree(project.cache / "git")
    shutil.rmtree(project.cache / "built")
    check_refusal(project.run("sync", "--env", "third", "--offline"), 5, "is not in the cache", "`--offline`")
    project.lock.unlink()
    check_refusal(project.run("lock", "--offline"), 5, "main of the Git repository", "is not in the cache")


def test_what_a_repository_keeps_in_its_history_is_there_for_the_build(project: ScratchProject) -> None:
    repository = Repository(project.scratch / "core.git")
    files = core()
    backend = files["_build/fake_backend.py"]
    says = "subprocess.check_output(['git', 'describe', '--tags'], cwd=os.path.dirname(HERE)).decode().strip()"
    files["_build/fake_backend.py"] = backend.replace(
        "def sources():\n",
        f"def sources():\n    return {{'core.py': 'version = %r' % {says}}}\n\n\ndef unused():\n",
    )
    repository.commit(files)
    repository.git("tag", "v7")
    manifest(project, source(repository), more=ALLOW)
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.python("import core; print(core.version)") == "v7"
