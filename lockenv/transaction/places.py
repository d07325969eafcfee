"""What stands where in an environment. Imports next to nothing: the no-op test goes through here.

::

    .venv/pyvenv.cfg                        real files
    .venv/bin, lib, include, share, …   ->  .lockenv/current/<name>
    .venv/.lockenv/lock                     who is changing it
    .venv/.lockenv/current              ->  g-18
    .venv/.lockenv/g-18/…, g-18/.state      a generation and what it is
    .venv/.lockenv/spare/…                  what was a generation, to become the next one by its difference
    .venv/.lockenv/g-18/pyvenv.cfg          for a Python that is called by its physical path
    .venv.lockenv-lock, -new, -old          beside it, only while a whole environment is being made or swapped
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH115, PTH208

from __future__ import annotations

import os

HOME = ".lockenv"
STATE = ".state"
_CURRENT = f"{HOME}/current"


def home(env: str) -> str:
    """Give the folder that is lockenv's own."""
    return f"{env}/{HOME}"


def lock(env: str) -> str:
    """Give the lock of an environment that lockenv made."""
    return f"{env}/{HOME}/lock"


def current(env: str) -> str:
    """Give the one link whose rename is the commit."""
    return f"{env}/{_CURRENT}"


def generation(env: str, number: int) -> str:
    """Give the folder of a generation."""
    return f"{env}/{HOME}/g-{number}"


def spare(env: str) -> str:
    """Give the folder of what was a generation, and is nobody's now: the next one may be made of it."""
    return f"{env}/{HOME}/spare"


def link_text(name: str) -> str:
    """Give the text of the top-level link `name`."""
    return f"{_CURRENT}/{name}"


def lock_beside(env: str) -> str:
    """Give the lock for making or swapping the whole folder, when there is no lock inside, or none that stays."""
    return f"{env}.lockenv-lock"


def new_beside(env: str) -> str:
    """Give the place where a whole environment is made."""
    return f"{env}.lockenv-new"


def old_beside(env: str) -> str:
    """Give the place where a retired environment stands for a moment."""
    return f"{env}.lockenv-old"


def number_of(name: str) -> int | None:
    """Read the number of a generation's folder name; None where it is none.

    Only the name that `generation` gives counts: ``g-01`` is another folder than the first generation's.
    """
    digits = name.removeprefix("g-")
    plain = name.startswith("g-") and digits.isascii() and digits.isdigit() and len(digits) <= 9
    return int(digits) if plain and (digits[0] != "0" or digits == "0") else None


def current_number(env: str) -> int | None:
    """Say which generation is current; None where there is none."""
    try:
        return number_of(os.readlink(current(env)))
    except OSError:
        return None


def generations(env: str) -> list[int]:
    """List the numbers of the generations that have a folder, whole or not, lowest first."""
    try:
        names = os.listdir(home(env))
    except OSError:
        return []
    return sorted(number for name in names if (number := number_of(name)) is not None)
