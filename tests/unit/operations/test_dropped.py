from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.manifest.model import Targets
from lockenv.operations.dropped import told
from lockenv.resolution.model import Dropped
from lockenv.resolution.universe import targets_of
from lockenv.targets import Target

EVERY = targets_of(
    SpecifierSet(">=3.9,<3.14"), Targets(platforms=("linux-x86_64", "macos-arm64", "windows-x86_64")), None
)


def named(*ends: str) -> list[Target]:
    """The targets whose names hold all words of one of these texts."""
    return [target for target in EVERY if any(all(word in target.name for word in end.split()) for end in ends)]


def sentences(*reasons: tuple[str, list[Target]]) -> list[str]:
    dropped = [Dropped(target=target, reason=reason) for reason, targets in reasons for target in targets]
    gone = {each.target for each in dropped}
    return list(told(dropped, [target for target in EVERY if target not in gone]))


def test_a_platform_that_is_gone_whole_is_named_alone() -> None:
    assert sentences(("no wheel", named("windows"))) == ["the lock is not for windows-x86_64: no wheel"]


def test_a_python_that_is_gone_everywhere_is_named_alone() -> None:
    assert sentences(("no wheel", named("3.13"))) == ["the lock is not for Python 3.13: no wheel"]
    assert sentences(("no wheel", named("3.13", "3.10"))) == ["the lock is not for Python 3.10 and 3.13: no wheel"]
    assert sentences(("no wheel", named("3.11", "3.12", "3.13"))) == [
        "the lock is not for Python 3.11 to 3.13: no wheel"
    ]


def test_what_is_gone_of_a_platform_is_named_with_it() -> None:
    assert sentences(("no wheel", named("macos 3.13"))) == [
        "the lock is not for macos-arm64 with Python 3.13: no wheel"
    ]
    assert sentences(("no wheel", named("macos 3.13", "windows 3.13"))) == [
        "the lock is not for macos-arm64 and windows-x86_64 with Python 3.13: no wheel"
    ]


def test_one_reason_is_told_once_for_all_that_it_takes() -> None:
    (told_once,) = sentences(("no wheel", named("windows", "3.13", "macos 3.9", "macos 3.12")))
    places, _, reason = told_once.partition(": ")
    assert places == (
        "the lock is not for windows-x86_64, nor for Python 3.13, nor for macos-arm64 with Python 3.9 and 3.12"
    )
    assert reason == "no wheel"


def test_each_reason_has_its_sentence() -> None:
    assert sentences(("too old", named("3.9")), ("no wheel", named("windows 3.10"))) == [
        "the lock is not for Python 3.9: too old",
        "the lock is not for windows-x86_64 with Python 3.10: no wheel",
    ]


def test_a_reason_is_told_only_of_targets_that_have_it() -> None:
    too_new, others = named("3.13"), named("windows 3.9", "windows 3.10", "windows 3.11", "windows 3.12")
    assert sentences(("yaml has no wheel", too_new), ("loops has no wheel", others)) == [
        "the lock is not for Python 3.13: yaml has no wheel",
        "the lock is not for windows-x86_64 with Python 3.9 to 3.12: loops has no wheel",
    ]


def test_nothing_dropped_is_nothing_told() -> None:
    assert sentences() == []


def test_pypy_and_parts_of_a_python_are_named_in_full() -> None:
    platforms = Targets(platforms=("linux-x86_64",), implementations=("cpython", "pypy"))
    cpython, pypy = targets_of(SpecifierSet("==3.11.*"), platforms, None)
    dropped = [Dropped(target=target, reason="no wheel") for target in (cpython, pypy)]
    kept = [target for target in EVERY if "3.12" in target.name]
    assert list(told(dropped, kept)) == ["the lock is not for Python 3.11 and PyPy 3.11: no wheel"]
    rest = cpython.until(Version("3.11.4"))
    part = Dropped(target=cpython.since(Version("3.11.4")), reason="no wheel")
    assert list(told([part], kept)) == ["the lock is not for Python 3.11 (3.11.4 and later): no wheel"]
    assert list(told([part], [*kept, rest])) == [
        "the lock is not for linux-x86_64 with Python 3.11 (3.11.4 and later): no wheel"
    ]
