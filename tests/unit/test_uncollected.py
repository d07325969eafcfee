"""Unit: the collector rests within the block, and is afterwards what it was before, whatever happens."""

from __future__ import annotations

import gc

import pytest

from lockenv.uncollected import Uncollected


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
