from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from lockenv.python.libc import elf_interpreter, musl_version, parse_musl
from tests.unit.python.pythons import running, script


def elf(loader: bytes, *, wide: bool = True, big: bool = False) -> bytes:
    """An ELF executable of nothing but its header and one segment that names a loader."""
    order = ">" if big else "<"
    head, segment = (64, 56) if wide else (52, 32)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    header = struct.pack(
        f"{order}HHI{'QQQ' if wide else 'III'}IHHHHHH", 3, 62, 1, 0, head, 0, 0, head, segment, 1, 0, 0, 0
    )
    start = head + segment
    if wide:
        entry = struct.pack(f"{order}IIQQQQQQ", 3, 4, start, 0, 0, len(loader), len(loader), 1)
    else:
        entry = struct.pack(f"{order}IIIIIIII", 3, start, 0, 0, len(loader), len(loader), 4, 1)
    return ident + header + entry + loader


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("big", [True, False])
def test_the_loader_is_read_from_headers_of_every_shape(wide: bool, big: bool, tmp_path: Path) -> None:
    (tmp_path / "python").write_bytes(elf(b"/lib/ld-musl-x86_64.so.1\0", wide=wide, big=big))
    assert elf_interpreter(tmp_path / "python") == "/lib/ld-musl-x86_64.so.1"


@pytest.mark.parametrize("length", [0, 3, 10, 20, 63, 64, 100])
def test_a_cut_off_header_names_no_loader(length: int, tmp_path: Path) -> None:
    (tmp_path / "python").write_bytes(elf(b"/lib/ld-musl-x86_64.so.1\0")[:length])
    assert elf_interpreter(tmp_path / "python") is None


def test_scripts_and_missing_files_have_no_loader(tmp_path: Path) -> None:
    assert elf_interpreter(script(tmp_path / "python", "exit")) is None
    assert elf_interpreter(tmp_path / "gone") is None


def test_the_loader_is_asked_for_the_version_of_musl(tmp_path: Path) -> None:
    loader = script(tmp_path / "ld-musl-x86_64.so.1", "printf 'musl libc (x86_64)\\nVersion 1.2.5\\n' >&2; exit 1")
    (tmp_path / "python").write_bytes(elf(bytes(loader) + b"\0"))
    assert musl_version(tmp_path / "python") == (1, 2)
    loader.unlink()
    assert musl_version(tmp_path / "python") is None


def test_another_loader_is_not_asked(tmp_path: Path) -> None:
    loader = script(tmp_path / "ld-linux.so.2", f"touch {tmp_path}/asked")
    (tmp_path / "python").write_bytes(elf(bytes(loader) + b"\0"))
    assert musl_version(tmp_path / "python") is None
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("text", ["", "musl libc", "glibc\nVersion 2.36", "musl libc (x86_64)\nVersion x.y"])
def test_what_is_no_version_of_musl(text: str) -> None:
    assert parse_musl(text) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ELF is Linux's")
def test_a_real_interpreter_says_which_libc_it_runs_on() -> None:
    interpreter = running()
    loader = elf_interpreter(interpreter.real_path)
    assert interpreter.libc == ("" if loader is None else "musl" if "musl" in loader else "glibc")
