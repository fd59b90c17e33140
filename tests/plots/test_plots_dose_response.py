"""The dose-response figure and the tables behind it."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from figure_checks import assert_legible, marks, words

from liverfit.claims.dose_table import COLUMNS, dose_claims, dose_lines, dose_moderators, dose_table
from liverfit.plots.dose_response import bubble_table, dose_response

CURVE = [
    {"value": v, "estimate": -v / 50, "se": 0.5, "ci_lower": -v / 50 - 1, "ci_upper": -v / 50 + 1}
    for v in (60.0, 120.0, 180.0)
]


def judged(n=6, label="Trial", shape="restricted_cubic_spline", **changes):
    def line(name, model, **extra):
        effects = [
            {"effect_id": f"e{i}", "label": f"{label} {i}", "modality": ("aerobic", "hiit")[i % 2],
             "yi": -1.0 - i % 5, "vi": 0.1 + i / 10, "minutes_per_week": 60.0 + 2 * i}
            for i in range(n)
        ]  # fmt: skip
        return {
            "name": name, "moderator": "minutes_per_week", "specified_model": model,
            "outcome": "liver_fat", "measure": "MD", "unit": "percentage points", "k": n,
            "status": "ok", "status_reason": "", "effects": effects,
            "extra": {"r2": 20.0, "r2_ci_lower": 0.0, "r2_ci_upper": 60.0, "curve": CURVE, **extra},
            **changes,
        }  # fmt: skip

    lines = [line("primary", "meta_regression"), line("bent", shape, nonlinearity_pvalue=0.4)]
    return {"claim": "benefit", "lines": lines}


def draw(claim):
    pairs = dose_lines([claim], "minutes_per_week")
    return dose_response(bubble_table(pairs), dose_table([claim], "minutes_per_week"))


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_a_row_a_point_of_each_curve():
    got = dose_table([judged()], "minutes_per_week")
    assert list(got.columns) == list(COLUMNS)
    assert len(got) == 6
    assert list(got["shape"].unique()) == ["linear", "spline"]
    assert got[got["shape"] == "spline"]["nonlinearity_pvalue"].tolist() == [0.4] * 3
    assert got["estimate"].tolist()[:3] == [-1.2, -2.4, -3.6]


def test_a_line_that_was_not_fitted_has_one_row_with_the_reason():
    claim = judged(status="too_few", status_reason="2 usable trials", extra={})
    got = dose_table([claim], "minutes_per_week")
    assert got["status_reason"].tolist() == ["2 usable trials"] * 2
    assert got["value"].isna().all()


def test_only_claims_that_ask_for_a_spline():
    plain = judged(shape="meta_regression")
    assert dose_table([plain], "minutes_per_week").empty
    plan = [
        {"id": "b", "lines": [{"model": "restricted_cubic_spline", "moderator": "weeks"}]},
        {"id": "a", "lines": [{"model": "meta_regression", "moderator": "minutes_per_week"}, {}]},
    ]
    assert (dose_claims(plan), dose_moderators(plan)) == (["b"], ["weeks"])


def test_bubbles_are_the_effects_whose_dose_is_known():
    claim = judged()
    claim["lines"][0]["effects"][2]["minutes_per_week"] = None
    claim["lines"][1]["effects"][2]["minutes_per_week"] = None
    got = bubble_table(dose_lines([claim], "minutes_per_week"))
    assert len(got) == 5  # once, though both lines hold them
    assert got["se"].tolist() == pytest.approx([0.1**0.5, 0.2**0.5, 0.4**0.5, 0.5**0.5, 0.6**0.5])


@pytest.mark.parametrize("n", [1, 6, 60])
def test_legible_with_few_and_many(n):
    fig = draw(judged(n, label="Long$_name^ of a trial" * 3))
    assert_legible(fig)
    assert marks(fig, "curve-linear")
    assert marks(fig, "band-spline")
    assert "non-linearity" in words(fig)
    assert "R² 20 % (0 to 60)" in words(fig)


def test_what_was_not_fitted_says_why():
    reason = "2 usable trials with minutes_per_week printed, 3 are needed"
    fig = draw(judged(status="too_few", status_reason=reason, extra={}))
    assert_legible(fig)
    assert "Straight line: not fitted. 2 usable trials with minutes per week" in words(fig)
    assert not marks(fig, "curve-")


def test_no_dose_printed_and_no_panel_at_all():
    fig = draw(judged(0, status="too_few", status_reason="none", extra={}))
    assert "No effect prints this dose." in words(fig)
    empty = dose_response(bubble_table([]), pd.DataFrame(columns=list(COLUMNS)))
    assert "No claim asks for a dose-response curve." in words(empty)


def test_real_curves(real_run):
    claim = real_run.claim("benefit_exceeds_calories")
    for moderator in ("minutes_per_week", "weekly_volume", "percent_vo2max", "weeks"):
        table = dose_table([claim], moderator)
        assert set(table["shape"]) == {"linear", "spline"}
        fitted = table[table["status"] == "ok"]
        assert (fitted["ci_lower"] < fitted["ci_upper"]).all()
        assert table[table["status"] != "ok"]["status_reason"].str.len().gt(0).all()
