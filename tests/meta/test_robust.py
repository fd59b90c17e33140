"""Cluster-robust variances: agreement with clubSandwich, and their laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from liverfit import meta

SETS = json.loads((Path(__file__).parents[1] / "reference" / "meta_multilevel.json").read_text())[
    "sets"
]
CASES = [
    pytest.param(name, i, kind, id=f"{name}-{i}-{kind}")
    for name, entry in SETS.items()
    for i in range(len(entry["fits"]))
    for kind in ("CR2", "CR1")
]


def fitted(name: str, i: int = 0):
    expected = SETS[name]["fits"][i]
    data = pd.DataFrame(SETS[name]["data"])
    outer, V = data["outer"].to_numpy(), data["vi"].to_numpy()
    if expected["covariance"] == "correlated":
        V = (outer[:, None] == outer[None, :]) * 0.6 * np.sqrt(np.outer(V, V))
        np.fill_diagonal(V, data["vi"])
    groups = [outer, data["inner"].to_numpy()][: 2 if expected["random"] == "nested" else 1]
    mods = data[expected["mods"]] if expected["mods"] else None
    return data, expected, meta.multilevel(data["yi"], V, groups, mods, method=expected["method"])


@pytest.mark.parametrize(("name", "i", "kind"), CASES)
def test_agrees_with_clubsandwich(name: str, i: int, kind: str) -> None:
    data, expected, m = fitted(name, i)
    r = m.robust(data["outer"], kind=kind)
    # The working covariance is the fitted one, so metafor's tolerance on sigma2 enters here.
    assert r.se == pytest.approx(expected[kind]["se"], rel=1e-5)
    assert r.df == pytest.approx(expected[kind]["df"], rel=1e-5)
    assert r.pvalue == pytest.approx(expected[kind]["pvalue"], rel=2e-4)
    assert r.coef == pytest.approx(m.coef)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR1p", "CR2"])
def test_relabelling_and_order_change_nothing(kind: str) -> None:
    data, _, m = fitted("assink2016")
    a = m.robust(kind=kind)
    b = m.robust([f"trial {c}" for c in -data["outer"]], kind=kind)
    shuffled = data.sample(frac=1.0, random_state=4)
    c = meta.multilevel(
        shuffled["yi"], shuffled["vi"], [shuffled["outer"], shuffled["inner"]]
    ).robust(kind=kind)
    for other in (b, c):
        assert other.se == pytest.approx(a.se, rel=1e-7)
        assert other.df == pytest.approx(a.df, rel=1e-6)


def test_intervals_follow_the_satterthwaite_t() -> None:
    _, _, m = fitted("konstantopoulos2011")
    r = m.robust()
    t = stdtrit(r.df[0], 0.975)
    assert r.ci[0] == pytest.approx([r.coef[0] - t * r.se[0], r.coef[0] + t * r.se[0]])
    wide = t * np.sqrt(r.se[0] ** 2 + m.sigma2.sum())
    assert r.prediction_interval == pytest.approx((r.coef[0] - wide, r.coef[0] + wide))
    assert r.summary_frame().loc["intercept", "df"] == r.df[0]
    assert r.clusters == 11


def test_kinds_are_ordered_by_their_factor() -> None:
    _, _, m = fitted("konstantopoulos2011", 1)
    se = {kind: m.robust(kind=kind).se for kind in ("CR0", "CR1", "CR1p")}
    assert se["CR1"] == pytest.approx(se["CR0"] * np.sqrt(11 / 10))
    assert se["CR1p"] == pytest.approx(se["CR0"] * np.sqrt(11 / 9))


def test_cr2_is_unbiased_under_the_working_model() -> None:
    """Pustejovsky & Tipton (2018): E[V_CR2] equals the model-based variance when the working
    covariance is right; here exactly, with the expectation of the meat taken analytically."""
    from liverfit.meta.robust import _adjustment

    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(7), [1, 2, 3, 2, 4, 1, 3])
    k = len(cluster)
    X = np.column_stack([np.ones(k), rng.normal(size=k)])
    M = np.diag(rng.uniform(0.1, 0.6, k)) + 0.3 * (cluster[:, None] == cluster[None, :])
    W = np.linalg.inv(M)
    C = np.linalg.inv(X.T @ W @ X)
    residual = M - X @ C @ X.T
    expected = np.zeros((2, 2))
    for j in range(7):
        at = np.flatnonzero(cluster == j)
        block = np.ix_(at, at)
        A = _adjustment("CR2", M[block], X[at], C, 7, 2)
        left = C @ X[at].T @ np.linalg.inv(M[block]) @ A
        expected += left @ residual[block] @ left.T
    assert expected == pytest.approx(C, rel=1e-9)


def test_single_effect_clusters_with_equal_variances_are_the_t_test() -> None:
    """With k equal variances CR2 is the one-sample t-test: SE s / sqrt(k), k - 1 degrees."""
    y = np.array([0.1, 0.9, -0.4, 0.6, 1.4, 0.3])
    r = meta.multilevel(y, np.full(6, 0.1), [np.arange(6)]).robust()
    assert r.se[0] == pytest.approx(y.std(ddof=1) / np.sqrt(6), rel=1e-9)
    assert r.df[0] == pytest.approx(5.0, rel=1e-9)


def test_duplicated_data_do_not_shrink_the_standard_error() -> None:
    data, _, m = fitted("knapp2017")
    twice = pd.concat([data, data])
    inner = np.arange(len(twice))
    doubled = meta.multilevel(twice["yi"], twice["vi"], [twice["outer"], inner])
    assert doubled.robust().se[0] > 0.9 * m.robust().se[0]


def test_a_cluster_that_fixes_a_coefficient_stays_finite() -> None:
    y, v = [0.1, 0.4, 0.3, 0.9, 0.2, 0.6], np.full(6, 0.1)
    mods = pd.DataFrame({"only_first": [1, 1, 0, 0, 0, 0]})
    r = meta.multilevel(y, v, [[1, 1, 2, 2, 3, 3], range(6)], mods).robust()
    assert np.isfinite(r.se).all()
    assert np.isfinite(r.df).all()


def test_refusals() -> None:
    data, _, m = fitted("konstantopoulos2011")
    with pytest.raises(ValueError, match="kind must be one of"):
        m.robust(kind="HC3")
    with pytest.raises(ValueError, match="two clusters"):
        m.robust(np.zeros(len(data)))
    with pytest.raises(ValueError, match="different clusters"):
        m.robust(np.arange(len(data)))
    with pytest.raises(ValueError, match=r"cluster\[3\]"):
        m.robust([1, 1, 1, None, *[2] * (len(data) - 4)])
