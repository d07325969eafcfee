"""Conda's environment.yml from a lock: Conda brings Python and pip, pip brings the packages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.specifiers import SpecifierSet

from lockenv.formats.incoming.versions import clauses
from lockenv.formats.outgoing.requirements_txt import Given, requirements
from lockenv.formats.outgoing.rows import Row

_PLAIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.=+/-]*")


def environment(rows: Sequence[Row], *, name: str, pythons: SpecifierSet, default_index: str = "") -> Given:
    """Write an environment file; `pythons` are those that it can be made with."""
    given = requirements(rows, heading="", hashes=False, default_index=default_index, reasons=False)
    lines = [f"name: {scalar(name)}", "channels:", "  - conda-forge", "dependencies:"]
    lines.append(f"  - {scalar(f'python{_versions(pythons)}')}")
    lines.append("  - pip")
    items = [line for line in given.text.splitlines() if line]
    if items:
        lines += ["  - pip:", *(f"      - {scalar(item)}" for item in items)]
    warning = "pip in a Conda environment checks no hashes here; `lockenv sync` does"
    return Given(text="\n".join(lines) + "\n", warnings=(warning, *given.warnings))


def _versions(pythons: SpecifierSet) -> str:
    """Versions as Conda writes them: ``=3.12`` for all of a minor, else as PEP 440 does."""
    text = ",".join(clauses(pythons))
    return re.sub(r"^==([0-9.]+)\.\*$", r"=\1", text)


def scalar(text: str) -> str:
    """A text in YAML: as it is where that is plain, else in single quotes."""
    if (
        _PLAIN.fullmatch(text)
        and not text.endswith(":")
        and text.lower() not in {"null", "true", "false", "yes", "no"}
    ):
        return text
    return "'" + text.replace("'", "''") + "'"
