from __future__ import annotations

import dataclasses

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import InternalError, LockError, Refused, UsageError
from lockenv.lockfile import judge
from lockenv.lockfile.pin import pin
from lockenv.lockfile.select import Selection, select
from lockenv.manifest.model import Manifest
from lockenv.resolution.model import Resolution
from tests.fakes.locks import FakeIndexData, claim_of, lock_from, lock_of, manifest_of, resolution_of
from tests.fakes.source import linux_target

INDEX: FakeIndexData = {
    "a": {"1": ["b"]},
    "b": {"1": {"wheels": ["cp311-cp311-manylinux_2_17_x86_64", "py3-none-any"]}},
    "t": {"1": []},
    "u": {"1": []},
}
MANIFEST = manifest_of(["a"], groups={"test": ["t"], "docs": ["u", "t"]})
LOCK = lock_of(MANIFEST, INDEX)


def chosen(*groups: str) -> list[str]:
    selected = select(LOCK, linux_target(), Selection(groups=frozenset(groups)))
    return [one.package.name for one in selected]


def test_groups_add_to_what_is_always_there() -> None:
    assert chosen() == ["a", "b"]
    assert chosen("test") == ["a", "b", "t"]
    assert chosen("docs") == ["a", "b", "t", "u"]
    assert chosen("docs", "test") == ["a", "b", "t", "u"]


def test_the_most_specific_wheel_is_chosen() -> None:
    selected = select(LOCK, linux_target(), Selection(groups=frozenset()))
    urls = [str(getattr(one.artifact, "url", "")) for one in selected if one.package.name == "b"]
    assert ["manylinux" in url for url in urls] == [True]


def test_a_group_that_does_not_exist_is_a_mistake_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="no group 'tests'") as caught:
        select(LOCK, linux_target(), Selection(groups=frozenset({"tests"})))
    assert caught.value.hint == "did you mean `test`?"


def test_another_python_is_told_what_the_lock_is_for() -> None:
    with pytest.raises(LockError, match=r"not for linux-x86_64, Python 3\.12") as caught:
        select(LOCK, linux_target("3.12.1"), Selection(groups=frozenset()))
    assert any('"3.11' in detail for detail in caught.value.details)
    assert "--python" in (caught.value.hint or "")


def test_a_path_in_the_lock_is_no_url() -> None:
    """PEP 751: `path` is a path, so the `+` of a local version and the `!` of an epoch are themselves."""
    resolution = resolution_of(manifest_of(["b"]), INDEX)
    index = "file:///somewhere/wheels/"
    local = dataclasses.replace(
        resolution,
        pins=tuple(
            dataclasses.replace(
                one,
                index=index,
                files=tuple(f._replace(url=f"{index}b-1%2Blocal-py3-none-any.whl") for f in one.files),
            )
            for one in resolution.pins
        ),
    )
    lock = pin(local, requires_python=MANIFEST.python, groups=[], local={index: "wheels"}, tool={})
    assert [wheel.path for wheel in lock.packages[0].wheels or ()][:1] == ["wheels/b-1+local-py3-none-any.whl"]


def test_a_lock_that_would_install_something_else_is_a_bug_and_not_a_file() -> None:
    resolution = resolution_of(MANIFEST, INDEX)
    judge.judge(LOCK, claim_of(MANIFEST, resolution))
    lacking = dataclasses.replace(resolution, pins=tuple(one for one in resolution.pins if one.name != "b"))
    with pytest.raises(InternalError) as caught:
        judge.judge(lock_from(MANIFEST, lacking), claim_of(MANIFEST, resolution))
    assert "requires b" in "\n".join(map(str, caught.value.problems))


def test_a_package_in_the_wrong_group_is_noticed() -> None:
    resolution = resolution_of(MANIFEST, INDEX)
    moved = dataclasses.replace(
        resolution,
        pins=tuple(
            dataclasses.replace(one, reach={"docs": one.cells}) if one.name == "t" else one
            for one in resolution.pins
        ),
    )
    with pytest.raises(InternalError, match="nothing was written"):
        judge.judge(lock_from(MANIFEST, moved), claim_of(MANIFEST, resolution))


def test_a_file_without_a_strong_hash_cannot_be_locked() -> None:
    resolution = resolution_of(MANIFEST, INDEX)
    weak = dataclasses.replace(
        resolution,
        pins=tuple(
            dataclasses.replace(one, files=tuple(file._replace(hashes=(("md5", "00"),)) for file in one.files))
            for one in resolution.pins
        ),
    )
    with pytest.raises(Refused, match="no hash"):
        pin(weak, requires_python=MANIFEST.python, groups=[], local={}, tool={})


def test_files_of_a_folder_beside_the_lock_are_locked_by_path() -> None:
    resolution = resolution_of(MANIFEST, INDEX)
    index = "file:///somewhere/wheels/"
    local = dataclasses.replace(
        resolution,
        pins=tuple(
            dataclasses.replace(
                one,
                index=index,
                files=tuple(file._replace(url=f"{index}{one.name}/{file.filename}") for file in one.files),
            )
            for one in resolution.pins
        ),
    )
    lock = pin(
        local, requires_python=MANIFEST.python, groups=["docs", "test"], local={index: "../wheels"}, tool={}
    )
    wheels = lock.packages[0].wheels
    assert wheels is not None
    assert (wheels[0].path, wheels[0].url, lock.packages[0].index) == (
        "../wheels/a/a-1-py3-none-any.whl",
        None,
        None,
    )


def slices() -> tuple[Resolution, judge.Claim, Manifest]:
    """What needs `b` on the earlier patch versions of a minor only."""
    index: FakeIndexData = {"a": {"1": ['b; python_full_version < "3.11.5"']}, "b": {"1": []}}
    manifest = manifest_of(["a"])
    target = linux_target("3.11.2")
    resolution = resolution_of(manifest, index, target)
    return resolution, claim_of(manifest, resolution), manifest


def test_a_patch_version_that_the_resolver_overlooked_is_noticed() -> None:
    resolution, claim, manifest = slices()
    assert len(resolution.cells) == 2
    judge.judge(lock_from(manifest, resolution), claim)
    # As if the first answer had been taken for all of the minor.
    first = resolution.cells[0]
    whole = dataclasses.replace(first, target=first.target.joined(resolution.cells[1].target))
    careless = dataclasses.replace(
        resolution,
        cells=(whole,),
        pins=tuple(dataclasses.replace(one, reach={"": frozenset({0})}) for one in resolution.pins),
    )
    with pytest.raises(InternalError) as caught:
        judge.judge(lock_from(manifest, careless), dataclasses.replace(claim, targets=careless.targets))
    assert [problem.where for problem in caught.value.problems] == [
        "linux-x86_64, Python 3.11 (3.11.5 and later), groups none"
    ]
    assert "nobody requires" in caught.value.problems[0].message


def test_a_version_that_its_file_does_not_have_is_noticed() -> None:
    resolution = resolution_of(MANIFEST, INDEX)
    renamed = dataclasses.replace(
        LOCK, packages=[dataclasses.replace(one, version=Version("7")) for one in LOCK.packages]
    )
    with pytest.raises(InternalError) as caught:
        judge.judge(renamed, claim_of(MANIFEST, resolution))
    assert "its file is of a 1, the lock says 7" in "\n".join(map(str, caught.value.problems))


def test_a_lock_for_another_python_than_its_targets_is_noticed() -> None:
    resolution = resolution_of(MANIFEST, INDEX)
    narrowed = dataclasses.replace(LOCK, requires_python=SpecifierSet(">=3.12"))
    with pytest.raises(InternalError) as caught:
        judge.judge(narrowed, claim_of(MANIFEST, resolution))
    assert "the lock requires Python >=3.12" in "\n".join(map(str, caught.value.problems))
