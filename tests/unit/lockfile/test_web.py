from __future__ import annotations

from packaging.pylock import Pylock

from lockenv.lockfile import pylock
from lockenv.lockfile.web import Demand, Web, targets_in, web_of
from tests.fakes.locks import FakeIndexData, lock_of, manifest_of

INDEX: FakeIndexData = {
    "a": {"1": ["b>=1", "c; extra == 'x'", "d[y]; python_version < '3'"]},
    "b": {"1": []},
    "c": {"1": ["b"]},
    "d": {"1": ["a"]},
}
MANIFEST = manifest_of(["a[x]"], groups={"test": ["c", "d"], "all": [], "dev": ["d"]})
LOCK = lock_of(MANIFEST, INDEX)

#: Two versions of one package, each for its own platforms; a dependency on Windows from a patch version on.
UNIVERSAL = """
lock-version = "1.0"
environments = [
    'sys_platform == "linux" and platform_machine == "x86_64"',
    'sys_platform == "win32" and platform_machine == "AMD64"',
]
requires-python = "==3.12.*"
created-by = "lockenv"

[[packages]]
name = "a"
version = "1"
directory = { path = "." }
[packages.tool.lockenv]
direct = true
requires = ["b", "c; python_full_version >= '3.12.4' and sys_platform == 'win32'"]

[[packages]]
name = "b"
version = "1"
marker = "sys_platform == 'win32'"
directory = { path = "." }

[[packages]]
name = "b"
version = "2"
marker = "sys_platform != 'win32'"
directory = { path = "." }

[[packages]]
name = "c"
version = "1"
marker = "python_full_version >= '3.12.4' and sys_platform == 'win32'"
directory = { path = "." }

[tool.lockenv]
format = 2
"""

THEIRS = """
lock-version = "1.0"
created-by = "another"

[[packages]]
name = "a"
version = "1"
directory = { path = "." }
{}
[[packages]]
name = "b"
version = "1"
directory = { path = "." }
"""


def said(web: Web, demand: Demand) -> str:
    owner = demand.source
    who = f"{demand.group}:" if owner is None else web.packages[owner.number].name
    extra = f"[{owner.extra}]" if owner is not None and owner.extra else ""
    goal = web.packages[demand.goal]
    return f"{who}{extra} {demand.requirement} -> {goal.name} {goal.version}"


def edges(lock: Pylock, **options: object) -> list[str]:
    web = web_of(lock, **options)  # type: ignore[arg-type]
    return [said(web, demand) for demand in web.demands]


def test_the_manifest_s_requirements_lead_to_packages_and_these_to_others() -> None:
    assert edges(LOCK, manifest=MANIFEST) == [
        ": a[x] -> a 1",
        "dev: d -> d 1",
        "test: c -> c 1",
        "test: d -> d 1",
        "a b>=1 -> b 1",
        'a[x] c; extra == "x" -> c 1',
        "c b -> b 1",
        "d a -> a 1",
    ]


def test_without_a_manifest_the_lock_says_what_one_names() -> None:
    assert [edge for edge in edges(LOCK) if ":" in edge.split()[0]] == [
        ": a[x] -> a 1",
        ": c -> c 1",
        "dev: d -> d 1",
        "test: d -> d 1",
    ]
    assert edges(LOCK)[4:] == edges(LOCK, manifest=MANIFEST)[4:]


def test_what_the_manifest_requires_and_the_lock_does_not_have_is_missing() -> None:
    changed = manifest_of(["a", "z", "w; sys_platform == 'nowhere'"])
    assert [str(line) for line in web_of(LOCK, changed).missing] == ["z"]


def test_a_requirement_leads_to_the_version_of_each_target() -> None:
    web = web_of(pylock.read(UNIVERSAL))
    told = {said(web, demand): {target.name for target in web.targets(demand.where)} for demand in web.demands}
    parts = ["Python 3.12 (before 3.12.4)", "Python 3.12 (3.12.4 and later)"]
    assert told["a b -> b 1"] == {f"windows-x86_64, {part}" for part in parts}
    assert told["a b -> b 2"] == {f"linux-x86_64, {part}" for part in parts}


def test_a_requirement_counts_from_a_patch_version_on() -> None:
    web = web_of(pylock.read(UNIVERSAL))
    (late,) = (demand for demand in web.demands if demand.requirement.name == "c")
    assert [target.name for target in web.targets(late.where)] == [
        "windows-x86_64, Python 3.12 (3.12.4 and later)"
    ]
    assert not web.is_everywhere(late)


def test_a_lock_is_for_the_targets_that_its_environments_say() -> None:
    names = {target.name.partition(" (")[0] for target in targets_in(pylock.read(UNIVERSAL))}
    assert names == {"linux-x86_64, Python 3.12", "windows-x86_64, Python 3.12"}


def test_only_some_targets_can_be_looked_at() -> None:
    lock = pylock.read(UNIVERSAL)
    linux = [target for target in targets_in(lock) if target.name.startswith("linux")]
    assert edges(lock, targets=linux) == [": a -> a 1", "a b -> b 2"]


def test_groups_that_exclude_each_other_are_looked_at_one_by_one() -> None:
    text = UNIVERSAL.replace("sys_platform == 'win32'\"", "'x' in dependency_groups\"")
    text = text.replace("sys_platform != 'win32'\"", "'y' in dependency_groups\"")
    text = text.replace("created-by", 'dependency-groups = ["x", "y"]\ncreated-by')
    web = web_of(pylock.read(f'{text}conflicts = [["x", "y"]]\n'))
    assert {tuple(sorted(place.groups)) for place in web.places} == {("x",), ("y",)}
    first, second = (demand.where for demand in web.demands if demand.requirement.name == "b")
    assert first
    assert second
    assert not first & second


def test_a_lock_of_others_may_not_say_who_requires_whom() -> None:
    web = web_of(pylock.read(THEIRS.replace("{}", "")))
    assert not web.has_edges
    assert [said(web, demand) for demand in web.demands] == [": a -> a 1", ": b -> b 1"]


def test_a_lock_of_others_may_say_it_in_the_standard_s_words() -> None:
    web = web_of(
        pylock.read(THEIRS.replace("{}", 'dependencies = [{ name = "b", version = "1" }, { name = "z" }]'))
    )
    assert web.has_edges
    assert [said(web, demand) for demand in web.demands] == [": a -> a 1", "a b==1 -> b 1"]
