"""What `import lockenv` gives: by which names, how cheaply, and with what care for what it is given."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path

import pytest

import lockenv
from lockenv.cli.main import COMMANDS
from tests.fakes.project import ScratchProject, importable
from tests.test_architecture import imports, modules

_FUNCTIONS = [name for name in lockenv.__all__ if inspect.isfunction(getattr(lockenv, name))]
#: What a program calls in the place of a command; nothing where there is nothing to be called.
_INSTEAD: dict[str, tuple[str, ...]] = {
    "import": ("import_from", "keep_versions"),
    "list": ("installed",),
    "tree": ("tree_of",),
    "python": ("list_pythons", "find_python", "pin_python"),
    "cache": ("cache_folder", "cache_sizes", "verify_cache", "prune_cache", "clean_cache"),
    # A program starts a child of its own, and a shell is nothing that a program sits in.
    "run": (),
    "activate": (),
    "completion": (),
    "git": (),
}


def _for_type_checkers() -> set[str]:
    tree = ast.parse(Path(lockenv.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_the_names_are_the_same_for_readers_programs_and_type_checkers() -> None:
    named = {name for names in lockenv._HOMES.values() for name in names.split()}
    assert set(lockenv.__all__) - {"__version__"} == named == _for_type_checkers()
    assert set(lockenv.__all__) <= set(dir(lockenv))


def test_no_module_stands_in_the_way_of_a_name() -> None:
    """The import of `lockenv.x` puts the module at `lockenv.x`, whatever was there."""
    assert not {f"lockenv.{name}" for name in lockenv.__all__} & set(modules())


def test_what_is_not_there_is_told_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'lockenv' has no attribute 'lcok'"):
        getattr(lockenv, "lcok")  # noqa: B009 - mypy knows as well


def test_the_import_alone_imports_nothing_more() -> None:
    code = "import sys; before = set(sys.modules); import lockenv; print(sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=importable(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "['lockenv']"


@pytest.mark.parametrize("command", COMMANDS)
def test_programs_can_do_what_a_command_does(command: str) -> None:
    instead = _INSTEAD.get(command, (command,))
    assert set(instead) <= set(_FUNCTIONS)


def _operations(of: str) -> set[str]:
    """The functions of operations that a part of the house uses."""
    used = {name for module in modules() if module.startswith(of) for name in imports(module)}
    operations = {name.removeprefix("lockenv.operations.") for name in used if "lockenv.operations." in name}
    return {name for name in operations if name.rpartition(".")[2][:1].islower()}


#: What only the command line does, because it is about words, shells, Git, prompts, or its own start.
_OWN = {
    "about words": {
        "environments.each",
        "environments.told_for",
        "environments.telling_of",
        "files.bytes_of",
        "files.shown",
        "give.is_behind",
        "absent.no_environment",
        "history.python_of",
        "why.names_on",
    },
    "about what it asks": {"init.default_name", "init.default_python"},
    "about its start": {
        "answered_before.answered",
        "answered_before.give",
        "answered_before.keep",
        "answered_before.rests_to_stay",
        "answered_before.since",
        "standing.note_standing",
        "standing.standing",
        "up_to_date.compares_content",
        "up_to_date.up_to_date",
    },
    "about shells, Git and programs": {
        "activate.activation",
        "drivers.install",
        "drivers.uninstall",
        "merge.merge_driver",
        "render.lines_of",
        "scripts.prepare",
        "selected.refuse_without",
    },
}


def test_the_command_line_does_nothing_that_programs_cannot() -> None:
    own = set().union(*_OWN.values())
    missing = _operations("lockenv.cli") - _operations("lockenv.api")
    assert missing - own == set()
    assert own - missing == set(), "these need no exception"


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_every_function_says_what_it_does_and_takes(name: str) -> None:
    function: Callable[..., object] = getattr(lockenv, name)
    assert inspect.getdoc(function)
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values())
    assert next(iter(signature.parameters), "project") == "project"


@pytest.mark.parametrize("name", [name for name in _FUNCTIONS if name != "current"])
def test_every_function_insists_on_an_absolute_folder(name: str) -> None:
    function: Callable[..., object] = getattr(lockenv, name)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    given = {one.name: _something(one) for one in parameters if one.default is inspect.Parameter.empty}
    with pytest.raises(lockenv.UsageError, match="has to be an absolute path, and `here` is not"):
        function("here", **given)


def _something(parameter: inspect.Parameter) -> object:
    kinds: dict[str, object] = {"StrPath": "menu.py", "str": "menu", "float": 1.0, "Iterable[str]": ["menu"]}
    return kinds.get(str(parameter.annotation))


@pytest.mark.parametrize("name", [name for name in lockenv.__all__ if name.istitle() or name.endswith("Error")])
def test_every_class_is_told_of(name: str) -> None:
    assert inspect.getdoc(getattr(lockenv, name))


def test_a_name_alone_is_not_taken_for_its_letters(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    with pytest.raises(lockenv.UsageError, match="requirements are several, and 'menu' is one"):
        lockenv.add(project.folder, "menu")
    with pytest.raises(lockenv.UsageError, match="groups are several"):
        lockenv.sync(project.folder, groups="test")


def test_a_setting_that_cannot_be_is_refused_as_on_the_command_line(project: ScratchProject) -> None:
    with pytest.raises(lockenv.UsageError, match="--concurrency cannot be 1000"):
        lockenv.check(lockenv.Project(project.folder, concurrency=1000))


def test_a_format_that_nobody_knows_is_refused(synced: ScratchProject) -> None:
    with pytest.raises(lockenv.UsageError, match="'requiremens' is no format"):
        lockenv.export(synced.folder, "requiremens")


def test_what_the_system_refuses_is_an_error_of_ours(synced: ScratchProject) -> None:
    blocked = synced.write("blocked", "")
    project = lockenv.Project(synced.folder, cache_dir=blocked / "cache", environ=synced.environ)
    with pytest.raises(lockenv.LockenvError):
        lockenv.init(lockenv.Project(blocked, environ=synced.environ), ["menu"], python=">=3.11")
    assert isinstance(lockenv.check(project), lockenv.Checked)


def test_projects_are_values() -> None:
    one, other = (lockenv.Project("/srv/forecast", offline=True) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert typing.get_type_hints(lockenv.Project)["offline"] == bool | None
