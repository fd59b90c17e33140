"""Numbers against the words that were copied with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_dataset import Folder, measurement

from liverfit.data.dataset import load_dataset

ROOT = Path(__file__).resolve().parents[2]


def told(folder: Folder, **cells: str) -> list[tuple[str, str]]:
    """(column, what) of the warnings of one changed measurement."""
    folder.lines["measurements"][1] = measurement(**cells)
    found = [f for f in folder.findings() if f.path.endswith("measurements.csv") and f.line == 2]
    assert all(f.severity == "warning" for f in found)
    return [(f.column, f.what) for f in found]


@pytest.mark.parametrize(
    ("words", "center", "spread"),
    [
        ("-3.2 (SD 2.1)", "-3.2", "2.1"),
        ("−3.20 ± 2.1 %", "-3.2", "2.1"),
        ("fell by 3.2±2.10", "-3.2", "2.1"),
        ("10.4 to 7.2, change 3,2 (2,1)", "-3.2", "2.1"),
        ("20–3.2±2.1", "3.2", "2.1"),
        ("3.2 +/- 2.1 kg lost", "-3.2", "2.1"),
        ("1,234 (SD 56)", "1234", "56"),
        ("3·2 (2·1)", "3.2", "2.1"),
        ("p=0.04 only", "", ""),
        ("fell by 3.2", "-3.2", ""),
        ("a 3.2 % reduction", "-3.2", ""),
    ],
)
def test_what_is_printed_passes(folder: Folder, words: str, center: str, spread: str) -> None:
    found = told(folder, as_reported=f'"{words}"', center=center, spread=spread)
    assert not [what for _, what in found if "as_reported" in what]


@pytest.mark.parametrize("words", ["", "no change"])
def test_a_number_without_the_words_that_print_it_is_told(folder: Folder, words: str) -> None:
    found = told(folder, as_reported=words, center="3.2", spread="2.1")
    assert ("as_reported", f"no number stands in as_reported '{words}' beside center") in found
    said = told(folder, as_reported=words, center="", spread="", qualitative="no_change")
    assert not [what for _, what in said if "as_reported" in what]


@pytest.mark.parametrize(
    ("cells", "column", "what"),
    [
        ({"center": "-32"}, "center", "'-32' does not stand in as_reported '-3.2 (SD 2.1)'"),
        ({"center": "-2.3"}, "center", "'-2.3' does not stand in as_reported '-3.2 (SD 2.1)'"),
        ({"spread": "21"}, "spread", "'21' does not stand in as_reported '-3.2 (SD 2.1)'"),
        ({"center": "3.2"}, "center", "'3.2' has another sign in as_reported '-3.2 (SD 2.1)'"),
        (
            {"spread_type": "se"},
            "spread_type",
            "spread_type is se but as_reported '-3.2 (SD 2.1)' names the other",
        ),
    ],
)
def test_what_is_not_printed_is_told(folder: Folder, cells: dict, column: str, what: str) -> None:
    printed = {"as_reported": "-3.2 (SD 2.1)", "center": "-3.2", "spread": "2.1"}
    assert told(folder, **printed) == []
    assert (column, what) in told(folder, **{**printed, **cells})


def test_a_plus_that_became_a_minus(folder: Folder) -> None:
    found = told(folder, as_reported="+3.2 (SD 2.1)", center="-3.2", spread="2.1")
    assert [column for column, _ in found] == ["center"]


@pytest.mark.parametrize(
    ("words", "center", "told_of"),
    [
        ("liver fat fell by 3.2 (SD 2.1)", "-3.2", False),
        ("liver fat fell by 3.2 (SD 2.1)", "3.2", True),
        ("an increase of 3.2 (SD 2.1)", "-3.2", True),
        ("increased; weight was reduced by 3.2 (SD 2.1)", "3.2", True),
        ("decreased (3.2, SD 2.1)", "3.2", False),  # another clause
        ("decreased to 3.2, SD 2.1", "3.2", False),  # an end, not a change
        ("decreased by +3.2, SD 2.1", "3.2", False),  # the printed sign counts
    ],
)
def test_a_number_goes_the_way_of_its_verb(folder, words, center, told_of) -> None:
    found = told(folder, as_reported=f'"{words}"', center=center, spread="2.1")
    assert bool([what for _, what in found if "goes the other way" in what]) is told_of
    found = told(
        folder, as_reported=f'"{words}"', center=center, spread="2.1", timepoint="baseline", week=""
    )
    assert not [what for _, what in found if "goes the other way" in what]


@pytest.mark.parametrize(
    ("words", "p", "told_of"),
    [
        ("-3.2 (SD 2.1); P=0.03", "0.03", False),
        ("-3.2 (SD 2.1); p < .001", "<0.001", False),
        ("-3.2 (SD 2.1), p value of 0·03; within P=0.6", "0.03", False),
        ("-3.2 (SD 2.1); P=0.03", "0.3", True),
        ("-3.2 (SD 2.1); P=0.03", "ns", False),
        ("-3.2 (SD 2.1), 0.3 of them", "0.03", False),
    ],
)
def test_a_p_is_one_that_the_words_print(folder, words, p, told_of) -> None:
    cells = {"center": "-3.2", "spread": "2.1", "p_value": p, "p_scope": "within"}
    found = told(folder, as_reported=f'"{words}"', **cells)
    assert [c for c, what in found if "does not stand in as_reported" in what] == (
        ["p_value"] if told_of else []
    )


def visit(timepoint: str, center: str, words: str) -> str:
    return measurement(
        timepoint=timepoint, week="", center=center, spread_type="", spread="", as_reported=words
    )


@pytest.mark.parametrize(
    ("first", "second", "words", "swapped"),
    [
        ("20.1", "17.4", "from 20.1 to 17.4 %", False),
        ("17.4", "20.1", "from 20.1 to 17.4 %", True),
        ("20.1", "20.1", "20.1 and 20.1", False),
        ("17.4", "20.1", "17.4 after 20.1, later 17.4", False),
    ],
)
def test_visits_in_the_order_of_the_words(folder, first, second, words, swapped) -> None:
    folder.lines["measurements"][1:3] = [
        visit("baseline", first, f'"{words}"'),
        visit("post", second, f'"{words}"'),
    ]
    found = [f for f in folder.findings() if f.column == "timepoint"]
    assert bool(found) is swapped
    if swapped:
        assert found[0].line == 2
        assert "line 3" in found[0].remedy


def test_the_real_data_are_what_they_say_they_print() -> None:
    lines = {
        f"{name}/{f.path.rsplit('/', 1)[-1]}:{f.line}"
        for name in ("exercise_trials", "hormone_trials", "exerkine_trials")
        for f in load_dataset(ROOT / "data/raw" / name).findings
        if "as_reported" in f.what
    }
    # a misprint of the source, falls that a review prints as "-1% fat reduction", and numbers that
    # are printed in letters
    misprints = (809, 1560, 2174, 2512, 2513)
    assert lines == {f"exercise_trials/measurements.csv:{n}" for n in misprints}


def test_an_outcome_that_is_all_but_a_known_one(folder: Folder) -> None:
    from liverfit.data.measurements import outcome_findings

    folder.lines["measurements"][1] = measurement(outcome="liver_fta")
    folder.lines["measurements"][2] = measurement(arm_id="con", outcome="other:muscle_volume")
    plan = {"outcomes": {"liver_fat": {}, "body_weight": {}}}
    (finding,) = outcome_findings(folder.load(), [], plan)
    assert str(finding) == (
        "data/raw/mini/measurements.csv:2: outcome: warning: 'liver_fta' is not analysed; expected "
        "a name from config/outcomes.yaml, or other:NAME; did you mean liver_fat?"
    )
