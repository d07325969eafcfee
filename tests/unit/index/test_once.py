"""Unit: values that several threads ask for are made once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lockenv.index.once import Once


def test_a_value_is_made_by_the_first_who_asks() -> None:
    once: Once[str, int] = Once()
    assert not once.knows("a")
    assert [once.get("a", lambda: 1), once.get("a", lambda: 2), once.get("b", lambda: 3)] == [1, 1, 3]
    assert once.knows("a")


def test_who_asks_meanwhile_waits_for_it() -> None:
    once: Once[str, int] = Once()
    begun, go_on, made = threading.Event(), threading.Event(), []

    def make() -> int:
        begun.set()
        assert go_on.wait(10)
        made.append(1)
        return 7

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(once.get, "a", make)
        assert begun.wait(10)
        others = [threads.submit(once.get, "a", make) for _ in range(3)]
        assert once.knows("a")
        go_on.set()
        assert [each.result(10) for each in (first, *others)] == [7] * 4
    assert made == [1]


def test_what_goes_wrong_is_told_to_all() -> None:
    once: Once[str, int] = Once()

    def fail() -> int:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            once.get("a", fail)


def test_a_value_may_be_none() -> None:
    once: Once[str, None] = Once()
    once.get("a", lambda: None)
    assert once.get("a", lambda: pytest.fail("it is made already")) is None
