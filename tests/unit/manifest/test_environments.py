"""`[environments]`: what a manifest says for each of its environments is a manifest again."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from lockenv.errors import UsageError
from lockenv.lockfile.freshness import digests
from lockenv.manifest.environments import within
from lockenv.manifest.model import Environment, Manifest, Targets
from lockenv.manifest.read import read
from lockenv.packages import canonicalize_name

_TOP = """
[env]
name = "forecast"
python = ">=3.11"
dependencies = ["django", "httpx"]

[groups]
docs = ["sphinx"]
tests = ["pytest", { include-group = "docs" }]

[targets]
platforms = ["linux-x86_64", "macos-arm64"]
glibc = "2.28"

[resolution]
strategy = "lowest"
constraints = ["numpy<2"]
conflicts = [["docs", "gpu"]]
"""
_TOP = _TOP.replace("[targets]", "gpu = []\n\n[targets]", 1)


def _read(more: str) -> Manifest:
    return read(f"{_TOP}\n{more}")


def _dependencies(manifest: Manifest) -> list[str]:
    return [str(one) for one in manifest.dependencies]


def test_what_is_said_is_kept_as_it_is_said() -> None:
    manifest = _read(
        '[environments.z]\n[environments.a]\npython = "==3.12.*"\nfolder = "envs/a/"\ngroups = ["Docs"]'
    )
    first, last = manifest.environments
    assert last == Environment(name="z")
    assert first == Environment(
        name="a", python=SpecifierSet("==3.12.*"), folder="envs/a", groups=(canonicalize_name("docs"),)
    )


def test_the_default_environment_is_the_manifest_without_the_others() -> None:
    assert within(_read("[environments.a]"), "") == _read("")


def test_an_environment_that_says_nothing_is_the_same_under_another_name() -> None:
    derived = within(_read("[environments.a]"), "a")
    assert derived.name == "forecast-a"
    assert digests(derived) == digests(_read(""))


def test_dependencies_are_instead_of_those_at_the_top_and_extra_ones_beside_them() -> None:
    own = _read(
        '[environments.a]\ndependencies = ["rich"]\n[environments.b]\nextra-dependencies = ["django~=4.2"]'
    )
    assert _dependencies(within(own, "a")) == ["rich"]
    assert _dependencies(within(own, "b")) == ["django", "httpx", "django~=4.2"]


def test_groups_that_are_named_belong_to_the_environment_and_no_others_do() -> None:
    derived = within(_read('[environments.a]\ngroups = ["tests"]'), "a")
    assert _dependencies(derived) == ["django", "httpx", "pytest", "sphinx"]
    assert (derived.groups, derived.resolution.conflicts) == ((), ())


def test_no_groups_leave_the_dependencies_alone() -> None:
    derived = within(_read("[environments.a]\ngroups = []"), "a")
    assert (_dependencies(derived), derived.groups) == (["django", "httpx"], ())


def test_groups_that_are_not_named_are_there_to_be_chosen() -> None:
    derived = within(_read("[environments.a]"), "a")
    assert [group.name for group in derived.groups] == ["docs", "gpu", "tests"]
    assert derived.resolution.conflicts == (("docs", "gpu"),)


def test_targets_are_instead_of_all_of_those_at_the_top() -> None:
    derived = within(_read('[environments.a]\ntargets = { platforms = ["windows-x86_64"] }'), "a")
    assert derived.targets == Targets(platforms=("windows-x86_64",))


def test_the_resolution_changes_key_by_key() -> None:
    derived = within(_read('[environments.a.resolution]\nonly-binary = [":all:"]\nstrategy = "highest"'), "a")
    assert derived.resolution.only_binary == {":all:"}
    assert derived.resolution.strategy == "highest"
    assert [str(one) for one in derived.resolution.constraints] == ["numpy<2"]


def test_a_key_that_repeats_the_default_counts_too() -> None:
    derived = within(_read("[environments.a.resolution]\nconstraints = []"), "a")
    assert derived.resolution.constraints == ()


def test_what_one_environment_says_leaves_the_meaning_of_the_others_alone() -> None:
    before = _read('[environments.a]\n[environments.b]\npython = ">=3.12"')
    after = _read('[environments.a]\n[environments.b]\npython = ">=3.13"\nextra-dependencies = ["rich"]')
    assert digests(within(before, "a")) == digests(within(after, "a"))
    assert digests(within(before, "b")) != digests(within(after, "b"))


def test_places_are_those_of_what_the_environment_says() -> None:
    text = '[env]\npython = ">=3.11"\n[environments.a]\npython = ">=3.12"\ntargets.platforms = ["linux-x86_64"]\n'
    places = dict(within(read(text), "a").places)
    assert (places["env.python"], places["targets.platforms"]) == (4, 5)


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ("", "declare it there: [environments.doks]"),
        ("[environments.docs]", "did you mean `docs`?"),
        ("[environments.x]", "there is `x`"),
        ("[environments.x]\n[environments.y]", "there are `x` and `y`"),
    ],
)
def test_a_name_that_nobody_declares_is_refused(more: str, hint: str) -> None:
    with pytest.raises(UsageError, match="there is no environment `doks`") as caught:
        within(_read(more), "doks")
    assert caught.value.hint == hint
