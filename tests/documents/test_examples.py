"""Every example is listed, explained and valid. Its README's commands are typed in test_sessions."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lockenv.manifest.read import read as read_manifest
from tests.documents.markdown import Command, read, steps
from tests.documents.sessions import ROOT

EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/README.md"))


def test_the_list_of_examples_is_complete() -> None:
    folders = [path.name for path in sorted(ROOT.glob("examples/*/")) if not path.name.startswith(("_", "."))]
    listed = re.findall(r"^\| \[(.+?)\]\((.+?)/README\.md\)", read(ROOT / "examples/README.md"), re.MULTILINE)
    assert sorted(listed) == [(name, name) for name in folders]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_has_commands_to_type(example: Path) -> None:
    assert any(isinstance(step, Command) and step.shown is not None for step in steps(read(example / "README.md")))


@pytest.mark.parametrize("manifest", sorted(ROOT.glob("examples/*/env.toml")), ids=lambda path: path.parent.name)
def test_an_example_s_manifest_is_read_without_problems(manifest: Path) -> None:
    assert read_manifest(manifest.read_text(encoding="utf-8")).dependencies


def test_no_lock_is_committed_that_names_an_index() -> None:
    done = subprocess.run(
        ["git", "ls-files", "examples"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        pytest.skip("not in a repository")
    locks = [ROOT / name for name in done.stdout.splitlines() if Path(name).name.startswith("pylock.")]
    assert locks
    assert [lock for lock in locks if "://" in lock.read_text(encoding="utf-8")] == []
