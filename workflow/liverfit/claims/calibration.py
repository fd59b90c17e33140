"""How often the verdict rule errs on a claim's own trial structure, by simulation.

After Morris, White and Crowther (2019, doi:10.1002/sim.8086): data are simulated from the trials
that the claim has (their sampling covariance, their heterogeneity), the same model and the same
rule judge each, and the share of each verdict is counted with its Monte-Carlo standard error.
"""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np

from liverfit import meta
from liverfit.claims.fit import fit_line
from liverfit.claims.lines import NETWORKS
from liverfit.claims.models.network import independent_effects
from liverfit.claims.scenarios import (
    CERTAIN,
    HALF,
    ONLY_IN,
    has_smallest_effect,
    of_line,
    scenarios_of,
    tau2_of,
    truth,
)
from liverfit.claims.simulate import CHUNK, draw, intervals, ordered
from liverfit.claims.simulate_pairs import PAIRED, pair_verdicts
from liverfit.claims.simulate_regressions import (
    REGRESSION,
    fits_together,
    needs_share,
    regression_verdicts,
)
from liverfit.claims.streams import stream
from liverfit.claims.verdict import (
    HALF_OF_TAU2,
    VERDICTS,
    combined,
    line_verdict,
)

POOLED = "random_effects"
SIMULATED = (POOLED, REGRESSION, "moderator_test", PAIRED, *NETWORKS)
NOMINAL = 0.05


def calibrate_claim(claim: dict, settings: dict, parts: list[dict] | None = None) -> dict:
    """Chance of a false `supported` and power of a judged claim's rule.

    A claim that needs several lines is false where one of them has no effect, so that its error is
    that of the least favourable case (`scenarios_of`). So is a claim that dose explains less than
    half of tau2 where it explains half and the effect at the lowest dose is the smallest of
    interest. For power the lines are simulated independently of each other. Only primary lines are
    simulated, since no other can carry the verdict.

    Parameters
    ----------
    claim : results/judged/{claim}.json
    settings : the sections `models` and `calibration` of the analysis plan
    parts : all parts of `simulated_verdicts`, in order, where they were simulated apart

    Returns
    -------
    dict as written to results/calibration/{claim}.json: status and reason; seed; scenarios, each
    with the share of every verdict and, by line, the true effects and tau2 that were simulated;
    false_positive_rate (supported under the null named by false_positive_scenario) and power
    (supported at the smallest effect of interest) with their Monte-Carlo standard errors;
    false_negative_rate (refuted at the smallest effect of interest); warning where a
    false-positive rate exceeds 5 % by more than two Monte-Carlo standard errors; would_need, for
    each line that could not be fitted the trials found and needed.
    """
    primary = [ordered(line) for line in claim["lines"] if line["role"] == "primary"]
    out = {
        "claim": claim["claim"],
        "status": "ok",
        "reason": "",
        "seed": settings["calibration"]["seed"],
        "scenarios": {},
        **dict.fromkeys(
            ("false_positive_rate", "false_positive_rate_se", "false_positive_scenario", "power",
             "power_se", "false_negative_rate", "false_positive_rate_more_heterogeneity")
        ),
        "warning": "",
        "would_need": [
            {key: line[key] for key in ("name", "k", "minimum_trials", "status_reason")}
            for line in primary
            if line["status"] != "ok"
        ],
    }  # fmt: skip
    reason = _cannot(claim, primary)
    if reason:
        return {**out, "status": "not_run", "reason": reason}
    parts = parts or [simulated_verdicts(claim, settings)]
    done = {
        (name, under): [VERDICTS[int(n)] for part in parts for n in part[name][under]]
        for name in parts[0]
        for under in parts[0][name]
    }
    count = _count(primary, settings["calibration"])
    for scenario in scenarios_of(primary):
        under = {line["name"]: of_line(scenario, line) for line in primary}
        verdicts = _together(claim, primary, [done[name, s] for name, s in under.items()])
        out["scenarios"][scenario] = {
            **_shares(verdicts, count),
            "lines": {
                line["name"]: _simulated(line, under[line["name"]], settings)
                for line in primary
                if line["status"] == "ok" and under[line["name"]] != CERTAIN
            },
        }
    return {**out, **_rates(out["scenarios"]), "reason": _told(primary)}


def simulated_verdicts(claim: dict, settings: dict, share: tuple[int, int] = (1, 1)) -> dict:
    """Verdicts of a judged claim's primary lines on part i of n of the simulated data sets.

    Parameters
    ----------
    claim, settings : as for `calibrate_claim`
    share : (i, n); parts are whole multiples of `CHUNK` data sets, so that they add up to the same
        verdicts whatever n is

    Returns
    -------
    dict: by name of the line and scenario of the line (`of_line`) a text with one digit a data
    set, the number of its verdict in `VERDICTS`; empty where the claim cannot be simulated.
    """
    primary = [ordered(line) for line in claim["lines"] if line["role"] == "primary"]
    if _cannot(claim, primary):
        return {}
    count, (part, parts) = _count(primary, settings["calibration"]), share
    blocks = -(-count // CHUNK)
    ends = (min(CHUNK * (blocks * i // parts), count) for i in (part - 1, part))
    indices, out = range(*ends), {line["name"]: {} for line in primary}
    for scenario in scenarios_of(primary):
        for line in primary:
            under = of_line(scenario, line)
            if under not in out[line["name"]]:
                words = line_verdicts(claim["claim"], line, under, settings, indices)
                out[line["name"]][under] = "".join(str(VERDICTS.index(word)) for word in words)
    return out


def _count(primary: list[dict], calibration: dict) -> int:
    """How many data sets are simulated: fewer where a line is more than a pooled mean."""
    slow = any(line["specified_model"] != POOLED for line in primary if line["status"] == "ok")
    return calibration["simulations_one_by_one" if slow else "simulations"]


def _cannot(claim: dict, primary: list[dict]) -> str:
    fitted = [line for line in primary if line["status"] == "ok"]
    missing = [line for line in primary if line["status"] != "ok"]
    if not fitted:
        return "; ".join(dict.fromkeys(line["status_reason"] for line in missing))
    if missing and claim.get("combine", "all") == "all":
        first = missing[0]
        return f"the claim needs its line {first['name']}, with {first['status_reason']}"
    models = [line["specified_model"] for line in fitted]
    strange = [model for model in models if model not in SIMULATED]
    return f"no simulation is written for the model {strange[0]}" if strange else ""


def _simulated(line: dict, scenario: str, settings: dict) -> dict:
    """What is taken as the truth of a line, for the record."""
    line = _independent(line, settings["models"])
    mean = truth(line, scenario)
    between, within = tau2_of(line, scenario, settings["calibration"])
    return {
        "true_effect_lowest": float(mean.min()),
        "true_effect_highest": float(mean.max()),
        "tau2_between_trials": between,
        "tau2_within_trials": within,
    }


def _rates(scenarios: dict) -> dict:
    """Error rates and power, with a warning where the rule errs too often."""
    worst, worst_high = (
        max(
            (s for s in scenarios if s.partition(ONLY_IN)[0] in names),
            key=lambda s: scenarios[s]["supported"],
        )
        for names in (("null", HALF), ("null_more_heterogeneity",))
    )
    null, high = scenarios[worst], scenarios[worst_high]
    found = scenarios.get("smallest_effect", {})
    told = [
        f"on trials of this structure{where} the rule calls a null effect supported in "
        f"{100 * s['supported']:.1f} % of simulations, more than {100 * NOMINAL:.0f} %"
        for s, where in ((null, ""), (high, ", were they more heterogeneous than estimated,"))
        if s["supported"] > NOMINAL + 2 * s["supported_se"]
    ]
    return {
        "false_positive_rate": null["supported"],
        "false_positive_rate_se": null["supported_se"],
        "false_positive_scenario": worst,
        "false_positive_rate_more_heterogeneity": high["supported"],
        "power": found.get("supported"),
        "power_se": found.get("supported_se"),
        "false_negative_rate": found.get("refuted"),
        "warning": "; ".join(told),
    }


def _told(primary: list[dict]) -> str:
    """What the rates do not say by themselves."""
    told = [
        f"the line {line['name'].replace('_', ' ')} was not simulated, since it could not be fitted"
        f" ({line['status_reason']})"
        for line in primary
        if line["status"] != "ok"
    ]
    return "; ".join([*told, *filter(None, [_of_fitted(primary)])])


def _of_fitted(primary: list[dict]) -> str:
    if not has_smallest_effect(primary):
        return "no smallest effect of interest: power is not defined"
    timed = [x for x in primary if x["status"] == "ok" and x["rule"] == "non_inferiority"]
    certain = [{**x, "ci_lower": x["null"], "ci_upper": x["null"]} for x in timed]
    for line in certain:
        word, why = line_verdict(line)
        if word != "supported":
            return f"however precise the effect, the rule cannot support the claim: {why}"
    return ""


def _shares(verdicts: list[str], count: int) -> dict:
    counts = Counter(verdicts)
    out = {"simulations": count, **{word: counts[word] / count for word in VERDICTS}}
    p = out["supported"]
    return {**out, "supported_se": (p * (1 - p) / count) ** 0.5}


def line_verdicts(
    claim: str, line: dict, scenario: str, settings: dict, indices: range
) -> list[str]:
    """A primary line's verdict on each simulated data set; a function of the indices alone.

    `indices` begins and ends at multiples of `CHUNK` (or at the last simulation), so that the work
    can be divided without changing a number. `line` is as `ordered` gives it.
    """
    if line["status"] != "ok":
        return ["untestable"] * len(indices)
    if scenario == CERTAIN:
        return ["supported"] * len(indices)
    line = _independent(line, settings["models"])
    mean, tau2 = truth(line, scenario), tau2_of(line, scenario, settings["calibration"])
    out = []
    for first in range(indices.start, indices.stop, CHUNK):
        rng = stream(settings["calibration"]["seed"], claim, line["name"], scenario, first)
        count = min(CHUNK, indices.stop - first)
        if line["specified_model"] == PAIRED:
            out += pair_verdicts(line, scenario, settings, count, rng)
            continue
        y, vi = draw(line, mean, tau2, count, rng)
        out += _judged(line, y, vi, settings["models"])
    return out


def _together(claim: dict, primary: list[dict], by_line: list[list[str]]) -> list[str]:
    """The claim's verdict on each simulated data set, from those of its primary lines."""
    known: dict[tuple, str] = {}
    for words in set(zip(*by_line, strict=True)):
        lines = [
            {**line, "verdict": word, "verdict_reason": ""}
            for line, word in zip(primary, words, strict=True)
        ]
        known[words] = combined(claim, lines)[0]
    return [known[words] for words in zip(*by_line, strict=True)]


def _judged(line: dict, y: np.ndarray, vi: np.ndarray, models: dict) -> list[str]:
    """The line's verdict on each row of effects (count, k) with variances vi."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        if fits_together(line):
            try:
                return regression_verdicts(line, y, models)
            except meta.ConvergenceError:
                pass  # the single fits tell which
        if line["specified_model"] != POOLED:
            return [_refitted(line, *row, models) for row in zip(y, vi, strict=True)]
        return [_word(line, *numbers) for numbers in zip(*intervals(line, y, vi, models),
                                                         strict=True)]  # fmt: skip


def _independent(line: dict, models: dict) -> dict:
    """The line; of a network with those contrasts alone from which the others follow."""
    if line["specified_model"] not in NETWORKS:
        return line
    return {**line, "effects": independent_effects(line, models)}


def _word(line: dict, estimate: float, low: float, high: float) -> str:
    if not np.isfinite([estimate, low, high]).all():
        return "untestable"  # as where a single fit does not converge
    return line_verdict({**line, "estimate": estimate, "ci_lower": low, "ci_upper": high})[0]


def _refitted(line: dict, y: np.ndarray, vi: np.ndarray, models: dict) -> str:
    effects = []
    for e, value, variance in zip(line["effects"], y.tolist(), vi.tolist(), strict=True):
        scale = variance / e["vi"]
        parts = {k: e[k] * scale for k in ("v_arm", "v_comparator")}
        effects.append({**e, **parts, "yi": value, "vi": variance})
    again = {**line, "model": line["specified_model"], "effects": effects}
    fitted = {**again, **fit_line(again, {**models, "curve_points": 0, "r2_resamples": 0})}
    if needs_share(fitted):
        fitted |= fit_line(again, {**models, "curve_points": 0, "r2_limit": HALF_OF_TAU2})
    return line_verdict(fitted)[0]
