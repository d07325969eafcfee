r"""Files of variables for `run --env-file`: ``NAME=value`` on lines, as `.env` files have them.

Other readers agree on plain lines and on little else. This one takes what all read alike, and refuses the rest:

- blank lines and lines that begin with ``#`` say nothing; ``export`` may stand before a name;
- a plain value ends before ``#`` that follows a blank, and loses the blanks at its ends;
- a value in single quotes is taken as it stands, over several lines if need be;
- in double quotes ``\n``, ``\r``, ``\t``, ``\"``, ``\\`` and ``\$`` are what they are elsewhere;
- nothing is expanded: ``${NAME}``, which some readers replace, is refused outside of single quotes.

Values may be secrets: no message shows one.
"""

from __future__ import annotations

import re

from lockenv.errors import Problem, UsageError

_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_NOTHING = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLAIN = re.compile(r"[^\n]*")
_COMMENT = re.compile(r"(?:^|[ \t]+)#.*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
_EXPANSION = re.compile(r"(?<!\\)(?:\\\\)*\$\{")


class _Slip(Exception):
    """What is wrong with a line."""


def read(text: str, *, where: str) -> dict[str, str]:
    """Read variables; of a name that stands twice the last value counts.

    Raises `UsageError` with everything that is wrong, and the lines where it is.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    found: dict[str, str] = {}
    problems: list[Problem] = []
    place = 0
    while place < len(text):
        if (blank := _NOTHING.match(text, place)) is not None:
            place = blank.end()
            continue
        try:
            name, value, place = _variable(text, place)
            found[name] = value
        except _Slip as slip:
            line = text.count("\n", 0, place) + 1
            problems.append(Problem(where=f"line {line}", message=str(slip)))
            place = _line_end(text, place)
    if problems:
        hint = "the reference of `lockenv run` says what such a file can hold"
        raise UsageError(f"{where} cannot be read as variables", problems=problems, hint=hint)
    return found


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end + 1


def _variable(text: str, place: int) -> tuple[str, str, int]:
    """The variable that begins at a place, and where the next line does."""
    head = _LINE.match(text, place)
    if head is None:
        raise _Slip("this is no NAME=value; a name is made of ASCII letters, digits and `_`")
    value, end = _value(text, head.end())
    if "\0" in value:
        raise _Slip(f"the value of {head[1]} holds a NUL, which no variable can")
    return head[1], value, end


def _value(text: str, place: int) -> tuple[str, int]:
    sign = text[place : place + 1]
    if sign == "'":
        found = _quoted(_SINGLE, text, place)
        return found[1], _after(text, found.end())
    if sign == '"':
        found = _quoted(_DOUBLE, text, place)
        return _unescaped(_unexpanded(found[1])), _after(text, found.end())
    plain = _PLAIN.match(text, place)
    assert plain is not None  # noqa: S101 - it matches the empty text
    return _unexpanded(_COMMENT.sub("", plain[0]).rstrip()), _line_end(text, place)


def _quoted(form: re.Pattern[str], text: str, place: int) -> re.Match[str]:
    found = form.match(text, place)
    if found is None:
        raise _Slip("a quote is opened here and never closed")
    return found


def _after(text: str, place: int) -> int:
    """Where the next line begins behind a closing quote, behind which nothing else may stand."""
    rest = _NOTHING.match(text, place)
    if rest is None:
        raise _Slip("something stands behind the closing quote")
    return rest.end()


def _unexpanded(text: str) -> str:
    if _EXPANSION.search(text):
        raise _Slip("nothing is put in for `${...}`; in single quotes it stands for itself")
    return text


def _unescaped(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise _Slip("a backslash in double quotes stands before n, r, t, $, a quote or a backslash")
        return _ESCAPES[found[1]]

    return re.sub(r"\\(.)", meant, text, flags=re.DOTALL)
