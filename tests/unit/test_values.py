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


def test_what_makes_a_value_is_there_before_the_first_is_made() -> None:
    @values.dataclass(frozen=True, slots=True, kw_only=True)
    class Menu:
        dishes: tuple[Dish, ...] = ()

    assert str(inspect.signature(Menu)) == "(*, dishes=())"
    assert Menu.__init__ is Menu.__init__
    assert Menu() == Menu(dishes=())


def test_the_first_values_are_made_as_all_others_are() -> None:
    @values.dataclass(frozen=True, slots=True)
    class Guest:
        name: str
        dishes: list[str] = values.field(default_factory=list)

        def __post_init__(self) -> None:
            if not self.name:
                raise ValueError

    made = [Guest("ann", ["soup"]) if number % 2 else Guest(name="ann") for number in range(40)]
    assert made == [Guest(name="ann", dishes=["soup"] if number % 2 else []) for number in range(40)]
    assert made[0].dishes is not made[2].dishes

    for number in range(40):

        @values.dataclass(frozen=True, slots=True, kw_only=True)
        class Host:
            name: str
            seats: int = 2

            def __post_init__(self) -> None:
                if not self.name:
                    raise ValueError

        hosts = [Host(name=f"{each}") for each in range(number)]
        assert [host.seats for host in hosts] == [2] * number
        with pytest.raises(TypeError, match="unexpected keyword argument 'chairs'"):
            Host(name="bob", chairs=2)  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'name'"):
            Host()  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            Host("bob")  # type: ignore[call-arg]
        with pytest.raises(ValueError):  # noqa: PT011
            Host(name="")


def test_a_kind_of_a_value_is_made_as_that_is() -> None:
    class Cake(Dish):
        pass

    cake = Cake(name="cheese")
    assert (cake.name, cake.price) == ("cheese", 3)
    assert Dish(name="cheese") != cake


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


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    dish: Dish
    wishes: list[str] = values.field(default_factory=list)
    note: str = values.field(default="", compare=False)
    table: int = values.field(default=0, hash=False, repr=False)


@values.dataclass(frozen=True, eq=False)
class Guest:
    name: str = values.field(default="nobody")


def test_what_a_field_holds_by_default_is_made_for_each_value() -> None:
    one, other = Order(dish=Dish(name="soup")), Order(dish=Dish(name="soup"))
    one.wishes.append("salt")
    assert (one.wishes, other.wishes) == (["salt"], [])
    assert Order(dish=Dish(name="soup"), wishes=["salt"]) == one
    assert (Guest().name, Guest("Ada").name) == ("nobody", "Ada")


def test_a_field_may_not_count() -> None:
    soup = Dish(name="soup")
    assert Order(dish=soup, note="hot") == Order(dish=soup)
    assert Order(dish=soup, table=1) != Order(dish=soup)
    assert repr(Order(dish=soup, table=1)).endswith("wishes=[], note='')")

    @values.dataclass(frozen=True, slots=True)
    class Seat:
        row: int
        number: int = values.field(default=0, hash=False)

    assert hash(Seat(1, 2)) == hash(Seat(1, 3))
    assert Seat(1, 2) != Seat(1, 3)


def test_a_value_may_be_equal_to_itself_alone() -> None:
    guest = Guest("Ada")
    assert guest == guest  # noqa: PLR0124
    assert guest != Guest("Ada")
    assert len({guest, Guest("Ada")}) == 2


def test_a_value_is_made_of_another() -> None:
    order = Order(dish=Dish(name="soup"), note="hot")
    assert values.replace(order, table=3) == Order(dish=Dish(name="soup"), table=3)
    assert values.replace(order, table=3).note == "hot"
    assert values.replace(Plain(name="soup"), price=1) == Plain(name="soup", price=1)
    with pytest.raises(TypeError):
        values.replace(order, size=1)  # type: ignore[call-arg]


def test_a_value_tells_what_is_stated() -> None:
    assert values.stated(Dish(name="soup")) == (("name", "soup", False), ("price", 3, True))
    assert values.stated(Order(dish=Dish(name="soup")))[1] == ("wishes", [], False)
    assert values.is_value(Dish(name="soup"))
    assert not values.is_value(Plain(name="soup"))


def test_nothing_unknown_is_said_of_a_field() -> None:
    with pytest.raises(TypeError, match="kw_only"):
        values.field(kw_only=True)
