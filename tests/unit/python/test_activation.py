"""Activation scripts, run in the shells that are installed here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lockenv.python.activation import activation_scripts, quote_batch, quote_powershell
from tests.unit.python.pythons import make_environment, running

ODD = 'it\'s $HOME "q" `id` $(id) \u00e9 !a %b \\n @ENV@ #1 ;*?'
PROMPT = "my $(id) `id` \u00e9%!\\"
SHOWN = "(my _(id) _id_ \u00e9___) "

POSIX = """\
PATH=/usr/bin:/bin; PYTHONHOME=/nowhere; export PATH PYTHONHOME; PS1='> '
cd "$FOLDER"
say () { printf '%s\\n' "$1"; }
state () { say "$PATH"; say "${PYTHONHOME-none}"; say "$PS1"; say "${VIRTUAL_ENV-none}"; say "${VIRTUAL_ENV_PROMPT-none}"; }
"""  # noqa: E501
CSH = """\
setenv PATH "/usr/bin:/bin"
setenv PYTHONHOME /nowhere
set prompt = '> '
cd "$FOLDER:q"
"""
FISH = """\
set -gx PATH /usr/bin /bin
set -gx PYTHONHOME /nowhere
function fish_prompt; printf '> '; end
cd $FOLDER
function state
    string join : $PATH
    set -q PYTHONHOME; and echo $PYTHONHOME; or echo none
    fish_prompt; echo
    set -q VIRTUAL_ENV; and echo $VIRTUAL_ENV; or echo none
    set -q VIRTUAL_ENV_PROMPT; and echo $VIRTUAL_ENV_PROMPT; or echo none
end
"""
BEFORE = ["/usr/bin:/bin", "/nowhere", "> ", "none", "none"]

SHELLS = {
    "sh": ["sh", "-eu"],
    "dash": ["dash", "-eu"],
    "bash": ["bash", "--norc", "-eu"],
    "bash-posix": ["bash", "--posix", "--norc", "-eu"],
    "zsh": ["zsh", "-f", "-eu"],
    "ksh": ["ksh", "-eu"],
    "mksh": ["mksh", "-eu"],
    "busybox": ["busybox", "sh", "-eu"],
}
posix_shells = pytest.mark.parametrize("shell", SHELLS)


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(running(), tmp_path_factory.mktemp("odd") / ODD / ".venv", prompt=PROMPT)


def run(command: list[str], text: str, env: Path) -> list[str]:
    """Run a script in a shell beside the environment; give the lines it printed. Errors are not silent."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")
    script = env.parent / f"script-{os.getpid()}"
    script.write_text(text)
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(env.parent.parent), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [*command, script],
        capture_output=True,
        text=True,
        check=False,
        env={**surroundings, "FOLDER": str(env.parent)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def active(env: Path, shown: str = SHOWN) -> list[str]:
    return [f"{env}/bin:/usr/bin:/bin", "none", f"{shown}> ", str(env), PROMPT]


class TestPosix:
    @posix_shells
    def test_activating_sets_what_is_expected_and_leaving_restores_it(self, shell: str, env: Path) -> None:
        lines = run(SHELLS[shell], POSIX + "state; . .venv/bin/activate; state; deactivate; state", env)
        assert lines == [*BEFORE, *active(env), *BEFORE]

    @posix_shells
    def test_the_environments_python_runs(self, shell: str, env: Path) -> None:
        text = POSIX + ". .venv/bin/activate; python -c 'import sys; print(sys.prefix)'"
        assert run(SHELLS[shell], text, env) == [str(env)]

    @posix_shells
    def test_activating_twice_is_activating_once(self, shell: str, env: Path) -> None:
        text = POSIX + ". .venv/bin/activate; . .venv/bin/activate; state; deactivate; state"
        assert run(SHELLS[shell], text, env) == [*active(env), *BEFORE]

    @posix_shells
    def test_deactivate_is_gone_when_it_has_run(self, shell: str, env: Path) -> None:
        text = POSIX + ". .venv/bin/activate; deactivate; if (deactivate) 2>/dev/null; then echo there; fi"
        assert run(SHELLS[shell], text, env) == []

    @posix_shells
    def test_the_prompt_can_be_left_alone(self, shell: str, env: Path) -> None:
        text = POSIX + "VIRTUAL_ENV_DISABLE_PROMPT=1; . .venv/bin/activate; state; deactivate; state"
        assert run(SHELLS[shell], text, env) == [*active(env, shown=""), *BEFORE]

    @posix_shells
    def test_variables_that_were_not_set_are_not_set_afterwards(self, shell: str, env: Path) -> None:
        text = POSIX + 'unset PS1 PYTHONHOME; . .venv/bin/activate; deactivate; echo "${PS1-}${PYTHONHOME-none}"'
        assert run(SHELLS[shell], text, env) == ["none"]

    @posix_shells
    def test_remembered_commands_are_looked_up_again(self, shell: str, env: Path) -> None:
        decoy = env.parent / "decoy"
        decoy.mkdir(exist_ok=True)
        (decoy / "python").write_text("#!/bin/sh\necho decoy\n")
        (decoy / "python").chmod(0o755)
        text = POSIX + (
            'PATH="$FOLDER/decoy:$PATH"; python; . .venv/bin/activate;'
            "python -c 'print(\"ours\")'; deactivate; python"
        )
        assert run(SHELLS[shell], text, env) == ["decoy", "ours", "decoy"]

    @posix_shells
    @pytest.mark.parametrize("inner", ["stdlib", "ours"])
    def test_one_environment_over_another(
        self, shell: str, inner: str, env: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        theirs = tmp_path_factory.mktemp("stdlib") / "env"
        subprocess.run([running().executable, "-I", "-m", "venv", "--without-pip", theirs], check=True)
        over, under = (theirs, env) if inner == "stdlib" else (env, theirs)
        # The standard library's script is not made for `set -u` before 3.12.
        text = POSIX + f"set +eu; . '{theirs}/bin/activate'; . .venv/bin/activate"
        if over == theirs:
            text += f"; . '{theirs}/bin/activate'"
        text += '; say "$VIRTUAL_ENV"; say "$PATH"; deactivate; say "$PATH"; say "$PS1"'
        lines = run([part for part in SHELLS[shell] if part != "-eu"], text, env)
        assert lines == [str(over), f"{over}/bin:/usr/bin:/bin", "/usr/bin:/bin", "> "]
        assert str(under) not in lines[1]

    def test_a_prompt_is_shown_and_not_executed(self, env: Path) -> None:
        text = POSIX + '. .venv/bin/activate; printf "%s\\n" "${PS1@P}"'
        assert run(SHELLS["bash"], text, env) == [f"{SHOWN}> "]


class TestCsh:
    STATE = "\n".join(
        (
            "printenv PATH",
            "printenv PYTHONHOME || echo none",
            'echo "$prompt:q"',
            "printenv VIRTUAL_ENV || echo none",
            "printenv VIRTUAL_ENV_PROMPT || echo none",
        )
    )

    def script(self, *steps: str) -> str:
        return CSH + "\n".join(self.STATE if step == "state" else step for step in steps) + "\n"

    def test_activating_sets_what_is_expected_and_leaving_restores_it(self, env: Path) -> None:
        text = self.script("state", "source .venv/bin/activate.csh", "state", "deactivate", "state")
        assert run(["tcsh", "-f"], text, env) == [*BEFORE, *active(env), *BEFORE]

    def test_activating_twice_is_activating_once(self, env: Path) -> None:
        twice = ["source .venv/bin/activate.csh"] * 2
        text = self.script(*twice, "python -c 'import sys; print(sys.prefix)'", "state", "deactivate", "state")
        assert run(["tcsh", "-f"], text, env) == [str(env), *active(env), *BEFORE]

    def test_deactivate_is_gone_when_it_has_run(self, env: Path) -> None:
        text = self.script("source .venv/bin/activate.csh", "deactivate", "alias deactivate")
        assert run(["tcsh", "-f"], text, env) == []

    def test_the_prompt_can_be_left_alone(self, env: Path) -> None:
        text = self.script(
            "setenv VIRTUAL_ENV_DISABLE_PROMPT 1", "source .venv/bin/activate.csh", "state", "deactivate", "state"
        )
        assert run(["tcsh", "-f"], text, env) == [*active(env, shown=""), *BEFORE]


class TestFish:
    def test_activating_sets_what_is_expected_and_leaving_restores_it(self, env: Path) -> None:
        text = FISH + "state; source .venv/bin/activate.fish; state; deactivate; state"
        assert run(["fish", "--no-config"], text, env) == [*BEFORE, *active(env, f"({PROMPT}) "), *BEFORE]

    def test_activating_twice_is_activating_once(self, env: Path) -> None:
        text = FISH + "source .venv/bin/activate.fish; source .venv/bin/activate.fish; state; deactivate; state"
        assert run(["fish", "--no-config"], text, env) == [*active(env, f"({PROMPT}) "), *BEFORE]

    def test_everything_it_brought_is_gone_when_it_has_left(self, env: Path) -> None:
        text = FISH + (
            "set -l before (functions -an); source .venv/bin/activate.fish; deactivate;"
            "for name in (functions -an); contains $name $before; or echo $name; end"
        )
        assert run(["fish", "--no-config"], text, env) == []

    def test_the_old_prompt_sees_how_the_last_command_ended(self, env: Path) -> None:
        text = FISH + (
            "function fish_prompt; printf '[%s] ' $status; end;"
            "source .venv/bin/activate.fish; false; fish_prompt; echo; true; fish_prompt; echo"
        )
        shown = f"({PROMPT}) "
        assert run(["fish", "--no-config"], text, env) == [f"{shown}[1] ", f"{shown}[0] "]

    def test_the_prompt_can_be_left_alone(self, env: Path) -> None:
        text = (
            FISH + "set -g VIRTUAL_ENV_DISABLE_PROMPT 1; source .venv/bin/activate.fish; state; deactivate; state"
        )
        assert run(["fish", "--no-config"], text, env) == [*active(env, shown=""), *BEFORE]


class TestPowerShell:
    def test_activating_sets_what_is_expected_and_leaving_restores_it(self, env: Path) -> None:
        text = (
            "$before = $Env:PATH; . ./.venv/bin/Activate.ps1; $Env:VIRTUAL_ENV; $Env:VIRTUAL_ENV_PROMPT;"
            '$Env:PATH -ceq "$Env:VIRTUAL_ENV/bin:$before"; deactivate; $Env:PATH -ceq $before;'
            "Test-Path Env:VIRTUAL_ENV; Test-Path Function:deactivate"
        )
        if shutil.which("pwsh") is None:
            pytest.skip("pwsh is not installed here")
        done = subprocess.run(
            ["pwsh", "-NoProfile", "-Command", text], capture_output=True, text=True, check=True, cwd=env.parent
        )
        assert done.stdout.splitlines() == [str(env), PROMPT, "True", "True", "False", "False"]

    @pytest.mark.parametrize(
        ("word", "quoted"), [("it's", "'it''s'"), ("a\u2019b", "'a\u2019\u2019b'"), ("$x `n", "'$x `n'")]
    )
    def test_words_are_quoted_whole(self, word: str, quoted: str) -> None:
        assert quote_powershell(word) == quoted

    def test_text_beyond_ascii_is_marked_for_windows_powershell(self) -> None:
        for prompt, marked in (("plain", False), ("\u00e9", True)):
            made = activation_scripts(env_dir="/env", prompt=prompt, scripts="bin", windows=False)
            (content,) = (each.content for each in made if each.path == "bin/Activate.ps1")
            assert content.startswith(b"\xef\xbb\xbf") is marked


class TestCmd:
    def scripts(self) -> dict[str, str]:
        made = activation_scripts(
            env_dir="C:\\\u00e9 (x86)\\.venv", prompt="100%", scripts="Scripts", windows=True
        )
        return {each.path: each.content.decode("utf-8-sig") for each in made}

    def test_no_path_is_written_down(self) -> None:
        scripts = self.scripts()
        for name in ("Scripts/activate.bat", "Scripts/deactivate.bat"):
            assert "x86" not in scripts[name]
            assert scripts[name].isascii()

    def test_lines_end_as_cmd_wants_them_and_no_block_can_be_closed_by_a_path(self) -> None:
        for name in ("Scripts/activate.bat", "Scripts/deactivate.bat"):
            lines = self.scripts()[name].split("\r\n")
            assert not any("\n" in line for line in lines)
            assert not any(line.rstrip().endswith("(") for line in lines)

    def test_percent_signs_are_doubled(self) -> None:
        assert quote_batch("100%") == "100%%"
        assert 'set "VIRTUAL_ENV_PROMPT=100%%"' in self.scripts()["Scripts/activate.bat"]

    def test_the_script_for_sh_on_windows_asks_for_a_path_that_sh_understands(self) -> None:
        assert "cygpath -u" in self.scripts()["Scripts/activate"]


def test_posix_environments_have_no_batch_files() -> None:
    made = activation_scripts(env_dir="/env", prompt="x", scripts="bin", windows=False)
    assert [each.path for each in made] == [
        "bin/activate",
        "bin/activate.csh",
        "bin/activate.fish",
        "bin/Activate.ps1",
    ]


def test_a_path_that_is_not_utf8_is_kept_byte_for_byte() -> None:
    odd = os.fsdecode(b"/tmp/\xff/.venv")
    for each in activation_scripts(env_dir=odd, prompt="x", scripts="bin", windows=False):
        assert b"/tmp/\xff/.venv" in each.content
