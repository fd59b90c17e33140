"""The figure of the verdict rule's errors, and the table that it draws."""

import matplotlib.pyplot as plt
import pytest
from figure_checks import assert_legible, marks, words

from liverfit.plots.calibration import calibration, calibration_table

SHARES = {"supported": 0.02, "refuted": 0.01, "inconclusive": 0.97, "untestable": 0.0}


def claim(name="exercise", k=5, statement="Exercise lowers liver fat."):
    return {"claim": name, "statement": statement, "verdict": "supported",
            "lines": [{"role": "primary", "k": k}, {"role": "secondary", "k": 99}]}  # fmt: skip


def rates(name="exercise", false=0.02, power=0.8, count=400, **changes):
    scenarios = {
        "null": {**SHARES, "supported": false, "simulations": count},
        "null_more_heterogeneity": {**SHARES, "supported": false, "simulations": count},
        "smallest_effect": {**SHARES, "supported": power, "simulations": count},
    }
    return {"claim": name, "status": "ok", "reason": "", "warning": "", "scenarios": scenarios,
            "false_positive_scenario": "null", **changes}  # fmt: skip


def refused(name, why):
    return rates(name, status="not_run", reason=why, scenarios={}, false_positive_scenario=None)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_rates_have_wilson_intervals():
    row = calibration_table([claim()], [rates(false=0.0)]).iloc[0]
    assert (row["false_positive_rate"], row["false_positive_rate_ci_lower"]) == (0.0, 0.0)
    # z² / (n + z²), Wilson's upper limit where nothing was seen
    assert row["false_positive_rate_ci_upper"] == pytest.approx(1.96**2 / (400 + 1.96**2), rel=1e-3)
    assert (row["power"], row["false_negative_rate"], row["k"]) == (0.8, 0.01, 5)


def test_the_false_positive_rate_is_that_of_the_least_favourable_scenario():
    found = rates()
    found["scenarios"]["null_in_other"] = {**SHARES, "supported": 0.04, "simulations": 400}
    found["false_positive_scenario"] = "null_in_other"
    assert calibration_table([claim()], [found])["false_positive_rate"].tolist() == [0.04]


def test_a_claim_without_calibration_is_named():
    with pytest.raises(ValueError, match="no calibration of: exercise"):
        calibration_table([claim()], [])


def test_every_rate_is_a_mark_and_refusals_stand_with_their_reason():
    claims = [claim(), claim("other"), claim("third")]
    found = [refused("third", "1 usable trial, 3 are needed"), rates(), rates("other")]
    fig = calibration(calibration_table(claims, found))
    assert len(marks(fig, "rate-power")) == 2
    assert len(marks(fig, "rate-false_positive_rate")) == 4
    assert "Not calibrated (1 usable trial, 3 are needed): third." in words(fig)
    assert_legible(fig)


def test_a_warning_is_printed_and_the_axis_reaches_the_rate():
    warned = rates(false=0.31, warning="the rule errs in 31 % of simulations")
    fig = calibration(calibration_table([claim()], [warned]))
    assert "The rule errs in 31 % of simulations." in words(fig)
    panel = next(ax for ax in fig.axes if ax.get_label() == "false")
    assert panel.get_xlim()[1] > 0.31
    assert_legible(fig)


def test_power_that_is_not_defined_is_said():
    found = rates(reason="no smallest effect of interest: power is not defined")
    del found["scenarios"]["smallest_effect"]
    fig = calibration(calibration_table([claim()], [found]))
    assert "not defined" in words(fig)
    assert not marks(fig, "rate-power")


@pytest.mark.parametrize("count", [0, 1, 60])
def test_any_number_of_claims_and_long_statements_stay_legible(count):
    claims = [claim(f"claim_{i}", 60, "A statement of $some length, " * 9) for i in range(count)]
    fig = calibration(calibration_table(claims, [rates(c["claim"]) for c in claims]))
    assert_legible(fig)
