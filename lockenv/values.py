"""Immutable values for the modules that every start imports: dataclasses without what those cost to import.

To import `dataclasses` takes eight milliseconds (it imports `inspect`), and each class that it makes half a
millisecond more. Here a class takes a tenth of that. For a type checker they are dataclasses, and to those who ask
(`dataclasses.replace`, `fields`) they answer as such. What is not needed is left out: no inheritance of fields, no
values that change.
"""

from __future__ import annotations

__all__ = ["dataclass", "field", "is_value", "replace", "stated"]

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
    from typing import Any
else:

    def dataclass(*, frozen, slots=False, kw_only=False, eq=True):
        """Make a class a value: frozen; `slots`, `kw_only` and `eq` are as for `dataclasses.dataclass`."""
        if not frozen:
            raise TypeError("a value is frozen")
        return lambda cls: _made(cls, slots, kw_only, eq)

    def field(**said):
        """Say more of a field, as `dataclasses.field` does: a default, what makes it, whether it counts."""
        unknown = said.keys() - _SAID
        if unknown:
            raise TypeError(f"a value's field knows nothing of {min(unknown)!r}")
        return _Field(said)

    def replace(value, /, **changes):
        """Make a value like another one, but for these fields; quicker than `dataclasses.replace`."""
        kind = type(value)
        if not hasattr(kind, "__value_fields__"):
            from dataclasses import replace  # another's value

            return replace(value, **changes)
        for name in kind.__value_fields__:
            if name not in changes:
                changes[name] = getattr(value, name)
        return kind(**changes)


def stated(value: object) -> tuple[tuple[str, object, bool], ...]:
    """Each field of a value: its name, what it holds, and whether that is its default; without `dataclasses`."""
    kind = type(value)
    defaults: dict[str, dict[str, object]] = kind.__value_said__  # type: ignore[attr-defined]
    found = ((name, getattr(value, name)) for name in kind.__value_fields__)  # type: ignore[attr-defined]
    return tuple(
        (name, held, "default" in (said := defaults.get(name, {})) and held == said["default"])
        for name, held in found
    )


def is_value(thing: object) -> bool:
    """Whether something is a value whose class was made here."""
    return hasattr(type(thing), "__value_fields__")


_SAID = frozenset({"default", "default_factory", "compare", "hash", "repr"})


class _Field:
    """What was said of a field."""

    __slots__ = ("said",)

    def __init__(self, said: dict[str, object]) -> None:
        self.said = said


def _made(cls: type, slots: bool, kw_only: bool, eq: bool) -> type:
    kinds = vars(cls)["__annotations__"]
    names = tuple(name for name, kind in kinds.items() if not kind.startswith("ClassVar"))
    body = dict(vars(cls))
    said = {name: _said(body[name]) for name in names if name in body}
    own = {
        "__init__": _Initial(names, said, slots=slots, kw_only=kw_only, more="__post_init__" in body),
        "__repr__": _repr,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _content,
        "__setstate__": _restore,
        "__dataclass_fields__": _Fields(names, said, kw_only),
        "__value_fields__": names,
        "__value_said__": said,
    }
    if eq:
        own["__eq__"] = _eq
    if not kw_only:
        own["__match_args__"] = names
    for name, method in own.items():
        body.setdefault(name, method)
    if eq:
        body["__hash__"] = vars(cls).get("__hash__") or _hash
    for name in ("__dict__", "__weakref__", *(names if slots else said)):
        body.pop(name, None)
    if slots:
        body["__slots__"] = names
    made = type(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


def _said(default: object) -> dict[str, object]:
    return default.said if isinstance(default, _Field) else {"default": default}


_FEW = 12  #: so many values are made before it pays to write a function for it


class _Initial:
    """What makes a class's values. Of most classes a run makes few; for the others `__init__` is written."""

    def __init__(self, names: tuple[str, ...], said: dict[str, dict[str, object]], **how: bool) -> None:
        self._names, self._said, self._how = names, said, how
        self._few = _FEW

    def __set_name__(self, owner: type, name: str) -> None:
        self._kind = owner

    def __get__(self, instance: object, owner: type) -> Any:
        self._few -= 1
        if instance is None or self._few < 0:
            return self._written().__get__(instance, owner)
        return lambda *given, **named: self._fill(instance, given, named)

    def _written(self) -> Any:
        made = _initial(self._kind, self._names, self._said, self._how)
        self._kind.__init__ = made  # type: ignore[misc]
        return made

    def _fill(self, instance: object, given: tuple[object, ...], named: dict[str, object]) -> None:
        """Do what would be written. What is not given by names, or is wrong, is left to what is written."""
        content = named
        if len(named) < len(self._names):
            content = {**{name: _fresh(said) for name, said in self._said.items() if _has_default(said)}, **named}
        if given or len(content) != len(self._names) or not all(name in content for name in self._names):
            self._written()(instance, *given, **named)
            return
        for name, held in content.items():
            object.__setattr__(instance, name, held)
        if self._how["more"]:
            instance.__post_init__()  # type: ignore[attr-defined]


def _has_default(said: dict[str, object]) -> bool:
    return "default" in said or "default_factory" in said


def _fresh(said: dict[str, object]) -> object:
    return said["default"] if "default" in said else said["default_factory"]()  # type: ignore[operator]


def _initial(
    kind: type,
    names: tuple[str, ...],
    said: dict[str, dict[str, object]],
    how: dict[str, bool],
) -> Any:
    """Write `__init__`, as a function of its own for each class: it is called for every value."""
    place: dict[str, object] = {"_new": object(), "_set": object.__setattr__}
    parameters, lines = [], []
    for name in names:
        default = said.get(name, {})
        if "default" in default:
            place[f"_default_{name}"] = default["default"]
            parameters.append(f"{name}=_default_{name}")
        elif "default_factory" in default:
            place[f"_make_{name}"] = default["default_factory"]
            parameters.append(f"{name}=_new")
            lines.append(f" if {name} is _new: {name} = _make_{name}()")
        else:
            parameters.append(name)
        lines.append(f" _set_{name}(self, {name})" if how["slots"] else f" _set(self, {name!r}, {name})")
    if how["slots"]:
        # To set a slot by its descriptor takes half the time of setting it by its name.
        place.update({f"_set_{name}": vars(kind)[name].__set__ for name in names})
    head = ", ".join(["self", *(["*"] if how["kw_only"] and names else []), *parameters])
    lines = [f"def __init__({head}):", *lines]
    lines += [" self.__post_init__()"] if how["more"] else [] if names else [" pass"]
    exec("\n".join(lines), place)  # noqa: S102
    return place["__init__"]


class _Fields:
    """What `dataclasses` asks a class for, made when it is asked."""

    def __init__(self, names: tuple[str, ...], said: dict[str, dict[str, object]], kw_only: bool) -> None:
        self._made: object = None
        self._given = names, said, kw_only

    def __get__(self, instance: object, owner: type) -> object:
        if self._made is None:
            from dataclasses import field, make_dataclass  # rarely asked for

            names, said, kw_only = self._given
            rows = [(name, owner.__annotations__[name], field(**said.get(name, {}))) for name in names]  # type: ignore[call-overload]
            self._made = vars(make_dataclass(owner.__name__, rows, kw_only=kw_only))["__dataclass_fields__"]
        return self._made


def _content(self: object) -> list[object]:
    return [getattr(self, name) for name in type(self).__value_fields__]  # type: ignore[attr-defined]


def _restore(self: object, content: list[object]) -> None:
    for name, each in zip(type(self).__value_fields__, content, strict=True):  # type: ignore[attr-defined]
        object.__setattr__(self, name, each)


def _repr(self: object) -> str:
    said = type(self).__value_said__  # type: ignore[attr-defined]
    names = (name for name in type(self).__value_fields__ if said.get(name, {}).get("repr", True))  # type: ignore[attr-defined]
    inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
    return f"{type(self).__qualname__}({inner})"


def _eq(self: object, other: object) -> object:
    kind = type(self)
    if type(other) is not kind:
        return NotImplemented
    compared = vars(kind).get("__value_compared__") or _getter(kind, "__value_compared__", "compare")
    return compared(self) == compared(other)


def _hash(self: object) -> int:
    kind = type(self)
    hashed = vars(kind).get("__value_hashed__") or _getter(kind, "__value_hashed__", "compare", "hash")
    return hash(hashed(self))


def _getter(kind: type, place: str, *by: str) -> Any:
    """Make what gives all fields that count at once, and leave it with the class: most are never compared."""
    from operator import attrgetter  # lazy, as the short starts compare nothing

    said = kind.__value_said__  # type: ignore[attr-defined]
    names = [name for name in kind.__value_fields__ if all(said.get(name, {}).get(each, True) for each in by)]  # type: ignore[attr-defined]
    found = attrgetter(*names or ["__class__"])
    setattr(kind, place, found)
    return found


def _refuse(self: object, name: str, value: object = None) -> None:  # noqa: ARG001
    raise AttributeError(f"a {type(self).__name__} does not change: its {name} is what it is")
