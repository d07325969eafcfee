"""`lockenv cache … --json`: the same for machines."""

from __future__ import annotations

import json

import pytest

from tests.fakes.project import ScratchProject


@pytest.mark.parametrize("action", ["dir", "size", "verify", "prune", "clean"])
def test_every_action_of_cache_has_a_document(synced: ScratchProject, action: str) -> None:
    ran = synced.run("cache", action, "--json").ok()
    document = json.loads(ran.out)
    assert document["schema"] == 1
    if action != "verify":
        assert document["folder"] == str(synced.cache)


def test_sizes_and_what_was_freed_are_bytes(synced: ScratchProject) -> None:
    before = json.loads(synced.run("cache", "size", "--json").ok().out)["bytes"]
    assert before["together"] == before["store"] + before["index"] + before["builds"] > 0
    freed = json.loads(synced.run("cache", "clean", "--json").ok().out)["freed"]
    assert freed > 0
    after = json.loads(synced.run("cache", "size", "--json").ok().out)["bytes"]
    assert after["together"] < before["together"]
