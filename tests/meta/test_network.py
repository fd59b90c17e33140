"""meta.network and meta.component_network: reference numbers, laws, refusals."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liverfit import meta

SETS = json.loads((Path(__file__).parents[1] / "reference" / "meta_network.json").read_text())[
    "sets"
]
COLUMNS = ["studlab", "treat1", "treat2", "te", "se"]


def columns(name: str) -> list:
    return [SETS[name]["data"][c] for c in COLUMNS]


# Linde 2016 prints six decimals: the three effects of a trial add up only to within 1e-6, and
# rma.mv sees two of them.
@pytest.mark.parametrize("method", ["common", "DL", "REML"])
@pytest.mark.parametrize("name", SETS)
def test_agrees_with_reference(name: str, method: str) -> None:
    expected = SETS[name]["network"]
    n = meta.network(*columns(name), method=method)
    close = 1e-6 if name == "linde2016" else 1e-8
    assert list(n.treatments) == expected["treatments"]
    assert n.effects.to_numpy() == pytest.approx(
        np.array(expected[method]["effects"]), abs=max(close, 1e-7)
    )
    assert n.standard_errors.to_numpy() == pytest.approx(np.array(expected[method]["se"]), abs=1e-7)
    assert n.q == pytest.approx(expected["q"], rel=10 * close)
    assert n.q_df == expected["df"]
    assert n.q_heterogeneity == pytest.approx(expected["q_within"], rel=10 * close)
    assert n.q_heterogeneity_df == expected["df_within"]
    assert n.q_inconsistency_df == expected["df"] - expected["df_within"]
    if method != "common":
        tau2 = float(np.ravel(expected[method]["tau2"])[0])
        assert n.tau2 == pytest.approx(tau2, rel=2e-6, abs=1e-9)
    if method == "DL":
        assert n.p_scores().to_numpy() == pytest.approx(expected["DL"]["p_scores"], abs=1e-7)


def test_senn_2013() -> None:
    """Glucose-lowering drugs, with one trial of three arms: what follows from Rücker's formulas."""
    expected = SETS["senn2013"]["network"]
    n = meta.network(*columns("senn2013"), reference="placebo")
    common = meta.network(*columns("senn2013"), method="common")
    q, df = expected["q"], expected["df"]
    assert (df, expected["df_within"]) == (18, 11)
    assert n.i2 == pytest.approx(100 * (q - df) / q, rel=1e-7)
    assert n.q_inconsistency == pytest.approx(q - expected["q_within"], rel=1e-6)
    assert common.q == pytest.approx(q, rel=1e-7)
    assert n.tau**2 == pytest.approx(n.tau2, rel=1e-12)
    frame, half = n.summary_frame(), 1.959964 * n.standard_errors.loc["acarbose", "placebo"]
    effect = n.effects.loc["acarbose", "placebo"]
    assert frame.loc["acarbose"].iloc[[0, 2, 3]].to_numpy() == pytest.approx(
        [effect, effect - half, effect + half], rel=1e-6
    )


# ---- laws ---------------------------------------------------------------------------------------


def from_arms(arms: list[tuple], jumble: np.random.Generator | None = None) -> list[list]:
    """All comparisons of (study, treatment, mean, variance) rows, their direction at random."""
    rows = []
    for study in dict.fromkeys(a[0] for a in arms):
        for a, b in combinations([a for a in arms if a[0] == study], 2):
            first, second = (a, b) if jumble is None or jumble.random() < 0.5 else (b, a)
            se = np.sqrt(a[3] + b[3])
            rows.append((study, first[1], second[1], first[2] - second[2], se))
    if jumble is not None:
        jumble.shuffle(rows)
    return [list(c) for c in zip(*rows, strict=True)]


@st.composite
def networks(draw: st.DrawFn) -> list[tuple]:
    """Arms of 6 to 12 trials of 2 to 4 out of 5 treatments, connected through A."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    tau = draw(st.sampled_from([0.0, 0.3]))
    arms = []
    for s in range(draw(st.integers(6, 12))):
        chosen = rng.choice(list("BCDE"), rng.integers(1, 4), replace=False)
        pool = ["A", *chosen] if s % 2 or len(chosen) < 2 else list(chosen)
        base = rng.normal()
        for t in pool:
            v = rng.uniform(0.01, 0.1)
            arms.append((s, str(t), base + rng.normal(0, np.sqrt(v + tau**2 / 2)), v))
    arms += [(100 + i, t, 0.1 * i, 0.05) for i, t in enumerate("BCDE")]
    arms += [(100 + i, "A", 0.0, 0.05) for i in range(4)]
    return arms


@given(networks(), st.integers(0, 1000), st.sampled_from(["DL", "REML", "common"]))
@settings(max_examples=15)
def test_direction_and_order_of_rows_do_not_matter(arms, seed: int, method: str) -> None:
    a = meta.network(*from_arms(arms), method=method)
    b = meta.network(*from_arms(arms, np.random.default_rng(seed)), method=method)
    assert b.effects.to_numpy() == pytest.approx(a.effects.to_numpy(), abs=1e-6)
    assert b.standard_errors.to_numpy() == pytest.approx(a.standard_errors.to_numpy(), abs=1e-6)
    assert b.q == pytest.approx(a.q, rel=1e-8)


@given(networks())
@settings(max_examples=15)
def test_table_is_antisymmetric_additive_and_scores_sum(arms) -> None:
    n = meta.network(*from_arms(arms))
    e = n.effects.to_numpy()
    assert e == pytest.approx(-e.T)
    assert e[0, 1] + e[1, 2] == pytest.approx(e[0, 2])
    for small in (True, False):
        assert n.p_scores(small).sum() == pytest.approx(len(e) / 2)
    assert n.p_scores(True).to_numpy() == pytest.approx(1 - n.p_scores(False).to_numpy())
    assert n.q == pytest.approx(n.q_heterogeneity + n.q_inconsistency)


@given(networks())
@settings(max_examples=10)
def test_the_restricted_likelihood_is_that_of_contrasts_with_the_first_arm(arms) -> None:
    """Written out with full covariance matrices, at the estimate and on either side of it."""
    n = meta.network(*from_arms(arms), method="REML")
    y, rows, made = [], [], []
    for study in dict.fromkeys(a[0] for a in arms):
        first, *rest = sorted((a for a in arms if a[0] == study), key=lambda a: a[1])
        for a in rest:
            y.append(a[2] - first[2])
            rows.append([(t == a[1]) - (t == first[1]) for t in n.treatments[1:]])
            made.append((study, a[3], first[3]))
    X = np.array(rows, dtype=float)
    together = np.array([[p[0] == q[0] for q in made] for p in made])
    V = together * np.array([p[2] for p in made]) + np.diag([p[1] for p in made])
    share = 0.5 * (together + np.eye(len(made)))

    def likelihood(tau2: float) -> float:
        W = np.linalg.inv(V + tau2 * share)
        XWX = X.T @ W @ X
        rest = y - X @ np.linalg.solve(XWX, X.T @ W @ y)
        logdets = [np.linalg.slogdet(M)[1] for M in (W, X.T @ X, XWX)]
        constant = (len(y) - X.shape[1]) * np.log(2 * np.pi)
        return 0.5 * (logdets[0] + logdets[1] - logdets[2] - rest @ W @ rest - constant)

    assert n.loglik == pytest.approx(likelihood(n.tau2), rel=1e-8)
    for other in (0.0, 0.9 * n.tau2, 1.1 * n.tau2 + 1e-4, 1.0):
        assert likelihood(other) <= n.loglik + 1e-9


@given(networks(), st.sampled_from([-1.0, 12.0]))
@settings(max_examples=10)
def test_scale(arms, factor: float) -> None:
    rows = from_arms(arms)
    a = meta.network(*rows)
    b = meta.network(*rows[:3], factor * np.array(rows[3]), abs(factor) * np.array(rows[4]))
    assert b.effects.to_numpy() == pytest.approx(factor * a.effects.to_numpy(), abs=1e-8)
    assert b.tau == pytest.approx(abs(factor) * a.tau, rel=1e-6, abs=1e-9)
    assert b.q == pytest.approx(a.q, rel=1e-8)


@given(networks(), st.sampled_from(["DL", "common"]))
@settings(max_examples=15)
def test_direct_and_indirect_pool_to_the_network(arms, method: str) -> None:
    s = meta.network(*from_arms(arms), method=method).split()
    s = s[s["indirect"].notna()]
    w, u = s["direct_se"] ** -2, s["indirect_se"] ** -2
    pooled = (w * s["direct"] + u * s["indirect"]) / (w + u)
    assert pooled.to_numpy() == pytest.approx(s["network"].to_numpy(), abs=1e-8)
    assert ((s["difference"] - (s["direct"] - s["indirect"])).abs() < 1e-12).all()


@given(networks())
@settings(max_examples=10)
def test_pendant_treatment_changes_nothing_else(arms) -> None:
    a = meta.network(*from_arms(arms), method="common")
    b = meta.network(*from_arms([*arms, (999, "A", 0.4, 0.1), (999, "Z", 0.9, 0.1)]),
                     method="common")  # fmt: skip
    inner = b.effects.loc[list("ABCDE"), list("ABCDE")]
    assert inner.to_numpy() == pytest.approx(a.effects.to_numpy(), abs=1e-9)
    assert b.effects.loc["Z", "A"] == pytest.approx(0.5)


@pytest.mark.parametrize(("method", "plain"), [("DL", "DL"), ("REML", "REML"), ("common", "EE")])
def test_two_treatments_are_the_pairwise_model(method: str, plain: str) -> None:
    rng = np.random.default_rng(9)
    te, se = rng.normal(0.4, 0.6, 9), rng.uniform(0.1, 0.5, 9)
    n = meta.network(np.arange(9), ["drug"] * 9, ["none"] * 9, te, se, method=method)
    r = meta.random_effects(te, se**2, method=plain, test="z")
    assert n.effects.loc["drug", "none"] == pytest.approx(float(np.ravel(r.coef)[0]), rel=1e-7)
    assert n.standard_errors.loc["drug", "none"] == pytest.approx(
        float(np.ravel(r.se)[0]), rel=1e-6
    )
    assert n.q == pytest.approx(r.q)
    if method != "common":
        assert n.tau2 == pytest.approx(r.tau2, rel=1e-6)


def test_tree_has_no_inconsistency() -> None:
    n = meta.network([1, 2, 3, 4], list("ABCD"), list("BCDE"), [0.1, 0.2, 0.3, 0.4], [0.1] * 4)
    assert (n.q_df, n.q_inconsistency_df, n.tau) == (0, 0, 0.0)
    assert np.isnan(n.q_inconsistency_pvalue)
    assert n.split()["indirect"].isna().all()
    assert n.effects.loc["A", "E"] == pytest.approx(1.0)
    assert n.standard_errors.loc["A", "E"] == pytest.approx(0.2)


def test_split_of_a_triangle_by_hand() -> None:
    n = meta.network([1, 2, 3], ["A", "B", "A"], ["B", "C", "C"], [1.0, 1.0, 2.9],
                     [0.1, 0.2, 0.2], method="common")  # fmt: skip
    row = n.split().loc[("A", "C")]
    assert row["direct"] == pytest.approx(2.9)
    assert row["indirect"] == pytest.approx(2.0)
    assert row["indirect_se"] == pytest.approx(np.hypot(0.1, 0.2))
    z = 0.9 / np.sqrt(0.1**2 + 0.2**2 + 0.2**2)
    assert row["statistic"] == pytest.approx(z)
    # One loop: the test of every side is the test of inconsistency.
    assert n.q_inconsistency == pytest.approx(z**2)


def test_league_table_reads_row_minus_column() -> None:
    n = meta.network(*columns("senn2013"), method="common")
    table = n.league_table(digits=2)
    assert table.loc["acarbose", "placebo"] == "-0.83 (-1.04 to -0.61)"
    assert table.loc["placebo", "acarbose"] == "0.83 (0.61 to 1.04)"
    assert table.loc["placebo", "placebo"] == "placebo"


# ---- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 2], ["A", "C"], ["B", "D"], [0.1, 0.2], [1, 1]], r"disconnected.*A, B.*C, D"),
        ([[1, 2], ["A", "B"], ["B", "C"], [0.1, np.nan], [1, 1]], r"te\[1\]"),
        ([[1, 2], ["A", "B"], ["B", "C"], [0.1, 0.2], [1, 0]], r"se\[1\]"),
        ([[1, 2], ["A", "B"], ["B", "B"], [0.1, 0.2], [1, 1]], "row 1 compares 'B' with itself"),
        ([[1, 1], ["A", "B"], ["B", "A"], [0.1, 0.2], [1, 1]], "more than once"),
        ([[7, 7], ["A", "A"], ["B", "C"], [0.1, 0.2], [1, 1]], "study 7 has 3 arms.*'B' with 'C'"),
        ([[7] * 3, list("AAB"), list("BCC"), [1.0, 2.0, 5.0], [1] * 3], "study 7.*contradict"),
        ([[7] * 3, list("AAB"), list("BCC"), [1.0, 2.0, 1.0], [0.1, 0.1, 2]], "study 7.*standard"),
        ([[1, 2], ["A", None], ["B", "C"], [0.1, 0.2], [1, 1]], r"treat1\[1\]"),
    ],
)
def test_refuses(rows: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        meta.network(*rows)


def test_refuses_unknown_names() -> None:
    with pytest.raises(ValueError, match="reference 'X'"):
        meta.network(*columns("senn2013"), reference="X")
    with pytest.raises(ValueError, match="method"):
        meta.network(*columns("senn2013"), method="ML")


# ---- components ---------------------------------------------------------------------------------


def test_components_of_linde_2016_agree_with_reference() -> None:
    expected = SETS["linde2016"]["component"]
    c = meta.component_network(*columns("linde2016"), inactive="Placebo")
    assert list(c.components.index) == expected["names"]
    assert c.components["coef"].to_numpy() == pytest.approx(expected["coef"], abs=1e-6)
    assert c.components["se"].to_numpy() == pytest.approx(expected["se"], abs=1e-7)
    assert c.tau2 == pytest.approx(expected["tau2"], rel=1e-6)
    assert c.q_additive == pytest.approx(expected["q_additive"], rel=1e-6)
    assert c.q_additive_df == expected["df_additive"]
    assert c.q_difference == pytest.approx(expected["q_difference"], rel=1e-5)
    assert c.q_difference_df == expected["df_difference"]
    common = meta.component_network(*columns("linde2016"), inactive="Placebo", method="common")
    assert common.components["coef"].to_numpy() == pytest.approx(expected["common"], abs=1e-6)
    assert common.components["se"].to_numpy() == pytest.approx(expected["common_se"], abs=1e-7)


@pytest.mark.parametrize("method", ["DL", "REML", "common"])
def test_single_components_are_the_network_model(method: str) -> None:
    n = meta.network(*columns("senn2013"), reference="placebo", method=method)
    c = meta.component_network(*columns("senn2013"), inactive="placebo", method=method)
    assert c.components["coef"].to_numpy() == pytest.approx(n.summary_frame()["effect"].to_numpy())
    assert c.components["se"].to_numpy() == pytest.approx(n.summary_frame()["se"].to_numpy())
    assert c.effects.to_numpy() == pytest.approx(n.effects.to_numpy(), abs=1e-9)
    assert (c.q_difference, c.q_difference_df) == (0.0, 0)
    assert np.isnan(c.q_difference_pvalue)
    assert c.tau2 == pytest.approx(n.tau2, rel=1e-6)


def test_exactly_additive_effects_are_found_and_combined() -> None:
    rows = [[1, 2, 3, 4], ["A", "B", "A+B", "A+C"], ["none"] * 3 + ["C"], [1.0, 2.0, 3.0, 1.0],
            [0.1, 0.2, 0.2, 0.3]]  # fmt: skip
    rows = [[*r, extra] for r, extra in zip(rows, [5, "C", "none", -0.5, 0.1], strict=True)]
    c = meta.component_network(*rows, inactive="none")
    assert c.components["coef"].to_dict() == pytest.approx({"A": 1.0, "B": 2.0, "C": -0.5})
    assert c.q_additive == pytest.approx(0.0, abs=1e-12)
    estimate, se, ci = c.combination("B+C")
    assert estimate == pytest.approx(1.5)
    assert ci[0] < 1.5 < ci[1]
    assert se == pytest.approx(np.sqrt(np.array([0, 1, 1]) @ c.vcov @ [0, 1, 1]))
    assert c.effects.loc["A+B", "C"] == pytest.approx(3.5)


def test_components_link_a_disconnected_network() -> None:
    rows = [[1, 2, 3], ["A", "A+B", "B"], ["none", "C", "none"], [1.0, 2.5, 2.0], [0.1] * 3]
    with pytest.raises(ValueError, match="disconnected"):
        meta.network(*rows)
    c = meta.component_network(*rows, inactive="none")
    assert c.components.loc["C", "coef"] == pytest.approx(0.5)
    assert c.q_difference_df == 0


def test_component_refusals() -> None:
    together = [[1, 2], ["A+B", "C"], ["none", "none"], [1.0, 2.0], [0.1, 0.1]]
    with pytest.raises(meta.SingularModelError, match="A, B"):
        meta.component_network(*together, inactive="none")
    with pytest.raises(ValueError, match="inactive treatment 'placebo'"):
        meta.component_network(*together, inactive="placebo")
    with pytest.raises(ValueError, match="empty component"):
        meta.component_network([1], ["A+"], ["B"], [1.0], [0.1])
    with pytest.raises(ValueError, match="twice"):
        meta.component_network([1], ["A+A"], ["B"], [1.0], [0.1])
    c = meta.component_network(*[r[1:] for r in together], inactive="none")
    with pytest.raises(ValueError, match="'Q' is not a component"):
        c.combination("C+Q")
    assert isinstance(c.summary_frame(), pd.DataFrame)
