"""Agreement with metafor: every estimator and test on eleven published data sets."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from reference_univariate import FOLDER, REFERENCE, close, data, fit, label, moderators

from liverfit import meta

# Relative tolerances of the engine's specification.
TIGHT = ("coef", "se", "q", "i2", "h2", "qm")
LOOSE = ("tau2", "loglik", "pvalue", "q_pvalue", "qm_pvalue", "r2")


def test_the_grid_is_complete() -> None:
    cases = {(c["data"], tuple(c["mods"]), c["method"], c["test"]) for c in REFERENCE["fits"]}
    models = {(c[0], c[1]) for c in cases}
    assert len({name for name, _ in models}) >= 8
    assert any(mods for _, mods in models)
    assert len(cases) == len(models) * 9 * 2


@pytest.mark.parametrize("case", REFERENCE["fits"], ids=label)
def test_fit(case: dict) -> None:
    result = fit(case)
    assert result.k == case["k"]
    for names, rtol in ((TIGHT, 1e-6), (LOOSE, 1e-5)):
        for name in names:
            if name in case:
                close(getattr(result, name), case[name], rtol)
    close(result.ci[:, 0], case["ci_lower"], 1e-6)
    close(result.ci[:, 1], case["ci_upper"], 1e-6)
    if "tau2_ci" in case:
        close(result.tau2_ci, case["tau2_ci"], 1e-6)
    if "pi" in case:
        close(result.prediction_interval, case["pi"], 1e-6)
        close(result.predict().prediction_interval, case["pi"], 1e-6)


@pytest.mark.parametrize("case", REFERENCE["edges"], ids=label)
@pytest.mark.filterwarnings("ignore::liverfit.meta.errors.StatisticalWarning")
def test_edge_case(case: dict) -> None:
    result = meta.random_effects(case["yi"], case["vi"], None, case["method"], case["test"])
    for name in ("coef", "se", "tau2", "i2", "h2", "q", "loglik"):
        close(getattr(result, name), case[name], 1e-6)
    close(result.ci, [case["ci_lower"], case["ci_upper"]], 1e-6)


def test_random_problems() -> None:
    for problem in REFERENCE["fuzz"]:
        for method, theirs in problem["fits"].items():
            ours = meta.random_effects(problem["yi"], problem["vi"], method=method)
            close(ours.coef, theirs["coef"], 1e-6)
            close(ours.se, theirs["se"], 1e-6)
            close(ours.tau2, theirs["tau2"], 1e-5, 1e-9)


@pytest.mark.parametrize("case", REFERENCE["deletion"], ids=label)
def test_influence(case: dict) -> None:
    table = fit(case).influence()
    theirs = {**case["influence"]}
    names = {"cook.d": "cook", "cov.r": "cov_r", "tau2.del": "tau2_del", "QE.del": "q_del"}
    for name, expected in theirs.items():
        close(table[names.get(name, name)], expected, 1e-6)


@pytest.mark.parametrize("case", [c for c in REFERENCE["deletion"] if not c["mods"]], ids=label)
def test_leave_one_out_and_cumulative(case: dict) -> None:
    table = data(case["data"])
    deleted = fit(case).leave_one_out()
    grown = meta.cumulative(table["yi"], table["vi"], method=case["method"], test=case["test"])
    names = {"estimate": "coef", "se": "se", "tau2": "tau2", "I2": "i2"}
    more = {"pval": "pvalue", "ci.lb": "ci_lower", "ci.ub": "ci_upper", "Q": "q"}
    for theirs, ours in {**names, **more}.items():
        close(deleted[ours], case["leave_one_out"][theirs], 1e-6)
    for theirs, ours in names.items():
        close(grown[ours], case["cumulative"][theirs], 1e-6)
    close(deleted["coef"], fit(case).influence()["coef_del"], 1e-12)


@pytest.mark.parametrize("case", REFERENCE["bias"], ids=label)
def test_small_study_effects(case: dict) -> None:
    yi, vi = data(case["data"])["yi"], data(case["data"])["vi"]
    lm, rma = meta.egger_test(yi, vi), meta.egger_test(yi, vi, model="rma")
    for ours, theirs in ((lm, case["lm"]), (rma, case["rma"])):
        close(ours.statistic, theirs["statistic"], 1e-6)
        close(ours.pvalue, theirs["pvalue"], 1e-6)
    assert lm.df == case["lm"]["df"]
    close([rma.limit, *rma.limit_ci], [case["rma"]["limit"], *case["rma"]["limit_ci"]], 1e-6)
    rank = meta.rank_test(yi, vi)
    close([rank.statistic, rank.pvalue], [case["rank"]["tau"], case["rank"]["pvalue"]], 1e-6)
    pair = meta.pet_peese(yi, vi)
    for ours, theirs in ((pair.pet, case["pet"]), (pair.peese, case["peese"])):
        rows = np.column_stack([ours.coef, ours.se, ours.statistic, ours.pvalue])
        close(rows, theirs, 1e-6)
    assert pair.selected == ("PEESE" if case["pet"][0][3] < 0.10 else "PET")
    assert pair.coef[0] == getattr(pair, pair.selected.lower()).coef[0]


@pytest.mark.parametrize("case", REFERENCE["bias"], ids=label)
def test_trim_and_fill(case: dict) -> None:
    yi, vi = data(case["data"])["yi"], data(case["data"])["vi"]
    for theirs in case["trim"]:
        asked = (theirs["estimator"], theirs["side"], theirs["method"])
        ours = meta.trim_and_fill(yi, vi, *asked)
        assert (ours.k0, ours.side) == (theirs["k0"], theirs["side"])
        assert len(ours.filled_yi) == ours.k0
        close([ours.coef[0], ours.se[0]], [theirs["coef"], theirs["se"]], 1e-6)
        close(ours.tau2, theirs["tau2"], 1e-5, 1e-9)
    auto, theirs = meta.trim_and_fill(yi, vi), case["trim_auto"]
    assert (auto.k0, auto.side) == (theirs["k0"], theirs["side"])
    close([auto.coef[0], auto.se[0]], [theirs["coef"], theirs["se"]], 1e-6)


@pytest.mark.parametrize("case", REFERENCE["selection"], ids=lambda c: f"{c['data']}-{c['steps']}")
@pytest.mark.filterwarnings("ignore:the likelihood has a higher")
def test_selection_model(case: dict) -> None:
    table = data(case["data"])
    ours = meta.selection_model(
        table["yi"],
        table["vi"],
        case["steps"],
        case["alternative"].replace(".", "-"),
        moderators(case),
    )
    for name in ("coef", "se", "weights", "lrt", "lrt_pvalue"):
        close(getattr(ours, name), case[name], 1e-3)
    # metafor searches log(tau2), which does not reach zero.
    close(ours.tau2, case["tau2"], 1e-3, 1e-6)
    close(ours.weights_se[1:], case["se_weights"][1:], 1e-3)
    assert ours.loglik >= case["loglik"] - 1e-6


def test_vevea_and_hedges_1995_step_functions() -> None:
    """Their model with several steps, on the validity of interviews (McDaniel 1994) and on passive
    smoking (Hackshaw 1998, with the steps of metafor's own example)."""
    for name, steps in (("mcdaniel1994", [0.01, 0.05, 0.5]), ("hackshaw1998", [0.025, 0.1, 0.5])):
        (case,) = (c for c in REFERENCE["selection"] if c["data"] == name and c["steps"] == steps)
        table = data(name)
        ours = meta.selection_model(table["yi"], table["vi"], steps, "greater")
        assert len(ours.weights) == len(steps) + 1
        assert ours.weights[0] == 1.0
        close(ours.coef, case["coef"], 1e-4)
        close(ours.weights[1:], case["weights"][1:], 1e-3)
        close(ours.lrt, case["lrt"], 1e-4)


@pytest.mark.parametrize("case", REFERENCE["permutation"], ids=lambda c: "-".join(c["mods"]))
def test_exact_permutation(case: dict) -> None:
    six = data("bcg").iloc[:6].assign(half=[0, 1, 0, 1, 1, 0])
    ours = meta.permutation_test(
        six["yi"],
        six["vi"],
        six[case["mods"]] if case["mods"] else None,
        method=case["method"],
        test=case["test"],
    )
    assert ours.exact
    close(ours.pvalue, case["pvalue"], 1e-12)
    close(ours.qm_pvalue, case["qm_pvalue"], 1e-12)


def _has_metafor() -> bool:
    if shutil.which("Rscript") is None:
        return False
    check = subprocess.run(["Rscript", "-e", "library(metafor)"], capture_output=True, check=False)
    return check.returncode == 0


def _compare(ours: object, theirs: object, where: str) -> None:
    if isinstance(ours, dict):
        assert isinstance(theirs, dict)
        assert ours.keys() == theirs.keys(), where
        for key in ours:
            _compare(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), where
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            _compare(a, b, f"{where}[{i}]")
    elif isinstance(ours, float):
        assert theirs == pytest.approx(ours, rel=1e-5, abs=1e-8), where
    else:
        assert ours == theirs, where


@pytest.mark.slow
def test_reference_regenerates(tmp_path) -> None:
    if not _has_metafor():
        pytest.skip("Rscript with metafor is not installed")
    subprocess.run(
        ["Rscript", str(FOLDER / "meta_univariate.R"), str(tmp_path)],
        check=True,
        capture_output=True,
    )
    again = json.loads((tmp_path / "meta_univariate.json").read_text())
    if again["versions"]["metafor"] != REFERENCE["versions"]["metafor"]:
        pytest.skip(f"metafor {again['versions']['metafor']} made other numbers possible")
    again.pop("versions")
    _compare({k: v for k, v in REFERENCE.items() if k != "versions"}, again, "reference")
    for path in (tmp_path / "data").glob("*.csv"):
        pd.testing.assert_frame_equal(pd.read_csv(path), data(path.stem), rtol=1e-12)
