"""Agreement with metafor's escalc and R's distributions (tests/reference/effects.R)."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from liverfit import effects

REFERENCE = Path(__file__).parents[1] / "reference"
TIGHT = 1e-12


@pytest.fixture(scope="module")
def expected():
    return json.loads((REFERENCE / "effects.json").read_text())


def agree(effect, numbers, rtol=TIGHT):
    assert_allclose(effect.yi, numbers["yi"], rtol=rtol, atol=1e-14)
    assert_allclose(effect.vi, numbers["vi"], rtol=rtol)


def arms(expected):
    a = expected["arms"]
    return [a[key] for key in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")]


@pytest.mark.parametrize(
    ("measure", "function", "options"),
    [
        ("MD_LS", effects.mean_difference, {}),
        ("MD_HO", effects.mean_difference, {"vtype": "HO"}),
        ("SMD_LS", effects.standardized_mean_difference, {}),
        ("SMD_UB", effects.standardized_mean_difference, {"vtype": "UB"}),
        ("ROM", effects.log_ratio_of_means, {}),
    ],
)
def test_two_arms(expected, measure, function, options):
    agree(function(*arms(expected), **options), expected["two_arms"][measure])


@pytest.mark.parametrize("vtype", ["LS", "UB"])
def test_smd_from_t(expected, vtype):
    a, numbers = expected["arms"], expected["smd_from_t"][vtype]
    agree(effects.smd_from_t(numbers["ti"], a["n1i"], a["n2i"], vtype=vtype), numbers)


def test_one_arm(expected):
    first = arms(expected)[:3]
    agree(effects.arm_mean(*first), expected["one_arm"]["MN"])
    agree(effects.arm_log_mean(*first), expected["one_arm"]["MNLN"])


def test_hedges_correction(expected):
    numbers = expected["hedges"]
    assert_allclose(effects.hedges_correction(numbers["df"]), numbers["factor"], rtol=TIGHT)


def arm(expected, name, *keys):
    return [expected[name][key] for key in keys]


PRE_POST = ("m_pre", "sd_pre", "m_post", "sd_post", "ni")


@pytest.mark.parametrize(
    ("measure", "function", "options"),
    [
        ("MC", effects.mean_change, {}),
        ("SMCC", effects.standardized_mean_change, {"by": "change"}),
        ("SMCR", effects.standardized_mean_change, {"by": "baseline"}),
        ("ROMC", effects.log_mean_change, {}),
    ],
)
def test_change_of_one_arm(expected, measure, function, options):
    numbers = arm(expected, "treated", *PRE_POST, "ri")
    agree(function(*numbers, **options), expected["change"][measure], rtol=1e-11)


@pytest.mark.parametrize(
    ("measure", "function"),
    [("MC", effects.pre_post_control), ("ROMC", effects.log_ratio_of_changes)],
)
def test_change_between_arms(expected, measure, function):
    numbers = [
        *arm(expected, "treated", *PRE_POST),
        *arm(expected, "control", *PRE_POST),
        expected["treated"]["ri"],
    ]
    agree(function(*numbers), expected["contrast"][measure], rtol=1e-11)


def test_pooled_baseline_sd_large_sample_variance(expected):
    keys = ("m_pre", "sd_pre", "m_post", "ni")
    numbers = [*arm(expected, "treated", *keys), *arm(expected, "control", *keys)]
    effect = effects.d_ppc2(*numbers, expected["treated"]["ri"], vtype="LS")
    agree(effect, expected["contrast"]["pooled"])


def test_quantiles_of_t_and_normal(expected):
    numbers = expected["t_from_p"]
    # df near 1 with p near 1: t itself is near zero, hence the absolute tolerance
    assert_allclose(effects.t_from_p(numbers["p"], numbers["df"]), numbers["t"], rtol=1e-10)
    assert_allclose(effects.t_from_p(numbers["z_p"]), numbers["z"], rtol=1e-12)
    assert_allclose(effects.p_from_t(numbers["t"], numbers["df"]), numbers["p"], rtol=1e-9)


def test_divisors_of_confidence_intervals(expected):
    numbers = expected["ci"]
    divisor = 1 / effects.se_from_ci(
        np.zeros(len(numbers["df"])), 1, level=numbers["level"], df=numbers["df"]
    )
    assert_allclose(divisor, numbers["divisor"], rtol=1e-11)
    divisor = 1 / effects.se_from_ci(0, 1, level=numbers["z_level"])
    assert_allclose(divisor, numbers["z_divisor"], rtol=1e-12)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_reference_regenerates(tmp_path, expected):
    script = REFERENCE / "effects.R"
    subprocess.run(["Rscript", str(script), str(tmp_path)], check=True, capture_output=True)
    fresh = json.loads((tmp_path / "effects.json").read_text())
    assert fresh["versions"]["metafor"]
    fresh.pop("versions")
    kept = {key: value for key, value in expected.items() if key != "versions"}
    compare(kept, fresh)


def compare(kept, fresh):
    if isinstance(kept, dict):
        assert kept.keys() == fresh.keys()
        for key in kept:
            compare(kept[key], fresh[key])
    else:
        assert_allclose(fresh, kept, rtol=1e-10)
