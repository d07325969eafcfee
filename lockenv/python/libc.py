"""The C library of an executable, from its ELF header (PEP 656); neither ldd nor the executable is run."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import BinaryIO

_PT_INTERP = 3


def elf_interpreter(executable: Path) -> str | None:
    """Name the dynamic loader that an ELF executable asks for (its PT_INTERP segment), if it asks for one."""
    try:
        with executable.open("rb") as file:
            return _interpreter(file)
    except (OSError, struct.error, ValueError):
        return None


def _interpreter(file: BinaryIO) -> str | None:
    head = file.read(16)
    if head[:4] != b"\x7fELF":
        return None
    order = "<" if head[5] == 1 else ">"
    wide = head[4] == 2
    # System V ABI, ELF header: e_phoff, then e_phentsize and e_phnum.
    header = f"{order}HHIQQQIHHH" if wide else f"{order}HHIIIIIHHH"
    _, _, _, _, offset, _, _, _, size, count = struct.unpack(header, file.read(struct.calcsize(header)))
    segment = f"{order}IIQQQQQQ" if wide else f"{order}IIIIIIII"
    for number in range(count):
        file.seek(offset + number * size)
        fields = struct.unpack(segment, file.read(struct.calcsize(segment)))
        if fields[0] == _PT_INTERP:
            start, length = (fields[2], fields[5]) if wide else (fields[1], fields[4])
            file.seek(start)
            return file.read(min(length, 4096)).rstrip(b"\0").decode()
    return None


def musl_version(executable: Path) -> tuple[int, int] | None:
    """Tell the version of musl that an executable runs on; None where it does not run on musl.

    Only the loader itself knows it: run without arguments, it says so.
    """
    loader = elf_interpreter(executable)
    if loader is None or "musl" not in loader:
        return None
    import subprocess  # only on musl

    try:
        run = subprocess.run([loader], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_musl(run.stderr)


def parse_musl(text: str) -> tuple[int, int] | None:
    """Read what musl's loader says of itself."""
    found = re.search(r"^musl.*\nVersion (\d+)\.(\d+)", text, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else None
