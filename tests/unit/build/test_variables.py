from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.build.variables import build_variables, shaping_variables

PLACES = {"environment": Path("/w/env"), "scripts": Path("/w/env/bin"), "scratch": Path("/w/scratch")}
#: Those that every build gets, whatever ours are.
OWN = build_variables({}, **PLACES)

_WORDS = st.sampled_from(
    ["TOKEN", "PASSWORD", "SECRET", "KEY", "PIP", "INDEX", "URL", "CARGO", "CC", "PATH", "PYTHON", "AWS", "NETRC"]
)
_NAMES = st.one_of(st.lists(_WORDS, min_size=1, max_size=4).map("_".join), st.text(max_size=12))
_SENSITIVE = ("TOKEN", "PASSWORD", "SECRET", "KEY", "PIP", "INDEX", "AWS", "NETRC")


@given(names=st.frozensets(_NAMES))
def test_nothing_that_sounds_like_a_secret_or_an_index_is_passed_on(names: frozenset[str]) -> None:
    made = build_variables(dict.fromkeys(names, "value"), **PLACES)
    assert not [name for name in made.keys() - OWN.keys() if any(word in name.upper() for word in _SENSITIVE)]


@pytest.mark.parametrize("name", ["https_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_is_passed_on_unless_it_carries_a_login(name: str) -> None:
    assert build_variables({name: "http://proxy.example:80"}, **PLACES)[name] == "http://proxy.example:80"
    for login in ("me:word@", "me@", "@"):
        assert name not in build_variables({name: f"http://{login}proxy.example:80"}, **PLACES)


def test_programs_of_the_environment_come_first() -> None:
    assert build_variables({"PATH": "/usr/bin:/bin"}, **PLACES)["PATH"] == "/w/env/bin:/usr/bin:/bin"
    assert OWN["PATH"].startswith("/w/env/bin:/")


def test_toolchains_of_rust_are_found_though_home_is_another() -> None:
    assert build_variables({"HOME": "/home/me"}, **PLACES)["RUSTUP_HOME"] == "/home/me/.rustup"
    found = build_variables({"HOME": "/home/me", "RUSTUP_HOME": "/rust", "CARGO_HOME": "/cargo"}, **PLACES)
    assert (found["RUSTUP_HOME"], found["HOME"]) == ("/rust", "/w/scratch/home")
    assert "CARGO_HOME" not in found


def test_only_what_changes_a_build_shapes_it() -> None:
    environ = {"CFLAGS": "-O3", "CC": "clang", "LANG": "C", "HOME": "/home/me", "PATH": "/bin", "TOKEN": "x"}
    assert shaping_variables(environ) == (("CC", "clang"), ("CFLAGS", "-O3"))
