"""Immutable values for the modules that every start imports: dataclasses without what those cost to import.

To import `dataclasses` takes eight milliseconds (it imports `inspect`), and each class that it makes half a
millisecond more. Here a class takes a tenth of that. For a type checker they are dataclasses, and to those who ask
(`dataclasses.replace`, `fields`) they answer as such. What is not needed is left out: no inheritance of fields, no
factories.
"""

from __future__ import annotations

__all__ = ["dataclass"]

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen, slots=False, kw_only=False):
        """Make a class a value: frozen, equal by content; `slots` and `kw_only` as for `dataclasses.dataclass`."""
        if not frozen:
            raise TypeError("a value is frozen")
        return lambda cls: _made(cls, slots, kw_only)


def _made(cls: type, slots: bool, kw_only: bool) -> type:
    kinds = vars(cls)["__annotations__"]
    names = tuple(name for name, kind in kinds.items() if not kind.startswith("ClassVar"))
    body = dict(vars(cls))
    defaults = {name: body[name] for name in names if name in body}
    own = {
        "__init__": _initial(names, defaults, kw_only, "__post_init__" in body),
        "__repr__": _repr,
        "__eq__": _eq,
        "__hash__": _hash,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _content,
        "__setstate__": _restore,
        "__dataclass_fields__": _Fields(names, defaults, kw_only),
        "__value_fields__": names,
    }
    if not kw_only:
        own["__match_args__"] = names
    for name, method in own.items():
        body.setdefault(name, method)
    body["__hash__"] = vars(cls).get("__hash__") or _hash
    for name in ("__dict__", "__weakref__", *(names if slots else ())):
        body.pop(name, None)
    if slots:
        body["__slots__"] = names
    made = type(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


def _initial(names: tuple[str, ...], defaults: dict[str, object], kw_only: bool, more: bool) -> object:
    """Write `__init__`, as a function of its own for each class: it is called for every value."""
    parameters = [f"{name}=_defaults[{name!r}]" if name in defaults else name for name in names]
    head = ", ".join(["self", *(["*"] if kw_only and names else []), *parameters])
    lines = [f"def __init__({head}):", *(f" _set(self, {name!r}, {name})" for name in names)]
    lines += [" self.__post_init__()"] if more else [] if names else [" pass"]
    made: dict[str, object] = {}
    exec("\n".join(lines), {"_set": object.__setattr__, "_defaults": defaults}, made)  # noqa: S102
    return made["__init__"]


class _Fields:
    """What `dataclasses` asks a class for, made when it is asked."""

    def __init__(self, names: tuple[str, ...], defaults: dict[str, object], kw_only: bool) -> None:
        self._made: object = None
        self._given = names, defaults, kw_only

    def __get__(self, instance: object, owner: type) -> object:
        if self._made is None:
            from dataclasses import field, make_dataclass  # rarely asked for

            names, defaults, kw_only = self._given
            rows = [
                (name, owner.__annotations__[name], field(default=defaults[name]) if name in defaults else field())
                for name in names
            ]
            self._made = vars(make_dataclass(owner.__name__, rows, kw_only=kw_only))["__dataclass_fields__"]
        return self._made


def _content(self: object) -> list[object]:
    return [getattr(self, name) for name in type(self).__value_fields__]  # type: ignore[attr-defined]


def _restore(self: object, content: list[object]) -> None:
    for name, each in zip(type(self).__value_fields__, content, strict=True):  # type: ignore[attr-defined]
        object.__setattr__(self, name, each)


def _repr(self: object) -> str:
    inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self).__value_fields__)  # type: ignore[attr-defined]
    return f"{type(self).__qualname__}({inner})"


def _eq(self: object, other: object) -> object:
    if type(other) is not type(self):
        return NotImplemented
    return _content(self) == _content(other)


def _hash(self: object) -> int:
    return hash(tuple(_content(self)))


def _refuse(self: object, name: str, value: object = None) -> None:  # noqa: ARG001
    raise AttributeError(f"a {type(self).__name__} does not change: its {name} is what it is")
