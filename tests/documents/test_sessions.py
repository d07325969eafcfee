"""Every command block of the documents is typed as its reader types it, and shows what they say.

UPDATE_SNAPSHOTS=1 writes into the pages what is shown; read what it wrote before you commit it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents.markdown import Command, File, blocks, read, steps, unheard
from tests.documents.sessions import ROOT, Stage, alike
from tests.documents.world import stock, stock_private
from tests.fakes.index import FakeIndex

#: The README's own two commands in `sh` are the gate's (tests/test_documents.py, .ci/run).
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")])
#: Where the documents have an index of somebody's own.
_HOST = "packages.example.com"
_PLAYED = [page for page in PAGES if any(isinstance(step, Command) for step in steps(read(page)))]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with FakeIndex() as index, _private() as private:
        stock(index)
        stock_private(private)
        there = {f"https://{_HOST}": private.origin.replace("127.0.0.1", "localhost"), _HOST: "localhost"}
        yield Stage(tmp_path, index.url, there)


def _private() -> FakeIndex:
    return FakeIndex(credentials=("ada", "secret"), relative=True)


def _scene(page: Path, stage: Stage) -> list[Command]:
    """A page of an example is read in its folder; what others have made there is not part of it."""
    if page.parent.parent.name != "examples":
        return []
    lock = () if page.parent.name == "offline" else ("pylock.toml",)
    stage.bring(page.parent, without=(".venv", "__pycache__", *lock))
    return [Command(line=0, typed=f"cd {page.parent.name}\n")]


@pytest.mark.parametrize("page", _PLAYED, ids=_name)
def test_commands_show_what_the_page_says(page: Path, stage: Stage) -> None:
    played = stage.play([*_scene(page, stage), *steps(read(page))])
    if os.environ.get("UPDATE_SNAPSHOTS"):
        page.write_text(stage.corrected(read(page), played), encoding="utf-8")
        return
    for done in played:
        where = f"{_name(page)}:{done.command.line}: {done.command.typed}"
        assert done.command.is_status(done.status), f"{where}exit status {done.status}\n{done.text}"
        assert stage.is_told(done), f"{where}{done.text}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_what_is_not_run_has_its_reason(page: Path) -> None:
    for block in unheard(read(page)):
        assert block.note.removeprefix("not run").strip(": "), f"{_name(page)}:{block.line}"


def test_a_page_s_comments_set_the_scene() -> None:
    page = (
        "<!-- run:\nmkdir shop\ncd shop\n-->\n\n<!-- file: a/b.toml\nx = 1\n-->\n"
        "Text.\n\n<!-- file: env.toml -->\n```toml\n[env]\n```\n"
    )
    assert list(steps(page)) == [
        Command(line=1, typed="mkdir shop\ncd shop\n"),
        File(line=6, name="a/b.toml", text="x = 1\n"),
        File(line=12, name="env.toml", text="[env]\n"),
    ]


def test_a_session_is_split_at_its_prompts() -> None:
    page = "<!-- exit status 1 -->\n```console\n$ one \\\n> two\nshown\n\n$ three\n```\n"
    first, second = steps(page)
    assert first == Command(line=3, typed="one \\\ntwo\n", shown=("shown", ""))
    assert second == Command(line=7, typed="three\n", shown=(), status=1)
    assert second.is_status(1)
    assert not second.is_status(0)


def test_a_note_is_for_the_next_block_alone() -> None:
    page = "<!-- not run: why -->\n```sh\nx\n```\n```sh\ny\n```\n<!-- not run: why -->\nText.\n```sh\nz\n```\n"
    assert [block.text for block in unheard(page)] == ["x\n"]
    assert [block.note for block in blocks(page)] == ["not run: why", "", ""]


def test_a_command_may_fail_only_where_an_error_is_shown() -> None:
    said = Command(line=1, typed="lockenv sync\n", shown=("error: no  [lock]",))
    silent = Command(line=1, typed="lockenv sync\n", shown=())
    assert said.is_status(2)
    assert not said.is_status(0)
    assert not silent.is_status(2)


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a"], False),
        (["a"], ["a", "b"], False),
        (["a", "b", "c"], ["a", "…", "c"], True),
        (["a", "c"], ["a", "…", "c"], True),
        (["a", "b"], ["a", "…"], True),
        (["a", "b"], ["…", "c"], False),
        ([], ["…"], True),
    ],
)
def test_a_line_of_dots_stands_for_any_lines(shown: list[str], said: list[str], same: bool) -> None:
    assert alike(shown, said) is same


def test_what_a_shell_was_told_is_done_in_order_in_one_folder(stage: Stage) -> None:
    page = (
        "```sh\nmkdir x && cd x\n```\n<!-- file: a -->\n```text\nb\n```\n```console\n$ cat a; pwd; false\nb\n```\n"
    )
    assert [(done.status, stage.normal(done.text)) for done in stage.play(list(steps(page)))] == [
        (0, []),
        (1, ["b", "/home/ada/x"]),
    ]


def test_a_shell_that_ends_early_is_no_success(stage: Stage) -> None:
    with pytest.raises(AssertionError, match="ended before line 2"):
        stage.play(list(steps("```console\n$ exit 0\n$ true\n```\n")))
