"""A lock names the hosts of its files when it is made, and a new one is told."""

from __future__ import annotations

import pytest
from packaging.pylock import Pylock

from lockenv.cli.locked import document, show
from lockenv.cli.screen import Screen
from lockenv.lockfile import pylock
from lockenv.operations.locked import Locked
from lockenv.operations.relock import new_hosts
from lockenv.operations.written import _naming_hosts


def made(*hosts: str) -> Pylock:
    wheels = [{"url": f"{host}/menu-1.0-py3-none-any.whl", "hashes": {"sha256": "0f" * 32}} for host in hosts]
    package = {"name": "menu", "version": "1.0", "index": "https://packages.example.com/", "wheels": wheels}
    tool = {"lockenv": {"format": 1, "exclude-newer": "x", "manifest": {"python": "a"}}}
    return Pylock.from_dict({"lock-version": "1.0", "created-by": "lockenv", "packages": [package], "tool": tool})


def test_the_line_stands_where_it_is_seen() -> None:
    text = pylock.write(_naming_hosts(made("https://b.example.com", "https://a.example.com")))
    table = text.partition("[tool.lockenv]\n")[2]
    assert table.startswith('format = 1\nhosts = [\n    "a.example.com",\n    "b.example.com",\n]\n')
    assert pylock.write(pylock.read(text)) == text


def test_a_lock_whose_files_are_on_this_machine_names_no_hosts() -> None:
    lock = made("http://127.0.0.1:8080")
    assert _naming_hosts(lock) is lock


def test_new_hosts_are_those_that_were_not_there_before() -> None:
    old = made("https://a.example.com")
    new = made("https://a.example.com", "https://b.example.com")
    assert new_hosts(new, old) == ("b.example.com",)
    assert new_hosts(old, old) == ()
    assert new_hosts(new, None) == ("a.example.com", "b.example.com")


@pytest.mark.parametrize("first", [True, False])
def test_a_new_host_is_a_change_of_its_own(*, first: bool, capsys: pytest.CaptureFixture[str]) -> None:
    done = Locked(path="pylock.toml", targets=(), packages={}, written=True, first=first, hosts=("b.example.com",))
    show(Screen(environ={}), done, None, seconds=0, verbose=False)
    assert ("+ host b.example.com\n" in capsys.readouterr().out) is not first
    assert document(done, [])["hosts"] == ["b.example.com"]
