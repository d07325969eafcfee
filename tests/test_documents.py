"""The documents keep their word: commands, links, examples."""

from __future__ import annotations

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from lockenv.cli.main import COMMANDS
from lockenv.lockfile import freshness, pylock
from lockenv.manifest.read import read
from lockenv.resolution.universe import targets_of
from tests.fakes.project import ScratchProject

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def readme_commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return [block.strip() for block in blocks]


def test_the_readme_has_two_commands_of_one_line_each() -> None:
    assert [len(command.splitlines()) for command in readme_commands()] == [1, 1]


def test_the_gate_and_the_contributors_run_the_readme_s_second_command() -> None:
    command = readme_commands()[1]
    assert command in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert command in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_is_shown_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    shown = re.findall(r"(?:^\$ |&& |`)lockenv (?:-\S+ (?:\S*/\S* )?)?([a-z]+)", text, re.MULTILINE)
    assert set(shown) <= COMMANDS.keys()


@pytest.mark.parametrize("command", ["lock", "upgrade"])
def test_every_option_of_a_command_that_makes_a_lock_is_explained(command: str, tmp_path: Path) -> None:
    reference = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    settings = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    options = re.findall(r"--[a-z-]+", ScratchProject(tmp_path).run(command, "--help").out)
    assert f"## `lockenv {command}" in reference
    assert [each for each in dict.fromkeys(options) if each not in reference + settings + "--help"] == []


def test_every_decision_has_its_three_parts() -> None:
    decisions = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))
    assert decisions
    for decision in decisions:
        text = decision.read_text(encoding="utf-8")
        assert all(part in text for part in ("**Context.**", "**Decision.**", "**Price.**")), decision


def test_the_example_s_wheels_are_what_its_script_makes(tmp_path: Path) -> None:
    wheelhouse = ROOT / "examples/offline/wheelhouse"
    script = (ROOT / "examples/offline/make_wheelhouse.py").read_text(encoding="utf-8")
    copy = tmp_path / "make_wheelhouse.py"
    copy.write_text(script, encoding="utf-8")
    subprocess.run([sys.executable, str(copy)], check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, timeout=60)
    made = {path.name: path.read_bytes() for path in (tmp_path / "wheelhouse").iterdir()}
    assert made == {path.name: path.read_bytes() for path in wheelhouse.glob("*.whl")}


def test_the_example_s_lock_is_fresh_and_its_files_are_those_of_the_wheelhouse() -> None:
    example = ROOT / "examples/offline"
    lock = pylock.read((example / "pylock.toml").read_text(encoding="utf-8"))
    manifest = read((example / "env.toml").read_text(encoding="utf-8"))
    targets = targets_of(manifest.python, manifest.targets, None)
    assert freshness.stale(manifest, lock, targets) == ()
    assert [target.name for target in targets if not freshness.covers(lock, target)] == []
    for package in lock.packages:
        for wheel in package.wheels or ():
            assert wheel.path is not None
            assert sha256((example / wheel.path).read_bytes()).hexdigest() == wheel.hashes["sha256"]


def test_the_hook_for_pre_commit_runs_a_command_of_ours_for_just_the_files_that_it_reads() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^  entry: lockenv (\w+) --check$", hooks, re.MULTILINE) == ["lock"]
    pattern = re.search(r"^  files: (.*)$", hooks, re.MULTILINE)
    assert pattern is not None
    wanted = ["env.toml", "services/api/env.toml", "pylock.toml", "pylock.dev.toml", "pyproject.toml"]
    others = ["my-env.toml", "pylock.a.b.toml", "env.toml.orig", "docs/guides/git.md"]
    assert [file for file in wanted + others if re.search(pattern[1], file)] == wanted
