from __future__ import annotations

import pytest
from packaging.pylock import Pylock
from packaging.version import Version

from lockenv.lockfile import freshness
from tests.fakes.locks import FakeIndexData, lock_of, manifest_of
from tests.fakes.source import linux_target

INDEX: FakeIndexData = {
    "a": {"1": ["b", "c; extra == 'x'"], "2": ["b", "c; extra == 'x'"]},
    "b": {"1": [], "2": []},
    "c": {"1": []},
    "d": {"1": []},
}
TARGET = linux_target()
MANIFEST = manifest_of(["a<3", "d"], groups={"test": ["c"]})
LOCK = lock_of(MANIFEST, INDEX)


def test_a_lock_is_fresh_for_the_manifest_it_was_made_from() -> None:
    assert freshness.stale(MANIFEST, LOCK, [TARGET]) == ()


def test_order_does_not_count() -> None:
    assert freshness.digests(manifest_of(["d", "a<3"], groups={"test": ["c"]})) == freshness.digests(MANIFEST)


@pytest.mark.parametrize(
    "same",
    [
        manifest_of(["a", "d"], groups={"test": ["c"]}),
        manifest_of(["a>=1,<4", "d==1"], groups={"test": ["c"]}),
        manifest_of(["a", "d", "b"], groups={"test": ["c"]}),
        manifest_of(["a", "d", "z; sys_platform == 'win32'"], groups={"test": ["c"]}),
        manifest_of(["a", "d"], groups={"test": ["c", "a"]}),
    ],
    ids=["loosened", "tightened around it", "names what is there", "elsewhere only", "in a group as well"],
)
def test_a_lock_that_satisfies_the_changed_manifest_stays_fresh(same: object) -> None:
    assert freshness.stale(same, LOCK, [TARGET]) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dependencies", "groups", "reason"),
    [
        (["a<2", "d"], {"test": ["c"]}, "env.toml requires `a<2`, the lock holds a 2"),
        (["a", "d", "e"], {"test": ["c"]}, "env.toml requires `e`, which is not in the lock"),
        (["a"], {"test": ["c"]}, "nothing in env.toml requires d any more"),
        (["a[x]", "d"], {"test": ["c"]}, "env.toml requires `a[x]`, but the lock has no a[x]"),
        (["a", "d"], {}, "group `test` is no longer in env.toml"),
        (["a", "d"], {"test": ["c"], "docs": []}, "group `docs` is not in the lock"),
        (["a", "d"], {"test": ["d"]}, "nothing in env.toml requires c any more"),
        (["a", "d", "c"], {"test": ["c"]}, "c is now needed by other groups"),
        (["a"], {"test": ["c", "d"]}, "d is now needed by other groups"),
    ],
)
def test_a_stale_lock_says_why(dependencies: list[str], groups: dict[str, list[str]], reason: str) -> None:
    assert reason in freshness.stale(manifest_of(dependencies, groups=groups), LOCK, [TARGET])


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ('[resolution]\nstrategy = "lowest"', "resolution"),
        ('[resolution]\nconstraints = ["b<2"]', "resolution"),
        ('[[index]]\nname = "acme"\nurl = "https://acme.example.com/simple/"', "index"),
        ('[build]\nallow = ["a"]', "build"),
    ],
)
def test_a_change_of_what_shapes_the_resolution_makes_a_lock_stale(more: str, part: str) -> None:
    changed = manifest_of(["a<3", "d"], groups={"test": ["c"]}, more=more)
    assert f"`{part}` in env.toml has changed" in freshness.stale(changed, LOCK, [TARGET])


def test_a_package_that_one_of_its_groups_has_left_makes_a_lock_stale() -> None:
    lock = lock_of(manifest_of(groups={"one": ["c", "d"], "two": ["c", "d"]}), INDEX)
    changed = manifest_of(groups={"one": ["c", "d"], "two": ["d"]})
    assert freshness.stale(changed, lock, [TARGET]) == ("c is now needed by other groups",)


def test_spelling_does_not_count() -> None:
    one = manifest_of(["Foo_Bar[B,a]>=1"], more='[resolution]\nconstraints = ["A_b<2", "c"]')
    other = manifest_of(["foo-bar[a,b] >= 1"], more='[resolution]\nconstraints = ["c", "a.B<2"]')
    assert freshness.digests(one) == freshness.digests(other)


def test_a_lock_by_somebody_else_is_not_fresh() -> None:
    foreign = Pylock.from_dict({"lock-version": "1.0", "created-by": "x", "packages": []})
    assert freshness.stale(MANIFEST, foreign, [TARGET]) == ("it was not made from env.toml by this lockenv",)


def test_the_lock_s_versions_are_the_preferences_of_the_next_one() -> None:
    held = freshness.held(LOCK, TARGET, frozenset())
    assert {name: one.version for name, one in held.items()} == {
        "a": Version("2"),
        "b": Version("2"),
        "c": Version("1"),
        "d": Version("1"),
    }
