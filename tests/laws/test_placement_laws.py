"""Laws: folders that go whole to their places collide as their files would, each taken by itself."""

from __future__ import annotations

import hashlib

from hypothesis import assume, given
from hypothesis import strategies as st

from lockenv.archive.names import check_distinct
from lockenv.errors import Refused
from lockenv.folders import by_folder, rows_of
from lockenv.placement import Placement, check_collisions, place
from lockenv.tree import Scheme
from lockenv.wheels import folded

SCHEME = Scheme(purelib="lib/site", platlib="lib/site", scripts="bin", headers="include")
RESERVED = ("bin/", "lib/", "lib/site/", "bin/python", "lib/site/A/")
NAMES = st.sampled_from(["a", "A", "b", "\xe9", "e\u0301"])
PATHS = st.one_of(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join),
    st.tuples(st.just("w-1.data"), st.sampled_from(["purelib", "data/lib/site", "scripts"]), NAMES).map("/".join),
)
WHEELS = st.dictionaries(PATHS, st.sampled_from("12"), max_size=4)


def rows(wheel: dict[str, str]) -> list[tuple[str, str, int, int]]:
    """Give the files of a wheel, of which no two are one."""
    try:
        check_distinct(wheel, (), archive="w")
    except Refused:
        assume(False)
    return [(path, hashlib.sha256(said.encode()).hexdigest(), 1, 0o444) for path, said in sorted(wheel.items())]


def placed(name: str, wheel: dict[str, str], *, whole: bool) -> Placement:
    """Place a wheel, by whole folders where that can be, or each file by itself."""
    files = rows(wheel)
    fixed = [row for row in files if whole and not row[0].startswith("w-1.data/")]
    return place(
        [row for row in files if row not in fixed],
        name=name,
        dist_info="w-1.dist-info",
        data_folder="w-1.data",
        root_is_purelib=True,
        folders=by_folder(fixed),
        scheme=SCHEME,
    )


def judged(wheels: list[dict[str, str]], *, whole: bool) -> object:
    """What is said of wheels side by side."""
    try:
        placements = [placed(f"p{number}", wheel, whole=whole) for number, wheel in enumerate(wheels)]
        return check_collisions(placements, scheme=SCHEME, reserved=RESERVED)
    except Refused as error:
        # Of three that collide, which one is named first is of no account; of two, each place is named.
        return len(wheels) > 2 or {folded(problem.where) for problem in error.problems}


@given(st.lists(WHEELS, min_size=1, max_size=3))
def test_whole_folders_collide_as_their_files_do(wheels: list[dict[str, str]]) -> None:
    assert judged(wheels, whole=True) == judged(wheels, whole=False)


@given(WHEELS)
def test_files_by_folder_are_the_same_files(wheel: dict[str, str]) -> None:
    files = rows(wheel)
    assert sorted(rows_of(by_folder(files))) == files
