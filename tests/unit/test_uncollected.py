"""Unit: the collector rests within the block, and is afterwards what it was before, whatever happens."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from lockenv.uncollected import Uncollected
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(enabled: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(KeyError):
            _fail_within()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()


def _fail_within() -> None:
    with Uncollected():
        assert not gc.isenabled()
        raise KeyError


def test_blocks_stand_within_one_another() -> None:
    was = gc.isenabled()
    with Uncollected():
        with Uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled() is was


#: Makes cycles within a block, and tells how many of them are found when a value is made behind it.
MADE = """
import gc
from lockenv.uncollected import Uncollected, end_soon
if {soon}:
    end_soon()
seen = []
gc.callbacks.append(lambda phase, info: seen.append(info["collected"]))
with Uncollected():
    for _ in range(1000):
        cycle = []
        cycle.append(cycle)
    del cycle
values = [[] for _ in range(10_000)]
print(sum(seen) >= 1000, gc.isenabled(), gc.get_freeze_count() > 0)
"""


@pytest.mark.parametrize(("soon", "said"), [(False, "True True False"), (True, "False True True")])
def test_what_was_made_is_not_looked_through_where_the_process_ends_soon(soon: bool, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MADE.format(soon=soon)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == said


@pytest.mark.parametrize("dependency", ["menu", "menu>1"])
def test_a_lock_leaves_the_collector_on_whether_it_is_made_or_not(dependency: str, tmp_path: Path) -> None:
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0"))
        project = ScratchProject(tmp_path, index_url=index.url)
        project.manifest(dependencies=[dependency])
        assert gc.isenabled()
        frozen = gc.get_freeze_count()
        assert (project.run("lock").status == 0) is (dependency == "menu")
        assert gc.isenabled()
        assert gc.get_freeze_count() == frozen
