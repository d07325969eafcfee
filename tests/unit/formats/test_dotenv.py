"""Files of variables: what all readers read alike is read, the rest is refused with its line."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.errors import UsageError
from lockenv.formats.dotenv import read

_FILE = r"""
# settings
PLAIN=value
export SPACED = a value with blanks   # a comment
HASH=a#b
EMPTY=
EMPTY_TOO=   # nothing
SINGLE='it is ${taken} as \n it "stands" # here'  # a comment
DOUBLE="tab\t and \"quotes\", a \\ and \${NAME}"
LINES="one
two"
KEY='-----BEGIN-----
abc
-----END-----'
MONEY=$5 and $HOME
PLAIN=again
LAST=no line's end"""


def test_what_can_stand_in_a_file() -> None:
    assert read(_FILE, where=".env") == {
        "PLAIN": "again",
        "SPACED": "a value with blanks",
        "HASH": "a#b",
        "EMPTY": "",
        "EMPTY_TOO": "",
        "SINGLE": 'it is ${taken} as \\n it "stands" # here',
        "DOUBLE": 'tab\t and "quotes", a \\ and ${NAME}',
        "LINES": "one\ntwo",
        "KEY": "-----BEGIN-----\nabc\n-----END-----",
        "MONEY": "$5 and $HOME",
        "LAST": "no line's end",
    }


def test_files_of_other_systems_are_read_as_well() -> None:
    assert read("\ufeffA=1\r\nB='x'\r\n", where=".env") == {"A": "1", "B": "x"}
    assert read("", where=".env") == {}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("NAME", "no NAME=value"),
        ("1ST=x", "no NAME=value"),
        ("A-B=x", "no NAME=value"),
        ("ÄÖ=x", "no NAME=value"),
        ("=x", "no NAME=value"),
        ("A='x", "never closed"),
        ('A="x\\"', "never closed"),
        ("A='x' y", "behind the closing quote"),
        ('A="x"#y"', None),
        ("A=${HOME}/x", "nothing is put in"),
        ('A="${HOME}"', "nothing is put in"),
        ('A="\\\\${HOME}"', "nothing is put in"),
        ('A="\\x"', "a backslash in double quotes"),
        ("A=x\0", "a NUL"),
    ],
)
def test_what_readers_do_not_agree_on_is_refused_with_its_line(line: str, reason: str | None) -> None:
    text = f"FINE=1\n\n{line}\n"
    if reason is None:
        assert read(text, where=".env")["A"] == "x"
        return
    with pytest.raises(UsageError, match=r"^\.env cannot be read") as caught:
        read(text, where=".env")
    (problem,) = caught.value.problems
    assert problem.where == "line 3"
    assert reason in problem.message


def test_everything_that_is_wrong_is_told_at_once_and_no_value_is() -> None:
    with pytest.raises(UsageError) as caught:
        read("A=${SECRET}\nsecret\nB='secret' secret\nC='fine\nD'\nE\n", where=".env")
    assert [problem.where for problem in caught.value.problems] == ["line 1", "line 2", "line 3", "line 6"]
    assert "secret" not in "".join(map(str, caught.value.problems)).lower()


_VALUES = st.text(st.characters(exclude_characters="\0\r", codec="utf-8"), max_size=20)


@given(value=_VALUES)
def test_what_is_quoted_comes_back(value: str) -> None:
    if "'" not in value:
        assert read(f"A='{value}'\n", where=".env") == {"A": value}
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    assert read(f'A="{escaped}"\n', where=".env") == {"A": value}


@given(value=st.text(st.sampled_from("ab '\"\\#=.-/"), max_size=8))
def test_what_a_shell_reads_from_single_quotes_is_read_alike(value: str) -> None:
    if "'" not in value and shutil.which("sh") is not None:
        assert read(f"A={shlex.quote(value) if value else ''}\n", where=".env") == {"A": value}


def test_a_shell_agrees_on_the_file() -> None:
    """What a shell takes from the same lines, but for blanks around `=` and what it expands."""
    if (shell := shutil.which("sh")) is None:
        pytest.skip("there is no sh here")
    lines = 'A=plain\nexport B=\'as it "stands" # here\'  # a comment\nC=\nD="a \\"quote\\" and \\$HOME"\nE=a#b\n'
    done = subprocess.run(
        [shell, "-c", f'{lines}printf "%s\\n" "$A" "$B" "$C" "$D" "$E"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == list(read(lines, where=".env").values())
