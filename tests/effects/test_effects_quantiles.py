"""Means and SDs from quantiles: published numbers, hand arithmetic, simulation, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import gammaincinv, ndtr, ndtri

from liverfit import effects

centres = st.floats(-50, 50)
steps = st.floats(0.1, 20)
sizes = st.integers(5, 500)


@pytest.mark.parametrize("n", [5, 10, 15, 20, 30, 40, 50, 200])
def test_range_of_a_normal_sample(n):
    # the divisor of Wan (2014), eq. 9, approximates the expected range of n standard normals
    xi, _ = quad(lambda x: 1 - ndtr(x) ** n - ndtr(-x) ** n, -12, 12)
    assert 1 / effects.sd_from_quantiles(n, minimum=0, maximum=1) == pytest.approx(xi, rel=0.02)


def test_sd_from_range_by_hand():
    # Wan (2014), eq. 9, n = 30: (10 - 1)/(2·Φ⁻¹(29.625/30.25))
    sd = effects.sd_from_quantiles(30, minimum=1, maximum=10)
    assert sd == pytest.approx(9 / (2 * ndtri(29.625 / 30.25)), rel=1e-14)


def test_sd_from_quartiles_by_hand():
    # (0.75·100 - 0.125)/(100.25) = 0.746883; Φ⁻¹ = 0.664711...; 0.02/(2·0.6647) = 0.0150441
    assert round(effects.sd_from_quantiles(100, q1=0.02, q3=0.04), 7) == 0.0150441
    # large n: the divisor tends to 1.35 (Wan 2014)
    assert 1 / effects.sd_from_quantiles(1e7, q1=0, q3=1) == pytest.approx(1.349, abs=5e-4)


def test_sd_from_five_numbers_by_hand():
    # n = 81: ξ = 2Φ⁻¹(80.625/81.25), η = 2Φ⁻¹(60.625/81.25)
    xi, eta = 2 * ndtri(80.625 / 81.25), 2 * ndtri(60.625 / 81.25)
    numbers = {"minimum": 1, "q1": 3, "q3": 6, "maximum": 11}
    assert effects.sd_from_quantiles(81, **numbers, method="wan") == pytest.approx(
        (10 / xi + 3 / eta) / 2, rel=1e-14
    )
    # Shi: 81^0.6 = 13.9666 (3^2.4), weight of the range 1/(1 + 0.07·13.9666) = 0.50565
    w = 1 / (1 + 0.07 * 3**2.4)
    assert round(w, 5) == 0.50565
    assert effects.sd_from_quantiles(81, **numbers) == pytest.approx(
        w * 10 / xi + (1 - w) * 3 / eta, rel=1e-14
    )


def test_shi_shortcut_formula():
    # Shi et al. (2020) also print (b - a)/θ1 + (q3 - q1)/θ2 with
    # θ1 = (2 + 0.14 n^0.6)·Φ⁻¹(...), θ2 = (2 + 2/(0.07 n^0.6))·Φ⁻¹(...)
    n = np.array([5.0, 25, 150, 2000])
    theta1 = (2 + 0.14 * n**0.6) * ndtri((n - 0.375) / (n + 0.25))
    theta2 = (2 + 2 / (0.07 * n**0.6)) * ndtri((0.75 * n - 0.125) / (n + 0.25))
    ours = effects.sd_from_quantiles(n, minimum=0, q1=2, q3=5, maximum=9)
    assert_allclose(ours, 9 / theta1 + 3 / theta2, rtol=1e-13)


def test_luo_means_by_hand():
    # n = 16: n^0.75 = 8, n^0.55 = 2^2.2 = 4.59479
    # range: w = 4/12; 1/3·(0 + 12)/2 + 2/3·5 = 5.3333
    assert effects.mean_from_quantiles(5, 16, minimum=0, maximum=12) == pytest.approx(16 / 3)
    # quartiles: w = 0.7 + 0.39/16 = 0.724375; w·(4 + 8)/2 + (1 - w)·5 = 5.724375
    assert effects.mean_from_quantiles(5, 16, q1=4, q3=8) == pytest.approx(5.724375, rel=1e-14)
    # five: w1 = 2.2/10.2, w2 = 0.7 - 0.72/4.59479 = 0.543301; 5 + w1 + w2 = 5.758988
    five = effects.mean_from_quantiles(5, 16, minimum=0, q1=4, q3=8, maximum=12)
    assert five == pytest.approx(5 + 2.2 / 10.2 + 0.7 - 0.72 / 2**2.2, rel=1e-14)


def test_wan_means_by_hand():
    wan = {"method": "wan"}
    assert effects.mean_from_quantiles(5, 16, minimum=0, maximum=12, **wan) == 22 / 4
    assert effects.mean_from_quantiles(5, 16, q1=4, q3=8, **wan) == pytest.approx(17 / 3)
    five = effects.mean_from_quantiles(5, 16, minimum=0, q1=4, q3=8, maximum=12, **wan)
    assert five == (0 + 8 + 10 + 16 + 12) / 8


def test_skewness_statistics_by_hand():
    # n = 100, range 0 to 10 around 2: |10 - 4|/10; 1/ln 109 + 2.5/101
    test = effects.skewness_test(2, 100, minimum=0, maximum=10)
    assert_allclose(test[:2], (0.6, 1 / math.log(109) + 2.5 / 101), rtol=1e-14)
    assert test.skewed is True
    # quartiles 1 and 5: |6 - 4|/4 = 0.5; 0.265 - 0.0006
    test = effects.skewness_test(2, 100, q1=1, q3=5)
    assert_allclose(test[:2], (0.5, 0.2644), rtol=1e-12)
    # both: 2.65·ln 60/10·0.6 = 0.6510 > 0.5; 0.3 - 0.00004
    test = effects.skewness_test(2, 100, minimum=0, q1=1, q3=5, maximum=10)
    assert_allclose(test[:2], (0.159 * math.log(60), 0.29996), rtol=1e-12)


def quantiles_of(samples):
    """Minimum, quartiles (n = 4Q + 1, so that they are observations) and maximum of each row."""
    return dict(
        zip(
            ("minimum", "q1", "median", "q3", "maximum"),
            np.quantile(samples, [0, 0.25, 0.5, 0.75, 1], axis=1),
            strict=True,
        )
    )


SETS = {
    "range": ("minimum", "maximum"),
    "quartiles": ("q1", "q3"),
    "five": ("minimum", "q1", "q3", "maximum"),
}


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("n", [25, 101, 401])
def test_skewness_test_keeps_its_level_and_has_power(kind, n):
    rng = np.random.default_rng(n)
    rejected = []
    for samples in (rng.normal(size=(6000, n)), rng.exponential(size=(6000, n))):
        found = quantiles_of(samples)
        given_ = {key: found[key] for key in SETS[kind]}
        rejected.append(effects.skewness_test(found["median"], n, **given_).skewed.mean())
    # 6 000 draws: two standard errors are 0.006; the critical values are fitted curves
    assert 0.035 < rejected[0] < 0.065
    assert rejected[1] > 2 * rejected[0]


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("n", [9, 45, 201])
def test_normal_samples_are_recovered_without_bias(kind, n):
    rng = np.random.default_rng(100 + n)
    samples = rng.normal(50, 10, (20_000, n))
    found = quantiles_of(samples)
    given_ = {key: found[key] for key in SETS[kind]}
    estimate = effects.mean_sd_from_quantiles(found["median"], n, **given_)
    assert estimate.mean.mean() == pytest.approx(50, abs=0.15)
    assert estimate.sd.mean() == pytest.approx(samples.std(axis=1, ddof=1).mean(), rel=0.035)
    # the point of Luo (2018): nearer to the sample's mean than the fixed weights of Wan (2014)
    wan = effects.mean_sd_from_quantiles(found["median"], n, **given_, method="wan")
    truth = samples.mean(axis=1)
    assert np.mean((estimate.mean - truth) ** 2) <= 1.001 * np.mean((wan.mean - truth) ** 2)


def test_shi_beats_wan_in_large_samples():
    rng = np.random.default_rng(8)
    samples = rng.normal(0, 1, (4000, 401))
    found = quantiles_of(samples)
    given_ = {key: found[key] for key in SETS["five"]}
    truth = samples.std(axis=1, ddof=1)
    errors = {
        method: np.mean((effects.sd_from_quantiles(401, **given_, method=method) - truth) ** 2)
        for method in ("shi", "wan")
    }
    assert errors["shi"] < errors["wan"]


@given(centres, steps, steps, sizes, st.sampled_from(["luo", "wan"]))
def test_symmetric_quantiles_give_the_median_exactly(centre, inner, outer, n, method):
    five = {
        "minimum": centre - inner - outer,
        "q1": centre - inner,
        "q3": centre + inner,
        "maximum": centre + inner + outer,
    }
    for keys in SETS.values():
        given_ = {key: five[key] for key in keys}
        mean = effects.mean_from_quantiles(centre, n, **given_, method=method)
        assert_allclose(mean, centre, atol=1e-11)
        test = effects.skewness_test(centre, n, **given_)
        assert test.statistic < 1e-9
        assert test.skewed is False


@given(centres, steps, steps, sizes, st.floats(0.01, 100), st.floats(-100, 100))
def test_shift_and_scale(centre, low, high, n, a, b):
    numbers = {"q1": centre - low, "q3": centre + high}
    moved = {key: a * value + b for key, value in numbers.items()}
    mean, sd = effects.mean_sd_from_quantiles(centre, n, **numbers)
    mean2, sd2 = effects.mean_sd_from_quantiles(a * centre + b, n, **moved)
    assert_allclose((mean2, sd2), (a * mean + b, a * sd), rtol=1e-8, atol=1e-8)


# ---- skewed variables (McGrath 2020) ----------------------------------------------------------


def test_quantile_estimate_as_printed_by_estmeansd():
    # README of estmeansd (stmcg/estmeansd on GitHub): qe.mean.sd(min.val = 2, med.val = 4,
    # max.val = 9, n = 100) prints 4.347284 and 1.502171
    fit = effects.quantile_estimate(4, 100, minimum=2, maximum=9)
    assert_allclose(fit[:2], (4.347284, 1.502171), rtol=2e-5)


def test_box_cox_as_printed_by_estmeansd():
    # an earlier one: bc.mean.sd prints 4.204881 and 1.277236, from 1 100 random draws
    # (SE 0.04 and 0.03)
    fit = effects.box_cox_estimate(4, 100, minimum=2, maximum=9)
    assert fit.mean == pytest.approx(4.204881, abs=0.08)
    assert fit.sd == pytest.approx(1.277236, abs=0.06)


P = np.array([0.25, 0.5, 0.75])


@pytest.mark.parametrize(
    ("quantiles", "mean", "sd", "family"),
    [
        (np.exp(1 + 0.7 * ndtri(P)), math.exp(1.245), None, "log-normal"),
        (gammaincinv(2.5, P) * 3, 7.5, 3 * math.sqrt(2.5), "gamma"),
        (4 * (-np.log(1 - P)) ** (1 / 1.5), 4 * math.gamma(1 + 1 / 1.5), None, "Weibull"),
        (20 + 3 * ndtri(P), 20, 3, "normal"),
        (-20 + 3 * ndtri(P), -20, 3, "normal"),
    ],
)
@pytest.mark.parametrize("unit", [1, 0.001, 250])
def test_quantile_estimate_finds_the_law_the_quartiles_come_from(quantiles, mean, sd, family, unit):
    q1, median, q3 = unit * quantiles
    fit = effects.quantile_estimate(median, 50, q1=q1, q3=q3)
    assert fit.family == family
    assert fit.mean == pytest.approx(unit * mean, rel=1e-5)
    if family == "log-normal":
        sd = mean * math.sqrt(math.expm1(0.49))
    elif family == "Weibull":
        sd = math.sqrt(16 * math.gamma(1 + 2 / 1.5) - mean**2)
    assert fit.sd == pytest.approx(unit * sd, rel=1e-4)


def test_box_cox_of_symmetric_quartiles_is_close_to_no_transformation():
    # power 1 leaves the values as they are: Luo's mean and Wan's SD
    fit = effects.box_cox_estimate(20, 60, q1=17, q3=23)
    plain = effects.mean_sd_from_quantiles(20, 60, q1=17, q3=23)
    assert fit.power == pytest.approx(1, abs=1e-4)
    # the cut at zero, h = 20/4.557 = 4.39 SDs off, takes h·φ(h) = 1.2e-4 from the SD
    assert_allclose(fit[:2], plain, rtol=1.5e-4)


def test_box_cox_of_squares_by_hand():
    # 9, 16, 25 are symmetric as 3, 4, 5: power ½, and x = (4 + σz)² with σ = 1/Φ⁻¹(44.875/60.25).
    # z is standard normal cut at ±h, h = 4/σ: with k = 2φ(h)/(2Φ(h) - 1),
    # E z² = 1 - hk and E z⁴ = 3 E z² - h³k
    fit = effects.box_cox_estimate(16, 60, q1=9, q3=25)
    sigma = 1 / ndtri(44.875 / 60.25)
    h = 4 / sigma
    k = 2 * math.exp(-(h**2) / 2) / math.sqrt(2 * math.pi) / math.erf(h / math.sqrt(2))
    z2 = 1 - h * k
    z4 = 3 * z2 - h**3 * k
    mean = 16 + sigma**2 * z2
    square = 256 + 96 * sigma**2 * z2 + sigma**4 * z4
    assert fit.power == pytest.approx(0.5, abs=1e-6)
    assert_allclose(fit[:2], (mean, math.sqrt(square - mean**2)), rtol=1e-6)


@pytest.mark.parametrize("estimate", [effects.quantile_estimate, effects.box_cox_estimate])
@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("unit", [0.01, 30])
def test_skewed_estimates_scale_with_the_unit(estimate, kind, unit):
    five = {"minimum": 1.0, "q1": 3.0, "q3": 9.0, "maximum": 31.0}
    given_ = {key: five[key] for key in SETS[kind]}
    scaled = {key: unit * value for key, value in given_.items()}
    one, other = estimate(5.0, 40, **given_), estimate(5.0 * unit, 40, **scaled)
    assert_allclose(other[:2], (unit * one.mean, unit * one.sd), rtol=1e-6)
    if estimate is effects.quantile_estimate:
        assert other.family == one.family
    else:
        assert other.power == pytest.approx(one.power, abs=1e-7)


@pytest.mark.parametrize("method", ["qe", "bc"])
@pytest.mark.parametrize("kind", SETS)
def test_skewed_samples_are_recovered_better_than_by_normal_theory(method, kind):
    rng = np.random.default_rng(21)
    samples = rng.lognormal(1.5, 0.8, (80, 101))
    found = quantiles_of(samples)
    given_ = {key: found[key] for key in SETS[kind]}
    skewed = effects.mean_sd_from_quantiles(found["median"], 101, **given_, method=method)
    normal = effects.mean_sd_from_quantiles(found["median"], 101, **given_)
    truth = samples.mean(axis=1)
    assert np.median(np.abs(skewed.mean - truth)) < np.median(np.abs(normal.mean - truth))
    assert skewed.mean.shape == (80,)


def test_families_come_back_as_an_array():
    fit = effects.quantile_estimate([4, 20], 50, q1=[2, 17], q3=[9, 23])
    assert fit.family.shape == (2,)
    assert fit.family[1] == "normal"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effects.sd_from_quantiles(9, q1=1), "q1 and q3: must be given together"),
        (lambda: effects.sd_from_quantiles(9, maximum=1), "minimum and maximum: must be given"),
        (lambda: effects.mean_from_quantiles(4, 9), "must be given"),
        (lambda: effects.sd_from_quantiles([9, 1], q1=0, q3=1), r"n\[1\]: must be at least 2"),
        (lambda: effects.sd_from_quantiles(9, q1=[0, 2], q3=2), r"q3\[1\]: must be above q1"),
        (lambda: effects.sd_from_quantiles(9, q1=3, q3=2), "q3: must be at least q1"),
        (
            lambda: effects.mean_from_quantiles([5, 9], 9, q1=4, q3=8),
            r"q3\[1\]: must be at least median",
        ),
        (
            lambda: effects.mean_from_quantiles(5, 9, minimum=4.5, q1=4, q3=8, maximum=9),
            "q1: must be at least minimum",
        ),
        (lambda: effects.skewness_test(5, 4, q1=4, q3=8), "n: must be at least 5"),
        (lambda: effects.mean_sd_from_quantiles(5, 9, q1=4, q3=8, method="x"), "method: must be"),
        (lambda: effects.sd_from_quantiles(9, q1=4, q3=8, method="luo"), "method: must be"),
        (lambda: effects.quantile_estimate(5, 2, q1=4, q3=8), "n: must be at least 3"),
        (lambda: effects.box_cox_estimate(5, 9, q1=[4, 0], q3=8), r"q1\[1\]: must be above 0"),
        (lambda: effects.box_cox_estimate(4, 9, q1=4, q3=8), "median: must be above q1"),
        (lambda: effects.box_cox_estimate(8, 9, q1=4, q3=8), "q3: must be above median"),
        (lambda: effects.sd_from_quantiles(9, q1=0, q3=math.nan), "q3: must be a finite number"),
    ],
)
def test_refusals_name_argument_and_index(call, message):
    with pytest.raises(ValueError, match=message):
        call()
