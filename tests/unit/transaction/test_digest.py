from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.transaction import state
from lockenv.transaction.apply import apply
from lockenv.transaction.compose import Desired, compose
from lockenv.transaction.digest import environment_digest, package_digest, short
from lockenv.transaction.link import LinkMode
from lockenv.tree import Link, Scheme, Text
from tests.fakes.environments import ICONS, MENU, MENU2, Project, desired
from tests.fakes.wheels import BuiltFile, make_wheel

TOOL = make_wheel("tool", "1", files={"tool.py": "", "{data}/scripts/tool": "#!python -E\nprint('tool')\n"})

GOLDEN = "sha256:77080294daf093d228d3462c8354ab62fc4565195ec9846fd007bb85fd4c3ce4"


def digest(want: Desired, env: str = "/srv/app/.venv") -> str:
    return compose(want, env).digest


def recorded(project: Project) -> str:
    record = state.read_current(str(project.env))
    assert record is not None
    return record.digest


def test_a_digest_is_computed_as_its_documentation_says() -> None:
    text = "lockenv package 1\nmenu 2.0\naa x bin/menu\nbb - lib/menu.py\n"
    package = package_digest("menu", "2.0", {"lib/menu.py": ("bb", False), "bin/menu": ("aa", True)})
    assert package == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    text = f"lockenv environment 1\ncpython 3.12 linux-x86_64\nmenu 2.0 {package}\n"
    assert environment_digest("cpython 3.12 linux-x86_64", [("menu", "2.0", package)]) == (
        f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    )
    assert len(short(package)) == 12
    assert package.removeprefix("sha256:").startswith(short(package))


def test_the_digest_of_an_old_lockenv_is_that_of_a_new_one(project: Project) -> None:
    """Whoever changes what is hashed, or what lockenv writes for a package, counts `digest.FORMAT` up."""
    site = "lib/python3.12/site-packages"
    scheme = Scheme(purelib=site, platlib=site, scripts="bin", headers="include/site/python3.12")
    url = '{"dir_info": {"editable": true}, "url": "file:///home/ada/menu"}'
    want = desired(
        project.store, [MENU, TOOL, ICONS], project.scratch, requested=["menu"], direct_urls={"menu": url}
    )
    assert digest(replace(want, scheme=scheme)) == GOLDEN


@pytest.mark.parametrize("name", ["aa.py", "zz.py"])
def test_of_a_file_that_a_wheel_brings_twice_the_later_path_counts_as_ever(project: Project, name: str) -> None:
    def of(executable: list[str]) -> str:
        files = {name: "", f"{{data}}/purelib/{name}": ""}
        return digest(project.desired(make_wheel("twice", "1", files=files, executable=executable)))

    earlier, later = sorted([name, f"twice-1.data/purelib/{name}"])
    assert of([later]) == of([earlier, later]) != of([earlier]) == of([])


def test_the_folder_of_the_environment_and_what_lockenv_puts_there_have_no_say(project: Project) -> None:
    want = project.desired(MENU, TOOL, ICONS)
    here = digest(want)
    assert here == digest(want, "/home/somebody with a name of spaces/.venv")
    assert here == digest(want, "/" + "x" * 200)
    others = (Text(path="pyvenv.cfg", content=b"home = /elsewhere\n"), Link(path="bin/python", target="/other"))
    assert here == digest(replace(want, entries=others, interpreter_id="another", lock_digest="another"))


def test_the_address_of_a_local_folder_has_no_say_but_that_of_a_url_has(project: Project) -> None:
    def at(url: str) -> str:
        text = f'{{"dir_info": {{}}, "url": "{url}"}}'
        return digest(desired(project.store, [MENU], project.scratch, direct_urls={"menu": text}))

    assert at("file:///home/one/menu") == at("file:///srv/two/menu")
    assert at("https://example.com/menu") != at("https://example.org/menu")
    assert at("file:///home/one/menu") != digest(project.desired(MENU))


def test_what_is_asked_for_by_name_is_told_apart(project: Project) -> None:
    assert digest(project.desired(MENU)) != digest(project.desired(MENU, requested=("menu",)))


def test_another_python_or_platform_has_another_digest(project: Project) -> None:
    want = project.desired(MENU)
    assert digest(want) != digest(replace(want, runtime="cpython 3.13 linux-x86_64"))


@pytest.mark.parametrize("mode", ["hardlink", "copy", "auto"])
def test_the_link_mode_has_no_say_and_the_digest_is_recorded(project: Project, mode: LinkMode) -> None:
    project.sync(MENU, ICONS, link_mode=mode)
    assert recorded(project) == digest(project.desired(MENU, ICONS))


def test_another_store_and_another_run_have_no_say(tmp_path: Path) -> None:
    found = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        project = Project(folder)
        project.sync(MENU, TOOL)
        found.add(recorded(project))
        project.sync(MENU2, TOOL)
        project.sync(MENU, TOOL)
        found.add(recorded(project))
    assert len(found) == 1


def test_a_package_has_the_same_digest_whoever_stands_beside_it(project: Project) -> None:
    shared = {"shared/__init__.py": "", "shared/one.py": ""}
    one = make_wheel("one", "1", files=shared)
    two = make_wheel("two", "1", files={"shared/__init__.py": ""})

    def of(name: str, *wheels: BuiltFile) -> str:
        contents = compose(project.desired(*wheels), "/srv/.venv")
        return next(package.digest for package in contents.packages if package.name == name)

    assert of("two", one, two) == of("two", two) == of("two", two, one)


@pytest.mark.parametrize(
    "files",
    [
        {"menu.py": "def main():\n    print('menu 2')\n"},
        {"menu.py": "def main():\n    print('menu 1')\n", "more.txt": ""},
        {"menu_.py": "def main():\n    print('menu 1')\n"},
        {"menu.py": "def main():\n    print('menu 1')\n", "{data}/data/etc/x": ""},
    ],
)
def test_any_difference_in_a_wheel_is_one_in_the_digest(project: Project, files: dict[str, str]) -> None:
    other = make_wheel("menu", "1.0", files=files, scripts={"menu": "menu:main"})
    assert digest(project.desired(MENU)) != digest(project.desired(other))


def test_what_is_executable_is_told_apart(project: Project) -> None:
    wheels = [make_wheel("one", "1", executable=names) for names in ((), ("one.py",))]
    assert digest(project.desired(wheels[0])) != digest(project.desired(wheels[1]))


def test_another_entry_point_is_another_digest(project: Project) -> None:
    wheels = [make_wheel("one", "1", scripts={"one": f"one:{name}"}) for name in ("a", "b")]
    assert digest(project.desired(wheels[0])) != digest(project.desired(wheels[1]))


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1),
        st.tuples(st.text("0a"), st.booleans()),
    ),
    st.randoms(),
)
def test_the_order_of_files_has_no_say_and_every_file_has(
    files: dict[str, tuple[str, bool]], random: object
) -> None:
    rows = list(files.items())
    whole = package_digest("menu", "1", files)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert package_digest("menu", "1", dict(rows)) == whole
    for row in rows:
        assert package_digest("menu", "1", dict(other for other in rows if other != row)) != whole


def test_an_environment_that_stands_tells_its_digest_after_a_sync_that_only_wrote_the_record(
    project: Project,
) -> None:
    project.sync(MENU)
    before = recorded(project)
    apply(project.env, replace(project.desired(MENU), lock_digest="another"))
    assert recorded(project) == before
