"""The house rules of DESIGN section 2, read from the imports: layers, no cycle, purity, who may print."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lockenv"

#: Imports point down: a module may import from its own layer's row above and from no row below.
#: Parts on one row do not import each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("light", "sums", "uncollected", "values"),
    ("errors",),
    ("events", "files", "inline", "limits", "packages", "project", "space", "tree", "wheels"),
    ("folders", "forks", "leftovers", "settings", "targets", "user_folders"),
    ("markers", "platforms", "promised", "pythons", "workers"),
    ("graph", "manifest"),
    ("resolution",),
    ("lockfile", "index.columns"),
    ("plan", "placement", "formats", "index.simple"),
    ("index",),
    ("python", "archive"),
    ("store",),
    ("build",),
    ("transaction",),
    ("session",),
    ("operations",),
    ("api",),
    ("cli",),
    ("__main__", "__init__"),
)
RANK = {part: rank for rank, row in enumerate(LAYERS) for part in row}

PURE: tuple[str, ...] = (
    "light",
    "sums",
    "values",
    "errors",
    "events",
    "limits",
    "folders",
    "packages",
    "tree",
    "wheels",
    "settings",
    "targets",
    "platforms",
    "pythons",
    "markers",
    "graph",
    "manifest",
)
PURE += ("resolution", "lockfile", "plan", "placement", "formats", "index.simple", "index.columns")
WORLD = {"os", "time", "subprocess", "socket", "pathlib", "zipfile", "tarfile", "threading", "shutil", "tempfile"}
WORLD |= {"urllib.request", "http", "urllib3", "concurrent", "multiprocessing", "random", "sys"}


def modules() -> list[str]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts))
    return found


@cache
def source(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def part_of(module: str) -> str:
    """The part of the house that a module belongs to: 'index.simple', else its first name."""
    inner = module.removeprefix("lockenv.")
    return inner if inner in RANK else inner.split(".")[0]


@cache
def imports(module: str) -> tuple[str, ...]:
    """Everything a module imports, lazily or under TYPE_CHECKING too, as full names."""
    found: list[str] = []
    for node in ast.walk(source(module)):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            assert node.module is not None
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(found)


@cache
def own_imports(module: str) -> frozenset[str]:
    """The lockenv modules that a module imports."""
    known = set(ALL)
    found = set()
    for name in imports(module):
        if name.split(".")[0] == "lockenv":
            parts = name.split(".")
            prefixes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
            found.add(next((prefix for prefix in prefixes if prefix in known), "lockenv.__init__"))
    return frozenset(found - {module})


ALL = modules()


@pytest.mark.parametrize("module", ALL)
def test_every_module_belongs_to_a_layer(module: str) -> None:
    assert part_of(module) in RANK


@pytest.mark.parametrize("module", ALL)
def test_imports_point_down(module: str) -> None:
    own = RANK[part_of(module)]
    for imported in own_imports(module):
        if imported == "lockenv.__init__":
            continue  # the version
        if part_of(imported) != part_of(module):
            assert RANK[part_of(imported)] < own, f"{module} imports {imported}"


def test_there_is_no_import_cycle() -> None:
    edges = {module: own_imports(module) - {"lockenv.__init__"} for module in ALL}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module in done:
            return
        for imported in sorted(edges[module]):
            visit(imported, (*path, module))
        done.add(module)

    for module in ALL:
        visit(module, ())


@pytest.mark.parametrize("module", [module for module in ALL if part_of(module) in PURE])
def test_pure_parts_do_not_touch_the_world(module: str) -> None:
    for name in imports(module):
        prefixes = {name, name.split(".")[0], ".".join(name.split(".")[:2])}
        if name == "pathlib.PurePosixPath":
            continue
        assert not prefixes & WORLD, f"{module} imports {name}"


@pytest.mark.parametrize("module", [module for module in ALL if part_of(module) not in {"cli", "__main__"}])
def test_nobody_but_the_command_line_prints_or_exits(module: str) -> None:
    for node in ast.walk(source(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"print", "exit", "quit", "input"}, f"{module}:{node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys":
            assert node.attr not in {"exit", "stdout", "stderr"}, f"{module}:{node.lineno}"


@pytest.mark.parametrize("module", ALL)
def test_names_are_nouns_of_the_domain(module: str) -> None:
    banned = {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "base",
        "core",
        "manager",
        "handler",
        "service",
        "misc",
    }
    assert not banned & set(module.split("."))
