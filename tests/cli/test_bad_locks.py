"""Locks that are broken, stale or of another kind: what is said, and that nothing changes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.cli.refusals import check_refusal, unharmed
from tests.fakes.project import ScratchProject

_CONFLICT = """\
<<<<<<< HEAD
created-by = "lockenv"
=======
created-by = "lockenv "
>>>>>>> feature/banner
"""

_BROKEN: dict[str, tuple[Callable[[str], str | bytes], tuple[str, ...]]] = {
    "a merge conflict": (
        lambda text: text.replace('created-by = "lockenv"\n', _CONFLICT),
        ("pylock.toml has a merge conflict", "the versions of both sides", "lockenv lock"),
    ),
    "cut in the middle": (
        lambda text: text[: text.rindex("hashes")],
        ("pylock.toml is not valid TOML", "at end of document", "lockenv lock"),
    ),
    "no UTF-8": (
        lambda text: text.encode("utf-16"),
        ("pylock.toml is not UTF-8", "lockenv lock"),
    ),
    "empty": (
        lambda text: "",
        ("pylock.toml is not a valid lock", "lock-version", "lockenv lock"),
    ),
    "a version to come": (
        lambda text: text.replace('lock-version = "1.0"', 'lock-version = "2.0"'),
        ("pylock.toml has a version", "2.0", "newer lockenv"),
    ),
    "no hashes": (
        lambda text: re.sub(r", hashes = \{[^}]*\}", "", text),
        ("pylock.toml is not a valid lock", "hashes", "packages[0].wheels[0]"),
    ),
    "only a weak hash": (
        lambda text: text.replace("sha256 =", "md5 ="),
        ("has no hash of", "that proves anything (it has: md5)", "have the lock made anew"),
    ),
    "a package without a source": (
        lambda text: re.sub(r"(?s)wheels = \[.*?\n\]\n", "", text, count=1),
        ("pylock.toml",),
    ),
    "for another platform": (
        lambda text: re.sub(
            r"(?s)environments = \[.*?\n\]", """environments = ["sys_platform == 'plan9'"]""", text
        ),
        ("pylock.toml is for none of the Pythons", 'it covers: sys_platform == "plan9"', "lockenv lock"),
    ),
    "for another Python": (
        lambda text: re.sub(r'requires-python = ".*?"', 'requires-python = ">=4"', text),
        (">=4",),
    ),
    "no lock of ours": (
        lambda text: text.partition("[tool.lockenv]")[0],
        ("pylock.toml is out of date", "was not made from env.toml", "lockenv lock"),
    ),
    "a file name as a path": (
        lambda text: text.replace('url = "', 'name = "../../../outside-1.0-py3-none-any.whl", url = "'),
        ("pylock.toml",),
    ),
}


@pytest.mark.parametrize("case", _BROKEN)
def test_a_lock_that_cannot_be_followed_changes_nothing(case: str, synced: ScratchProject) -> None:
    change, words = _BROKEN[case]
    proper = synced.lock.read_text()
    synced.write("pylock.toml", change(proper))
    assert synced.lock.read_bytes() != proper.encode()
    with unharmed(synced):
        ran = synced.run("sync")
        check_refusal(ran, ran.status, *words)
        assert ran.status in {2, 4}


@pytest.mark.parametrize("case", ["cut in the middle", "no UTF-8", "empty", "no hashes"])
def test_lock_makes_a_broken_lock_anew_and_says_so(case: str, synced: ScratchProject) -> None:
    proper = synced.lock.read_text()
    synced.write("pylock.toml", _BROKEN[case][0](proper))
    ran = synced.run("lock").ok()
    assert "warning: pylock.toml " in ran.err
    assert "made anew, without its pins" in ran.err
    assert synced.lock.read_text() == proper


def test_lock_makes_a_lock_of_a_version_to_come_anew_only_if_asked_to(synced: ScratchProject) -> None:
    change, words = _BROKEN["a version to come"]
    synced.write("pylock.toml", change(synced.lock.read_text()))
    with unharmed(synced):
        check_refusal(synced.run("lock", "--check"), 2, *words)


def test_a_stale_lock_is_refused_with_the_reasons(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["menu>=2", "banner"], groups={"test": ["checks"], "dev": ["icons"]})
    with unharmed(synced):
        check_refusal(
            synced.run("sync"),
            2,
            "group `dev` is not in the lock",
            "env.toml requires `menu>=2`, the lock holds menu 1.0",
            "env.toml requires `banner`, which is not in the lock",
            "run `lockenv lock`, then `lockenv sync`",
        )
        check_refusal(synced.run("lock", "--check"), 1, "pylock.toml is not up to date")


def test_a_manifest_for_pythons_that_nobody_has_released(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["menu"], groups={"test": ["checks"]}, python=">=3.98")
    with unharmed(synced):
        check_refusal(synced.run("lock"), 2, "no released Python fits", ">=3.98", "widen `python`")
        check_refusal(synced.run("sync"), 2, ">=3.98", "lockenv python list")


def test_a_lock_for_a_python_that_is_not_here(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["menu"], groups={"test": ["checks"]}, python="==3.15.*")
    with unharmed(synced):
        check_refusal(synced.run("sync"), 2, "==3.15.*", "lockenv python list")
    # A lock needs no Python of its own: it is for others.
    assert "5 platforms, Python 3.15" in synced.run("lock").ok().out
    check_refusal(synced.run("sync"), 2, "==3.15.*", "lockenv python list")


def test_the_environment_that_is_none_of_ours_is_left_alone(synced: ScratchProject) -> None:
    synced.write("data/precious.txt", "precious")
    synced.write("file", "precious")
    with unharmed(synced):
        check_refusal(synced.run("sync", "--env", "data"), 2, "holds no virtual environment", "--env DIR")
        check_refusal(synced.run("sync", "--env", "file"), 2, "is a file", "--env DIR")
    assert (synced.folder / "data" / "precious.txt").read_text() == "precious"


def test_settings_that_cannot_be(synced: ScratchProject) -> None:
    with unharmed(synced):
        check_refusal(synced.run("sync", "--link-mode", "soft"), 2, "--link-mode")
        check_refusal(
            synced.run("lock", LOCKENV_INDEX_URL="packages.example.com"),
            2,
            "LOCKENV_INDEX_URL",
            "https://",
            remedy=False,
        )
        check_refusal(synced.run("lock", LOCKENV_TIMEOUT="soon"), 2, "LOCKENV_TIMEOUT", "seconds", remedy=False)
