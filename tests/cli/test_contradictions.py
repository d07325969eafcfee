"""A lock whose packages do not fit together, as a merge or an edit leaves it, is up to date for nobody."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf'\[\[packages\]\]\nname = "{name}"\n.*?(?=\[\[packages\]\]|\[tool)', re.DOTALL)


def _without(name: str) -> Callable[[str], str]:
    return lambda text: _block(name).sub("", text, count=1)


def _only_on_windows(text: str) -> str:
    return re.sub(r'(name = "icons"\nversion = ".*"\n)', "\\1marker = 'sys_platform == \"win32\"'\n", text)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (_without("icons"), "dropdown requires icons>=2, which is missing"),
        (_without("menu"), "the manifest requires menu, which is missing"),
        (_only_on_windows, "dropdown requires icons>=2, which is missing"),
    ],
)
def test_an_edited_lock_is_found_out_and_mended(
    synced: ScratchProject, edit: Callable[[str], str], reason: str
) -> None:
    right = synced.lock.read_text()
    synced.lock.write_text(edit(right))
    assert synced.lock.read_text() != right
    checked = synced.run("lock", "--check")
    assert checked.status == 1
    assert reason in checked.err
    refused = synced.run("sync")
    assert refused.status == 2
    assert reason in refused.err
    synced.run("lock").ok()
    assert synced.lock.read_text() == right


def test_a_merge_of_two_branches_that_do_not_fit_together_is_found_out(
    synced: ScratchProject, index: FakeIndex
) -> None:
    """One branch has an older `icons`, the other a newcomer that wants a newer one; no line of theirs touches."""
    index.add(make_wheel("trends", "1.0", requires=["icons>=2"]))
    began = synced.lock.read_text()
    synced.run("upgrade", "icons==1.9", "dropdown==1.0").ok()
    older = _block("icons").search(synced.lock.read_text())
    synced.lock.write_text(began)
    synced.manifest(dependencies=["menu", "trends"], groups={"test": ["checks"]})
    synced.run("lock").ok()
    assert older is not None
    merged = _block("icons").sub(lambda _: older[0], synced.lock.read_text())
    merged = _block("dropdown").sub("", merged)
    synced.lock.write_text(merged)
    assert "trends requires icons>=2, the lock has 1.9" in synced.run("lock", "--check").err
    synced.run("lock").ok()
    assert synced.locked()["icons"] == "2.0"
    synced.run("sync").ok()
