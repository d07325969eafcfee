"""Laws of foreign files: nothing crashes a reader, and what is given out comes back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from lockenv.errors import LockenvError
from lockenv.formats.draft import Draft
from lockenv.formats.env_toml import Settled, merge, settle
from lockenv.formats.incoming import versions
from lockenv.formats.merging import merge_into
from lockenv.formats.outgoing.pyproject import pyproject
from lockenv.manifest.read import read
from tests.effort import examples
from tests.unit.formats.cases import bring

NAMES = st.sampled_from(["menu", "Icons", "drop_down", "a.b", "x2"])
VERSIONS = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}", fullmatch=True)
MARKERS = st.sampled_from(["", " ; sys_platform == 'win32'", " ; python_version < '3.12' and os_name != 'nt'"])
CLAUSES = st.tuples(st.sampled_from(["==", ">=", "<", "!=", "~=", "<=", ">"]), VERSIONS).filter(
    lambda pair: pair[0] != "~=" or "." in pair[1]
)
REQUIREMENTS = st.builds(
    lambda name, extras, clauses, marker: f"{name}{extras}{','.join(map(''.join, clauses))}{marker}",
    NAMES,
    st.sampled_from(["", "[fast]", "[fast,all]"]),
    st.lists(CLAUSES, max_size=2),
    MARKERS,
)
FILES = st.lists(REQUIREMENTS, max_size=6).map("\n".join)
PYTHON = SpecifierSet(">=3.11")

KINDS = (
    *("requirements.txt", "constraints.txt", "pyproject.toml", "Pipfile", "environment.yml"),
    *("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"),
)
#: What such files are made of, in any order.
PIECES = st.sampled_from(
    [
        *(
            "\n",
            " ",
            "  ",
            "- ",
            ": ",
            "#",
            "[",
            "]",
            "{",
            "}",
            '"',
            "'",
            "=",
            "==1.0",
            ">=2",
            ";",
            "@",
            "\\\n",
            "\t",
        ),
        *(
            "-r ",
            "-e ",
            "--hash=",
            "git+https://x.example.com/y@z",
            "file:///x",
            "./a",
            "#egg=b",
            "${X}",
            "name",
            "pip",
        ),
        *(
            "[project]",
            "[tool.poetry.dependencies]",
            "[[package]]",
            "dependencies",
            "version",
            "3.10",
            "*",
            "&",
            "é",
        ),
        *(
            "[tool.uv]",
            "[packages]",
            "python = '^3.9'",
            "sources",
            "true",
            "[[tool.uv.index]]",
            "url = 'https://x'",
        ),
    ]
)


def settled(draft: Draft) -> Settled:
    return settle(draft, python=lambda: PYTHON)


@given(st.sampled_from(KINDS), st.lists(PIECES, max_size=30).map("".join))
@examples(400)
def test_whatever_a_file_holds_it_is_read_or_refused_in_words(kind: str, text: str) -> None:
    try:
        draft = bring(kind, text)
    except LockenvError as error:
        assert kind in error.message  # noqa: PT017 - it may also be taken
        return
    done = settled(draft)
    assert read(done.text) == done.manifest


@given(FILES)
def test_requirements_come_back_from_a_manifest_as_they_were(text: str) -> None:
    first = settled(bring("requirements.in", text))
    lines = [str(requirement) for requirement in first.manifest.dependencies]
    again = settled(bring("requirements.in", "\n".join([*lines, "unpinned>0"])))
    assert again.manifest.dependencies[:-1] == first.manifest.dependencies


@given(FILES, FILES)
def test_a_manifest_given_out_as_pyproject_comes_back(main: str, test: str) -> None:
    drafts = [bring("a.in", f"{main}\nloose>0"), bring("b.in", f"{test}\nloose>0", group="test")]
    first = settled(merge(drafts)).manifest
    again = settled(bring("pyproject.toml", pyproject(first, name="env").text)).manifest
    assert (again.python, again.dependencies, again.groups) == (first.python, first.dependencies, first.groups)


@given(FILES)
def test_what_a_file_pins_is_a_preference_or_a_requirement(text: str) -> None:
    draft = bring("requirements.txt", text)
    asked = {one.value.name for one in draft.dependencies}
    assert all(
        any(pin.name == name.lower().replace("_", "-").replace(".", "-") for name in asked) for pin in draft.pins
    )


@given(FILES, FILES)
def test_a_draft_is_added_to_a_manifest_once(first: str, second: str) -> None:
    standing = settled(bring("a.in", first)).text
    draft = settled(bring("b.in", second)).draft
    once = merge_into(standing, draft)
    again = merge_into(once.text, draft)
    assert again.text == once.text
    assert again.added == 0


@given(st.lists(CLAUSES.filter(lambda pair: pair[0] != "~="), max_size=3), VERSIONS)
def test_pep_440_means_the_same_to_poetry(clauses: list[tuple[str, str]], version: str) -> None:
    text = ",".join(map("".join, clauses))
    assert versions.poetry(text).contains(version) == SpecifierSet(text).contains(version)


@given(VERSIONS, VERSIONS)
def test_a_caret_admits_its_version_and_nothing_below(version: str, other: str) -> None:
    said = versions.poetry(f"^{version}")
    assert said.contains(version)
    assert not said.contains(other) or SpecifierSet(f">={version}").contains(other)


@examples(30)
@given(
    st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.text(max_size=5) | st.integers(), st.lists))
)
def test_any_json_is_read_as_a_lock_of_pipenv_or_refused(data: dict[str, object]) -> None:
    try:
        settled(bring("Pipfile.lock", json.dumps({"default": data, "develop": data.get("x")})))
    except LockenvError as error:
        assert "Pipfile.lock" in error.message  # noqa: PT017
