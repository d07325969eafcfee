from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lockenv.build.git import Repositories, check_url
from lockenv.errors import NetworkError, OfflineMiss, UsageError
from lockenv.events import Event, Warned
from tests.fakes.repositories import Repository


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "upstream")


def repositories(
    tmp_path: Path, *, offline: bool = False, report: Callable[[Event], None] = lambda event: None
) -> Repositories:
    return Repositories(tmp_path / "cache", environ=os.environ, offline=offline, reporter=report)


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)
    return {str(path.relative_to(folder)): path.read_text() for path in found}


# A revision becomes a commit


def test_without_a_revision_the_default_branch_counts(tmp_path: Path, upstream: Repository) -> None:
    commit = upstream.commit({"x": "1"})
    assert repositories(tmp_path).resolve(upstream.url) == commit


def test_branches_and_tags_are_found(tmp_path: Path, upstream: Repository) -> None:
    first = upstream.commit({"x": "1"})
    upstream.git("tag", "v1")
    upstream.git("tag", "--annotate", "v1.0", "--message", "one")
    second = upstream.commit({"x": "2"})
    upstream.git("branch", "feature/two")
    found = repositories(tmp_path)
    assert found.resolve(upstream.url, "main") == second
    assert found.resolve(upstream.url, "feature/two") == second
    assert found.resolve(upstream.url, "v1") == first
    assert found.resolve(upstream.url, "v1.0") == first
    assert found.resolve(upstream.url, "refs/tags/v1.0") == first


def test_a_name_is_found_only_whole(tmp_path: Path, upstream: Repository) -> None:
    upstream.commit({"x": "1"})
    upstream.git("branch", "other/two")
    with pytest.raises(UsageError, match="no revision 'two'"):
        repositories(tmp_path).resolve(upstream.url, "two")


def test_a_name_of_a_tag_and_a_branch_is_ambiguous(tmp_path: Path, upstream: Repository) -> None:
    upstream.commit({"x": "1"})
    upstream.git("tag", "stable")
    upstream.git("branch", "stable")
    assert repositories(tmp_path).resolve(upstream.url, "stable")  # both are one commit
    upstream.git("checkout", "--quiet", "stable", "--")
    upstream.commit({"x": "2"})
    with pytest.raises(UsageError, match="is both a tag and a branch") as caught:
        repositories(tmp_path).resolve(upstream.url, "stable")
    assert caught.value.hint == "write refs/heads/stable or refs/tags/stable"


def test_commits_are_found_by_their_beginning(tmp_path: Path, upstream: Repository) -> None:
    commit = upstream.commit({"x": "1"})
    upstream.commit({"x": "2"})
    assert repositories(tmp_path).resolve(upstream.url, commit[:9]) == commit
    assert repositories(tmp_path).resolve(upstream.url, commit.upper()) == commit


def test_an_unknown_revision_is_told_with_one_that_is_near(tmp_path: Path, upstream: Repository) -> None:
    upstream.commit({"x": "1"})
    upstream.git("tag", "v2.1.0")
    with pytest.raises(UsageError, match=r"has no revision 'v2\.1'") as caught:
        repositories(tmp_path).resolve(upstream.url, "v2.1")
    assert caught.value.hint == "did you mean `v2.1.0`?"
    with pytest.raises(UsageError, match="has no revision 'abcdef12'"):
        repositories(tmp_path).resolve(upstream.url, "abcdef12")


def test_an_empty_repository_has_no_default_branch(tmp_path: Path, upstream: Repository) -> None:
    with pytest.raises(UsageError, match="has no default branch"):
        repositories(tmp_path).resolve(upstream.url)


@pytest.mark.parametrize(
    "rev", ["", "-x", "--upload-pack=evil", "a b", "a..b", "a~1", "a^", "a:b", "*", "a\nb", "@{u}", "/a", "a.lock"]
)
def test_what_is_no_name_of_git_is_refused(tmp_path: Path, rev: str) -> None:
    with pytest.raises(UsageError, match="is no revision of Git"):
        repositories(tmp_path).resolve("https://example.invalid/x.git", rev)


# What may be read


@pytest.mark.parametrize(
    "url",
    [
        "-oProxyCommand=evil",
        "--upload-pack=evil",
        "ext::sh -c evil",
        "ext::evil",
        "https://example.invalid/ x.git",
        "https://example.invalid/x\n.git",
        "https:///x.git",
        "git@example.invalid:x.git",
        "/some/folder",
        "../upstream",
        "ssh://-oProxyCommand=evil/x",
        "",
    ],
)
def test_what_is_no_url_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="is no URL of a Git repository"):
        repositories(tmp_path).resolve(url)
    with pytest.raises(UsageError, match="is no URL of a Git repository"):
        repositories(tmp_path).check_out(url, "0" * 40, tmp_path / "tree")


@pytest.mark.parametrize("scheme", ["http", "git", "ftp", "rsync", "evil"])
def test_only_protected_protocols_are_used(scheme: str) -> None:
    with pytest.raises(UsageError, match="are read by https://, ssh://, file://"):
        check_url(f"{scheme}://example.invalid/x.git")


def test_a_setting_of_git_leads_to_no_other_protocol(
    tmp_path: Path, upstream: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`insteadOf` rewrites addresses behind our back, to a program even."""
    upstream.commit({"x": "1"})
    config = tmp_path / "gitconfig"
    proof = tmp_path / "proof"
    config.write_text(
        f'[url "ext::touch {proof} %S "]\n\tinsteadOf = "{upstream.url}"\n[protocol "ext"]\n\tallow = always\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pytest.raises(NetworkError):
        repositories(tmp_path).resolve(upstream.url)
    assert not proof.exists()


def test_a_repository_that_is_not_there_is_told(tmp_path: Path, upstream: Repository) -> None:
    with pytest.raises(NetworkError, match="there is no Git repository at"):
        repositories(tmp_path).resolve((tmp_path / "nowhere").as_uri())


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(NetworkError) as caught:
        repositories(tmp_path).resolve("https://me:secret@127.0.0.1:9/x.git")
    assert "secret" not in " ".join((caught.value.message, *caught.value.details))


def test_without_git_that_is_said(tmp_path: Path) -> None:
    found = Repositories(tmp_path / "cache", environ={"PATH": str(tmp_path)})
    with pytest.raises(UsageError, match="there is no `git` program"):
        found.resolve("https://example.invalid/x.git")
    assert found.describe(tmp_path) == ""


def test_variables_of_a_calling_git_lead_nowhere_else(
    tmp_path: Path, upstream: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook that calls lockenv has GIT_DIR set to the repository it belongs to."""
    commit = upstream.commit({"x": "1"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    found = repositories(tmp_path)
    found.check_out(upstream.url, found.resolve(upstream.url), tmp_path / "tree")
    assert files(tmp_path / "tree") == {"x": "1"}
    assert found.describe(upstream.folder) == commit


# A commit becomes a tree


def test_a_commit_is_checked_out_with_its_history(tmp_path: Path, upstream: Repository) -> None:
    first = upstream.commit({"x": "1", "src/y": "y"})
    upstream.git("tag", "v1")
    upstream.commit({"x": "2"})
    repositories(tmp_path).check_out(upstream.url, first, tmp_path / "tree")
    assert files(tmp_path / "tree") == {"x": "1", "src/y": "y"}
    checked_out = Repository.__new__(Repository)
    checked_out.folder = tmp_path / "tree"
    assert checked_out.git("describe", "--tags", "--dirty") == "v1"


def test_what_was_fetched_is_there_offline_and_nothing_else(tmp_path: Path, upstream: Repository) -> None:
    commit = upstream.commit({"x": "1"})
    upstream.git("tag", "v1")
    offline = repositories(tmp_path, offline=True)
    with pytest.raises(OfflineMiss):
        offline.resolve(upstream.url, "v1")
    with pytest.raises(OfflineMiss):
        offline.check_out(upstream.url, commit, tmp_path / "early")
    repositories(tmp_path).check_out(upstream.url, commit, tmp_path / "tree")
    shutil.rmtree(upstream.folder)
    offline.check_out(upstream.url, commit, tmp_path / "again")
    assert files(tmp_path / "again") == {"x": "1"}
    assert offline.resolve(upstream.url, "v1") == commit
    assert offline.resolve(upstream.url, "main") == commit
    assert offline.resolve(upstream.url, commit[:7]) == commit
    for rev in (None, "v2"):
        with pytest.raises(OfflineMiss):
            offline.resolve(upstream.url, rev)


def test_a_commit_that_no_name_leads_to_is_asked_for_by_itself(tmp_path: Path, upstream: Repository) -> None:
    upstream.commit({"x": "1"})
    upstream.git("checkout", "--quiet", "-b", "gone")
    commit = upstream.commit({"x": "2"})
    upstream.git("checkout", "--quiet", "main")
    upstream.git("branch", "--quiet", "-D", "gone")
    upstream.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repositories(tmp_path).check_out(upstream.url, commit, tmp_path / "tree")
    assert files(tmp_path / "tree") == {"x": "2"}


def test_a_commit_that_was_never_pushed_is_told(tmp_path: Path, upstream: Repository) -> None:
    upstream.commit({"x": "1"})
    with pytest.raises(UsageError, match=f"does not have the commit {'1' * 40}"):
        repositories(tmp_path).check_out(upstream.url, "1" * 40, tmp_path / "tree")


def test_a_branch_may_become_a_folder_of_branches(tmp_path: Path, upstream: Repository) -> None:
    upstream.commit({"x": "1"})
    upstream.git("branch", "topic")
    found = repositories(tmp_path)
    found.check_out(upstream.url, found.resolve(upstream.url, "topic"), tmp_path / "one")
    upstream.git("branch", "--quiet", "-D", "topic")
    commit = upstream.commit({"x": "2"})
    upstream.git("branch", "topic/two")
    found.check_out(upstream.url, found.resolve(upstream.url, "topic/two"), tmp_path / "two")
    assert found.resolve(upstream.url, commit[:8]) == commit


def test_what_a_killed_process_left_locked_is_no_hindrance(tmp_path: Path, upstream: Repository) -> None:
    first = upstream.commit({"x": "1"})
    found = repositories(tmp_path)
    found.check_out(upstream.url, first, tmp_path / "one")
    clone = next(path for path in (tmp_path / "cache/git").iterdir() if path.is_dir())
    (clone / "packed-refs.lock").touch()
    (clone / "refs/heads/main.lock").touch()
    second = upstream.commit({"x": "2"})
    found.check_out(upstream.url, second, tmp_path / "two")
    assert files(tmp_path / "two") == {"x": "2"}


def test_several_may_ask_for_one_repository_at_once(tmp_path: Path, upstream: Repository) -> None:
    commit = upstream.commit({"x": "1"})
    found = repositories(tmp_path)
    threads = [
        threading.Thread(target=found.check_out, args=(upstream.url, commit, tmp_path / f"tree-{number}"))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [files(tmp_path / f"tree-{number}") for number in range(4)] == [{"x": "1"}] * 4


def test_no_filter_and_no_hook_runs(tmp_path: Path, upstream: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter is a program that a person's settings name and a repository's attributes call."""
    proof = tmp_path / "proof"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {proof}\n")
    (hooks / "post-checkout").chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[filter "evil"]\n\tsmudge = touch {proof}; cat\n\trequired = true\n[core]\n\thooksPath = {hooks}\n'
    )
    commit = upstream.commit({".gitattributes": "* filter=evil\n", "x": "1"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    repositories(tmp_path).check_out(upstream.url, commit, tmp_path / "tree")
    assert files(tmp_path / "tree")["x"] == "1"
    assert not proof.exists()


def test_submodules_are_not_fetched_and_that_is_said(tmp_path: Path, upstream: Repository) -> None:
    other = Repository(tmp_path / "other")
    other.commit({"inner": "1"})
    upstream.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.url, "sub")
    commit = upstream.commit({})
    told: list[Event] = []
    repositories(tmp_path, report=told.append).check_out(upstream.url, commit, tmp_path / "tree")
    assert "inner" not in str(files(tmp_path / "tree"))
    assert any(isinstance(event, Warned) and "submodules" in event.message for event in told)


def test_a_folder_of_peoples_own_is_described(tmp_path: Path, upstream: Repository) -> None:
    found = repositories(tmp_path)
    assert found.describe(tmp_path) == ""
    first = upstream.commit({"x": "1"})
    assert found.describe(upstream.folder) == first
    upstream.git("tag", "v1")
    assert found.describe(upstream.folder) == f"v1-0-g{first}"
