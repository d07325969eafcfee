"""Markers in a person's words: ``Python < 3.12, macOS arm64``, ``not Windows``, ``group test``."""

from __future__ import annotations

from typing import assert_never

from lockenv.markers.syntax import Atom, Every, Expression, Some, parse_leniently

_PYTHON = frozenset({"python_version", "python_full_version"})
#: Variables of which the value alone says enough.
_PLATFORM = ("sys_platform", "platform_system", "platform_machine")
_NAMED = frozenset({*_PLATFORM, "os_name", "implementation_name", "platform_python_implementation"})
_NAMES = {
    "linux": "Linux",
    "darwin": "macOS",
    "Darwin": "macOS",
    "win32": "Windows",
    "nt": "Windows",
    "cpython": "CPython",
    "pypy": "PyPy",
    "AMD64": "x86_64",
    "ARM64": "arm64",
}
_LONG = 60


def in_words(text: str) -> str:
    """Say a marker in words, or as it is written where it has none; what is too long to read is cut short."""
    expression = parse_leniently(text)
    said = text if expression is None else _said(expression)
    return said if len(said) <= _LONG else "on some targets"


def _said(expression: Expression) -> str:
    match expression:
        case Atom():
            return _compared(expression)
        case Every(parts=parts):
            platform = " ".join(_said(part) for part in parts if _of_a_platform(part))
            others = [part for part in parts if not _of_a_platform(part)]
            told = [_said(part) for part in others]
            return ", ".join([*told, platform] if platform else told)
        case Some(parts=parts):
            return _alternatives(parts)
        case _:
            assert_never(expression)


def _alternatives(parts: tuple[Expression, ...]) -> str:
    """Groups are named together: ``groups dev or test``."""
    absent = [part for part in parts if _is_group(part, "not in")]
    if absent and all(part in absent or _is_group(part) for part in parts):
        # Groups that conflict: what is said of others beside is for those who ask for two of them.
        parts = tuple(absent)
    groups = [part.value for part in parts if isinstance(part, Atom) and _is_group(part)]
    others = [part for part in parts if not _is_group(part)]
    told = [f"({_said(part)})" if isinstance(part, Every) else _said(part) for part in others]
    named = [f"group{'s' if len(groups) > 1 else ''} {' or '.join(groups)}"] if groups else []
    return " or ".join([*told, *named])


def _of_a_platform(part: Expression) -> bool:
    """Whether a part names a system or a machine: together they make a platform."""
    return isinstance(part, Atom) and part.variable in _PLATFORM and part.operator == "==" and not part.mirrored


def _is_group(part: Expression, operator: str = "in") -> bool:
    return isinstance(part, Atom) and part.variable == "dependency_groups" and part.operator == operator


def _compared(atom: Atom) -> str:
    if _is_group(atom):
        return f"group {atom.value}"
    if _is_group(atom, "not in"):
        return f"without group {atom.value}"
    if atom.mirrored or not atom.variable:
        return atom.text
    if atom.variable in _PYTHON:
        return f"Python {atom.value}" if atom.operator == "==" else f"Python {atom.operator} {atom.value}"
    if atom.variable in _NAMED and atom.operator in {"==", "!="}:
        name = _NAMES.get(atom.value, atom.value)
        return name if atom.operator == "==" else f"not {name}"
    return atom.text
