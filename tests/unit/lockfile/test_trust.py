"""What a lock must hold before anything of it is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from packaging.pylock import PackageVcs, Pylock

from lockenv.errors import Refused
from lockenv.lockfile import pylock
from lockenv.lockfile.trust import check_artifact, check_hashes, check_hosts, host_of, hosts_of

SHA = "0f" * 32


def lock_of(
    *packages: Mapping[str, Any],
    hosts: list[str] | None = None,
    ours: bool = True,
    index: str = "https://p.example.com/",
) -> Pylock:
    """A lock of packages, given by their keys; `url` stands for one wheel."""
    tables = []
    for said in packages:
        table = {"name": "menu", "version": "1.0", "index": index, **said}
        if url := table.pop("url", None):
            table["wheels"] = [{"url": url, "hashes": {"sha256": SHA}}]
        tables.append({key: value for key, value in table.items() if value is not None})
    tool: dict[str, Any] = {"lockenv": {"format": 1}} if ours else {}
    if hosts is not None:
        tool["lockenv"]["hosts"] = hosts
    return Pylock.from_dict({"lock-version": "1.0", "created-by": "x", "packages": tables, "tool": tool})


def wheel_at(host: str) -> dict[str, Any]:
    return {"url": f"{host}/menu-1.0-py3-none-any.whl"}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Files.Example.com/x.whl", "files.example.com"),
        ("https://files.example.com:443/x.whl", "files.example.com"),
        ("https://files.example.com:8443?x", "files.example.com:8443"),
        ("https://user:secret@files.example.com/x", "files.example.com"),
        ("https://files.example.com@evil.example.com/x", "evil.example.com"),
        ("http://files.example.com/x", "http://files.example.com"),
        ("ssh://git@example.com/menu.git", "example.com"),
        ("git+https://example.com/menu.git", "example.com"),
        ("ftp://example.com/x", "ftp://example.com"),
        ("file:///srv/x.whl", ""),
        ("wheels/x.whl", ""),
    ],
)
def test_a_host_is_named_as_a_person_names_it(url: str, host: str) -> None:
    assert host_of(url) == host


def test_the_hosts_of_a_lock_are_those_of_all_that_is_fetched() -> None:
    lock = lock_of(
        wheel_at("https://b.example.com"),
        wheel_at("http://127.0.0.1:8080"),
        wheel_at("https://[::1]:8080"),
        {"sdist": {"url": "https://a.example.com/menu-1.0.tar.gz", "hashes": {"sha256": SHA}}},
        {
            "version": None,
            "index": None,
            "archive": {"url": "https://c.example.com/x.whl", "hashes": {"sha256": SHA}},
        },
        {"index": None, "vcs": {"type": "git", "url": "https://d.example.com/x.git", "commit-id": "0" * 40}},
        {
            **wheel_at("https://b.example.com"),
            "tool": {"lockenv": {"build": [{"url": "https://e.example.com/x"}]}},
        },
    )
    assert hosts_of(lock) == tuple(f"{letter}.example.com" for letter in "abcde")


def test_a_lock_that_names_its_hosts_is_followed() -> None:
    check_hosts(lock_of(wheel_at("https://a.example.com"), hosts=["a.example.com"]), where="pylock.toml")
    check_hosts(lock_of(wheel_at("http://localhost:80"), hosts=None), where="pylock.toml")


@pytest.mark.parametrize("hosts", [[], ["a.example.com"], None])
def test_a_file_from_a_host_that_the_lock_does_not_name_is_refused(hosts: list[str] | None) -> None:
    lock = lock_of(wheel_at("https://a.example.com"), wheel_at("https://evil.example.com"), hosts=hosts)
    with pytest.raises(Refused, match=r"comes from .*, which is not meant by the lock") as caught:
        check_hosts(lock, where="pylock.toml")
    assert "evil.example.com" in str([caught.value.message, *map(str, caught.value.problems)])
    assert "run `lockenv lock`" in str(caught.value.hint)


def test_locks_of_others_name_no_hosts() -> None:
    check_hosts(lock_of(wheel_at("https://a.example.com"), ours=False), where="pylock.toml")


@pytest.mark.parametrize("ours", [True, False])
def test_hosts_may_be_bounded_for_any_lock(*, ours: bool) -> None:
    lock = lock_of(wheel_at("https://a.example.com"), hosts=["a.example.com"] if ours else None, ours=ours)
    check_hosts(lock, where="pylock.toml", only=["a.example.com"])
    with pytest.raises(Refused, match="was not allowed"):
        check_hosts(lock, where="pylock.toml", only=["b.example.com"])


def test_plain_http_is_taken_only_where_the_index_is_asked_by_it() -> None:
    named = ["http://a.example.com"]
    plain = wheel_at("http://a.example.com")
    check_hosts(lock_of(plain, hosts=named, index="http://a.example.com/simple/"), where="pylock.toml")
    for lock in (lock_of(plain, hosts=named), lock_of(plain, ours=False)):
        with pytest.raises(Refused, match="without encryption"):
            check_hosts(lock, where="pylock.toml")


def test_a_long_list_is_cut() -> None:
    lock = lock_of(*(wheel_at(f"https://h{number}.example.com") for number in range(20)))
    with pytest.raises(Refused) as caught:
        check_hosts(lock, where="pylock.toml")
    assert (len(caught.value.problems), caught.value.details) == (5, ("and 14 more",))


# Hashes


@pytest.mark.parametrize(
    "hashes", [{"sha256": SHA}, {"md5": "x", "sha512": "0" * 128}, {"sha256": SHA.upper(), "odd": ""}]
)
def test_a_strong_hash_suffices(hashes: dict[str, str]) -> None:
    check_hashes("menu", hashes)


@pytest.mark.parametrize(
    "hashes", [{}, {"md5": "0" * 32}, {"sha1": "0" * 40, "sha224": "0" * 56}, {"shake_128": "00"}, {"SHA256": SHA}]
)
def test_weak_and_unknown_hashes_alone_are_refused(hashes: dict[str, str]) -> None:
    with pytest.raises(Refused, match="proves anything"):
        check_hashes("menu", hashes)


@pytest.mark.parametrize("digest", ["", "0f", SHA[:-1], SHA + "0", "g" * 64, "../" + SHA[3:], SHA[:-1] + "\n"])
def test_a_digest_that_cannot_be_one_is_refused(digest: str) -> None:
    with pytest.raises(Refused, match="no sha256 can be"):
        check_hashes("menu", {"sha256": digest, "sha512": "0" * 128})


@pytest.mark.parametrize("commit", ["main", "v1.0", "0" * 39, "--upload-pack=x", "0" * 40 + "\n"])
def test_a_commit_is_a_full_hash(commit: str) -> None:
    lock = lock_of(
        {"index": None, "vcs": {"type": "git", "url": "https://d.example.com/x.git", "commit-id": commit}}
    )
    package = lock.packages[0]
    assert isinstance(package.vcs, PackageVcs)
    with pytest.raises(Refused, match="no commit's hash"):
        check_artifact(package, package.vcs)


def test_hosts_are_read_back_and_must_be_words() -> None:
    lock = lock_of(wheel_at("https://a.example.com"), hosts=["a.example.com"])
    assert pylock.tool_table(pylock.read(pylock.write(lock)))["hosts"] == ["a.example.com"]
    with pytest.raises(Exception, match="damaged"):
        pylock.read(pylock.write(lock).replace('hosts = ["a.example.com"]', "hosts = [1]"))
