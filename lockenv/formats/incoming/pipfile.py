"""Pipfile (Pipenv's 'Pipfile specification')."""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lockenv.formats.addresses import NotCarried
from lockenv.formats.draft import Draft
from lockenv.formats.gathering import Gathering, Surroundings
from lockenv.formats.incoming import packages
from lockenv.formats.incoming.tables import document, finish, flag_of, leave_others, place, table, tables, text_of
from lockenv.graph import MAIN
from lockenv.manifest.entries import Entry
from lockenv.manifest.words import quoted

#: Tables that are no category of packages.
_OTHERS = ("source", "packages", "dev-packages", "requires", "pipenv", "scripts")


def read(
    text: str, *, where: str = "Pipfile", surroundings: Surroundings | None = None, group: str = MAIN
) -> Draft:
    """Read a Pipfile; `[packages]` go into `group`, `[dev-packages]` into dev, other categories into their own.

    Raises `ManifestError` where it is no TOML.
    """
    made, top = document(text, where)
    gathered = Gathering(surroundings=surroundings or Surroundings())
    _sources(gathered, top)
    _python(gathered, table(top, "requires"))
    pipenv = table(top, "pipenv")
    if pipenv is not None:
        leave_others(pipenv, ("allow_prereleases",))
        if flag_of(pipenv, "allow_prereleases"):
            gathered.option(place(pipenv), "prereleases", "allow")
    if top.child("scripts") is not None:
        gathered.leave(where, "[scripts] are not carried over", "`lockenv run` runs any command")
    categories = {"packages": group, "dev-packages": "dev"}
    categories |= {key: key for key in top.value if key not in _OTHERS}
    for key, into in categories.items():
        _category(gathered, table(top, key), into)
    finish(made, gathered)
    return gathered.draft()


def _sources(gathered: Gathering, top: Entry) -> None:
    """The first source serves every package, the others those that name them (Pipenv 2022.3.23 and later)."""
    for number, entry in enumerate(tables(top, "source")):
        name, url = text_of(entry, "name"), text_of(entry, "url")
        leave_others(entry, ("name", "url", "verify_ssl"))
        if entry.value.get("verify_ssl") is False:
            entry.refuse("`verify_ssl = false`: a host without a certificate is never trusted here")
        if url is not None:
            gathered.index(place(entry), url, name=name, explicit=number > 0)


def _python(gathered: Gathering, requires: Entry | None) -> None:
    for key in ("python_full_version", "python_version"):
        text = text_of(requires, key)
        entry = requires.child(key) if requires is not None else None
        if text is None or entry is None or gathered.python is not None:
            continue
        exact = f"=={text}" if key == "python_full_version" or text.count(".") > 1 else f"=={text}.*"
        gathered.take_python(place(entry), exact if text[:1].isdigit() else text)
    leave_others(requires, ("python_version", "python_full_version"))


def _category(gathered: Gathering, entry: Entry | None, group: str) -> None:
    if entry is None:
        return
    into = gathered.group(place(entry), group)
    for package in entry.children() if into is not None else ():
        packages.take(gathered, package, into or MAIN, _versions)


def _versions(text: str) -> SpecifierSet:
    if text in {"*", ""}:
        return SpecifierSet()
    try:
        return SpecifierSet(f"=={text}" if text[0].isdigit() else text)
    except InvalidSpecifier:
        raise NotCarried(f"{quoted(text)} is no constraint on versions") from None
