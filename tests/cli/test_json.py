"""Documents for machines: what every command really writes is what the published schemas say, to the last key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from packaging.tags import platform_tags
from referencing import Registry, Resource

from lockenv.cli.main import COMMANDS
from tests.fakes.index import FakeIndex
from tests.fakes.project import PATIENCE, SERIES, ScratchProject
from tests.fakes.sdists import source_tree
from tests.fakes.wheels import make_wheel

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS: dict[str, Any] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("docs/reference/schemas/*.json")
}
#: What answers in no document: programs of others, and texts for others.
_WITHOUT = {"run", "export", "git", "completion", "activate"}
_REGISTRY: Registry[Any] = Registry().with_resources(
    (f"{name}.json", Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)


class Documents:
    """What a project's commands wrote: by the schema that it has to follow."""

    def __init__(self, project: ScratchProject) -> None:
        self.project = project
        self.found: dict[str, list[dict[str, Any]]] = {}

    def ask(self, *arguments: str, status: int = 0, schema: str = "", **environ: str) -> dict[str, Any]:
        """Run a command that ends with a status, and keep its document."""
        ran = self.project.run(*arguments, "--json", **environ)
        assert ran.status == status, f"{' '.join(arguments)}: {ran.status}\n{ran.out}\n{ran.err}"
        document: dict[str, Any] = json.loads(ran.out)
        self.found.setdefault(schema or arguments[0], []).append(document)
        return document

    def refuse(self, *arguments: str, status: int) -> None:
        """Run a command that fails, and keep what it writes of that."""
        self.ask(*arguments, status=status, schema="error")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Every kind of document, from real commands."""
    with FakeIndex() as index:
        _fill(index)
        found: dict[str, list[dict[str, Any]]] = {}
        for number, story in enumerate((_life, _looks, _failures, _beginnings, _others)):
            scratch = tmp_path_factory.mktemp(f"story{number}")
            documents = Documents(ScratchProject(scratch, index_url=index.url))
            story(documents, index)
            for name, each in documents.found.items():
                found.setdefault(name, []).extend(each)
        yield found


def _fill(index: FakeIndex) -> None:
    index.add(make_wheel("menu", "1.0", requires=["dropdown>=1"], scripts={"menu": "menu:main"}))
    index.add(make_wheel("dropdown", "1.0", requires=["icons"]))
    index.add(make_wheel("dropdown", "1.1", requires=["icons>=2"]))
    index.add(make_wheel("icons", "1.9"))
    index.add(make_wheel("icons", "2.0"))
    index.add(make_wheel("checks", "3.1"))
    index.add(make_wheel("starter", "1.0", files={"starter.pth": "import sys\n"}))
    index.add(make_wheel("here", "1.0", tag=f"py3-none-{next(platform_tags())}"))
    index.add(make_wheel("later", "1.0", requires_python=">=3.99"))
    index.add(make_wheel("torn", "1.0", requires=["icons<2"]))
    index.add(make_wheel("torn", "1.1", requires=["icons<1.9"]))
    for minor in range(12):
        index.add(make_wheel("row", f"1.{minor}", requires=[f"icons==0.{minor}"]))
    for version, tag in (("1.8", "cp38-cp38-manylinux_2_17_x86_64"), ("1.9", "cp39-cp39-win_amd64")):
        index.add(make_wheel("plotter", version, tag=tag))
    index.add(make_wheel("plotter", "3.0"))
    index.add(make_wheel("wide", "1.0", requires=["plotter>=1.8"]))
    index.add(make_wheel("wide", "1.1", requires=["plotter>=1.9"]))
    index.add(make_wheel("holder", "1.0", requires=["icons<2"]))
    index.add(make_wheel("picky", "1.0", requires=["icons"]))
    index.add(make_wheel("picky", "1.1", requires=["icons>=2"]))
    index.add_project("gone")
    index.add(make_wheel("broad", "1.0", requires=["icons; python_version < '3.12'", "checks"]))
    index.add(make_wheel("fancy", "1.0", requires=["checks; extra == 'more'"], extras=["more"]))


def _life(documents: Documents, index: FakeIndex) -> None:
    """Lock, sync, edit, go back."""
    ask, project = documents.ask, documents.project
    project.manifest(dependencies=["menu", "starter"], groups={"test": ["checks"]})
    ask("lock")
    ask("lock")
    ask("sync", "--dry-run")
    ask("sync")
    ask("sync")
    ask("add", "checks", "--group", "dev")
    ask("add", "fancy[more]", "--no-sync")
    ask("remove", "starter")
    ask("remove", "checks", "--group", "dev", "--no-sync")
    project.write("report.py", f'# /// script\n# requires-python = "=={SERIES}.*"\n# dependencies = []\n# ///\n')
    ask("add", "--script", "report.py", "icons")
    ask("lock", "--script", "report.py")
    ask("remove", "--script", "report.py", "icons")
    ask("sync")
    ask("rollback")
    ask("history")
    ask("sync", "--all-groups", "--dry-run")
    ask("sync", "--all-groups")
    ask("verify", "--no-bytecode")
    module = project.env / "lib" / f"python{SERIES}" / "site-packages" / "menu.py"
    module.unlink()
    module.write_text("changed = True\n", encoding="utf-8")
    ask("list", "--digest", status=1)
    ask("verify", status=1)
    ask("verify", "--repair")
    (module.parent / "__pycache__").mkdir(exist_ok=True)
    (module.parent / "__pycache__" / f"menu.cpython-{SERIES.replace('.', '')}-pytest-8.0.0.pyc").write_bytes(b"x")
    ask("verify")
    ask("check")
    ask("list")
    ask("list", "--digest")
    broken = module.parent / "broken-1.0.dist-info"
    broken.mkdir()
    ask("list")
    broken.rmdir()
    index.add(make_wheel("icons", "2.1"))
    index.add(make_wheel("dropdown", "2.0", requires=["icons<2.1"]))
    ask("outdated")
    ask("list", "--outdated")
    ask("upgrade")
    ask("upgrade", "icons")


def _looks(documents: Documents, index: FakeIndex) -> None:
    """Who requires whom, what is different, what is behind."""
    ask, project = documents.ask, documents.project
    source_tree(project.folder / "lib", "local", "1.0")
    project.manifest(
        dependencies=["menu", "broad", "fancy[more]", "local", "icons<2.1"],
        groups={"test": ["checks"]},
        python=">=3.11,<3.13",
        more='[sources]\nlocal = { path = "lib" }\n\n[environments.docs]\ndependencies = ["checks"]',
    )
    ask("lock", "--all")
    before = project.write("before.toml", project.lock.read_bytes())
    ask("tree")
    ask("tree", "--invert", "icons")
    ask("tree", "menu")
    ask("why", "icons")
    ask("why", "checks")
    ask("outdated")
    text = project.lock.read_text(encoding="utf-8")
    project.write("rehashed.toml", re.sub(r'sha256 = "[0-9a-f]', 'sha256 = "0', text))
    project.write("elsewhere.toml", text.replace(index.url, "https://elsewhere.example/simple/"))
    project.manifest(dependencies=["menu", "starter"], groups={"docs": ["checks"]})
    ask("lock")
    ask("tree")
    for other in ("rehashed.toml", "elsewhere.toml"):
        ask("diff", before.name, other)
    ask("diff", before.name)
    ask("sync")
    ask("diff", "env")
    project.manifest(dependencies=["menu", "starter", "checks"])
    ask("tree")
    ask("sync", "--all", status=2, schema="error")


def _failures(documents: Documents, index: FakeIndex) -> None:
    """What goes wrong, and why."""
    ask, refuse, project = documents.ask, documents.refuse, documents.project
    refuse("lock", status=2)
    refuse("sync", status=2)
    refuse("lock", "--frozen", status=2)
    refuse("why", "icons", status=2)
    project.write("env.toml", '[env]\npython = ">=3.11"\ndependencies = ["menu=>1"]\nnmae = "x"\n')
    refuse("lock", status=2)
    ask("check", status=1)
    overridden = '[resolution]\noverrides = ["icons>=7"]'
    for dependencies, more in (
        (["menu>=7"], ""),
        (["meun"], ""),
        (["later"], ""),
        (["gone"], ""),
        (["menu", "torn", "dropdown==1.1"], ""),
        (["menu"], overridden),
        (["row", "dropdown==1.1"], ""),
        (["wide"], '[resolution]\nconstraints = ["plotter<3"]'),
    ):
        project.manifest(dependencies=dependencies, python=">=3.11,<3.13", more=more)
        refuse("lock", status=3)
        ask("explain")
    for dependencies in (["here", "picky"], ["here", "picky", "holder"]):
        project.manifest(dependencies=dependencies, python="==3.11.*")
        ask("lock")
    project.manifest(dependencies=["menu"], python=f"=={SERIES}.*", more='[resolution]\noverrides = ["icons>=2"]')
    refuse("lock", "--check", status=1)
    ask("lock")
    refuse("lock", "--offline", "--upgrade", "--cache-dir", "cold", status=5)
    ask("check", status=1)


def _beginnings(documents: Documents, index: FakeIndex) -> None:
    """A first env.toml, by hand and from other tools' files."""
    ask, project = documents.ask, documents.project
    project.write("requirements.txt", "menu\n")
    project.write("frozen.txt", "menu==1.0\ndropdown==0.9\nicons==1.9\n-e ./nowhere\n")
    ask("init", "menu", "--requires-python", f"=={SERIES}.*")
    ask("import", "frozen.txt", "--dry-run", "--force")
    ask("import", "frozen.txt", "--python", SERIES)
    ask("import", "frozen.txt", "--no-lock")
    ask("python", "list", PATH=f"{_broken_python(project)}:{project.environ['PATH']}")
    ask("python", "find", SERIES)
    ask("python", "pin", SERIES)
    ask("python", "pin", f"{SERIES}.0")
    ask("sync")


def _others(documents: Documents, index: FakeIndex) -> None:
    """The cache, and environments beside the default one."""
    ask, project = documents.ask, documents.project
    project.manifest(dependencies=["menu"], more='[environments.docs]\ndependencies = ["checks"]')
    ask("lock", "--all")
    ask("upgrade", "--all")
    ask("sync", "--all")
    ask("cache", "dir")
    ask("cache", "size")
    ask("cache", "verify")
    stored = next(path for path in project.cache.glob("**/menu.py") if path.is_file())
    stored.chmod(0o644)
    stored.write_text("changed = True\n", encoding="utf-8")
    ask("cache", "verify", status=1)
    ask("cache", "prune")
    ask("cache", "clean")


def _broken_python(project: ScratchProject) -> Path:
    """A folder with something that is called like a Python and is none."""
    folder = project.scratch / "bin"
    folder.mkdir()
    program = folder / "python3.12"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{name}.json"}, registry=_REGISTRY)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["title"].startswith("lockenv" if name != "error" else "What went wrong")


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_what_is_written_is_what_the_schema_says(name: str, written: dict[str, list[dict[str, Any]]]) -> None:
    assert written.get(name), f"no command wrote what {name}.json is for"
    for document in written[name]:
        errors = [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(document)]
        assert errors == [], json.dumps(document, indent=1)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_what_the_schema_says_is_written_by_somebody(name: str, written: dict[str, list[dict[str, Any]]]) -> None:
    seen = {key for document in written[name] for key in _keys(document)}
    assert _listed(SCHEMAS[name]) - seen == set()


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_an_unlisted_key_is_refused_everywhere(name: str) -> None:
    for place, schema in _objects(SCHEMAS[name], name):
        if "properties" in schema:
            assert schema["additionalProperties"] is False, place
            assert set(schema["required"]) <= schema["properties"].keys(), place
        assert "additionalProperties" in schema, place
        for key, said in schema.get("properties", {}).items():
            assert "$ref" in said or "description" in said or key == "before", f"{place}.{key} says nothing"


def test_every_command_that_answers_has_a_schema() -> None:
    assert {*COMMANDS} - _WITHOUT == {*SCHEMAS} - {"error"}


@pytest.mark.parametrize("command", sorted({*COMMANDS} - _WITHOUT))
def test_every_command_that_answers_takes_json(command: str, tmp_path: Path) -> None:
    assert "--json" in ScratchProject(tmp_path).run(command, "--help").ok().out


def test_every_schema_is_told_of() -> None:
    page = (ROOT / "docs/reference/json.md").read_text(encoding="utf-8")
    assert {f"{name}.json" for name in SCHEMAS} == set(re.findall(r"\]\(schemas/(\w+\.json)\)", page))


def test_an_error_is_a_document_on_stdout_and_words_on_stderr(tmp_path: Path) -> None:
    ran = ScratchProject(tmp_path).run("lock", "--json")
    document = json.loads(ran.out)
    assert (ran.status, document["schema"], document["error"]["exit-status"]) == (2, 1, 2)
    assert ran.err.startswith(f"error: {document['error']['message']}  [manifest]\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_document_can_be_read_whatever_the_stream_can_show(encoding: str, tmp_path: Path) -> None:
    project = ScratchProject(tmp_path, name="prévision-\N{SNOWMAN}")
    with project.start("lock", "--json", environ={"PYTHONIOENCODING": encoding}, encoding=None) as child:
        out, _ = child.communicate(timeout=PATIENCE)
    assert "prévision-\N{SNOWMAN}" in json.loads(out)["error"]["message"]


def test_quiet_leaves_the_document(tmp_path: Path) -> None:
    project = ScratchProject(tmp_path)
    project.manifest(dependencies=[])
    for command in ("lock", "sync"):
        ran = project.run(command, "-q", "--json").ok()
        assert json.loads(ran.out)["schema"] == 1
        assert ran.err == ""


def _keys(value: object) -> Iterator[str]:
    match value:
        case dict():
            yield from value
            for each in value.values():
                yield from _keys(each)
        case list():
            for each in value:
                yield from _keys(each)


def _listed(schema: Any) -> set[str]:
    """The keys that a schema lists itself, but for what it takes from another file."""
    return {key for _, each in _objects(schema, "") for key in each.get("properties", {})}


def _objects(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All schemas of objects in a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield place, schema
        for key, each in schema.items():
            yield from _objects(each, f"{place}/{key}")
    elif isinstance(schema, Sequence) and not isinstance(schema, str):
        for number, each in enumerate(schema):
            yield from _objects(each, f"{place}/{number}")
