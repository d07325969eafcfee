"""All benchmarks in one command: what is recorded first, what is run, and what the page says where that fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.lock import manifests
from benchmarks.sync import sets

TABLE = "             median\nfloor        1.0 ms\n"


class Runs:
    """Stands for the benchmarks: notes how they are called, and prints a table."""

    def __init__(self, **status: int) -> None:
        self.calls: list[tuple[str, ...]] = []
        self._status = status

    def __call__(self, words: Sequence[str]) -> tuple[str, int]:
        program, *more = words[1].removeprefix("benchmarks."), *words[2:]
        self.calls.append((program, *more))
        return TABLE, self._status.get(program, 0)

    def named(self, program: str, verb: str, option: str) -> list[list[str]]:
        """The values of an option, for each call of a benchmark."""
        calls = [call for call in self.calls if call[:2] == (program, verb)]
        return [[call[at + 1] for at, word in enumerate(call) if word == option] for call in calls]


def recorded(folder: Path, *, sync: Sequence[str], lock: Sequence[str]) -> Path:
    for name in sync:
        place = folder / "sync" / "projects" / name / "new"
        place.mkdir(parents=True)
        (place / "packages.json").write_text("{}")
    for name in lock:
        (folder / "lock" / "asked").mkdir(parents=True, exist_ok=True)
        (folder / "lock" / "asked" / f"{name}.txt").write_text("")
    return folder


def test_from_nothing_all_is_recorded_first_by_those_who_are_measured_with_it(tmp_path: Path) -> None:
    runs = Runs()
    assert main(["--recordings", str(tmp_path), "--peers", "friends"], runs) == 0
    large = [name for name in sets.known() if name != "small"]
    assert runs.named("sync", "record", "--set") == [large, ["small"]]
    assert runs.named("sync", "record", "--tool") == [["uv", "lockenv", "fast", "unsettled"], []]
    assert runs.named("lock", "record", "--manifest") == [
        [name for name in manifests.known() if name != "small"],
        ["small"],
    ]
    assert {tuple(each) for each in runs.named("lock", "record", "--peers")} == {("friends",)}
    verbs = [call[1] for call in runs.calls]
    assert verbs[:4] == ["record"] * 4
    assert "record" not in verbs[4:]


def test_what_is_recorded_is_not_recorded_again_and_only_what_is_asked_for(tmp_path: Path) -> None:
    runs = Runs()
    recordings = recorded(tmp_path, sync=["medium"], lock=["small", "aws"])
    words = ["--recordings", str(recordings), "--only", "sync", "--only", "lock", "--set", "medium"]
    assert main([*words, "--set", "many", "--manifest", "aws"], runs) == 0
    assert runs.named("sync", "record", "--set") == [["many"]]
    assert runs.named("lock", "record", "--manifest") == []


def test_tools_can_be_named_and_each_benchmark_is_told_of_those_that_it_knows(tmp_path: Path) -> None:
    runs = Runs()
    recordings = recorded(tmp_path, sync=sets.known(), lock=manifests.known())
    assert main(["--recordings", str(recordings), "--tool", "uv-pip", "--tool", "lockenv"], runs) == 0
    assert {tuple(each) for each in runs.named("sync", "run", "--tool")} == {("uv-pip", "lockenv")}
    assert {tuple(each) for each in runs.named("lock", "run", "--tool")} == {("lockenv",)}


def test_who_serves_and_whether_calls_are_counted_is_passed_on(tmp_path: Path) -> None:
    runs = Runs()
    recordings = recorded(tmp_path, sync=sets.known(), lock=manifests.known())
    assert main(["--recordings", str(recordings), "--server", "own", "--no-strace", "--rounds", "1"], runs) == 0
    assert {call[0] for call in runs.calls if "--no-strace" in call} == {"startup", "sync", "lock"}
    assert {tuple(each) for each in runs.named("lock", "run", "--server")} == {("own",)}


def test_tables_are_left_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--recordings", str(tmp_path), "--only", "startup"], Runs(startup=1)) == 0
    assert f"## Start-up\n\n```text\n{TABLE}```\n" in capsys.readouterr().out


def test_a_part_that_could_not_be_measured_is_told_and_the_others_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recordings = recorded(tmp_path, sync=sets.known(), lock=manifests.known())
    words = ["--recordings", str(recordings), "--only", "sync-all", "--only", "lock-all"]
    assert main(words, Runs(sync=1)) == 1
    said = capsys.readouterr().out
    assert said.count("This ended with exit status 1") == 1
    assert said.index("This ended") < said.index("## Lock, all tools")


def test_what_cannot_be_recorded_is_not_measured(tmp_path: Path) -> None:
    runs = Runs(lock=1)
    with pytest.raises(SystemExit, match="could not be recorded"):
        main(["--recordings", str(tmp_path), "--only", "lock-all"], runs)
    assert [call[:2] for call in runs.calls] == [("lock", "record")]


def test_a_page_is_written_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    for _ in range(2):
        assert main(["--recordings", str(tmp_path), "--only", "startup", "--write", str(page)], Runs()) == 0
    head, _, rest = page.read_text().partition("-->\n")
    assert head.startswith("<!-- begin results")
    assert rest.count("## Start-up") == 1
    page.write_text(f"Mine.\n{page.read_text()}Mine, too.\n")
    main(["--recordings", str(tmp_path), "--only", "startup", "--write", str(page)], Runs())
    assert page.read_text().startswith("Mine.\n<!-- begin")
    assert page.read_text().endswith("<!-- end results -->\nMine, too.\n")
