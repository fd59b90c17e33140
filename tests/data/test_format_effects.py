"""Format effects: printed contrasts with interval, standard error or p-value."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_parts import EFFECTS, EFFECTS_ROWS, derived, effects, mean_differences
from scipy.stats import t as student
from small_dataset import places


def test_rows_become_contrasts(mine: Path) -> None:
    dataset = effects(mine)
    assert [str(f) for f in dataset.findings] == []
    m = dataset.tables["measurements"].set_index("row_id")
    assert set(m["timepoint"]) == {"contrast"}
    assert list(m["spread_type"]) == ["ci95", "se", "none"]
    assert list(m.index) == [f"mine/effects.csv:{line}" for line in (2, 3, 4)]
    assert list(m["comparator_arm_id"]) == ["con"] * 3


def test_effects_by_interval_standard_error_and_p(mine: Path) -> None:
    made = mean_differences(derived(effects(mine)))
    # −5.0 (−7.2 to −2.8), t(145) 1.97646, as the same numbers give in format arms
    assert made["zhang_2016"]["yi"] == -5.0
    assert made["zhang_2016"]["vi"] == pytest.approx((2.2 / 1.97646) ** 2, rel=1e-4)
    assert made["lee_2013"]["vi"] == pytest.approx(0.74**2)
    # p 0.01 of t with 145 degrees of freedom
    assert made["nobody_2020"]["route"] == "printed_p"
    assert made["nobody_2020"]["vi"] == pytest.approx((5 / student.isf(0.005, 145)) ** 2, rel=1e-6)


def test_bad_rows_are_all_told(mine: Path) -> None:
    rows = [
        'Zhang 2016,1H-MRS,52,aerobic,73,74,-5.0,-2.8,-7.2,,<0.001,"-5.0"',
        "Lee 2013,1H-MRS,13,aerobic,16,12,-1.70,,,-0.74,<0.05,-1.70",
        "Three 2020,1H-MRS,52,aerobic,73,74,-5.0,-7,,,1.01,-5.0",
    ]
    found = effects(mine, rows).findings
    assert {
        ("effects.csv", 2, "lower"),
        ("effects.csv", 3, "se (spread)"),
    } <= set(places(found))
    assert ("effects.csv", 4, "p (p_value)") in places(found)
    assert ("effects.csv", 4, "upper") in places(found, "warning")


def test_a_contrast_needs_its_comparator(mine: Path) -> None:
    descriptor = EFFECTS.replace("comparator_arm_id: con, ", "")
    (error,) = effects(mine, descriptor=descriptor).errors
    assert error.column == "mapping.measurements.0.comparator_arm_id"
    assert error.line is not None


def test_an_unknown_comparator_is_told(mine: Path) -> None:
    descriptor = EFFECTS.replace("comparator_arm_id: con", "comparator_arm_id: nobody")
    errors = effects(mine, EFFECTS_ROWS[:1], descriptor).errors
    assert places(errors) == [("effects.csv", 2, "comparator_arm_id")]
