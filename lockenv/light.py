"""What every start needs of `contextlib` and `functools`, without what those import: it takes two milliseconds.

For a type checker they are those. Here they do what is asked of them in lockenv, and mean the same.
"""

from __future__ import annotations

__all__ = ["ExitStack", "cached_property", "contextmanager", "suppress"]

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from contextlib import ExitStack, contextmanager, suppress
    from functools import cached_property
else:

    class suppress:  # noqa: N801 - it is known by this name
        """Within this block errors of these kinds end it, and nothing else."""

        def __init__(self, *kinds):
            self._kinds = kinds

        def __enter__(self):
            return None

        def __exit__(self, kind, error, trace):
            return kind is not None and issubclass(kind, self._kinds)

    def contextmanager(function):
        """Make a generator that yields once what a `with` statement takes."""

        def made(*positional, **named):
            return _Managed(function(*positional, **named))

        made.__name__, made.__qualname__, made.__doc__ = function.__name__, function.__qualname__, function.__doc__
        made.__wrapped__ = function
        return made

    class _Managed:
        """A generator around a block."""

        def __init__(self, generator):
            self._generator = generator

        def __enter__(self):
            return next(self._generator)

        def __exit__(self, kind, error, trace):
            if kind is None:
                for _ in self._generator:
                    raise RuntimeError("the generator of a block yields once")
                return False
            try:
                self._generator.throw(error)
            except StopIteration as end:
                # One that the block raised itself goes on.
                return end is not error
            except BaseException as other:
                # What a generator makes of a StopIteration that goes through it.
                wrapped = isinstance(other, RuntimeError) and isinstance(error, StopIteration)
                if other is error or (wrapped and other.__cause__ is error):
                    error.__traceback__ = trace
                    return False
                raise
            raise RuntimeError("the generator of a block yields once")

    class ExitStack:
        """What has to be done at the end, the last first; an error keeps nothing of it from being done."""

        def __init__(self):
            self._calls = []

        def callback(self, call, /, *positional, **named):
            """Have something done at the end."""
            self._calls.append((call, positional, named))
            return call

        def close(self):
            """Do all of it now."""
            self.__exit__(None, None, None)

        def __enter__(self):
            return self

        def __exit__(self, kind, error, trace):
            calls, self._calls = self._calls, []
            _do_all(calls)
            return False

    def _do_all(calls):
        while calls:
            call, positional, named = calls.pop()
            try:
                call(*positional, **named)
            finally:
                _do_all(calls)

    class cached_property:  # noqa: N801 - as above
        """What is found out once for each object, when it is first asked for; it can be set, too."""

        def __init__(self, function):
            self._function = function
            self.__doc__ = function.__doc__

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            found = vars(instance)[self._name] = self._function(instance)
            return found
