"""A person's settings, as opposed to the project's: flags, `LOCKENV_*` variables, the user's `config.toml`.

The first of these that gives a setting wins, then the default. Nothing here shapes what a lock holds, except
`index_url`, which stands in for the index that pip is configured for. The caller reads the environment and the
file; this module only judges their texts, and says of a bad one where it came from.
"""

from __future__ import annotations

from lockenv.errors import UsageError
from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Literal, TypeAlias

    LinkMode: TypeAlias = Literal["auto", "clone", "hardlink", "copy"]
    Keyring: TypeAlias = Literal["auto", "never"]
    Durable: TypeAlias = Literal["power", "process"]
    #: How far an upgrade may go: to the next major or minor version, anywhere from here, nowhere, or as it likes.
    Bounds: TypeAlias = Literal["major", "minor", "lower", "exact", "none"]
    _Reader: TypeAlias = Callable[[object], object]
else:
    LinkMode = Keyring = Durable = Bounds = _Reader = object  # names for annotations, which nobody evaluates

LINK_MODES = ("auto", "clone", "hardlink", "copy")
KEYRINGS = ("auto", "never")
DURABLE = ("power", "process")
BOUNDS: tuple[Bounds, ...] = ("major", "minor", "lower", "exact", "none")

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one person wants on one machine.

    Paths are as given, except that a leading ``~`` is the home folder. `index_url` None means the index that pip
    is configured for; `python`, `env_dir` and `project` None mean: find it. `concurrency` counts connections at
    once, `timeout` is in seconds without a byte, `verbosity` counts from 0. `wait` is how many seconds to wait
    for an environment that another process is changing, None for ever; `durable` what a change survives,
    `compile` whether bytecode is written, `history` how many earlier generations are kept. `bounds` is what `add`
    writes for a package that is asked for without any. `limits` are bounds on archives that count before the
    manifest's (`Limits`), by name. `warnings` are for the user, about variables that mean nothing.
    """

    cache_dir: str
    offline: bool = False
    index_url: str | None = None
    python: str | None = None
    env_dir: str | None = None
    project: str | None = None
    link_mode: LinkMode = "auto"
    concurrency: int = 50
    timeout: float = 30.0
    verbosity: int = 0
    quiet: bool = False
    keyring: Keyring = "auto"
    wait: float | None = None
    durable: Durable = "power"
    compile: bool = False
    history: int = 1
    bounds: Bounds = "major"
    limits: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()


class _Unfit(ValueError):
    """A value that its setting does not take; the message says what it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """One setting under its three names; `key` None means that the file cannot give it."""

    field: str
    flag: str
    variable: str
    key: str | None
    reader: _Reader


@dataclass(frozen=True, slots=True)
class _Given:
    """A value and where it came from."""

    value: object
    origin: str


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Unfit("text that is not empty")
    return value.strip()


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        raise _Unfit("true or false (or 1, 0, yes, no, on, off)")
    return word in _TRUE


def _whole(lowest: int, highest: int) -> _Reader:
    def reader(value: object) -> int:
        number = value
        if isinstance(value, str):
            digits = value.strip()
            number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
        if not isinstance(number, int) or isinstance(number, bool) or not lowest <= number <= highest:
            raise _Unfit(f"a whole number from {lowest} to {highest}")
        return number

    return reader


def _seconds(value: object) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        number = 0.0
    if not 0 < number <= 3600:  # `nan` compares false
        raise _Unfit("a number of seconds, more than 0 and at most 3600")
    return number


def _patience(value: object) -> float | None:
    if isinstance(value, str) and value.strip().lower() == "forever":
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= 1_000_000:  # `nan` compares false
        raise _Unfit("a number of seconds, 0 for not at all, or `forever`")
    return number


def _limits(value: object) -> tuple[tuple[str, int], ...]:
    from lockenv.limits import NAMES, example, read_limit  # hardly anybody sets any

    texts = value if isinstance(value, list) else str(value).split(",")
    found = {}
    for text in texts:
        name, _, said = str(text).partition("=")
        bound = read_limit(name.strip(), said) if name.strip() in NAMES else None
        if bound is None:
            raise _Unfit(f"bounds such as {' or '.join(f'{each}={example(each)!r}' for each in NAMES)}")
        found[name.strip()] = bound
    return tuple(sorted(found.items()))


def _one_of(words: tuple[str, ...]) -> _Reader:
    def reader(value: object) -> str:
        if value not in words:
            raise _Unfit(f"one of {', '.join(words)}")
        return str(value)

    return reader


def _index_url(value: object) -> str:
    url = _text(value)
    scheme, separator, rest = url.partition("://")
    if scheme.lower() not in ("https", "http", "file") or not separator or not rest or not url.isprintable():
        raise _Unfit("a URL that begins with https://, http:// or file://")
    return url


_SETTINGS = (
    _Setting(field="cache_dir", flag="--cache-dir", variable="CACHE_DIR", key="cache-dir", reader=_text),
    _Setting(field="offline", flag="--offline", variable="OFFLINE", key="offline", reader=_truth),
    _Setting(field="index_url", flag="--index-url", variable="INDEX_URL", key="index-url", reader=_index_url),
    _Setting(field="python", flag="--python", variable="PYTHON", key="python", reader=_text),
    _Setting(field="env_dir", flag="--env", variable="ENV", key=None, reader=_text),
    _Setting(field="project", flag="--project", variable="PROJECT", key=None, reader=_text),
    _Setting(
        field="link_mode", flag="--link-mode", variable="LINK_MODE", key="link-mode", reader=_one_of(LINK_MODES)
    ),
    _Setting(
        field="concurrency", flag="--concurrency", variable="CONCURRENCY", key="concurrency", reader=_whole(1, 64)
    ),
    _Setting(field="timeout", flag="--timeout", variable="TIMEOUT", key="timeout", reader=_seconds),
    _Setting(field="verbosity", flag="--verbose", variable="VERBOSE", key="verbosity", reader=_whole(0, 3)),
    _Setting(field="quiet", flag="--quiet", variable="QUIET", key="quiet", reader=_truth),
    _Setting(field="keyring", flag="--keyring", variable="KEYRING", key="keyring", reader=_one_of(KEYRINGS)),
    _Setting(field="wait", flag="--wait", variable="WAIT", key="wait", reader=_patience),
    _Setting(field="compile", flag="--compile", variable="COMPILE", key="compile", reader=_truth),
    _Setting(field="durable", flag="--durable", variable="DURABLE", key="durable", reader=_one_of(DURABLE)),
    _Setting(field="history", flag="--history", variable="HISTORY", key="history", reader=_whole(0, 100)),
    _Setting(field="bounds", flag="--bounds", variable="BOUNDS", key="bounds", reader=_one_of(BOUNDS)),
    _Setting(field="limits", flag="--limit", variable="LIMITS", key="limits", reader=_limits),
)
_PREFIX = "LOCKENV_"
_PATHS = frozenset({"cache_dir", "env_dir", "project"})


def load(
    *,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    config: str | None,
    config_where: str,
    cache_default: str,
) -> Settings:
    """Put the settings together.

    `flags` are by field name, None meaning 'not given'. `config` is the text of the user's configuration file,
    if there is one, and `config_where` its name for messages. Raises `UsageError`.
    """
    table = _config(config, config_where)
    values: dict[str, Any] = {"cache_dir": cache_default}
    for setting in _SETTINGS:
        given = next(_candidates(setting, flags, environ, table, config_where), None)
        if given is not None:
            values[setting.field] = _judged(setting, given, environ)
    return Settings(**values, warnings=tuple(_unknown_variables(environ)))


def _candidates(
    setting: _Setting,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    table: Mapping[str, object],
    where: str,
) -> Iterator[_Given]:
    """Yield what was given, the strongest first. An empty variable counts as not set."""
    if (value := flags.get(setting.field)) is not None:
        yield _Given(value, setting.flag)
    variable = _PREFIX + setting.variable
    if text := environ.get(variable):
        yield _Given(text, variable)
    if setting.key is not None and setting.key in table:
        yield _Given(table[setting.key], f"{setting.key} in {where}")


def _judged(setting: _Setting, given: _Given, environ: Mapping[str, str]) -> object:
    try:
        value = setting.reader(given.value)
    except _Unfit as unfit:
        # An address may hold a password, and no message repeats one.
        hidden = setting.reader is _index_url or not isinstance(given.value, str | int | float)
        shown = "this" if hidden else repr(given.value)[:80]
        raise UsageError(f"{given.origin} cannot be {shown}: it takes {unfit}") from None
    return _expanded(value, environ) if setting.field in _PATHS and isinstance(value, str) else value


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    """Put the home folder for a leading ``~``: shells do so for flags, nobody does for variables and files."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return home.rstrip("/") + path[1:] if home and (path == "~" or path.startswith("~/")) else path


def _config(text: str | None, where: str) -> Mapping[str, object]:
    """Parse the user's file; unknown keys are refused, since nothing else would tell of a misspelt one."""
    if text is None:
        return {}
    import tomllib  # most people have no such file, and start-up is a feature

    try:
        table = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not valid TOML: {error}") from None
    keys = [setting.key for setting in _SETTINGS if setting.key]
    for key in table:
        if key not in keys:
            raise UsageError(f"unknown setting {key!r} in {where}", hint=_key_hint(key, keys))
    return table


def _key_hint(key: str, keys: list[str]) -> str:
    if near := _closest(key.lower().replace("_", "-"), keys):
        return f"did you mean {near}?"
    elsewhere = {setting.field: setting.flag for setting in _SETTINGS if setting.key is None} | {"env": "--env"}
    if key in elsewhere:
        return f"it differs from project to project: use {elsewhere[key]}"
    return f"the settings are {', '.join(keys)}"


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Warn of ``LOCKENV_*`` variables that nothing reads; credentials of indexes are read elsewhere."""
    known = [_PREFIX + setting.variable for setting in _SETTINGS]
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable in known or _is_credential(variable):
            continue
        near = _closest(variable, known)
        yield f"the variable {variable} means nothing" + (f"; did you mean {near}?" if near else "")


def _is_credential(variable: str) -> bool:
    name = variable.removeprefix(_PREFIX + "INDEX_")
    ending = next((end for end in ("_USERNAME", "_PASSWORD") if name.endswith(end)), None)
    return name != variable and ending is not None and len(name) > len(ending)


def _closest(word: str, known: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # only a mistake needs it

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.7)), None)
