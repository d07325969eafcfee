"""Groups that exclude each other: locked side by side, never installed together."""

from __future__ import annotations

import tomllib

import pytest

from tests.cli.refusals import check_refusal, unharmed
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject
from tests.fakes.wheels import make_wheel

_MANIFEST = """\
[env]
python = "=={series}.*"
dependencies = ["menu", "dropdown<1.1"]

[groups]
old = ["icons<2"]
new = ["icons>=2"]
dev = [{{ include-group = "old" }}, "checks"]
docs = ["checks"]

[resolution]
conflicts = [["old", "new"]]
"""


@pytest.fixture
def parted(project: ScratchProject) -> ScratchProject:
    """A project with two groups that want different versions of `icons`, and a group that includes one of them."""
    project.write("env.toml", _MANIFEST.format(series=SERIES))
    project.run("lock").ok()
    return project


def test_each_of_them_gets_its_own_version(parted: ScratchProject) -> None:
    for groups, version in (((), None), (("old",), "1.9"), (("new",), "2.0"), (("dev",), "1.9")):
        parted.run("sync", *(word for group in groups for word in ("--group", group))).ok()
        assert parted.installed()["icons"] == (version or "2.0")
    parted.run("sync", "--group", "old", "--group", "dev", "--group", "docs").ok()
    assert parted.installed().keys() == {"menu", "dropdown", "icons", "checks"}


def test_markers_say_which_group_by_whatever_name_it_is_asked_for(parted: ScratchProject) -> None:
    packages = tomllib.loads(parted.lock.read_text(encoding="utf-8"))["packages"]
    found = {(each["name"], each["version"]): each.get("marker") for each in packages}
    assert found["icons", "1.9"] == '"dev" in dependency_groups or "old" in dependency_groups'
    assert found["checks", "3.1"] == '"dev" in dependency_groups or "docs" in dependency_groups'


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--group", "old", "--group", "new"), ("`new` and `old`", "`--group new` or `--group old`")),
        (("--group", "new", "--group", "dev"), ("`dev` and `new`",)),
        (("--all-groups",), ("exclude each other", "ask for one of them")),
    ],
)
def test_asking_for_two_of_them_is_refused_before_anything_is_done(
    arguments: tuple[str, ...], named: tuple[str, ...], parted: ScratchProject
) -> None:
    parted.run("sync", "--group", "old").ok()
    with unharmed(parted):
        check_refusal(parted.run("sync", *arguments), 2, *named)


def test_what_each_of_them_holds_is_kept(parted: ScratchProject, index: FakeIndex) -> None:
    for name, version in (("icons", "1.9.5"), ("icons", "2.1"), ("checks", "3.2")):
        index.add(make_wheel(name, version))
    before = parted.lock.read_bytes()
    assert "up to date" in parted.run("lock").ok().out
    text = (parted.folder / "env.toml").read_text(encoding="utf-8")
    parted.write("env.toml", text.replace('docs = ["checks"]', 'docs = ["checks>=3"]'))
    assert "all versions as before" in parted.run("lock").ok().out
    assert parted.lock.read_bytes() != before
    moved = parted.run("upgrade", "icons").ok().out.splitlines()[:-1]
    assert len(moved) == 1
    assert moved[0].startswith("~ icons 1.9")
    assert "-> 1.9.5 (" in moved[0]
    assert "and 2.1" in moved[0]
