from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockenv.errors import InternalError, Refused
from lockenv.packages import canonicalize_name
from lockenv.placement import Placement, check_collisions, place
from lockenv.plan import Install, Installed, Plan, Remove, Replace, Wanted, make_plan
from lockenv.tree import Scheme
from lockenv.wheels import Script

SCHEME = Scheme(purelib="lib/py/site", platlib="lib/py/plat", scripts="bin", headers="include/site/py")


def wanted(name: str, version: str = "1", sha256: str = "a") -> Wanted:
    return Wanted(name=canonicalize_name(name), version=version, sha256=sha256, filename=f"{name}.whl")


def installed(name: str, version: str = "1", sha256: str = "a") -> Installed:
    return Installed(name=canonicalize_name(name), version=version, sha256=sha256)


def applied(plan: Plan, before: set[Installed]) -> set[Installed]:
    """What is installed once the steps are done, one at a time."""
    now = set(before)
    for step in plan.steps:
        match step:
            case Install(wanted=new):
                assert new.name not in {package.name for package in now}
            case Replace(installed=old, wanted=new):
                now.remove(old)
            case Remove(installed=old):
                now.remove(old)
                continue
        now.add(Installed(name=new.name, version=new.version, sha256=new.sha256))
    return now


_FACTS = st.tuples(st.sampled_from("12"), st.sampled_from("ab"))
_SETS = st.dictionaries(st.sampled_from("abcdef"), _FACTS)


@settings(deadline=None)
@given(_SETS, _SETS)
def test_applying_a_plan_gives_what_is_wanted_and_a_second_plan_is_empty(
    new: dict[str, tuple[str, str]], old: dict[str, tuple[str, str]]
) -> None:
    want = [wanted(name, *facts) for name, facts in new.items()]
    have = {installed(name, *facts) for name, facts in old.items()}
    plan = make_plan(want, have)
    after = applied(plan, have)
    assert after == {installed(name, *facts) for name, facts in new.items()}
    second = make_plan(want, after)
    assert second.is_empty
    assert {package.name for package in second.kept} == set(new)
    assert [step.name for step in plan.steps] == sorted(step.name for step in plan.steps)
    assert len(plan.steps) + len(plan.kept) == len(new.keys() | old.keys())


def test_the_same_version_from_another_wheel_is_a_replacement() -> None:
    plan = make_plan([wanted("menu", sha256="b")], [installed("menu", sha256="a")])
    assert plan.steps == (Replace(installed=installed("menu"), wanted=wanted("menu", sha256="b")),)


def test_a_name_that_is_selected_twice_is_a_bug() -> None:
    with pytest.raises(InternalError, match="menu twice"):
        make_plan([wanted("menu"), wanted("menu", "2")], [])


# Places


def placed(
    *paths: str, purelib: bool = True, data: bool = True, name: str = "menu", aliases: dict[str, str] | None = None
) -> Placement:
    return place(
        [(path, f"hash of {path}", 1, 0o444) for path in paths],
        name=name,
        dist_info=f"{name}-1.dist-info",
        data_folder=f"{name}-1.data" if data else None,
        root_is_purelib=purelib,
        scheme=SCHEME,
        aliases=aliases,
    )


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("menu.py", "lib/py/site/menu.py"),
        ("menu-1.dist-info/METADATA", "lib/py/site/menu-1.dist-info/METADATA"),
        ("menu-1.data/purelib/x.py", "lib/py/site/x.py"),
        ("menu-1.data/platlib/x.so", "lib/py/plat/x.so"),
        ("menu-1.data/scripts/m", "bin/m"),
        ("menu-1.data/headers/a/m.h", "include/site/py/menu/a/m.h"),
        ("menu-1.data/data/share/man/m.1", "share/man/m.1"),
        ("menu-1.data/data/etc/menu.conf", "etc/menu.conf"),
        ("menu-1.data/data/lib64/m", "lib/m"),
    ],
)
def test_files_are_spread_as_the_wheel_format_says(source: str, destination: str) -> None:
    (file,) = placed(source, aliases={"lib64": "lib"}).files
    assert (file.source, file.destination) == (source, destination)


def test_a_binary_wheel_goes_to_platlib_with_its_metadata() -> None:
    placement = placed("menu.so", purelib=False)
    assert placement.root == "lib/py/plat"
    assert placement.files[0].destination == "lib/py/plat/menu.so"


def test_what_the_installer_writes_is_not_taken_from_the_wheel() -> None:
    names = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "METADATA")
    placement = placed(*(f"menu-1.dist-info/{name}" for name in names))
    assert [file.destination for file in placement.files] == ["lib/py/site/menu-1.dist-info/METADATA"]


@pytest.mark.parametrize(
    "path",
    [
        "data/pyvenv.cfg",
        "data/PyVenv.cfg",
        "data/.lockenv/current",
        "data/bin/python3",
        "data/bin/activate",
        "scripts/python",
        "scripts/deactivate",
        "purelib/icons-1.dist-info/RECORD",
        "platlib/icons-1.Dist-Info/RECORD",
        "data/lib/py/site/icons-1.dist-info/REQUESTED",
        "data/lib/py/site/icons.egg-link",
        "data/lib/py/site/00_a.pth",
        "platlib/-.pth",
    ],
)
def test_data_that_would_change_the_environment_itself_is_refused(path: str) -> None:
    with pytest.raises(Refused, match="menu would install"):
        placed(f"menu-1.data/{path}")


# Collisions


def other(*paths: tuple[str, str], scripts: tuple[Script, ...] = (), name: str = "icons") -> Placement:
    return place(
        [(path, content, 1, 0o444) for path, content in paths],
        name=name,
        dist_info=f"{name}-1.dist-info",
        data_folder=None,
        root_is_purelib=True,
        scripts=scripts,
        scheme=SCHEME,
    )


def test_two_packages_that_bring_one_path_are_refused_by_name() -> None:
    with pytest.raises(Refused) as caught:
        check_collisions([other(("x.py", "1"), name="menu"), other(("x.py", "2"))], scheme=SCHEME)
    assert [str(problem) for problem in caught.value.problems] == [
        "lib/py/site/x.py: both menu and icons bring it"
    ]


def test_equal_content_is_no_collision() -> None:
    check_collisions([other(("ns/__init__.py", "1"), name="menu"), other(("ns/__init__.py", "1"))], scheme=SCHEME)


def test_a_file_where_another_needs_a_folder_is_refused() -> None:
    with pytest.raises(Refused, match="a file of menu, a folder of icons"):
        check_collisions([other(("x", "1"), name="menu"), other(("x/y.py", "1"))], scheme=SCHEME)


@pytest.mark.parametrize(("one", "two"), [("good.py", "GOOD.py"), ("stra\xdfe.py", "strasse.py")])
def test_paths_that_are_one_where_case_is_ignored_collide(one: str, two: str) -> None:
    with pytest.raises(Refused, match="one file where case is ignored"):
        check_collisions([other((one, "1"), name="menu"), other((two, "1"))], scheme=SCHEME)


def test_a_file_and_a_folder_that_are_one_where_case_is_ignored_collide() -> None:
    with pytest.raises(Refused, match=r"Tools: a file of menu, a folder of"):
        check_collisions([other(("Tools", "1"), name="menu"), other(("tools/x.py", "1"))], scheme=SCHEME)


def test_scripts_that_are_one_where_case_is_ignored_collide() -> None:
    first = other(scripts=(Script("run", "menu", "main"),), name="menu")
    with pytest.raises(Refused, match="bin/Run: icons brings it, and menu bin/run"):
        check_collisions([first, other(scripts=(Script("Run", "menu", "main"),))], scheme=SCHEME)


def test_scripts_collide_by_name_unless_they_are_the_same() -> None:
    first = other(scripts=(Script("run", "menu", "main"),), name="menu")
    check_collisions([first, other(scripts=(Script("run", "menu", "main"),))], scheme=SCHEME)
    with pytest.raises(Refused, match="bin/run: both menu and icons"):
        check_collisions([first, other(scripts=(Script("run", "icons", "main"),))], scheme=SCHEME)


def test_what_the_environment_brings_itself_is_not_replaced() -> None:
    with pytest.raises(Refused, match="both the environment itself and menu"):
        check_collisions([placed("menu-1.data/data/.gitignore")], scheme=SCHEME, reserved=[".gitignore"])


def test_a_folder_of_the_environment_may_be_filled_but_not_replaced() -> None:
    check_collisions([placed("menu-1.data/data/include/x.h")], scheme=SCHEME, reserved=["include/"])
    with pytest.raises(Refused, match="a file of menu, a folder of the environment itself"):
        check_collisions([placed("menu-1.data/data/include")], scheme=SCHEME, reserved=["include/"])


def test_every_collision_is_reported_up_to_a_bound() -> None:
    many = tuple((f"x{number}.py", "1") for number in range(30))
    others = tuple((path, "2") for path, _ in many)
    with pytest.raises(Refused) as caught:
        check_collisions([other(*many, name="menu"), other(*others)], scheme=SCHEME)
    assert len(caught.value.problems) == 6
    assert caught.value.details == ("and 24 more",)
