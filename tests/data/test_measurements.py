"""Printed rows on their scale: what is read, what ends here, and what is found wrong."""

from __future__ import annotations

import pytest
from harmonize_parts import config, raw_row

from liverfit.data.canonical import Outcomes, Spellings
from liverfit.data.lipid_to_water import convert_lipid_to_water
from liverfit.data.measurements import canonical_measurements, printed_p

NORMALISE = [
    ("measurements", "unit", "mU/L", "uU/mL"),
    ("measurements", "spread_type", "", "none"),
    ("measurements", "spread_type[t]", "iqr", "iqr_width (one number, no bounds)"),
    ("measurements", "week[t]", "12", "13"),
    ("measurements", "center_type", "", "unstated"),
    ("measurements", "outcome", "other:twice", "drop (same as another row)"),
    ("measurements", "method[liver_fat]", "IHCL 1H-MRS", "1H-MRS"),
]


def read(*rows: dict):
    columns = ("table", "column", "found", "canonical")
    spell = Spellings.from_rows([dict(zip(columns, r, strict=True)) for r in NORMALISE])
    return canonical_measurements(list(rows), spell, Outcomes(config("outcomes")["outcomes"]))


def one(**columns: str) -> dict:
    numeric, _, _, findings = read(raw_row(**columns))
    assert not findings
    assert len(numeric) == 1
    return numeric[0]


def test_a_change_converts_without_offset_and_keeps_what_was_printed():
    row = one(
        outcome="fasting_insulin", unit="mU/L", center="-2.50", spread="1.5", spread_type="sd",
        n="12", week="12",
    )  # fmt: skip
    # 1 mU/L = 1 uU/mL = 6 pmol/L: -2.5 x 6 = -15, 1.5 x 6 = 9; half of 0.01 mU/L is 0.03 pmol/L
    assert (row["center"], row["spread"]) == (-15.0, 9.0)
    assert row["rounding"] == pytest.approx(0.03)
    assert (row["scale"], row["unit"], row["printed_unit"]) == ("pmol/L", "pmol/L", "mU/L")
    assert (row["printed_center"], row["printed_spread"]) == ("-2.50", "1.5")
    assert (row["n"], row["week"], row["center_type"]) == (12.0, 13.0, "unstated")


def test_level_takes_the_offset_its_spread_does_not():
    row = one(
        outcome="hba1c", unit="mmol/mol", timepoint="baseline", center="53", spread="10",
        spread_type="sd",
    )  # fmt: skip
    assert row["center"] == pytest.approx(0.09148 * 53 + 2.152)
    assert row["spread"] == pytest.approx(0.9148)
    change = one(outcome="hba1c", unit="mmol/mol", center="-11")
    assert change["center"] == pytest.approx(-11 * 0.09148), "no offset in a change"


def test_a_contrast_interval_gives_its_standard_error():
    row = one(
        outcome="liver_fat", unit="percent", timepoint="contrast", center="-2", lower="-3.96",
        upper="-0.04", spread_type="ci95", comparator_arm_id="b",
    )  # fmt: skip
    # (-0.04 + 3.96) / (2 x 1.95996) = 1.00002
    assert row["se_printed"] == pytest.approx(1.0, abs=1e-4)
    assert one(outcome="liver_fat", unit="percent", center="-2")["se_printed"] is None


def test_a_centre_that_is_not_printed_is_the_middle_of_the_interval():
    row = one(outcome="liver_fat", unit="percent", lower="-3", upper="-1", spread_type="ci95")
    assert (row["center"], row["printed_center"]) == (-2.0, "-2")


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"spread_type": "sd", "spread": "0.0"}, "none"),  # rounded away
        ({"spread_type": "sd"}, "none"),
        ({"spread_type": ""}, "none"),
        ({"spread_type": "iqr", "spread": "3"}, "none"),  # a width without bounds
        ({"spread_type": "ci95", "lower": "-3", "upper": "1"}, "ci95"),
        ({"spread_type": "sd_or_se", "spread": "0.4"}, "sd_or_se"),
    ],
)
def test_kind_of_spread(columns, kind):
    row = one(outcome="body_weight", unit="kg", center="-1", **columns)
    assert row["spread_kind"] == kind
    if kind == "none":
        assert row["spread"] is row["lower"] is row["upper"] is None


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"outcome": "other:twice", "center": "1"}, "repeats_another_row"),
        ({"outcome": "other:leptin", "center": "1"}, "outcome_not_analysed"),
        ({"outcome": "other:leptin"}, "outcome_not_analysed"),
        ({"outcome": "liver_fat", "qualitative": "decreased"}, "direction_only"),
        ({"outcome": "liver_fat", "p_value": "0.04"}, "p_value_only"),
        ({"outcome": "liver_fat"}, "no_number"),
    ],
)
def test_rows_that_end_here_say_why(columns, reason):
    numeric, directions, fates, _ = read(raw_row(**columns))
    assert not numeric
    assert [f["reason"] for f in fates] == [reason]
    assert len(directions) == (reason == "direction_only")


def test_all_unknown_units_are_found_at_once_with_their_place():
    rows = [
        raw_row(3, outcome="body_weight", unit="stone", center="1"),
        raw_row(4, outcome="body_weight", unit="kg", center="1"),
        raw_row(7, outcome="liver_fat", unit="furlong", center="1"),
    ]
    numeric, _, fates, findings = read(*rows)
    assert len(numeric) == 1
    assert not fates
    assert [(f.path, f.line, f.column) for f in findings] == [
        ("data/raw/set/measurements.csv", 3, "unit"),
        ("data/raw/set/measurements.csv", 7, "unit"),
    ]
    assert "'stone' for outcome body_weight; expected one of kg, lb" in str(findings[0])
    assert "config/outcomes.yaml" in str(findings[0])


@pytest.mark.parametrize(
    ("text", "op", "value"),
    [("<.01", "<", 0.01), ("0.30", "=", 0.3), ("NS", ">", 0.05), ("significant", "<", 0.05),
     (">0.1", ">", 0.1)],
)  # fmt: skip
def test_printed_p(text, op, value):
    p = printed_p(text)
    assert (p.op, p.value, p.text) == (op, value, text)


@pytest.mark.parametrize("text", ["", "0.000", ".003 to .01", "<0.01 v control", "time 0.17"])
def test_prose_is_no_p_value(text):
    assert printed_p(text) is None


def liver_fat(center: float, timepoint: str, scale: str = "lipid_to_water", **more) -> dict:
    row = {
        "trial_id": "t", "outcome": "liver_fat", "timepoint": timepoint, "scale": scale,
        "unit": scale, "center": center, "lower": None, "upper": None, "spread": None,
        "se_printed": None, "rounding": 0.05, "scale_note": "",
    }  # fmt: skip
    return row | more


def test_lipid_to_water_becomes_a_fat_fraction():
    rows = [
        liver_fat(25.0, "baseline", spread=10.0),
        liver_fat(11.1111, "post", scale="percent", lower=0.0, spread=5.0),
        liver_fat(-5.0, "change", spread=4.0, lower=-9.0, upper=-1.0),
        liver_fat(-30.0, "change", scale="percent_relative"),
    ]
    convert_lipid_to_water(rows)
    base, post, change, relative = rows
    # 100 x 25 / 125 = 20; slope there 1 / 1.25² = 0.64: 10 -> 6.4
    assert (base["center"], base["spread"]) == pytest.approx((20.0, 6.4))
    # 100 x 11.1111 / 111.1111 = 10; a trial is measured in one way, whatever its rows say
    assert (post["center"], post["lower"]) == pytest.approx((10.0, 0.0), abs=1e-4)
    # its spread converts at its own level: 5 / 1.1111² = 4.05, not 5 x 0.64
    assert post["spread"] == pytest.approx(4.05, abs=1e-3)
    # a change converts by the slope at the mean baseline: x 0.64
    assert (change["center"], change["spread"]) == pytest.approx((-3.2, 2.56))
    assert (change["lower"], change["upper"]) == pytest.approx((-5.76, -0.64))
    assert {r["scale"] for r in rows[:3]} == {"percent"}
    assert "mean baseline" in change["scale_note"]
    assert (relative["center"], relative["scale"]) == (-30.0, "percent_relative")


@pytest.mark.parametrize("convert", [True, False])
def test_lipid_to_water_stays_apart_without_a_baseline_or_by_plan(convert):
    rows = [liver_fat(-5.0, "change"), liver_fat(20.0, "post", scale="percent")]
    if not convert:
        rows.append(liver_fat(25.0, "baseline"))
    convert_lipid_to_water(rows, convert)
    assert {r["scale"] for r in rows} == {"lipid_to_water"}
    assert rows[0]["center"] == -5.0


def test_fat_fractions_of_another_trial_are_left_alone():
    rows = [liver_fat(25.0, "baseline"), liver_fat(25.0, "baseline", scale="percent")]
    rows[1]["trial_id"] = "u"
    convert_lipid_to_water(rows)
    assert (rows[0]["center"], rows[1]["center"]) == (20.0, 25.0)
