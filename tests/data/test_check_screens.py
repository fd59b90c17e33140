"""What no single cell shows: `liverfit check` warns of numbers that do not fit, each at its row."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liverfit.cli import app
from liverfit.data.registry import write_checksums

ROOT = Path(__file__).resolve().parents[2]
run = CliRunner().invoke


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three made-up trials in a project with the real plan."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copytree(ROOT / "tests/fixtures/three_trials/data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data/raw/mini"


def edit(folder: Path, table: str, line: int, **cells: str) -> None:
    """Change cells of one line, and renew the checksums."""
    path = folder / f"{table}.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    for column, value in cells.items():
        rows[line - 1][rows[0].index(column)] = value
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    write_checksums(folder)


def warned() -> list[str]:
    """Lines of the check but for the summary, without the path."""
    result = run(app, ["check", "mini"])
    assert result.exit_code == 0, result.output
    return [line.removeprefix("data/raw/mini/") for line in result.output.splitlines()[:-1]]


def test_sound_trials_give_no_warning_but_of_numbers_that_recur(mini: Path) -> None:
    known = ("Same mean and spread in two arms", "Baselines too far apart or too alike")
    assert all(any(k in line for k in known) for line in warned())


@pytest.mark.parametrize(
    ("table", "line", "cells", "told"),
    [
        (
            "measurements",
            9,
            {"center": "82.0", "spread": "8.0"},
            "measurements.csv:9: center: warning: Mean that no group of people has: baseline 82",
        ),
        (
            "measurements",
            9,
            {"timepoint": "change", "week": "12", "center": "-9.9"},
            None,
        ),
        (
            "measurements",
            6,
            {"center": "-9.0", "as_reported": ""},
            "measurements.csv:6: center: warning: '-9.0' lies outside its own interval",
        ),
        (
            "measurements",
            6,
            {"p_value": "0.8", "p_scope": "between"},
            "measurements.csv:6: p_value: warning: P not that of the interval: ",
        ),
        (
            "measurements",
            10,
            {"n": "61"},
            "measurements.csv:10: n: warning: 61 participants measured of 16 randomised",
        ),
        (
            "measurements",
            10,
            {"n": "12"},
            "measurements.csv:10: n: warning: 12 participants, a number that the arm has nowhere",
        ),
        (
            "measurements",
            15,
            {"center": "12", "as_reported": "12 cm decrease"},
            "measurements.csv:15: center: warning: '12' goes the other way in as_reported",
        ),
        (
            "measurements",
            15,
            {"qualitative": "increased"},
            "measurements.csv:15: qualitative: warning: the centre '-12' stands beside increased",
        ),
        (
            "measurements",
            10,
            {"as_reported": ""},
            "measurements.csv:10: as_reported: warning: no number stands in as_reported",
        ),
        (
            "arms",
            2,
            {"n_analysed": "17"},
            "arms.csv:2: n_analysed: warning: 17 analysed of 16 randomised",
        ),
    ],
)
def test_a_number_that_does_not_fit(mini: Path, table, line, cells, told) -> None:
    edit(mini, table, line, **cells)
    lines = warned()
    if told is None:
        assert not any("Mean that no group" in said for said in lines)
    else:
        assert any(said.startswith(told) for said in lines), lines


def _add(mini: Path, **cells: str) -> int:
    """A change of gamma2017, arm ae, beside its printed baseline 20.0 and end 15.8, both SD 2.0."""
    path = mini / "measurements.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[8]]) + "\n", encoding="utf-8")
    at = len(lines) + 1
    change = {"timepoint": "change", "week": "12", "center": "-4.2", "spread": "2.0"}
    edit(mini, "measurements", at, **{**change, "as_reported": "", **cells})
    return at


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({}, None),
        ({"center": "-4.25"}, None),
        ({"center": "-2.2"}, "center: warning: Change not end less baseline: change -2.2"),
        ({"spread": "3.9"}, None),
        ({"spread": "6.0"}, "spread: warning: SD of change that no correlation allows: "),
        ({"spread_type": "se"}, "spread: warning: SD of change that no correlation allows: "),
    ],
)
def test_a_change_that_does_not_fit(mini: Path, cells: dict, told: str | None) -> None:
    at = _add(mini, **cells)
    here = [line for line in warned() if line.startswith(f"measurements.csv:{at}: ")]
    about = [line for line in here if "Change not end" in line or "SD of change" in line]
    if told is None:
        assert about == []
    else:
        (line,) = about
        assert line.startswith(f"measurements.csv:{at}: {told}")
        assert "mini/measurements.csv:9" in line


def test_one_data_set_that_cannot_be_harmonised_does_not_hide_the_others(mini: Path) -> None:
    shutil.copytree(mini, mini.with_name("other"))
    for table, lines in (("trials", 3), ("arms", 7), ("measurements", 14)):
        path = mini.with_name("other") / f"{table}.csv"
        text = path.read_text(encoding="utf-8")
        for trial in ("alpha2015", "beta2016", "gamma2017"):
            text = text.replace(trial, trial + "b")
        assert text.count("b,") >= lines
        path.write_text(text, encoding="utf-8")
    edit(mini.with_name("other"), "measurements", 5, unit="stone", center="3")
    edit(mini, "measurements", 9, center="82.0")
    assert any("Mean that no group of people has" in line for line in warned())
    broken = run(app, ["check", "other"])
    assert broken.exit_code == 1
    assert "other/measurements.csv:5: unit: unknown unit 'stone'" in broken.output


def test_a_plan_that_will_not_do_is_told(mini: Path) -> None:
    (mini.parents[2] / "config/config.yaml").write_text("integrity: 3\n")
    result = run(app, ["check", "mini"])
    assert result.exit_code == 1
    assert "config/config.yaml:1: integrity:" in result.output
    assert "Traceback" not in result.output
