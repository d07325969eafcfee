"""pyproject.toml: the standard's tables (PEP 621, PEP 735) and those of Poetry, PDM and uv."""

from __future__ import annotations

import shlex

from lockenv.formats.draft import Draft
from lockenv.formats.gathering import Gathering, Surroundings
from lockenv.formats.incoming import pdm, poetry, uv
from lockenv.formats.incoming.tables import document, finish, is_table, place, table, text_of, texts_of
from lockenv.graph import MAIN
from lockenv.manifest.entries import Entry
from lockenv.manifest.words import quoted
from lockenv.packages import Requirement, canonicalize_name

#: What a program says is known where it was carried out.
_INSTALLED = "what setup.py says is known where it is installed: `lockenv import --from-env .venv`"


def read(
    text: str, *, where: str = "pyproject.toml", surroundings: Surroundings | None = None, group: str = MAIN
) -> Draft:
    """Read a pyproject.toml; its main dependencies go into `group`.

    Raises `ManifestError` where it is no TOML. Whatever else is wrong with it is left out, with its line.
    """
    made, top = document(text, where)
    gathered = Gathering(surroundings=surroundings or Surroundings())
    into = gathered.group(where, group) or MAIN
    _project(gathered, table(top, "project"), into)
    _dynamic(table(top, "project"), top)
    _groups(gathered, table(top, "dependency-groups"))
    for name, reader in (("poetry", poetry.read), ("pdm", pdm.read), ("uv", uv.read)):
        tool = table(top, "tool", name)
        if tool is not None:
            reader(gathered, tool, into)
    _itself(gathered, top, where)
    if (
        not any(top.child(key) for key in ("project", "dependency-groups"))
        and table(top, "tool", "poetry") is None
    ):
        message = "it has neither [project] nor [dependency-groups] nor [tool.poetry]"
        gathered.leave(where, message, _INSTALLED)
    finish(made, gathered)
    return gathered.draft()


# ── [project]


def _project(gathered: Gathering, project: Entry | None, group: str) -> None:
    if project is None:
        return
    gathered.call(place(project), text_of(project, "name"))
    python = project.child("requires-python")
    if python is not None and (said := python.text()):
        gathered.take_python(place(python), said)
    for entry, text in texts_of(project, "dependencies"):
        gathered.require(place(entry), text, group)
    extras = table(project, "optional-dependencies")
    for entry in extras.children() if extras is not None else ():
        _extra(gathered, entry, gathered.name.value if gathered.name is not None else "")


def _dynamic(project: Entry | None, top: Entry) -> None:
    """Say what only a build knows. Poetry's own tables say these things, too."""
    told = {"dependencies", "optional-dependencies", "requires-python"}
    for entry, text in texts_of(project, "dynamic"):
        if text in told and table(top, "tool", "poetry") is None:
            files = _read_by_setuptools(top, text)
            entry.refuse(
                f"`{text}` is computed only when the project is built",
                f"it is read from these: `lockenv import {' '.join(files)}`" if files else "list them in env.toml",
            )


def _read_by_setuptools(top: Entry, key: str) -> list[str]:
    """The files that setuptools reads main dependencies from ('Dynamic Metadata')."""
    if key != "dependencies":
        return []
    said = table(top, "tool", "setuptools", "dynamic", "dependencies")
    file = said.value.get("file") if said is not None else None
    named = [file] if isinstance(file, str) else file if isinstance(file, list) else []
    return [shlex.quote(name) for name in named if isinstance(name, str)]


def _extra(gathered: Gathering, extra: Entry, project: str) -> None:
    """An extra becomes a group; what it takes of the project's other extras is included."""
    group = gathered.group(place(extra), str(extra.path[-1]))
    if group is None:
        return
    for entry in extra.items("requirements"):
        text = entry.text()
        requirement = gathered.parsed(place(entry), text) if text is not None else None
        if requirement is None:
            continue
        if canonicalize_name(requirement.name) == canonicalize_name(project):
            for other in sorted(requirement.extras):
                gathered.include(place(entry), group, canonicalize_name(other))
        else:
            gathered.wish(place(entry), requirement, group)


# ── [dependency-groups] (PEP 735)


def _groups(gathered: Gathering, groups: Entry | None) -> None:
    for entry in groups.children() if groups is not None else ():
        if gathered.group(place(entry), str(entry.path[-1])) is None:
            continue
        name = canonicalize_name(str(entry.path[-1]))
        for item in entry.items("requirements"):
            _group_item(gathered, item, name)


def _group_item(gathered: Gathering, item: Entry, group: str) -> None:
    if not is_table(item.value):
        text = item.text()
        if text is not None:
            gathered.require(place(item), text, group)
        return
    included = text_of(item, "include-group") if set(item.value) == {"include-group"} else None
    if included is None:
        item.refuse(f"{item.title} is a table that means nothing here")
        return
    gathered.include(place(item), group, canonicalize_name(included))


# ── the project itself


def _itself(gathered: Gathering, top: Entry, where: str) -> None:
    """Say that other tools install the project into its environment, and how that is had here."""
    builds = top.child("build-system")
    if builds is None or gathered.name is None:
        return
    name = gathered.name.value
    if any(_names(one.value, name) for one in gathered.items[MAIN] if isinstance(one.value, Requirement)):
        return
    plain = canonicalize_name(name)
    folder = where.rpartition("/")[0] or "."
    hint = f'add "{plain}" to dependencies, and {plain} = {{ path = "{folder}", editable = true }} to [sources]'
    gathered.leave(place(builds), f"the project {quoted(name)} itself is not installed, only what it needs", hint)


def _names(requirement: Requirement, name: str) -> bool:
    return canonicalize_name(requirement.name) == canonicalize_name(name)
