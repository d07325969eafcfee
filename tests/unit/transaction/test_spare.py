"""The spare: a change costs what differs, and leaves exactly what a whole build would."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lockenv.transaction import places, state
from lockenv.transaction.apply import apply
from lockenv.transaction.link import LinkMode
from tests.effort import examples
from tests.fakes.environments import ICONS, MENU, MENU2, SITE, Project
from tests.fakes.wheels import BuiltFile, make_wheel

#: Versions that differ in what is a file and what a folder, in bytecode they bring, scripts, data, and in nothing.
WHEELS = {
    "ant": (
        make_wheel("ant", "1", files={"ant/__init__.py": "", "ant/part.py": "x = 1\n", "ant/same.txt": "same"}),
        make_wheel("ant", "2", files={"ant/__init__.py": "", "ant/part/__init__.py": "2", "ant/same.txt": "same"}),
        make_wheel("ant", "3", files={"ant.py": "x = 3\n"}, scripts={"ant": "ant:main"}),
    ),
    "bee": (
        make_wheel("bee", "1", files={"bee.py": "", "__pycache__/bee.cpython-312.pyc": b"theirs", "bee.txt": "1"}),
        make_wheel("bee", "2", files={"bee.py": "", "__pycache__/bee.cpython-311.pyc": b"more of it"}),
        make_wheel("bee", "3", files={"bee/data.txt": "", "bee/__pycache__/note.txt": "no bytecode"}),
    ),
    "cow": (
        make_wheel("cow", "1", files={"cow.py": "", "{data}/scripts/cow": "#!python\n", "{data}/data/cow": "1"}),
        make_wheel("cow", "2", files={"cow.py": "", "{data}/scripts/cow": "#!/bin/sh\n", "shared/one.txt": "one"}),
    ),
    "dog": (make_wheel("dog", "1", files={"dog.py": "", "shared/one.txt": "one", "shared/two.txt": "two"}),),
}
Set = dict[str, int]
_sets = st.fixed_dictionaries(
    {}, optional={name: st.integers(0, len(wheels) - 1) for name, wheels in WHEELS.items()}
)


LAST = {"ant": 1, "bee": 0, "cow": 1, "dog": 0}


def wheels_of(chosen: Set) -> Sequence[BuiltFile]:
    return [WHEELS[name][number] for name, number in sorted(chosen.items())]


def generation(project: Project, number: int) -> Path:
    return Path(places.generation(str(project.env), number))


def spare(project: Project) -> Path:
    return Path(places.spare(str(project.env)))


def whole(folder: Path) -> dict[str, object]:
    """Everything in a folder but the record: kinds, bytes, modes, times of files."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        facts, name = path.lstat(), str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_dir():
            found[name] = facts.st_mode
        elif name != places.STATE:
            found[name] = (path.read_bytes(), facts.st_mode, facts.st_mtime_ns)
    return found


def recorded(folder: Path) -> dict[str, object]:
    record = state.read(str(folder))
    assert record is not None
    return {
        name: getattr(record, name) for name in (*state.State.__slots__, "tree") if name not in {"made", "_tree"}
    }


def use(folder: Path) -> None:
    """Write bytecode beside every module, as Python does."""
    for source in [*folder.rglob("*.py")]:
        cache = source.parent / "__pycache__"
        cache.mkdir(exist_ok=True)
        (cache / f"{source.stem}.cpython-313.pyc").write_bytes(b"planted, perhaps")


def made_of_spare(project: Project, wheels: Sequence[BuiltFile]) -> bool:
    """Sync, and tell whether the new generation's folder is the one that was the spare."""
    # While it is open nothing else gets its number.
    opened = os.open(spare(project), os.O_RDONLY)
    try:
        after = project.sync(*wheels, link_mode="hardlink").generation
        return os.path.samestat(generation(project, after).stat(), os.fstat(opened))
    finally:
        os.close(opened)


@examples(30)
@given(st.lists(_sets, min_size=3, max_size=6), st.sampled_from(["hardlink", "auto"]), st.booleans())
def test_what_is_made_of_a_spare_is_what_a_whole_build_makes(
    sets: list[Set], link_mode: LinkMode, used: bool
) -> None:
    assume(sets[-1] != LAST)  # else nothing is made
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        for chosen in sets:
            number = project.sync(*wheels_of(chosen), link_mode=link_mode).generation
            assert project.why_not(*wheels_of(chosen)) is None
            made = generation(project, number)
            if used:
                use(made)
        want = project.desired(*wheels_of(LAST))
        first = apply(project.env, want, link_mode=link_mode)
        other = apply(project.env, want, link_mode=link_mode, because="again", afresh=True)
        assert other.generation == first.generation + 1
        one, two = (generation(project, each.generation) for each in (first, other))
        assert whole(one) == whole(two)
        assert recorded(one) == recorded(two)


@pytest.fixture
def with_spare(project: Project) -> Project:
    for wheels in ([MENU2, ICONS], [MENU], [ICONS]):
        project.sync(*wheels, link_mode="hardlink")
    return project


def test_what_nobody_is_promised_any_more_becomes_the_next_generation(with_spare: Project) -> None:
    assert not generation(with_spare, 1).exists()
    assert places.generations(str(with_spare.env)) == [2, 3]
    assert made_of_spare(with_spare, [MENU, ICONS])
    assert with_spare.run("menu") == "menu 1\n"
    assert with_spare.why_not(MENU, ICONS) is None
    # What was retired meanwhile is the spare now.
    assert {name for name, *_ in recorded(spare(with_spare))["packages"]} == {"menu"}  # type: ignore[attr-defined]


def test_bytecode_that_nobody_has_judged_is_not_taken_over(with_spare: Project) -> None:
    use(spare(with_spare))
    assert made_of_spare(with_spare, [MENU2, ICONS])
    assert not [*with_spare.site.rglob("*.pyc")]


def _delete(site: Path) -> None:
    (site / "icons" / "__init__.py").unlink()


def _change(site: Path) -> None:
    (site / "menu.py").unlink()
    (site / "menu.py").write_text("def main():\n    print('other')\n")


def _add(site: Path) -> None:
    (site / "stray.py").touch()


def _lead_elsewhere(site: Path) -> None:
    (site / "icons").rename(site.parent / "elsewhere")
    (site / "icons").symlink_to(site.parent / "elsewhere")


def _open_to_all(site: Path) -> None:
    (site / "icons").chmod(0o777)


def _unrecord(site: Path) -> None:
    (site.parents[2] / places.STATE).unlink()


def _write_through_the_link(site: Path) -> None:
    (site / "menu.py").chmod(0o644)
    (site / "menu.py").write_text("raise SystemExit('poison')\n")


@pytest.mark.parametrize(
    "spoil", [_delete, _change, _add, _lead_elsewhere, _open_to_all, _unrecord, _write_through_the_link]
)
def test_a_spare_that_is_not_what_it_was_does_not_serve(
    with_spare: Project, spoil: Callable[[Path], None]
) -> None:
    spoil(spare(with_spare) / SITE)
    assert not made_of_spare(with_spare, [MENU2, ICONS])
    assert with_spare.run("menu") == "menu 2\n"
    assert with_spare.why_not(MENU2, ICONS) is None
    assert not (with_spare.site / "stray.py").exists()


def test_who_wants_bytes_compared_gets_nothing_of_a_spare(with_spare: Project) -> None:
    """An edit that puts size, time and mode back is seen by no look at them."""
    victim = spare(with_spare) / SITE / "menu.py"
    facts = victim.stat()
    content = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(content.replace(b"menu 2", b"menu 6"))
    victim.chmod(facts.st_mode)
    os.utime(victim, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
    apply(with_spare.env, with_spare.desired(MENU2, ICONS), link_mode="hardlink", afresh=True)
    assert with_spare.run("menu") == "menu 2\n"


def test_a_spare_that_came_another_way_does_not_serve(with_spare: Project) -> None:
    with_spare.sync(MENU2, ICONS, link_mode="copy")
    assert (with_spare.site / "icons" / "__init__.py").stat().st_nlink == 1
    record = state.read_current(str(with_spare.env))
    assert record is not None
    assert record.origin[:2] == ("copy", "copy")


def test_after_a_power_cut_a_spare_that_the_disk_was_not_asked_to_keep_does_not_serve(
    with_spare: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockenv.transaction.apply.machine_run", lambda: "a later one")
    assert not made_of_spare(with_spare, [MENU2, ICONS])


def test_under_another_umask_a_spare_does_not_serve(with_spare: Project) -> None:
    before = os.umask(0o027)
    os.umask(before ^ 0o070)  # whatever it is here
    try:
        assert not made_of_spare(with_spare, [MENU2, ICONS])
    finally:
        os.umask(before)


def test_there_is_no_spare_of_copies(project: Project) -> None:
    for wheels in ([MENU2, ICONS], [MENU], [ICONS]):
        project.sync(*wheels, link_mode="copy")
    assert not spare(project).exists()
    assert places.generations(str(project.env)) == [2, 3]


def test_half_a_spare_is_swept(with_spare: Project) -> None:
    (spare(with_spare) / places.STATE).unlink()
    with_spare.sync(ICONS)
    assert not spare(with_spare).exists()


def test_while_a_retired_generation_is_kept_for_programs_it_is_no_spare(project: Project) -> None:
    for wheels in ([MENU2, ICONS], [MENU], [ICONS]):
        apply(project.env, project.desired(*wheels), grace=60.0)
    assert places.generations(str(project.env)) == [1, 2, 3]
    assert not spare(project).exists()
