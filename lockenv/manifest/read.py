"""Reading `env.toml` (DESIGN section 3): text in, a `Manifest` out, or everything that is wrong with it at once.

The happy path is `tomllib` and one walk over the values. Places are looked up from the same text only where a
message or `Manifest.places` needs them. Each table has its own reader: `requirements`, `groups`, `sources`,
`options` and `environments`; `entries` holds what they share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from packaging.specifiers import SpecifierSet

from lockenv.errors import ManifestError, Problem
from lockenv.manifest.entries import Document, Entry
from lockenv.manifest.environments import read_environments
from lockenv.manifest.groups import read_groups
from lockenv.manifest.indexes import read_indexes
from lockenv.manifest.model import Manifest
from lockenv.manifest.options import read_build, read_limits, read_options, read_startup, read_targets
from lockenv.manifest.places import path_text
from lockenv.manifest.requirements import Stated, check_together, plain, python_specifier, requirement_list
from lockenv.manifest.schema import check_keys, check_tables
from lockenv.manifest.sources import read_sources
from lockenv.manifest.syntax import decode, parse
from lockenv.manifest.words import quoted
from lockenv.values import dataclass

__all__ = ["Loader", "decode", "read"]

#: Gives the text of a file named relative to the manifest; may raise `OSError` or `UnicodeDecodeError`.
Loader: TypeAlias = Callable[[str], str]

_SMALLEST = '[env] with python = ">=3.11" and dependencies = ["…"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Included:
    """What a `pyproject.toml` contributes (PEP 621, PEP 735)."""

    document: Document
    project: Entry | None
    groups: Entry | None
    python: SpecifierSet | None = None
    dependencies: tuple[Stated, ...] = ()


def read(text: str, *, where: str = "env.toml", load: Loader | None = None) -> Manifest:
    """Read a manifest from its text.

    `where` names the file in messages. `load` gives the text of the `pyproject.toml` that the manifest may
    include, by its path relative to the manifest. Raises `ManifestError`, whose problems are everything that is
    wrong, each at ``where:line``.
    """
    text = text.removeprefix("\ufeff")
    documents = [Document(where=where, text=text)]
    try:
        manifest = _manifest(documents, parse(text, where=where), load)
    except RecursionError:
        problem = Problem(where=where, message="its tables, lists or groups are nested too deeply")
        raise ManifestError(f"{where} cannot be read", problems=[problem]) from None
    problems = [problem for document in documents for problem in document.problems()]
    if problems or manifest is None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ManifestError(f"{where} has {count}", problems=problems)
    return manifest


def _manifest(documents: list[Document], data: dict[str, Any], load: Loader | None) -> Manifest | None:
    """Read all tables; an included document is added to `documents`. None only if something was refused."""
    document = documents[0]
    check_tables(document, data)
    tables = {
        name: _table(document, data, name)
        for name in ("env", "targets", "resolution", "build", "startup", "limits")
    }
    top = Entry(document, (), data)
    indexes = top.child("index")
    env = tables["env"]
    included = _included(env, load)
    if included is not None:
        documents.append(included.document)
    python = _python(top, env, included)
    dependencies = _dependencies(env, included)
    groups = read_groups((top.child("groups"), included.groups if included else None))
    resolution = read_options(tables["resolution"], groups)
    manifest = Manifest(
        name=_name(env),
        python=python or SpecifierSet(),
        dependencies=dependencies,
        groups=groups,
        targets=read_targets(tables["targets"]),
        indexes=read_indexes(indexes),
        sources=read_sources(top.child("sources"), indexes),
        resolution=resolution,
        build=read_build(tables["build"]),
        startup=read_startup(tables["startup"]),
        limits=read_limits(tables["limits"]),
        environments=read_environments(top.child("environments"), groups, resolution),
        places=tuple(_places(document)),
    )
    return manifest if python is not None else None


def _table(document: Document, data: dict[str, Any], name: str) -> Entry | None:
    if name not in data:
        return None
    entry = Entry(document, (name,), data[name])
    if not entry.is_a(dict, "a table"):
        return None
    check_keys(entry, name)
    return entry


def _places(document: Document) -> Iterator[tuple[str, int]]:
    for path, line in document.places.lines.items():
        yield path_text(path), line


# ── [env]


def _name(env: Entry | None) -> str | None:
    entry = env.child("name") if env else None
    name = entry.text() if entry else None
    if entry is None or name is None:
        return None
    # It becomes the prompt of shells and part of file names.
    if len(name) > 100 or not all(char.isalnum() or char in " ._-" for char in name):
        entry.refuse(
            f"{quoted(name)} cannot be a name", "use letters, digits, spaces, `.`, `_` and `-`, at most 100"
        )
        return None
    return name


def _python(top: Entry, env: Entry | None, included: _Included | None) -> SpecifierSet | None:
    """Read `python`; an included `requires-python` stands in for it, and may not contradict it."""
    if env is None:
        if "env" not in top.value:
            top.refuse("[env] is missing", f"a manifest needs {_SMALLEST}")
        return None
    entry = env.child("python")
    theirs = included.python if included else None
    if entry is None:
        if theirs is None:
            env.refuse("[env] has no `python`, the versions it is for", 'write python = ">=3.11"')
        return theirs
    ours = python_specifier(entry)
    if ours is not None and theirs is not None and (ours & theirs).is_unsatisfiable():
        file = included.document.where if included else ""
        entry.refuse(f'`python` contradicts `requires-python = "{theirs}"` of {file}')
    return ours


def _dependencies(env: Entry | None, included: _Included | None) -> tuple[Any, ...]:
    own = requirement_list(env.child("dependencies") if env else None)
    theirs = included.dependencies if included else ()
    if own and theirs:
        check_together((*own, *theirs))
    return tuple(dict.fromkeys(plain((*own, *theirs))))


# ── include


def _included(env: Entry | None, load: Loader | None) -> _Included | None:
    entry = env.child("include") if env else None
    path = entry.text('"pyproject.toml"') if entry else None
    if entry is None or path is None or not _is_includable(entry, path):
        return None
    text = _loaded(entry, path, load)
    if text is None:
        return None
    where = entry.document.where.rpartition("/")[0]
    document = Document(where=f"{where}/{path}" if where else path, text=text.removeprefix("\ufeff"))
    try:
        data = parse(document.text, where=document.where)
    except ManifestError as error:
        problem = error.problems[0]
        entry.refuse(f"{quoted(path)} is not valid TOML: {problem}")
        return None
    return _read_included(entry, document, data)


def _is_includable(entry: Entry, path: str) -> bool:
    if path.rpartition("/")[2] == "pyproject.toml" and not path.startswith(("/", "~")) and "\\" not in path:
        return True
    entry.refuse(
        f"{quoted(path)} cannot be included", "only a pyproject.toml can be, by a path relative to env.toml"
    )
    return False


def _loaded(entry: Entry, path: str, load: Loader | None) -> str | None:
    if load is None:
        entry.refuse("`include` cannot be followed: this manifest was read without its folder")
        return None
    try:
        return load(path)
    except OSError as error:
        reason = (
            "it does not exist" if isinstance(error, FileNotFoundError) else error.strerror or "it cannot be read"
        )
        entry.refuse(f"{quoted(path)} cannot be included: {reason}")
    except UnicodeError:
        entry.refuse(f"{quoted(path)} cannot be included: it is not UTF-8")
    return None


def _read_included(entry: Entry, document: Document, data: dict[str, Any]) -> _Included | None:
    top = Entry(document, (), data)
    project, groups = top.child("project"), top.child("dependency-groups")
    if project is None and groups is None:
        hint = (
            "Poetry's own tables are not read; list the packages under [env] and [groups]"
            if "tool" in data
            else None
        )
        entry.refuse(f"{quoted(document.where)} has neither [project] nor [dependency-groups]", hint)
        return None
    if project is None or not project.is_a(dict, "a table"):
        return _Included(document=document, project=None, groups=groups)
    dynamic = project.child("dynamic")
    if dynamic and isinstance(dynamic.value, list) and "dependencies" in dynamic.value:
        message = "the project computes its `dependencies` only when it is built"
        dynamic.refuse(message, "list them under [env] dependencies")
    python = project.child("requires-python")
    return _Included(
        document=document,
        project=project,
        groups=groups,
        python=python_specifier(python) if python else None,
        dependencies=requirement_list(project.child("dependencies")),
    )
