"""Foreign files as data: `cases/*.toml` hold a file's name and text, the files beside it, and what becomes of it.

UPDATE_CASES=1 writes what becomes of them anew; look the difference over before it is committed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from lockenv.formats.draft import Draft, Pin
from lockenv.formats.env_toml import settle
from lockenv.formats.gathering import Surroundings
from lockenv.formats.incoming import detect

FOLDER = Path(__file__).parent / "cases"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
#: Where the projects of the cases stand.
HOME = "/home/somebody/project"
DEFAULT_INDEX = "https://default.example.com/simple/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A foreign file, what stands beside it, and what is expected."""

    file: str
    text: str
    beside: Mapping[str, str]
    env: str
    pins: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]


def case_of(name: str) -> Case:
    """Read a case."""
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Case(
        file=data["file"],
        text=data["text"],
        beside=data.get("beside", {}),
        env=data.get("env", ""),
        pins=tuple(data.get("pins", ())),
        notes=tuple(data.get("notes", ())),
        left_out=tuple(data.get("left-out", ())),
    )


def draft_of(case: Case) -> Draft:
    """Bring the file of a case in."""
    return bring(case.file, case.text, case.beside)


def bring(file: str, text: str, beside: Mapping[str, str] | None = None, *, group: str = "") -> Draft:
    """Bring a file in, with what stands beside it."""

    def load(path: str) -> str:
        try:
            return (beside or {})[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    around = Surroundings(load=load, folder=HOME, default_indexes=frozenset({DEFAULT_INDEX}))
    return detect.read(text, where=file, surroundings=around, group=group)


def told(draft: Draft) -> dict[str, str | tuple[str, ...]]:
    """What becomes of a draft, as a case says it."""
    settled = settle(draft, python=lambda: SpecifierSet(">=3.11"))
    return {
        "env": settled.text,
        "pins": tuple(map(pin_text, settled.draft.pins)),
        "notes": settled.draft.notes,
        "left_out": tuple(map(str, settled.draft.left_out)),
    }


def pin_text(pin: Pin) -> str:
    """A pin on one line."""
    return f"{pin.name} {pin.version}" + (f" ; {pin.marker}" if pin.marker is not None else "")
