"""Unit: what stands in for `contextlib` and `functools` does what those do, in each way that a block can end."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from lockenv import light

ENDS: dict[str, Callable[[], None]] = {
    "well": lambda: None,
    "an error": lambda: (_ for _ in ()).throw(KeyError("a")),
    "another error": lambda: (_ for _ in ()).throw(ValueError("b")),
    "an interrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt),
}


def stop() -> None:
    raise StopIteration("of the block")


ENDS["the end of an iterator"] = stop


def outcome(run: Callable[[], object]) -> tuple[object, ...]:
    """What came of it: a result, or the kind and the text of an error."""
    try:
        return "done", run()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is to be the same
        return type(error), str(error), type(error.__cause__)


def both(run: Callable[[ModuleType], object]) -> tuple[object, ...]:
    """What comes of it with the one and with the other, which is the same."""
    ours, theirs = outcome(lambda: run(light)), outcome(lambda: run(contextlib))
    assert ours == theirs
    return ours


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kinds", [(), (KeyError,), (LookupError, ValueError), (BaseException,)])
def test_errors_are_suppressed_by_kind(end: str, kinds: tuple[type[BaseException], ...]) -> None:
    def run(module: ModuleType) -> list[str]:
        told = ["suppressed"]
        with module.suppress(*kinds):
            ENDS[end]()
            told.append("through")
        return told

    both(run)


def plain(told: list[str]) -> Iterator[str]:
    told.append("begun")
    yield "given"
    told.append("over")


def tidying(told: list[str]) -> Iterator[str]:
    try:
        yield "given"
    finally:
        told.append("tidied")


def swallowing(told: list[str]) -> Iterator[str]:
    try:
        yield "given"
    except Exception as error:  # noqa: BLE001 - that is what it does
        told.append(type(error).__name__)


def renaming(_told: list[str]) -> Iterator[str]:
    try:
        yield "given"
    except Exception as error:
        raise OSError("renamed") from error


def yielding_twice(_told: list[str]) -> Iterator[str]:
    with contextlib.suppress(Exception):
        yield "given"
    yield "again"


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("made", [plain, tidying, swallowing, renaming, yielding_twice])
def test_a_generator_is_a_block(end: str, made: Callable[[list[str]], Iterator[str]]) -> None:
    def run(module: ModuleType) -> object:
        told: list[str] = []
        try:
            with module.contextmanager(made)(told) as given:
                told.append(given)
                ENDS[end]()
        except RuntimeError:
            # The words of it are not the same.
            return "a block that yields twice", told
        except BaseException as error:  # noqa: BLE001 - as above
            raise type(error)(error, told) from error.__cause__
        return told

    both(run)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("failing", [(), (0,), (1,), (0, 2)])
def test_what_is_to_be_done_in_the_end_is_done_the_last_first(end: str, failing: tuple[int, ...]) -> None:
    def run(module: ModuleType) -> object:
        told: list[int] = []

        def call(number: int) -> None:
            told.append(number)
            if number in failing:
                raise OSError(number)

        result = outcome(lambda: _stacked(module, call, ENDS[end]))
        return result, told

    both(run)


def _stacked(module: ModuleType, call: Callable[[int], None], end: Callable[[], None]) -> None:
    with module.ExitStack() as stack:
        for number in range(3):
            stack.callback(call, number)
        end()


def test_what_was_found_out_once_is_kept() -> None:
    def run(cached: Any) -> object:
        class Thing:
            asked = 0

            @cached  # type: ignore[untyped-decorator] # one of two
            def answer(self) -> int:
                """Say it."""
                self.asked += 1
                return 42

        thing, other = Thing(), Thing()
        first = thing.answer, thing.answer, thing.asked, vars(thing).pop("answer"), thing.answer, thing.asked
        thing.answer = 7
        return first, thing.answer, other.asked, Thing.answer.__doc__

    assert run(light.cached_property) == run(functools.cached_property)
