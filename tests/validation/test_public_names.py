"""Every public name as documented, on data that no other test uses.

The fast tests call each function on small made-up trials and look at names, shapes and units of
what comes back; the slow one compares with metafor and clubSandwich, run in the same session on
data sets of metadat that tests/reference does not carry.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from liverfit import effects, meta

RNG = np.random.default_rng(20)
K = 9
VI = RNG.uniform(0.02, 0.2, K)
YI = RNG.normal(-0.4, np.sqrt(VI + 0.05))
DOSE = np.linspace(60, 220, K).round()
TRIAL = [f"trial {i // 2}" for i in range(K)]
ROWS = (
    ["s1", "s2", "s3", "s4", "s4", "s4", "s5"],
    ["aerobic", "resistance", "aerobic", "aerobic", "aerobic", "resistance", "aerobic+diet"],
    ["control", "control", "resistance", "control", "resistance", "control", "control"],
    [-1.0, -0.6, -0.5, -1.2, -0.3, -0.9, -1.9],
    [0.3, 0.35, 0.4, 0.3, 0.32, 0.31, 0.4],
)


def lists(*arrays: object) -> list:
    """Plain lists, as a user would type them."""
    return [np.asarray(a).tolist() for a in arrays]


@pytest.mark.parametrize("mods", [None, DOSE, DOSE[:, None], DOSE.tolist()])
def test_random_effects(mods: object) -> None:
    p = 1 if mods is None else 2
    r = meta.random_effects(
        *lists(YI, VI), mods=mods, method="REML", test="knha", level=0.9, intercept=True
    )
    for name in ("coef", "se", "pvalue"):
        assert getattr(r, name).shape == (p,)
    assert r.ci.shape == (p, 2)
    assert (r.ci[:, 0] < r.coef).all()
    assert r.k == K
    assert 0 <= r.i2 <= 100
    assert r.h2 == pytest.approx(1 / (1 - r.i2 / 100))
    for name in ("tau2", "q", "q_pvalue", "loglik", "qm", "qm_pvalue"):
        assert np.isfinite(getattr(r, name))
    low, high = r.tau2_ci
    assert 0 <= low < high
    if mods is None:
        assert r.r2 is None
        assert r.prediction_interval[0] < r.ci[0, 0]
    else:
        assert 0 <= r.r2 <= 100
    columns = ["rstudent", "dffits", "cook", "hat", "tau2_del", "q_del", "coef_del"]
    assert r.influence()[columns].shape == (K, 7)
    assert list(r.summary_frame().columns[:2]) == ["coef", "se"]
    assert len(r.summary_frame()) == p


def test_random_effects_batch() -> None:
    y = np.vstack([YI, YI + 1.0, np.where(np.arange(K) < 3, np.nan, YI)])
    b = meta.random_effects_batch(y, np.vstack([VI] * 3), method="REML", test="knha")
    for name in ("coef", "se", "tau2", "pvalue", "i2", "q"):
        assert getattr(b, name).shape == (3,)
    assert b.ci.shape == b.prediction_interval.shape == (3, 2)
    assert b.coef[1] == pytest.approx(b.coef[0] + 1.0)
    assert b.k.tolist() == [K, K, K - 3]
    assert len(b.summary_frame()) == 3


@pytest.mark.parametrize("full", [False, True])
def test_multilevel(full: bool) -> None:
    V = np.diag(VI) + 0.01 * np.array([[a == b for b in TRIAL] for a in TRIAL]) if full else VI
    m = meta.multilevel(YI, V, groups=[TRIAL, list(range(K))], mods=DOSE[:, None], method="REML")
    assert m.coef.shape == m.se.shape == (2,)
    assert m.sigma2.shape == (2,)
    assert np.isfinite(m.loglik)
    for kind in ("CR2", "CR1"):
        r = m.robust(TRIAL, kind=kind)
        for name in ("coef", "se", "df", "pvalue"):
            assert getattr(r, name).shape == (2,)
        assert len(r.summary_frame()) == 2
    assert len(m.summary_frame()) == 2


@pytest.mark.parametrize("structure", ["UN", "CS", "HCS", "DIAG"])
def test_multivariate(structure: str) -> None:
    rng = np.random.default_rng(5)
    J = 8
    outcome, trial = ["weight", "fat"] * J, np.repeat(np.arange(J), 2)
    V = np.kron(np.diag(rng.uniform(0.02, 0.1, J)), [[1.0, 0.4], [0.4, 1.0]])
    truth = rng.multivariate_normal([-1.0, -2.0], [[0.2, 0.1], [0.1, 0.3]], J).ravel()
    y = truth + np.linalg.cholesky(V) @ rng.normal(size=2 * J)
    v = meta.multivariate(y, V, outcome, trial, structure=structure, mods=None)
    assert v.outcomes == ("fat", "weight")  # sorted
    assert v.coef[0] == pytest.approx(-2.0, abs=1.0)
    assert v.coef.shape == v.se.shape == v.tau2.shape == (2,)
    assert v.vcov.shape == (2, 2)
    assert np.size(v.rho) == (0 if structure == "DIAG" else 1)
    assert np.isfinite(v.loglik)
    c = v.conditional(target="fat", given="weight", at=0.0)
    assert c.ci[0] < c.estimate < c.ci[1]
    assert c.se > 0
    assert len(c.summary_frame()) == 1
    assert len(v.summary_frame()) == 2


@pytest.mark.parametrize("method", ["DL", "REML", "common"])
def test_network(method: str) -> None:
    n = meta.network(*ROWS, reference="control", method=method)
    names = ["aerobic", "aerobic+diet", "control", "resistance"]
    for table in (n.effects, n.standard_errors):
        assert list(table.index) == list(table.columns) == names
    assert n.effects.loc["aerobic", "control"] < 0  # row minus column, te is treat1 minus treat2
    assert n.effects.loc["control", "aerobic"] == -n.effects.loc["aerobic", "control"]
    for value in (n.tau, n.q, n.q_inconsistency, n.i2):
        assert np.isfinite(value)
    good = n.p_scores(small_is_good=True)
    assert good.idxmax() == "aerobic+diet"
    assert (good + n.p_scores(small_is_good=False)).to_numpy() == pytest.approx(np.ones(4))
    split = n.split()
    assert {"direct", "indirect", "difference", "pvalue"} <= set(split.columns)
    assert n.league_table().shape == (4, 4)
    assert len(n.summary_frame()) == 3


def test_component_network() -> None:
    c = meta.component_network(*ROWS, inactive="control", sep="+")
    assert list(c.components.index) == ["aerobic", "diet", "resistance"]
    assert {"coef", "se", "ci_lower", "ci_upper"} <= set(c.components.columns)
    total = c.components["coef"]["aerobic"] + c.components["coef"]["diet"]
    assert c.effects.loc["aerobic+diet", "control"] == pytest.approx(total)
    for value in (c.q_additive, c.q_difference, c.tau):
        assert np.isfinite(value)
    assert len(c.summary_frame()) == 3


def test_small_study_effects() -> None:
    for model in ("lm", "rma"):
        e = meta.egger_test(YI, VI, model=model)
        assert 0 <= e.pvalue <= 1
        assert np.isfinite(e.statistic)
        assert len(e.summary_frame()) == 1
    rank = meta.rank_test(YI, VI)
    assert -1 <= rank.statistic <= 1
    for estimator in ("L0", "R0"):
        for side in (None, "left", "right"):
            t = meta.trim_and_fill(YI, VI, estimator=estimator, side=side)
            assert t.side == (side or t.side)
            assert t.k0 >= 0
            assert t.coef.shape == t.se.shape == (1,)
            assert np.ravel(t.ci).shape == (2,)
            assert len(t.summary_frame()) == 1
    pet = meta.pet_peese(YI, VI)
    assert pet.selected in ("PET", "PEESE")
    for alternative in ("less", "greater", "two-sided"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", meta.StatisticalWarning)
            s = meta.selection_model(YI, VI, steps=(0.1,), alternative=alternative)
        assert s.weights.shape == (2,)
        assert s.coef.shape == s.se.shape == (1,)
        assert s.tau2 >= 0
        assert s.lrt >= 0
        assert 0 <= s.lrt_pvalue <= 1


def test_the_rest() -> None:
    b = meta.bayes_random_effects(YI, VI, effect_prior=(0, 2), tau_prior=("half-normal", 0.5))
    assert b.study_mean.shape == (K,)
    assert 0 < b.probability_below(-0.2) < 1
    assert b.predictive_below(-0.2) < b.probability_below(-0.2) or b.coef[0] > -0.2
    assert b.bayes_factor > 0
    assert len(b.summary_frame()) == 3
    one = meta.permutation_test(YI, VI, DOSE, iterations=50, seed=3)
    assert one.pvalue.tolist() == meta.permutation_test(YI, VI, DOSE, 50, 3).pvalue.tolist()
    grown = meta.cumulative(YI, VI, order=DOSE[::-1])
    assert grown["study"].tolist() == list(range(K))[::-1]
    assert len(meta.random_effects(YI, VI).leave_one_out()) == K
    plan = meta.power([-0.4, -0.8], VI, tau2=0.05, alternative="less")
    assert plan.power[0] < plan.power[1]
    study, dose = np.repeat(["a", "b", "c"], 4), np.tile([0, 60, 120, 180], 3)
    level = -0.01 * dose + RNG.normal(0, 0.1, 12)
    curve = {"n": np.full(12, 30), "sd": np.full(12, 1.2)}
    for approach, shape in (
        ("two-stage", "linear"),
        ("one-stage", "linear"),
        ("one-stage", "rcs"),
    ):
        d = meta.dose_response(study, dose, level, shape=shape, approach=approach, **curve)
        assert np.isfinite(d.coef).all()
        assert len(d.summary_frame()) == (2 if shape == "rcs" else 1)


def test_effects_agree_with_each_other() -> None:
    """Routes that must meet, on numbers of no other test."""
    md = effects.mean_difference(7.1, 2.9, 14, 9.4, 3.3, 11)
    assert md.yi == pytest.approx(-2.3)
    low, high = md.ci()
    assert effects.se_from_ci(low, high) == pytest.approx(md.se)
    p = effects.p_from_t(md.yi / md.se, 23)
    assert effects.se_from_p(md.yi, p, df=23) == pytest.approx(md.se)
    sd = effects.change_sd(3.1, 2.7, 0.55)
    assert effects.correlation_from_sds(3.1, 2.7, sd) == pytest.approx(0.55)
    pre_post = effects.pre_post_control(11, 3.1, 8, 2.7, 14, 10.8, 3.0, 10.1, 3.2, 11, 0.55)
    control_sd = effects.change_sd(3.0, 3.2, 0.55)
    direct = effects.mean_change_difference(-3, sd, 14, -0.7, control_sd, 11)
    assert (pre_post.yi, pre_post.vi) == pytest.approx((direct.yi, direct.vi))
    ratio = effects.log_ratio_of_means(7.1, 2.9, 14, 9.4, 3.3, 11)
    assert effects.log_ratio_to_percent(ratio.yi) == pytest.approx(100 * (7.1 / 9.4 - 1))
    d = effects.d_ppc2(11, 3.1, 8, 14, 10.8, 3.0, 10.1, 11, 0.55)
    assert d.yi < 0
    mean, spread = effects.mean_sd_from_quantiles(8.0, 40, q1=6.0, q3=10.0, method="wan")
    assert mean == pytest.approx(8.0)
    assert spread == pytest.approx(4.0 / 1.35, rel=0.06)


# ---- against R --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def live() -> dict:
    script = Path(__file__).with_name("live.R")
    done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, check=False)
    if "there is no package" in done.stderr:
        pytest.skip(done.stderr.splitlines()[0])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def near(ours: object, theirs: object, rel: float = 1e-6) -> None:
    expected = np.ravel(np.asarray(theirs, dtype=float))
    scale = np.abs(expected).max()
    assert np.ravel(ours) == pytest.approx(expected, rel=rel, abs=1e-9 + 1e-7 * scale)


def _gibson(g: dict) -> None:
    """Asthma self-management, standardised mean differences (dat.gibson2002)."""
    arms = pd.DataFrame(g["arms"])
    smd = effects.standardized_mean_difference(
        arms["m1i"], arms["sd1i"], arms["n1i"], arms["m2i"], arms["sd2i"], arms["n2i"]
    )
    near(smd.yi, g["yi"], 1e-10)
    near(smd.vi, g["vi"], 1e-10)
    y, v, year = g["yi"], g["vi"], g["year"]
    assert len(g["fits"]) == 36
    for case in g["fits"]:
        mods = year if case["mods"] else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", meta.StatisticalWarning)
            r = meta.random_effects(y, v, mods, case["method"], case["test"])
        names = ["coef", "se", "pvalue", "tau2", "i2", "h2", "q", "loglik"]
        for name in [*names, *(["qm"] if case["mods"] else [])]:
            near(getattr(r, name), case[name], 1e-5)
        near(r.ci.T, [case["lower"], case["upper"]], 1e-5)
        if not case["mods"]:
            near(r.prediction_interval, case["pi"], 1e-5)
        elif case["r2"] is not None:
            near(r.r2, case["r2"], 1e-5)
    r = meta.random_effects(y, v)
    near(r.tau2_ci, g["tau2_ci"], 1e-5)
    normal = meta.random_effects(y, v, test="z")
    for name, column in g["influence"].items():
        near(r.influence()[name], column, 1e-5)
    near(normal.influence()["coef_del"], g["coef_del"], 1e-5)
    near(meta.cumulative(y, v, order=year, test="z")["coef"], g["cumulative"], 1e-5)
    for test, theirs in (
        (meta.egger_test(y, v, model="rma"), g["egger_rma"]),
        (meta.egger_test(y, v, model="lm"), g["egger_lm"]),
        (meta.rank_test(y, v), g["rank"]),
    ):
        near([test.statistic, test.pvalue], theirs, 1e-5)
    filled = meta.trim_and_fill(y, v)
    assert (filled.k0, filled.side) == (g["trimfill"]["k0"], g["trimfill"]["side"])
    near([filled.coef[0], filled.se[0]], [g["trimfill"]["coef"], g["trimfill"]["se"]], 1e-5)
    s, theirs = meta.selection_model(y, v, alternative="less"), g["selection"]
    for name in ("coef", "se", "tau2", "weights", "lrt"):
        assert np.ravel(getattr(s, name)) == pytest.approx(
            np.ravel(theirs[name]), rel=1e-3, abs=1e-5
        )
    assert s.lrt_pvalue == pytest.approx(theirs["pvalue"], abs=1e-3)


def _lopez(d: dict) -> None:
    """Cognitive behavioural therapy for depression, arms within trials (dat.lopez2019)."""
    arm = list(range(len(d["yi"])))
    for key, mods in (("plain", None), ("grouped", d["group"])):
        theirs = d[key]
        m = meta.multilevel(d["yi"], d["vi"], groups=[d["study"], arm], mods=mods)
        assert m.loglik >= theirs["loglik"] - 1e-8
        for name in ("coef", "se", "sigma2", "q", "loglik"):
            near(getattr(m, name), theirs[name], 1e-5)
        r = m.robust(d["study"], kind="CR2")
        near(r.se, theirs["robust_se"], 1e-5)
        near(r.df, theirs["df"], 1e-5)
        near(r.pvalue, theirs["pvalue"], 1e-4)


def _pagliaro(d: dict) -> None:
    """First bleeding in cirrhosis, log odds by arm, trials of two or three (dat.pagliaro1992)."""
    rows = []
    arms = pd.DataFrame({name: d[name] for name in ("study", "trt", "yi", "vi")})
    for study, trial in arms.groupby("study"):
        records = list(trial.itertuples())
        for i, a in enumerate(records):
            rows += [
                (study, a.trt, b.trt, a.yi - b.yi, (a.vi + b.vi) ** 0.5) for b in records[i + 1 :]
            ]
    n = meta.network(*zip(*rows, strict=True), reference=d["nodes"][0], method="REML")
    assert list(n.treatments) == d["nodes"]
    first = d["nodes"][0]
    near(n.effects[first].drop(first), d["coef"], 1e-5)
    near(n.standard_errors[first].drop(first), d["se"], 1e-5)
    near(n.tau2, d["tau2"], 1e-5)
    near(n.q, d["q"], 1e-5)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
@pytest.mark.parametrize("name", ["gibson", "lopez", "pagliaro"])
def test_agrees_with_r(live: dict, name: str) -> None:
    {"gibson": _gibson, "lopez": _lopez, "pagliaro": _pagliaro}[name](live[name])
