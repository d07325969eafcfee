"""The law of hostile input: whatever is done to a file, it is read as it was, or refused as what it is.

Never another exception, never a file outside, never another content under the same name.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import shutil
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name

from lockenv.archive.entry_points import read_scripts
from lockenv.archive.names import refusal
from lockenv.archive.record import _read_any, _read_plain, read_record, record_line
from lockenv.archive.sdist import unpack
from lockenv.archive.wheel import open_wheel
from lockenv.errors import LockError, MetadataError, NetworkError, Refused, UsageError
from lockenv.index.metadata import metadata_in_wheel, read_metadata, read_static_metadata
from lockenv.index.simple import parse_page
from lockenv.limits import DEFAULT, Limits
from lockenv.lockfile import pylock
from lockenv.lockfile.select import Selection, select
from lockenv.lockfile.trust import check_artifact, check_hosts
from lockenv.packages import parse_requirement
from lockenv.placement import place
from lockenv.targets import Target
from lockenv.tree import Scheme
from lockenv.wheels import Script, script_refusal
from tests.effort import examples
from tests.fakes.source import linux_target
from tests.fakes.wheels import core_metadata, make_wheel

#: What the tests' files need, and no more: a mutation that asks for more is refused.
LIMITS = Limits(file=20_000, unpacked=60_000, files=50, ratio=100)
SCHEME = Scheme(purelib="lib/site", platlib="lib/site", scripts="bin", headers="include/site")
NUMBERS = st.sampled_from([0, 1, 4, 8, 0x7FFF, 0x800, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF]) | st.integers(
    0, 70_000
)

Change = Callable[[bytes], bytes]


def _flipped(at: int, by: int) -> Change:
    def change(content: bytes) -> bytes:
        place_of = at % len(content)
        return content[:place_of] + bytes([content[place_of] ^ by]) + content[place_of + 1 :]

    return change


def _spliced(start: int, size: int, to: int, over: int) -> Change:
    """Put a piece of the file over another, or in between, or (a piece of nothing) take one out."""

    def change(content: bytes) -> bytes:
        first, at = start % len(content), to % len(content)
        return content[:at] + content[first : first + size] + content[at + over :]

    return change


def _cut(at: int) -> Change:
    return lambda content: content[: at % len(content)]


def _patched(mark: bytes, which: int, at: int, layout: str, value: int) -> Change:
    """Change a field of a zip header."""

    def change(content: bytes) -> bytes:
        places = [n for n in range(len(content)) if content.startswith(mark, n)]
        if not places:
            return content
        changed = bytearray(content)
        start = places[which % len(places)] + at
        new = struct.pack(layout, value & (2 ** (8 * struct.calcsize(layout)) - 1))
        changed[start : start + len(new)] = new
        return bytes(changed)

    return change


positions = st.integers(0, 1 << 16)
mutations = st.one_of(
    st.builds(_flipped, positions, st.integers(1, 255)),
    st.builds(_cut, positions),
    st.builds(_spliced, positions, st.integers(0, 300), positions, st.sampled_from([0, 0, 1, 4, 30, 46, 300])),
)
headers = st.builds(
    _patched,
    st.sampled_from([b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"]),
    st.integers(0, 20),
    st.integers(4, 46),
    st.sampled_from(["<B", "<H", "<L"]),
    NUMBERS,
)
zip_changes = st.lists(mutations | headers, min_size=1, max_size=3)
changes = st.lists(mutations, min_size=1, max_size=3)


def changed(content: bytes, many: list[Change]) -> bytes:
    for change in many:
        content = change(content) if content else content
    return content


@pytest.fixture(scope="module")
def scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="lockenv-laws-"))


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Wheels


def _wheels() -> Mapping[str, bytes]:
    files: dict[str, bytes | str] = {
        "menu/__init__.py": "x = 1\n" * 50,
        "menu/data/\u00fc.bin": bytes(range(256)) * 8,
        "menu/empty": "",
        "{data}/scripts/menu-tool": "#!python\nprint(1)\n",
        "{data}/data/share/menu.txt": "menu\n",
        "menu.pth": "import menu\n",
    }
    built = make_wheel(
        "menu", "1.0", files=files, scripts={"menu": "menu:main"}, executable=["menu/empty"]
    ).content
    with zipfile.ZipFile(io.BytesIO(built)) as archive:
        content = {info.filename: archive.read(info) for info in archive.infolist()}
    stored, piped, wide = io.BytesIO(), _Pipe(), io.BytesIO()
    for buffer, method in ((stored, zipfile.ZIP_STORED), (piped, zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for name, body in content.items():
                archive.writestr(name, body)
    with zipfile.ZipFile(wide, "w") as archive:
        for name, body in content.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(body)
    return {"deflated": built, "stored": stored.getvalue(), "piped": piped.getvalue(), "zip64": wide.getvalue()}


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, *_: object) -> int:
        raise OSError


WHEELS = _wheels()


def _unpacked_wheel(content: bytes, scratch: Path) -> tuple[dict[str, bytes], tuple[Script, ...]] | None:
    """What is in a wheel, or None where it was refused; nothing but its own folder has changed."""
    case = scratch / "case"
    shutil.rmtree(case, ignore_errors=True)
    (case / "files").mkdir(parents=True)
    (case / "menu.whl").write_bytes(content)
    try:
        with open_wheel(case / "menu.whl", name="menu", version="1.0", limits=LIMITS) as wheel:
            rows = wheel.extract(case / "files")
            scripts = wheel.scripts()
            placed = place(
                rows,
                name="menu",
                dist_info=wheel.dist_info,
                data_folder=wheel.data_folder,
                root_is_purelib=wheel.root_is_purelib,
                scripts=scripts,
                scheme=SCHEME,
            )
        assert all(refusal(file.destination) is None for file in placed.files)
        return _contents(case / "files"), scripts
    except Refused:
        return None
    finally:
        assert {path.name for path in case.iterdir()} == {"files", "menu.whl"}
        assert (
            sum(path.lstat().st_size for path in (case / "files").rglob("*") if path.is_file()) <= LIMITS.unpacked
        )


@pytest.mark.parametrize("kind", WHEELS)
def test_a_wheel_of_each_kind_is_read(kind: str, scratch: Path) -> None:
    assert _unpacked_wheel(WHEELS[kind], scratch) == _unpacked_wheel(WHEELS["deflated"], scratch)
    assert _unpacked_wheel(WHEELS[kind], scratch) is not None


@examples(350)
@given(kind=st.sampled_from(sorted(WHEELS)), many=zip_changes)
def test_a_changed_wheel_is_the_same_tree_or_refused(kind: str, many: list[Change], scratch: Path) -> None:
    found = _unpacked_wheel(changed(WHEELS[kind], many), scratch)
    assert found in (None, _unpacked_wheel(WHEELS["deflated"], scratch))


@examples(200)
@given(many=zip_changes)
def test_metadata_are_read_out_of_a_changed_wheel_or_it_is_broken(many: list[Change]) -> None:
    content = changed(WHEELS["deflated"], many)
    with contextlib.suppress(MetadataError, Refused):
        metadata_in_wheel(io.BytesIO(content), filename="menu.whl", name=canonicalize_name("menu"), version="1.0")


# RECORD and entry points: changed within a sound archive


FILES = {"menu.py": b"x = 1\n", "menu/y.py": b"", "a,b.py": b"1"}
RECORD = "".join(
    f"{record_line(path, hashlib.sha256(body).hexdigest(), len(body))}\n" for path, body in FILES.items()
).encode()


@examples(300)
@given(many=changes)
@example(many=[lambda content: content + b'"'])
@example(many=[lambda content: content.replace(b"\n", b"\r")])
@example(many=[lambda content: content.replace(b"sha256=", b"sha256=\xff")])
def test_a_changed_record_is_read_or_refused(many: list[Change]) -> None:
    try:
        rows = read_record(changed(RECORD, many), archive="menu.whl")
    except Refused:
        return
    for row in rows.values():
        assert row is None or len(row.digest) in {32, 48, 64}


PLAIN = b"".join(line for line in RECORD.splitlines(keepends=True) if b'"' not in line)


@examples(500)
@given(many=changes)
@example(many=[lambda content: content.replace(b"menu.py,", b"x,menu.py,")])
@example(many=[lambda content: content.replace(b"=", b"=_")])
@example(many=[lambda content: content + b"menu-1.dist-info/RECORD,,\r\n"])
@example(many=[lambda content: content.replace(b"menu/", b"/menu/")])
def test_what_is_read_at_once_is_what_is_read_row_by_row(many: list[Change]) -> None:
    content = changed(PLAIN, many)
    found = _read_plain(content, DEFAULT.files)
    assert found is None or found == _read_any(content, "menu.whl", DEFAULT.files)


@examples(200)
@given(many=changes)
def test_a_wheel_with_a_changed_record_is_the_same_tree_or_refused(many: list[Change], scratch: Path) -> None:
    info = "menu-1.0.dist-info"
    whole = {
        **FILES,
        f"{info}/METADATA": core_metadata("menu", "1.0"),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
    }
    proper = "".join(
        f"{record_line(path, hashlib.sha256(body).hexdigest(), len(body))}\n" for path, body in whole.items()
    )
    record = changed(f"{proper}{info}/RECORD,,\n".encode(), many)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, body in {**whole, f"{info}/RECORD": record}.items():
            archive.writestr(path, body)
    found = _unpacked_wheel(buffer.getvalue(), scratch)
    assert found is None or {**found[0], f"{info}/RECORD": b""} == {**whole, f"{info}/RECORD": b""}


SCRIPTS = b"[console_scripts]\nmenu = menu.cli:main\nmenu-2 = menu:Cli.run [x]\n\n[gui_scripts]\nshow=menu:show\n"


@examples(500)
@given(many=changes, more=st.text(max_size=30))
def test_a_changed_list_of_scripts_gives_plain_names_and_identifiers_or_is_refused(
    many: list[Change], more: str
) -> None:
    content = changed(SCRIPTS, many) + more.encode("utf-8", "surrogatepass")
    try:
        scripts = read_scripts(content, archive="menu.whl")
    except Refused:
        return
    for script in scripts:
        assert script_refusal(script.name) is None
        assert "/" not in script.name
        assert not script.name.startswith((".", "-"))
        assert all(word.isidentifier() for word in f"{script.module}.{script.attribute}".split("."))


# Sources


SOURCES = {"menu-1.0/PKG-INFO": core_metadata("menu", "1.0"), "menu-1.0/src/menu.py": b"x = 1\n" * 99}


def _tarred(kind: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for name, body in SOURCES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
        link = tarfile.TarInfo("menu-1.0/link")
        link.type, link.linkname = tarfile.SYMTYPE, "src/menu.py"
        archive.addfile(link)
        long = tarfile.TarInfo("menu-1.0/" + "x" * 120)
        archive.addfile(long)
    return buffer.getvalue()


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in SOURCES.items():
            archive.writestr(name, body)
    return buffer.getvalue()


TARS = {"pax": _tarred(tarfile.PAX_FORMAT), "gnu": _tarred(tarfile.GNU_FORMAT)}
ZIP = _zipped()


def _unpacked_sources(content: bytes, suffix: str, scratch: Path) -> dict[str, bytes] | None:
    case = scratch / "sources"
    shutil.rmtree(case, ignore_errors=True)
    case.mkdir(parents=True)
    (case / f"menu-1.0{suffix}").write_bytes(content)
    try:
        unpack(case / f"menu-1.0{suffix}", case / "tree", limits=LIMITS)
    except Refused:
        return None
    finally:
        assert {path.name for path in case.iterdir()} <= {"tree", f"menu-1.0{suffix}"}
        inside = (case / "tree").resolve()
        assert all(path.resolve().is_relative_to(inside) for path in (case / "tree").rglob("*"))
    return _contents(case / "tree")


@examples(150)
@given(kind=st.sampled_from(sorted(TARS)), many=changes)
def test_changed_sources_are_the_same_tree_or_refused(kind: str, many: list[Change], scratch: Path) -> None:
    proper = gzip.compress(TARS[kind], mtime=0)
    found = _unpacked_sources(changed(proper, many), ".tar.gz", scratch)
    assert found in (None, _unpacked_sources(proper, ".tar.gz", scratch))


@examples(300)
@given(kind=st.sampled_from(sorted(TARS)), many=changes)
def test_a_changed_tar_stays_in_its_folder_and_bounds_or_is_refused(
    kind: str, many: list[Change], scratch: Path
) -> None:
    """Nothing in a tar proves its content; its hash in the lock does."""
    found = _unpacked_sources(changed(TARS[kind], many), ".tar", scratch)
    assert found is None or sum(map(len, found.values())) <= LIMITS.unpacked


@examples(150)
@given(many=zip_changes)
def test_changed_sources_in_a_zip_are_the_same_tree_or_refused(many: list[Change], scratch: Path) -> None:
    found = _unpacked_sources(changed(ZIP, many), ".zip", scratch)
    assert found in (None, _unpacked_sources(ZIP, ".zip", scratch))


# Index pages and metadata


URL = "https://packages.example.com/simple/menu/"
HASH = "0f" * 32
HTML = f"""<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"></head><body>
<a href="../../files/menu-1.0-py3-none-any.whl#sha256={HASH}"
 data-requires-python="&gt;=3.8">menu-1.0-py3-none-any.whl</a>
<a href="menu-2.0.tar.gz#sha256={HASH}" data-yanked="bad &amp; ugly" data-core-metadata="true">menu-2.0.tar.gz</a>
</body></html>""".encode()
JSON = json.dumps(
    {
        "meta": {"api-version": "1.1"},
        "name": "menu",
        "files": [
            {
                "filename": f"menu-{number}.0-py3-none-any.whl",
                "url": f"../files/menu-{number}.0-py3-none-any.whl",
                "hashes": {"sha256": HASH},
                "requires-python": ">=3.8",
                "size": 1234,
                "upload-time": "2026-01-01T00:00:00Z",
                "yanked": False,
                "core-metadata": {"sha256": HASH},
            }
            for number in (1, 2)
        ],
    }
).encode()
PAGES = {"text/html": HTML, "application/vnd.pypi.simple.v1+json": JSON}


@examples(500)
@given(kind=st.sampled_from(sorted(PAGES)), many=changes)
@example(kind="application/vnd.pypi.simple.v1+json", many=[lambda _: b"[" * 100_000])
@example(kind="application/vnd.pypi.simple.v1+json", many=[lambda content: content.replace(b"1234", b"9" * 5000)])
def test_a_changed_page_is_read_or_malformed(kind: str, many: list[Change]) -> None:
    try:
        found = parse_page(kind, changed(PAGES[kind], many), URL, canonicalize_name("menu"), URL)
    except (NetworkError, Refused):
        return
    for release in found.releases:
        for file in release.files:
            assert "/" not in file.filename
            assert file.filename.isprintable()
            assert file.url.startswith(("https://", "http://", "file://"))


METADATA = core_metadata(
    "menu", "1.0", requires=["icons>=1 ; extra == 'x'"], requires_python=">=3.8", extras=["x"]
)


@examples(300)
@given(many=changes)
def test_changed_metadata_are_read_or_broken(many: list[Change]) -> None:
    content = changed(METADATA, many)
    for read in (read_metadata, read_static_metadata):
        with contextlib.suppress(MetadataError):
            read(content, filename="menu-1.0.whl", name=canonicalize_name("menu"), version="1.0")


# Locks


LOCK = f"""lock-version = "1.0"
environments = ["sys_platform == 'linux'"]
requires-python = ">=3.8"
extras = []
dependency-groups = ["test"]
created-by = "lockenv"

[[packages]]
name = "menu"
version = "1.0"
index = "https://packages.example.com/simple/"
wheels = [
    {{ url = "https://files.example.com/menu-1.0-py3-none-any.whl", size = 12, hashes = {{ sha256 = "{HASH}" }} }},
]

[packages.tool.lockenv]
direct = true
requires = ["icons>=1"]

[[packages]]
name = "icons"
version = "2.0"
marker = "'test' in dependency_groups"
index = "https://packages.example.com/simple/"
sdist = {{ url = "https://files.example.com/icons-2.0.tar.gz", hashes = {{ sha256 = "{HASH}" }} }}

[tool.lockenv]
format = 1
hosts = ["files.example.com"]

[tool.lockenv.manifest]
python = "abc"
""".encode()


@pytest.fixture(scope="module")
def target() -> Target:
    return linux_target()


def _followed(content: bytes, target: Target) -> bool:
    """Read, select and check a lock as a sync does; False where it is refused."""
    try:
        lock = pylock.read(content.decode("utf-8"))
        check_hosts(lock, where="pylock.toml")
        for one in select(lock, target, Selection()):
            check_artifact(one.package, one.artifact)
    except (LockError, Refused, UsageError, UnicodeDecodeError):
        return False
    return True


def test_the_proper_lock_is_followed(target: Target) -> None:
    assert _followed(LOCK, target)


@examples(500)
@given(many=changes)
def test_a_changed_lock_is_followed_or_refused(many: list[Change], target: Target) -> None:
    _followed(changed(LOCK, many), target)


@examples(150)
@given(at=positions, letter=st.sampled_from("abcxyz0189-._"))
def test_no_letter_of_a_host_can_be_changed_unseen(at: int, letter: str, target: Target) -> None:
    """But for the line that says which hosts are meant, which is to be seen in a review."""
    start = LOCK.index(b"files.example.com")
    place_of = start + at % len(b"files.example.com")
    content = LOCK[:place_of] + letter.encode() + LOCK[place_of + 1 :]
    assert content == LOCK or not _followed(content, target)


# What never ends


DEEP = "(" * 5000 + "os_name == 'a'" + ")" * 5000
ENDLESS = "1" * 5000


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 50_000,
        f"a = {ENDLESS}",
        LOCK.decode().replace("'test' in dependency_groups", DEEP),
        LOCK.decode().replace("icons>=1", f"icons ; {DEEP}"),
        LOCK.decode().replace('version = "2.0"', f'version = "{ENDLESS}"'),
        LOCK.decode().replace(">=3.8", f">={ENDLESS}"),
    ],
)
def test_a_lock_without_end_is_refused(text: str, target: Target) -> None:
    assert not _followed(text.encode(), target)


@pytest.mark.parametrize("text", [f"icons ; {DEEP}", f"icons>={ENDLESS}", f"icons[{'x,' * 5000}y]>=1{'0' * 2000}"])
def test_a_requirement_without_end_is_invalid(text: str) -> None:
    with pytest.raises(InvalidRequirement):
        parse_requirement(text)


def test_versions_without_end_are_none(scratch: Path) -> None:
    metadata = core_metadata("menu", ENDLESS)
    with pytest.raises(MetadataError):
        read_metadata(metadata, filename="menu.whl", name=canonicalize_name("menu"), version="1.0")
    assert _unpacked_wheel(make_wheel("menu", "1.0", metadata=metadata).content, scratch) is None
    page = HTML.replace(b"menu-1.0-py3", f"menu-{ENDLESS}-py3".encode())
    found = parse_page("text/html", page, URL, canonicalize_name("menu"), URL)
    assert [release.version for release in found.releases] == ["2.0"]
