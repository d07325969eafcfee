"""Foreign files brought in, case by case, and texts that nobody should have written."""

from __future__ import annotations

import os
import tomllib

import pytest
from packaging.specifiers import SpecifierSet

from lockenv.errors import LockenvError, LockError, ManifestError, UsageError
from lockenv.formats.env_toml import merge
from lockenv.formats.incoming.versions import clauses
from lockenv.lockfile import toml
from tests.unit.formats.cases import FOLDER, NAMES, bring, case_of, draft_of, told


@pytest.mark.parametrize("name", NAMES)
def test_what_becomes_of_a_foreign_file(name: str) -> None:
    case = case_of(name)
    found = told(draft_of(case))
    if os.environ.get("UPDATE_CASES"):
        _update(name, found)
        case = case_of(name)
    assert found == {"env": case.env, "pins": case.pins, "notes": case.notes, "left_out": case.left_out}


def _update(name: str, found: dict[str, str | tuple[str, ...]]) -> None:
    path = FOLDER / f"{name}.toml"
    head = path.read_text(encoding="utf-8").partition("\n# -- what becomes of it")[0].rstrip()
    parts = [head, "", "# -- what becomes of it", ""]
    parts += [f"{key} = {toml.lines(found[key.replace('-', '_')])}" for key in ("pins", "notes", "left-out")]
    parts += ["env = '''", f"{found['env']}'''"]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
    tomllib.loads(path.read_text(encoding="utf-8"))


HOSTILE = {
    "pyproject.toml": [
        "[",
        "x = 1979-05-27\n[project]\nname=1",
        "project = 3",
        "[tool]\npoetry = []",
        "a=" + "[" * 5000,
    ],
    "Pipfile": [
        "packages = 1",
        "[packages]\na = [1, {version = 3}]\n'' = '*'",
        "[packages]\na = {git = 1, path = []}",
    ],
    "environment.yml": [
        "a: &b c",
        "dependencies: *all",
        "- a\nb: c",
        "dependencies:\n\t- x",
        "a: |\n  text",
        "{a: b}",
        "a:\n" + "\n".join(" " * depth + "- " for depth in range(1, 60)),
        "- " * 3000 + "x",
        'name: "\\u0000"',
        "dependencies: 3\nname: [x]",
        "a: b\na: c",
        "x",
    ],
    "poetry.lock": [
        "package = 3",
        "[[package]]\nname = 3",
        "[[package]]\nname='a'\nversion='x'",
        "\0",
        "[metadata]\npython-versions=3",
    ],
    "uv.lock": ["[[package]]\nname='a'\nversion='1'\nsource=3\nresolution-markers=['x',3]", "]"],
    "pdm.lock": ["[[package]]\nname='a'\nversion='1'\nmarker=\"x == 'y'\"", "[metadata]\ntargets=[3]"],
    "Pipfile.lock": [
        "[]",
        "{",
        '{"default": {"a": 3, "b": {"version": "==x"}}}',
        '{"default": {"\\ud800": {}}}',
        "[" * 100000,
    ],
    "pylock.toml": ["", "lock-version = '9'", "x"],
    "requirements.txt": [
        "\0",
        "-r",
        "--hash",
        "-e",
        "'",
        "-c 'x",
        "a @ ",
        "a;b",
        "-i",
        "--",
        "-",
        "\\",
        "#",
        "a==1 --hash",
        "[]",
        ";",
        "@",
        "-e @",
        "-e  ;x",
        "${X}",
        "https://",
        "git+",
        "git+@#egg=a",
        "a @ git+https://[x",
        "-f http://[x",
        "-i http://[",
        "\x85",
        "a==1\u2028b",
        "-rrequirements.txt",
        "file:",
        "file://",
        "a @ file:",
        "./",
        "/",
        "~",
        "C:\\x",
        "-e C:\\x#egg=a",
        "a[",
        "x" * 10000,
        "a==" + "1." * 3000,
        "--no-binary=,,",
        "--pre=3",
        "a\ud800",
    ],
}


@pytest.mark.parametrize(("file", "text"), [(file, text) for file, texts in HOSTILE.items() for text in texts])
def test_hostile_text_is_left_out_or_refused_in_words(file: str, text: str) -> None:
    try:
        told(bring(file, text))
    except (ManifestError, LockError) as error:
        assert file in error.message  # noqa: PT017 - it may also be taken
        assert error.exit_status == 2  # noqa: PT017


def test_a_file_of_an_unknown_kind_is_refused_with_the_kinds_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"letter\.docx is of no kind") as caught:
        bring("letter.docx", "")
    assert "requirements.txt" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pixi.lock", "version: 6\nenvironments:\n  default:\n"),
        ("other.lock", "[[package]]\nname = 'a'\n"),
        ("other.lock", "# made by a machine\n[metadata]\nlock = 1\n"),
        ("other.lock", '{\n  "a": 1}\n'),
    ],
)
def test_a_lock_of_an_unknown_kind_is_not_taken_for_requirements(file: str, text: str) -> None:
    with pytest.raises(UsageError, match=r"\.lock is of no kind"):
        bring(file, text)


def test_a_lock_may_be_requirements_or_one_of_several_of_pdm() -> None:
    assert [pin.name for pin in bring("dev.lock", "# via x\na==1\nb==2 ; os_name == 'nt'\n").pins] == ["a", "b"]
    assert [pin.name for pin in bring("pdm.3.12.lock", '[[package]]\nname = "a"\nversion = "1"\n').pins] == ["a"]


def test_conda_names_are_those_of_pypi_or_left_out() -> None:
    specs = ["geopandas-base", "nbconvert[execute]!=6.0.0", "ca-certificates", "pytorch-cuda=12", "nomkl", "gtk4"]
    draft = bring("environment.yml", "dependencies:\n" + "".join(f"  - {spec}\n" for spec in specs))
    assert [str(one.value) for one in draft.dependencies] == ["geopandas", "nbconvert[execute]!=6.0.0"]
    assert len(draft.left_out) == 4


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ('{ file = ["a.txt", "b c.in"] }', "it is read from these: `lockenv import a.txt 'b c.in'`"),
        ('{ file = "a.txt" }', "it is read from these: `lockenv import a.txt`"),
        ('{ attr = "x" }', "list them in env.toml"),
        ("{ file = [3, {}] }", "list them in env.toml"),
        ('"x"', "list them in env.toml"),
    ],
)
def test_files_that_setuptools_would_read_are_named(said: str, hint: str) -> None:
    head = '[project]\nname = "x"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\n'
    left = bring("pyproject.toml", f"{head}dependencies = {said}\n").left_out
    (problem,) = [one for one in left if "computed" in one.message]
    assert (problem.where, problem.hint) == ("pyproject.toml:3", hint)


def test_a_pyproject_that_leaves_it_to_a_program_says_what_can_be_brought_in() -> None:
    (problem,) = bring("pyproject.toml", "[build-system]\nrequires = ['x']\n").left_out
    assert "--from-env .venv" in (problem.hint or "")


def test_a_program_is_not_read_but_what_it_installed_can_be() -> None:
    with pytest.raises(UsageError) as caught:
        bring("setup.py", "import os")
    assert "--from-env" in (caught.value.hint or "")


def test_what_is_refused_names_its_line() -> None:
    with pytest.raises(LockenvError) as caught:
        bring("environment.yml", "name: x\ndependencies:\n  - *everything\n")
    assert [str(problem) for problem in caught.value.problems] == [
        "environment.yml:3: `*everything` is an alias of YAML, which is not read here"
    ]


def test_dependencies_can_go_into_a_group() -> None:
    draft = bring("requirements-dev.txt", "pytest>=8\nruff\n", group="dev")
    assert 'dev = [\n    "pytest>=8",\n    "ruff",\n]' in told(draft)["env"]
    assert draft.dependencies == ()


def test_what_another_file_asks_for_is_not_asked_for_again_by_the_file_with_its_version() -> None:
    pinned = bring("requirements.txt", "flask==3.1.2\nrequests==2.32.0\npytest==9.2\nsix==1.17\n")
    wanted = bring("requirements.in", "flask>=3\nrequests ; sys_platform != 'win32'\n")
    group = bring("requirements-dev.in", "pytest>=8\n", group="dev")
    for drafts in ([wanted, group, pinned], [pinned, wanted, group]):
        together = merge(drafts)
        assert sorted(str(one.value) for one in together.dependencies) == [
            "flask>=3",
            'requests; sys_platform != "win32"',
            "six",
        ]
        assert [str(item.value) for item in together.groups[0].items] == ["pytest>=8"]
        assert len(together.pins) == 4


def test_of_two_files_with_versions_both_are_asked() -> None:
    together = merge([bring("a.txt", "flask==3.1.2\n"), bring("b.txt", "flask==3.1.2\nsix==1.17\n")])
    assert [str(one.value) for one in together.dependencies] == ["flask", "six"]


def test_what_several_files_say_of_python_is_written_once() -> None:
    both = SpecifierSet(">=3.11,<4") & SpecifierSet(">=3.11")
    assert clauses(both) == [">=3.11", "<4"]


def test_included_files_may_include_each_other() -> None:
    files = {"b.txt": "-r a.txt\nb\n", "a.txt": "-r b.txt\n-r ./b.txt\na\n"}
    draft = bring("a.txt", files["a.txt"], files)
    assert [str(one.value) for one in draft.dependencies] == ["b", "a"]
    assert draft.left_out == ()
