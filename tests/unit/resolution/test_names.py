"""Names that no index knows: what was probably meant."""

from __future__ import annotations

from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.resolution.explain.names import IMPORTED_AS, OFTEN_USED, STANDARD_LIBRARY, meant


def said(name: str, *known: str) -> str | None:
    return meant(canonicalize_name(name), known)


def test_what_is_imported_under_another_name_is_named_as_it_is_installed() -> None:
    assert said("sklearn") == "did you mean `scikit-learn`? That is the package which is imported as sklearn"
    assert said("PIL") == "did you mean `pillow`? That is the package which is imported as pil"


def test_names_of_this_run_come_before_those_that_everybody_uses() -> None:
    assert said("flaks") == "did you mean `flask`?"
    assert said("flaks", "flakes", "acme") == "did you mean `flakes`?"


def test_python_s_own_modules_are_not_on_an_index() -> None:
    assert said("asyncio") == "`asyncio` is a part of Python itself; take it out of env.toml"


def test_a_name_that_is_like_no_other_is_left_without_a_guess() -> None:
    assert said("acme-internal-forecasting-models") is None


def test_the_lists_hold_names_as_indexes_compare_them_and_contradict_each_other_nowhere() -> None:
    every = [*IMPORTED_AS, *IMPORTED_AS.values(), *STANDARD_LIBRARY, *OFTEN_USED]
    assert [name for name in every if canonicalize_name(name) != name] == []
    assert not STANDARD_LIBRARY & {*IMPORTED_AS, *OFTEN_USED}
    assert meant(NormalizedName("numpy"), ["numpy"]) != "did you mean `numpy`?"
