"""How much an archive may become when it is unpacked: bounds that a manifest or a flag moves. Pure."""

from __future__ import annotations

import re

from lockenv.values import dataclass

_UNITS = {"B": 0, "KIB": 10, "MIB": 20, "GIB": 30, "TIB": 40}
_SIZE = r"(\d{1,7})\s*(B|KiB|MiB|GiB|TiB)"
#: Bytes; no disk holds more, and sums of such sizes stay numbers that a zip archive can state.
_LARGEST = 1 << 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one archive may hold. `file` and `unpacked` are bytes: of one file, and of all together.

    `files` counts members, folders too. `ratio` is how many times its own size the archive may grow to; it counts
    once the whole is larger than `RATIO_FREE`. The largest wheels known have 30,000 members and files of 2 GiB,
    and grow to less than 30 times their size.
    """

    file: int = 16 << 30
    unpacked: int = 32 << 30
    files: int = 100_000
    ratio: int = 100

    @property
    def directory(self) -> int:
        """The bytes that a zip archive's directory may have."""
        return 1024 + self.files * 320

    @property
    def record(self) -> int:
        """The bytes that RECORD may have: it is read into memory."""
        return 1024 + self.files * 160


#: Bytes; up to here an archive of any size may grow: small ones of zeros and tables do no harm.
RATIO_FREE = 64 << 20
#: What holds where nobody says otherwise.
DEFAULT = Limits()
#: The names of the bounds, as a manifest and a command line write them.
NAMES = ("file", "unpacked", "files", "ratio")


def read_limit(name: str, text: str) -> int | None:
    """Read a bound as a person writes it: a size such as ``4 GiB``, or a number; None for what is neither."""
    if name in {"file", "unpacked"}:
        found = re.fullmatch(_SIZE, text.strip(), re.IGNORECASE)
        size = int(found[1]) << _UNITS[found[2].upper()] if found else 0
        return size if 0 < size <= _LARGEST else None
    digits = text.strip()
    count = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    return count or None


def example(name: str) -> str:
    """Give a value of the right form."""
    return {"file": "64 GiB", "unpacked": "64 GiB", "files": "500000", "ratio": "400"}[name]


def size_text(size: int) -> str:
    """Write a number of bytes so that `read_limit` reads no less: in the largest unit that leaves it short."""
    for unit, bits in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 1 << bits:
            return f"{-(-size >> bits)} {unit}"
    return f"{size} B"


def remedy(name: str, needed: int) -> str:
    """Say how a bound is raised to what an archive needs."""
    value = f'"{size_text(needed)}"' if name in {"file", "unpacked"} else str(needed)
    plain = value.strip('"').replace(" ", "")
    return f"if you trust it, write `{name} = {value}` under [limits] in env.toml (or `--limit {name}={plain}`)"
