"""No index and no wheel makes lockenv take more than 200 MiB: measured in a process of its own, at its peak."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import textwrap
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import pack

import pytest

from lockenv.archive.record import record_line
from tests.fakes.index import FakeIndex
from tests.fakes.wheels import core_metadata

BOUND = 200 << 20  #: bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
INFO = "menu-1.0.dist-info"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

_OPEN = """
from pathlib import Path
from lockenv.archive.wheel import open_wheel
with open_wheel(Path(argument), name="menu", version="1.0") as wheel:
    folder = Path(argument).parent / "unpacked"
    folder.mkdir()
    count = len(wheel.extract(folder))
    print("unpacked", count)
"""
_PAGE = """
from pathlib import Path
from lockenv.index.cache import IndexCache
from lockenv.index.client import IndexClient
from lockenv.index.auth import Credentials
from lockenv.index.http import Http
from lockenv.packages import Index, canonicalize_name
url, cache = argument.split()
indexes = (Index(name="default", url=url),)
credentials = Credentials(environ={}, indexes=indexes, keyring=False)
http = Http(credentials=credentials, environ={})
client = IndexClient(indexes=indexes, http=lambda: http, cache=IndexCache(Path(cache)))
print("releases", len(client.listing(canonicalize_name("menu")).releases))
"""


def peak(script: str, argument: object) -> tuple[str, int]:
    """Run a script in a process of its own; give what it says at last, and its peak of memory in bytes."""
    program = (
        "import sys\nargument = sys.argv[1]\n"
        "from lockenv.errors import LockenvError\n"
        "try:\n" + textwrap.indent(script, "    ") + "except LockenvError as error:\n"
        "    print(type(error).__name__, error.message)\n"
        # `getrusage` would count what this process had before it became that one, which is the test's own size.
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(argument)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *_, said, size = done.stdout.splitlines()
    return said, int(size) << 10


def wheel_of(path: Path, files: dict[str, bytes], record: str | bytes | None = None) -> Path:
    """Write a wheel with these files and a right RECORD, or the one that is given."""
    whole = {f"{INFO}/METADATA": core_metadata("menu", "1.0"), f"{INFO}/WHEEL": WHEEL, **files}
    if record is None:
        rows = [record_line(name, hashlib.sha256(body).hexdigest(), len(body)) for name, body in whole.items()]
        record = "\n".join([*rows, f"{INFO}/RECORD,,", ""])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in whole.items():
            archive.writestr(name, body)
        archive.writestr(f"{INFO}/RECORD", record)
    return path


def test_a_wheel_that_grows_beyond_the_bound(tmp_path: Path) -> None:
    """It is as large as the ratio allows, so it is unpacked, piece by piece."""
    chunk, size = bytes(1 << 20), 1 << 28
    digest = hashlib.sha256()
    for _ in range(size >> 20):
        digest.update(chunk)
    path = tmp_path / "menu.whl"
    rows = [
        record_line("menu/zeros", digest.hexdigest(), size),
        record_line("menu/noise", hashlib.sha256(noise := _noise(3 << 20)).hexdigest(), len(noise)),
        record_line(f"{INFO}/METADATA", hashlib.sha256(m := core_metadata("menu", "1.0")).hexdigest(), len(m)),
        record_line(f"{INFO}/WHEEL", hashlib.sha256(WHEEL).hexdigest(), len(WHEEL)),
        f"{INFO}/RECORD,,\n",
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("menu/zeros", "w", force_zip64=True) as member:
            for _ in range(size >> 20):
                member.write(chunk)
        archive.writestr("menu/noise", noise)
        archive.writestr(f"{INFO}/METADATA", core_metadata("menu", "1.0"))
        archive.writestr(f"{INFO}/WHEEL", WHEEL)
        archive.writestr(f"{INFO}/RECORD", "\n".join(rows))
    said, memory = peak(_OPEN, path)
    (tmp_path / "unpacked" / "menu" / "zeros").unlink()
    assert said == "unpacked 5"
    assert memory < BOUND < size


def _noise(size: int) -> bytes:
    return b"".join(hashlib.sha256(pack("<Q", number)).digest() for number in range(size // 32))


def test_a_wheel_of_a_megabyte_that_would_grow_to_a_gibibyte(tmp_path: Path) -> None:
    path = wheel_of(tmp_path / "menu.whl", {"menu/zeros": bytes(200 << 20)})
    said, memory = peak(_OPEN, path)
    assert "times its size" in said
    assert memory < BOUND


@pytest.mark.parametrize(("count", "said"), [(250_000, "holds 250003 members"), (99_990, "unpacked")])
def test_a_directory_of_very_many_members(tmp_path: Path, count: int, said: str) -> None:
    """The second is as long as is allowed, with long names, and a RECORD of as many lines."""
    path = tmp_path / "menu.whl"
    names = [f"menu/{'x' * 20}{number}" for number in range(count)]
    _write_empty(path, names)
    found, memory = peak(_OPEN.replace("wheel.extract(folder)", "wheel.members"), path)
    assert said in found
    assert memory < BOUND


def _write_empty(path: Path, names: list[str]) -> None:
    """Write a wheel of empty files; `zipfile` would take minutes and more memory than what is measured."""
    info = {f"{INFO}/METADATA": core_metadata("menu", "1.0"), f"{INFO}/WHEEL": WHEEL}
    rows = [record_line(name, hashlib.sha256(body).hexdigest(), len(body)) for name, body in info.items()]
    nothing = hashlib.sha256().hexdigest()
    rows += [record_line(name, nothing, 0) for name in names]
    whole = {
        **dict.fromkeys(names, b""),
        **info,
        f"{INFO}/RECORD": "\n".join([*rows, f"{INFO}/RECORD,,"]).encode(),
    }
    directory = []
    with path.open("wb") as file:
        for name, body in whole.items():
            raw = name.encode()
            facts = pack("<3L", zlib.crc32(body), len(body), len(body))
            shared = pack("<4H", 0, 0, 0, 33) + facts + pack("<2H", len(raw), 0)
            directory.append(b"PK\x01\x02\x14\0\x14\0" + shared + bytes(10) + pack("<L", file.tell()) + raw)
            file.write(b"PK\x03\x04\x14\0" + shared + raw + body)
        start = file.tell()
        file.write(b"".join(directory))
        size = file.tell() - start
        wide = pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, len(whole), len(whole), size, start)
        locator = pack("<4sLQL", b"PK\x06\x07", 0, start + size, 1)
        file.write(wide + locator + pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, size, start, 0))


@pytest.mark.parametrize("row", [b"a/,,\n", b'"' + b"x" * 100_000 + b"\n"])
def test_a_record_of_64_mebibytes(tmp_path: Path, row: bytes) -> None:
    many = (64 << 20) // len(row)
    said, memory = peak(_OPEN, wheel_of(tmp_path / "menu.whl", {"menu/noise": _noise(2 << 20)}, row * many))
    assert said.startswith("Refused")
    assert memory < BOUND


@pytest.mark.parametrize("row", [b"a/,,\n", b"a%014d/,,\n"])
def test_a_record_as_long_as_is_allowed(tmp_path: Path, row: bytes) -> None:
    many = 15_000_000 // len(row)
    record = b"".join(row % number if b"%" in row else row for number in range(many))
    said, memory = peak(_OPEN, wheel_of(tmp_path / "menu.whl", {"menu/noise": _noise(2 << 20)}, record))
    assert said.startswith("Refused")
    assert memory < BOUND


# Pages


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    with FakeIndex() as running:
        yield running


def dense_page(size: int) -> bytes:
    """A page of links as short as they can be."""
    line = '<a href="/files/menu-1.%d-py3-none-any.whl#sha256=%s">menu-1.%d-py3-none-any.whl</a>\n'
    one = line % (10**6, "0f" * 32, 10**6)
    return "".join(line % (10**6 + n, "0f" * 32, 10**6 + n) for n in range(size // len(one))).encode()


def long_page(files: int) -> bytes:
    """A page as the index that most people use serves it."""
    digest = "0f" * 32
    path = f"https://files.example.com/packages/ab/cd/{digest}"
    listed = [
        {
            "filename": f"menu-1.{number}-py3-none-any.whl",
            "url": f"{path}/menu-1.{number}-py3-none-any.whl",
            "hashes": {"sha256": digest},
            "requires-python": ">=3.8",
            "size": 100_000 + number,
            "upload-time": f"2026-01-01T00:00:00.{number:06}Z",
            "yanked": False,
            "core-metadata": {"sha256": digest},
            "data-dist-info-metadata": {"sha256": digest},
            "provenance": None,
        }
        for number in range(files)
    ]
    return json.dumps({"meta": {"api-version": "1.4"}, "name": "menu", "files": listed}).encode()


JSON = "application/vnd.pypi.simple.v1+json"
_JSON_START = b'{"meta":{"api-version":"1.1"},"name":"menu","files":[],"x":['


@pytest.mark.parametrize("kind", ["text/html", JSON])
def test_an_endless_page(tmp_path: Path, index: FakeIndex, kind: str) -> None:
    index.fail("/simple/*", endless=True, status=200, headers={"Content-Type": kind})
    said, memory = peak(_PAGE, f"{index.url} {tmp_path}")
    assert said.startswith("Refused")
    assert memory < BOUND


def test_the_longest_page_that_is_known_is_read(tmp_path: Path, index: FakeIndex) -> None:
    _serve(index, long_page(26_000), JSON)
    said, memory = peak(_PAGE, f"{index.url} {tmp_path}")
    assert said == "releases 26000"
    assert memory < BOUND


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", lambda: dense_page((64 << 20) - 1000)),
        ("text/html", lambda: dense_page(100 << 20)),
        (JSON, lambda: _JSON_START + b"[]," * (20 << 20) + b"[]]}"),
        (JSON, lambda: _JSON_START + b"[" * (60 << 20)),
        (JSON, lambda: _JSON_START + '"\U0001f40d'.encode() * (10 << 20)),
    ],
    ids=["64 MiB of links", "100 MiB of links", "64 MiB of lists", "deep lists", "wide letters"],
)
def test_a_page_that_would_take_very_much_memory(
    tmp_path: Path, index: FakeIndex, kind: str, body: Callable[[], bytes]
) -> None:
    _serve(index, body(), kind)
    said, memory = peak(_PAGE, f"{index.url} {tmp_path}")
    assert said.startswith("Refused")
    assert memory < BOUND


def test_many_long_pages_at_once(tmp_path: Path, index: FakeIndex) -> None:
    """Together they hold half more than the bound."""
    names = [f"menu{number}" for number in range(10)]
    body = _JSON_START[:-1] + b'"' + b"x" * (30 << 20) + b'"}'
    for name in names:
        _serve(index, body.replace(b'"menu"', f'"{name}"'.encode(), 1), JSON, name)
    at_once = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(10) as threads:
    names = [canonicalize_name(f"menu{number}") for number in range(10)]
    print("pages", sum(1 for found in threads.map(client.listing, names) if found is not None))
"""
    setting_up = _PAGE.rpartition("print(")[0]
    said, memory = peak(setting_up + at_once, f"{index.url} {tmp_path}")
    assert said == "pages 10"
    assert memory < BOUND


def _serve(index: FakeIndex, body: bytes, kind: str, name: str = "menu") -> None:
    index.serve(f"/simple/{name}/", gzip.compress(body, 1), **{"Content-Type": kind, "Content-Encoding": "gzip"})
