"""Unit: what pip says of its index is asked once, and again whenever anything has changed that it rests on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lockenv.index import kept_default
from lockenv.index.default import DefaultIndex
from lockenv.index.kept_default import kept_default_index
from tests.fakes.forking import NOBODY, run_alone


class Pip:
    """A pip that is counted: its configuration is one file, whose text is the index."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.asked = 0

    def default_index(self, environ: dict[str, str]) -> DefaultIndex:
        self.asked += 1
        if url := environ.get("PIP_INDEX_URL"):
            return DefaultIndex(url=url, origin="PIP_INDEX_URL")
        url = self.file.read_text() if self.file.exists() else "https://built.in/simple/"
        return DefaultIndex(url=url, origin="somebody", ignored=("no-index = true",))

    def configuration_files(self) -> tuple[str, ...]:
        return (str(self.file),)


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pip:
    """A pip in the place of the real one, which is configured for this machine."""
    made = Pip(tmp_path / "pip.conf")
    monkeypatch.setattr(kept_default, "default_index", made.default_index)
    monkeypatch.setattr(kept_default, "configuration_files", made.configuration_files)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    return made


def test_pip_is_asked_once(pip: Pip, tmp_path: Path) -> None:
    answers = [kept_default_index({"HOME": "/home/ada"}, tmp_path / "cache") for _ in range(3)]
    assert answers == [answers[0]] * 3
    assert answers[0] == DefaultIndex(
        url="https://built.in/simple/", origin="somebody", ignored=("no-index = true",)
    )
    assert pip.asked == 1


def test_a_configuration_that_comes_changes_or_goes_is_read(pip: Pip, tmp_path: Path) -> None:
    def url() -> str:
        return kept_default_index({}, tmp_path / "cache").url

    assert url() == "https://built.in/simple/"
    pip.file.write_text("https://one.example/simple/")
    assert url() == "https://one.example/simple/"
    pip.file.write_text("https://two.example/simple/")
    os.utime(pip.file, ns=(1, 1))
    assert url() == "https://two.example/simple/"
    assert url() == "https://two.example/simple/"
    pip.file.unlink()
    assert url() == "https://built.in/simple/"
    assert pip.asked == 4


@pytest.mark.parametrize(
    "name", ["PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_EXTRA_INDEX_URL", "HOME", "XDG_CONFIG_DIRS"]
)
def test_a_variable_that_pip_heeds_is_heeded(name: str, pip: Pip, tmp_path: Path) -> None:
    for environ in ({}, {name: "https://a.example/"}, {name: "https://b.example/"}):
        kept_default_index(environ, tmp_path / "cache")
    assert pip.asked == 3


def test_others_have_no_say(pip: Pip, tmp_path: Path) -> None:
    for environ in ({}, {"PATH": "/bin"}, {"LANG": "C"}):
        kept_default_index(environ, tmp_path / "cache")
    assert pip.asked == 1


def test_pips_own_environment_counts_as_well(pip: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_default_index({}, tmp_path / "cache")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/elsewhere")
    kept_default_index({}, tmp_path / "cache")
    assert pip.asked == 2


def test_credentials_are_not_kept(pip: Pip, tmp_path: Path) -> None:
    pip.file.write_text("https://ada:secret@one.example/simple/")
    for _ in range(2):
        assert kept_default_index({}, tmp_path / "cache").url == "https://ada:secret@one.example/simple/"
    assert pip.asked == 2
    environ = {"PIP_INDEX_URL": "https://ada:secret@two.example/", "PIP_PROXY": "http://ada:secret@proxy"}
    for _ in range(2):
        assert kept_default_index(environ, tmp_path / "cache").url == "https://ada:secret@two.example/"
    assert pip.asked == 3
    assert not any(b"secret" in file.read_bytes() for file in (tmp_path / "cache").rglob("*") if file.is_file())


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"heeds": 1}', "[" * 100_000])
def test_a_file_that_is_none_of_ours_is_replaced(text: str, pip: Pip, tmp_path: Path) -> None:
    place = tmp_path / "cache/default-index"
    place.parent.mkdir()
    place.write_text(text)
    for _ in range(2):
        assert kept_default_index({}, tmp_path / "cache").origin == "somebody"
    assert pip.asked == 1


def test_a_cache_that_cannot_be_written_to_is_no_error(pip: Pip, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert kept_default_index({}, tmp_path / "cache").origin == "somebody"


def _ahead(code: str, cache: Path) -> str:
    """Run code that asks ahead by `begun`, in a process that may fork; pip's answer is slow to come."""
    said = f"from lockenv import forks\nfrom lockenv.index import kept_default\ncache = Path({str(cache)!r})\n"
    said += "forks.processors = lambda: 2\nforks.allow()\nasked = []\n"
    said += "def default_index(environ):\n    asked.append(1)\n    if environ.get('BROKEN'): raise OSError\n"
    said += (
        "    time.sleep(0.05)\n    return kept_default.DefaultIndex(url='https://one.example/', origin='pip')\n"
    )
    said += "kept_default.default_index = default_index\nkept_default.configuration_files = lambda: ('/none',)\n"
    return run_alone("from pathlib import Path", f"{said}{code}")


def test_another_process_asks_beside_and_what_it_finds_is_found(tmp_path: Path) -> None:
    code = "begun = kept_default.AskedAhead({}, cache)\nbegun.wait()\nbegun.end()\n"
    code += "print(kept_default.kept_default_index({}, cache).url, asked)\n" + NOBODY
    assert _ahead(code, tmp_path) == "https://one.example/ []\nnobody is left"


@pytest.mark.parametrize("ends", ["begun.end()", "begun.wait()"])
def test_what_it_cannot_find_out_or_has_no_time_for_is_asked_here(ends: str, tmp_path: Path) -> None:
    broken = {"BROKEN": "1"} if "wait" in ends else {}
    code = f"begun = kept_default.AskedAhead({broken}, cache)\n{ends}\n"
    code += "print(kept_default.kept_default_index({}, cache).url, asked)\n" + NOBODY
    assert _ahead(code, tmp_path) == "https://one.example/ [1]\nnobody is left"


def test_what_pip_says_of_itself_is_not_said_twice(tmp_path: Path) -> None:
    code = "os.dup2(1, 2)\ndef files():\n    os.write(1, b'an old pip')\n    os.write(2, b'a warning')\n"
    code += "    return ('/none',)\nkept_default.configuration_files = files\n"
    assert _ahead(f"{code}kept_default.AskedAhead({{}}, cache).wait()\n{NOBODY}", tmp_path) == "nobody is left"


def test_nobody_asks_for_what_is_known(tmp_path: Path) -> None:
    code = "kept_default.kept_default_index({}, cache)\n"
    code += "for environ in ({}, {'LOCKENV_INDEX_URL': 'https://two.example/'}):\n"
    code += "    kept_default.AskedAhead(environ, cache)\n    " + NOBODY.replace("\n", "\n    ")
    assert _ahead(code, tmp_path) == "nobody is left\nnobody is left"
