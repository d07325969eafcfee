"""Unit: values are what frozen dataclasses are."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import ClassVar

import pytest

from lockenv import values


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Dish:
    """Something to eat."""

    kind: ClassVar[str] = "food"
    name: str
    price: int = 3

    @property
    def dear(self) -> bool:
        return self.price > 9


@values.dataclass(frozen=True, slots=True)
class Table:
    seats: int
    dishes: tuple[Dish, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: str
    price: int = 3


def test_a_value_is_made_of_its_fields_by_name() -> None:
    dish = Dish(name="soup")
    assert (dish.name, dish.price, dish.dear, dish.kind, Dish(name="ham", price=10).dear) == (
        "soup",
        3,
        False,
        "food",
        True,
    )
    with pytest.raises(TypeError):
        Dish("soup")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Dish()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Dish(name="soup", size=1)  # type: ignore[call-arg]
    assert Table(4, (dish,)) == Table(seats=4, dishes=(dish,))


def test_values_are_equal_by_content_and_kind() -> None:
    assert Dish(name="soup") == Dish(name="soup", price=3)
    assert len({Dish(name="soup"), Dish(name="soup"), Dish(name="ham")}) == 2
    assert Dish(name="soup") != Dish(name="ham")
    other: object = Plain(name="soup")
    assert Dish(name="soup") != other
    assert repr(Table(1, (Dish(name="a"),))) == "Table(seats=1, dishes=(Dish(name='a', price=3),))"


def test_a_value_does_not_change_and_has_no_room_for_more() -> None:
    dish = Dish(name="soup")
    for name in ("price", "more"):
        with pytest.raises(AttributeError):
            setattr(dish, name, 1)
    with pytest.raises(AttributeError):
        del dish.price
    assert not hasattr(dish, "__dict__")


def test_values_are_copied_and_sent_as_any_other() -> None:
    table = Table(2, (Dish(name="soup"),))
    assert copy.deepcopy(table) == copy.copy(table) == pickle.loads(pickle.dumps(table)) == table  # noqa: S301


def test_who_asks_for_a_dataclass_gets_one() -> None:
    dish = Dish(name="soup", price=4)
    assert dataclasses.is_dataclass(dish)
    assert [field.name for field in dataclasses.fields(dish)] == ["name", "price"]
    assert dataclasses.replace(dish, price=5) == Dish(name="soup", price=5)
    assert dataclasses.asdict(Table(1, (dish,))) == {"seats": 1, "dishes": ({"name": "soup", "price": 4},)}
    assert str(inspect.signature(Dish.__init__)) == "(self, *, name, price=3)"


def test_a_value_is_taken_apart_by_match() -> None:
    match Table(3):
        case Table(seats, dishes):
            assert (seats, dishes) == (3, ())
    match Dish(name="ham"):
        case Dish(name=name):
            assert name == "ham"


def test_only_frozen_classes_are_values() -> None:
    with pytest.raises(TypeError, match="frozen"):
        values.dataclass(frozen=False)
