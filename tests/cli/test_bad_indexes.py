"""Indexes that fail, lie or attack: the lock and the environment stay as they were."""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from tests.cli.refusals import check_refusal, unharmed
from tests.fakes.index import JSON, FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import BuiltFile, core_metadata, make_wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something wrong with `banner` on the index, and what `lock` says to it."""

    name: str
    make: Callable[[FakeIndex], object]
    status: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def _banner(index: FakeIndex, **offer: object) -> BuiltFile:
    return index.add(make_wheel("banner", "1.0"), **offer)  # type: ignore[arg-type]


_HOTEL = '<html><title>Welcome to our hotel</title><form>Room <input name=r> Name <input type="password" name=n>'

_AT_LOCK = [
    Trouble(
        name="unknown",
        make=lambda index: None,
        status=3,
        words=("no index knows `banner`", "check the spelling"),
    ),
    Trouble(
        name="login",
        make=lambda index: index.fail("/simple/banner/", status=401),
        status=5,
        words=("asks for a user and a password", "LOCKENV_INDEX_", "/simple/banner/"),
    ),
    Trouble(
        name="forbidden",
        make=lambda index: index.fail("/simple/banner/", status=403),
        status=5,
        words=("forbids access", "/simple/banner/"),
    ),
    Trouble(
        name="server error",
        make=lambda index: index.fail("/simple/banner/", status=500),
        status=5,
        words=("answered 500 (Internal Server Error)", "/simple/banner/", "try again later"),
    ),
    Trouble(
        name="hotel",
        make=lambda index: index.serve("/simple/banner/", _HOTEL),
        status=5,
        words=("/simple/banner/", "login form"),
    ),
    Trouble(
        name="cut json",
        make=lambda index: index.serve("/simple/banner/", '{"files": [', JSON),
        status=5,
        words=("/simple/banner/",),
    ),
    Trouble(
        name="picture",
        make=lambda index: index.serve("/simple/banner/", b"\x89PNG\r\n\x1a\n", "image/png"),
        status=5,
        words=("/simple/banner/", "image/png"),
    ),
    Trouble(
        name="redirects without end",
        make=lambda index: index.redirect("/simple/banner/", "/simple/banner/"),
        status=5,
        words=("/simple/banner/", "redirects more than"),
    ),
    Trouble(
        name="redirect to a file",
        make=lambda index: index.redirect("/simple/banner/", "file:///etc/passwd"),
        status=4,
        words=("/simple/banner/", "neither http nor https"),
    ),
    Trouble(
        name="without end",
        make=lambda index: index.fail("/simple/banner/", endless=True),
        status=4,
        words=("/simple/banner/", "is longer than"),
    ),
    Trouble(
        name="metadata with a wrong hash",
        make=lambda index: _banner(index, metadata_sha256="0" * 64),
        status=4,
        words=("banner-1.0-py3-none-any.whl", "sha256"),
    ),
    Trouble(
        name="no python fits",
        make=lambda index: index.add(make_wheel("banner", "1.0", requires_python=">=4")),
        status=3,
        words=("banner", ">=4"),
    ),
    Trouble(
        name="no wheel fits",
        make=lambda index: index.add(make_wheel("banner", "1.0", tag="cp35-cp35m-win32")),
        status=3,
        words=("banner", "wheel"),
    ),
]


@pytest.mark.parametrize("trouble", _AT_LOCK, ids=str)
def test_a_lock_that_cannot_be_made_leaves_the_old_one(
    trouble: Trouble, synced: ScratchProject, index: FakeIndex
) -> None:
    trouble.make(index)
    synced.manifest(dependencies=["menu", "banner"])
    with unharmed(synced):
        check_refusal(synced.run("lock"), trouble.status, *trouble.words)


def test_a_release_with_broken_metadata_is_passed_over_and_said_so(
    synced: ScratchProject, index: FakeIndex
) -> None:
    index.add(make_wheel("banner", "1.0", metadata=core_metadata("flag", "1.0")))
    synced.manifest(dependencies=["menu", "banner"])
    with unharmed(synced):
        ran = synced.run("lock")
        assert ran.status == 5
        assert "it names the project 'flag'" in ran.err
    index.add(make_wheel("banner", "0.9"))
    ran = synced.run("lock", "-v", "--upgrade").ok()
    assert "it names the project 'flag'" in ran.err
    assert synced.locked()["banner"] == "0.9"


@pytest.fixture
def closed_port() -> Iterator[str]:
    """An address where nobody listens, and nobody can begin to."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def test_an_index_that_cannot_be_reached(synced: ScratchProject, closed_port: str) -> None:
    synced.manifest(dependencies=["menu", "banner"])
    with unharmed(synced):
        ran = synced.run("lock", LOCKENV_INDEX_URL=f"http://user:hunter2@{closed_port}/simple/")
        check_refusal(ran, 5, closed_port, "cannot be reached")
        assert "hunter2" not in ran.err


def test_an_index_whose_host_does_not_exist(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["menu", "banner"])
    with unharmed(synced):
        ran = synced.run("lock", LOCKENV_INDEX_URL="http://nowhere.invalid/simple/")
        check_refusal(ran, 5, "nowhere.invalid")


def test_offline_with_an_empty_cache(synced: ScratchProject) -> None:
    empty = ("--offline", "--cache-dir", str(synced.scratch / "empty"))
    synced.manifest(dependencies=["menu", "icons"], groups={"test": ["checks"]})
    with unharmed(synced):
        check_refusal(synced.run("lock", "--upgrade", *empty), 5, "not in the cache", "--offline")
        check_refusal(
            synced.run("sync", "--lock", "pylock.toml", "--env", "new", *empty),
            5,
            "3 wheels are not in the cache",
            "menu-1.0-py3-none-any.whl",
        )


def test_offline_with_a_full_cache(synced: ScratchProject, index: FakeIndex) -> None:
    index.forget_requests()
    synced.run("lock", "--upgrade", "--offline").ok()
    synced.run("sync", "--offline", "--env", "second").ok()
    assert index.count() == 0


# -- files


@dataclass(frozen=True, slots=True, kw_only=True)
class Swindle:
    """A file that is not what the lock was made from, and what `sync` says to it."""

    name: str
    make: Callable[[FakeIndex, BuiltFile], object]
    status: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def _swap(index: FakeIndex, built: BuiltFile, content: bytes) -> None:
    """Serve other bytes under a file's name; the page is not read by `sync`."""
    index.remove(built.filename)
    index.add(replace(built, content=content))


_AT_SYNC = [
    Swindle(
        name="other bytes",
        make=lambda index, built: _swap(index, built, built.content[:-1] + b"!"),
        status=4,
        words=("banner-1.0-py3-none-any.whl", "sha256"),
    ),
    Swindle(
        name="longer",
        make=lambda index, built: _swap(index, built, built.content + b"more"),
        status=4,
        words=("banner-1.0-py3-none-any.whl",),
    ),
    Swindle(
        name="shorter",
        make=lambda index, built: _swap(index, built, built.content[:100]),
        status=4,
        words=("banner-1.0-py3-none-any.whl",),
    ),
    Swindle(
        name="cut on the way",
        make=lambda index, built: index.fail(f"/files/{built.filename}", truncate_to=100),
        status=5,
        words=("banner-1.0-py3-none-any.whl",),
    ),
    Swindle(
        name="gone",
        make=lambda index, built: index.remove(built.filename),
        status=5,
        words=("banner-1.0-py3-none-any.whl", "404"),
    ),
    Swindle(
        name="endless",
        make=lambda index, built: index.fail(f"/files/{built.filename}", endless=True),
        status=4,
        words=("banner-1.0-py3-none-any.whl",),
    ),
    Swindle(
        name="login",
        make=lambda index, built: index.fail(f"/files/{built.filename}", status=401),
        status=5,
        words=("banner-1.0-py3-none-any.whl", "asks for a user and a password"),
    ),
]


@pytest.mark.parametrize("swindle", _AT_SYNC, ids=str)
def test_a_file_that_is_not_what_was_locked_changes_nothing(
    swindle: Swindle, synced: ScratchProject, index: FakeIndex
) -> None:
    banner = _banner(index)
    synced.manifest(dependencies=["menu", "banner", "checks"])
    synced.run("lock").ok()
    swindle.make(index, banner)
    with unharmed(synced):
        check_refusal(synced.run("sync"), swindle.status, *swindle.words)
        assert not list((synced.cache / "arriving").iterdir())
    index.mend()
    _swap(index, banner, banner.content)
    synced.run("sync").ok()
    assert synced.installed() == {
        "banner": "1.0",
        "checks": "3.1",
        "dropdown": "1.1",
        "icons": "2.0",
        "menu": "1.0",
    }


def _rewritten(built: BuiltFile, change: Callable[[dict[str, bytes]], object]) -> BuiltFile:
    """A wheel whose content was changed behind the back of its RECORD; its hash is its own."""
    with zipfile.ZipFile(io.BytesIO(built.content)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in content.items():
            archive.writestr(name, body)
    return replace(built, content=buffer.getvalue())


def _linked(built: BuiltFile) -> BuiltFile:
    buffer = io.BytesIO(built.content)
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("banner_link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return replace(built, content=buffer.getvalue())


_PLAIN = make_wheel("banner", "1.0")
_HOSTILE = {
    "no zip": replace(_PLAIN, content=b"<html>404 Not Found"),
    "cut zip": replace(_PLAIN, content=_PLAIN.content[:-30]),
    "a member outside": make_wheel("banner", "1.0", files={"../../outside.py": b""}),
    "an absolute member": make_wheel("banner", "1.0", files={"/tmp/outside.py": b""}),
    "data outside": make_wheel("banner", "1.0", files={"{data}/scripts/../../../outside": b""}),
    "a link": _linked(_PLAIN),
    "changed behind its RECORD": _rewritten(_PLAIN, lambda content: content.update({"banner.py": b"evil = 1\n"})),
    "more than its RECORD": _rewritten(_PLAIN, lambda content: content.update({"more.py": b"evil = 1\n"})),
    "metadata of another package": make_wheel("banner", "1.0", metadata=core_metadata("flag", "1.0")),
    "metadata of another version": make_wheel("banner", "1.0", metadata=core_metadata("banner", "2.0")),
    "requirements that its index hid": make_wheel("banner", "1.0", requires=["icons"]),
    "a script as a path": make_wheel("banner", "1.0", scripts={"../../outside": "banner:main"}),
    "a script called python": make_wheel("banner", "1.0", scripts={"python": "banner:main"}),
    "no RECORD": make_wheel("banner", "1.0", record=False),
}


def test_a_wheel_that_requires_more_than_its_index_said_is_refused_though_it_was_in_the_store(
    synced: ScratchProject, index: FakeIndex
) -> None:
    honest = make_wheel("banner", "1.0", requires=["checks"])
    index.add(honest)
    synced.manifest(dependencies=["menu", "banner"])
    synced.run("lock").ok()
    synced.run("sync").ok()
    # The same file, but the lock is made anew from metadata that hides a requirement.
    index.remove(honest.filename)
    index.add(replace(honest, metadata=_PLAIN.metadata))
    synced.lock.unlink()
    synced.run("lock", "--cache-dir", str(synced.scratch / "another-cache")).ok()
    with unharmed(synced):
        check_refusal(synced.run("sync"), 4, "banner-1.0", "requires checks, which the lock does not know of")


def test_what_looks_like_the_marker_of_an_extra_and_is_a_part_of_a_url_is_a_requirement_nobody_knew_of(
    synced: ScratchProject, index: FakeIndex
) -> None:
    hidden = 'evil@https://host.invalid/evil;extra=="none"'
    index.add(replace(make_wheel("banner", "1.0", requires=[hidden]), metadata=_PLAIN.metadata))
    synced.manifest(dependencies=["menu", "banner"])
    synced.run("lock").ok()
    with unharmed(synced):
        check_refusal(synced.run("sync"), 4, "banner-1.0", "requires evil", "which the lock does not know of")


@pytest.mark.parametrize("case", _HOSTILE)
def test_a_wheel_that_lies_or_attacks_is_refused_by_name(
    case: str, synced: ScratchProject, index: FakeIndex
) -> None:
    # The metadata beside the wheel is proper, so that it is locked; the lock's hash is that of the wheel.
    index.add(replace(_HOSTILE[case], metadata=_PLAIN.metadata))
    synced.manifest(dependencies=["menu", "banner", "checks"])
    synced.run("lock").ok()
    with unharmed(synced):
        check_refusal(synced.run("sync"), 4, "banner")
    assert not list(synced.scratch.rglob("outside*"))
