"""Certainty of the evidence behind a verdict, by a written algorithm in the spirit of GRADE.

Randomised evidence starts at high, other evidence at low; five domains take steps off, each with
its reason (Guyatt et al. 2011, doi:10.1016/j.jclinepi.2010.04.026). It is an algorithm on what is
printed, not the judgement of a panel, and it never rates up.
"""

from __future__ import annotations

from liverfit.claims.risk_of_bias import DOMAINS as RISK_DOMAINS
from liverfit.claims.risk_of_bias import LABELS
from liverfit.claims.verdict import interval_text

LEVELS = ("very low", "low", "moderate", "high")
DOMAINS = ("risk_of_bias", "inconsistency", "indirectness", "imprecision", "small_study_effects")
SUSPICIOUS_P = 0.10  # the usual level for asymmetry tests, which have little power


def claim_certainty(claim: dict, bias: dict, risk_of_bias: dict, rules: dict) -> dict:
    """Certainty of a claim: the lowest among its fitted primary lines.

    Parameters
    ----------
    claim : results/judged/{claim}.json
    bias : results/bias/{claim}.json
    risk_of_bias : {outcome: {trial_id: judgement}}, as `judgements_of` returns it
    rules : the section `certainty` of the analysis plan

    Returns
    -------
    dict certainty (a word of `LEVELS`, None where nothing was fitted), reason, lines: {name:
    `line_certainty`}.
    """
    rated = {
        line["name"]: line_certainty(
            line, bias["lines"][line["name"]], risk_of_bias.get(line["outcome"], {}), rules
        )
        for line in claim["lines"]
        if line["role"] == "primary" and line["status"] == "ok"
    }
    if not rated:
        return {"certainty": None, "reason": "no primary line could be fitted", "lines": {}}
    lowest = min(rated, key=lambda name: LEVELS.index(rated[name]["certainty"]))
    taken = [d for d in rated[lowest]["domains"] if d["steps"]]
    told = "; ".join(f"{d['domain'].replace('_', ' ')} −{d['steps']}: {d['reason']}" for d in taken)
    return {
        "certainty": rated[lowest]["certainty"],
        "reason": told or "nothing was taken off",
        "lines": rated,
    }


def line_certainty(line: dict, bias: dict, risk_of_bias: dict, rules: dict) -> dict:
    """Certainty of one fitted line: where it starts, what each domain takes off, and why.

    `risk_of_bias` is {trial_id: judgement} on the outcome of the line.
    """
    start, why = _start(line)
    domains = []
    for domain, judge in (
        ("risk_of_bias", lambda: from_risk_of_bias(line, risk_of_bias, rules)),
        ("inconsistency", lambda: from_inconsistency(line, rules)),
        ("indirectness", lambda: from_indirectness(line)),
        ("imprecision", lambda: from_imprecision(line, rules)),
        ("small_study_effects", lambda: from_small_study_effects(line, bias)),
    ):
        steps, reason = judge()
        domains.append({"domain": domain, "steps": steps, "reason": reason})
    level = max(0, LEVELS.index(start) - sum(d["steps"] for d in domains))
    return {"certainty": LEVELS[level], "start": start, "start_reason": why, "domains": domains}


def _start(line: dict) -> tuple[str, str]:
    share = _weight_share(line, lambda e: e["randomised"] == "yes")
    if share >= 0.5:
        return "high", f"{share:.0%} of the weight is from randomised trials"
    return "low", f"only {share:.0%} of the weight is from trials known to be randomised"


def _weight_share(line: dict, holds) -> float:
    """Share of a line's weight (inverse variance where the model gives none) for which it holds."""
    weights = [e.get("weight") or 1 / e["vi"] for e in line["effects"]]
    kept = [w for w, e in zip(weights, line["effects"], strict=True) if holds(e)]
    return sum(kept) / sum(weights)


def from_risk_of_bias(line: dict, risk_of_bias: dict, rules: dict) -> tuple[int, str]:
    """Two steps where most weight is at high risk, one where most is not at low risk.

    `rules["risk_of_bias_share"]` is what "most" means. The reason names the domains that most of
    the weight is not at low risk in.
    """
    most = rules["risk_of_bias_share"]
    judged = {t: risk_of_bias[t]["overall"] for t in _trials(line) if t in risk_of_bias}
    high = _weight_share(line, lambda e: judged.get(e["trial_id"]) == "high")
    low = _weight_share(line, lambda e: judged.get(e["trial_id"]) == "low")
    if high >= most:
        told = f"{high:.0%} of the weight is from trials at high risk of bias"
        return 2, told + _leading(line, risk_of_bias, ("high",))
    if 1 - low >= most:
        return 1, (
            f"{1 - low:.0%} of the weight is from trials with some concerns, high risk "
            f"({high:.0%}) or too little printed to judge"
            + _leading(line, risk_of_bias, ("some_concerns", "high", "no_information"))
        )
    return 0, f"{low:.0%} of the weight is from trials at low risk of bias"


def _leading(line: dict, risk_of_bias: dict, words: tuple[str, ...]) -> str:
    """The domains in which most weight has these judgements, the commonest first."""
    shares = {}
    for domain in RISK_DOMAINS:

        def holds(e, domain=domain):
            found = risk_of_bias.get(e["trial_id"], {"domains": {}})["domains"].get(domain)
            return found is not None and found["judgement"] in words

        shares[domain] = _weight_share(line, holds)
    named = [d for d in sorted(shares, key=lambda d: -shares[d]) if shares[d] >= 0.5]
    told = ", ".join(f"{LABELS[d].lower()} {shares[d]:.0%}" for d in named)
    return f" ({told})" if told else ""


def from_inconsistency(line: dict, rules: dict) -> tuple[int, str]:
    """One step where trials differ and a new trial may show nothing, two where it may show harm.

    Differ: I² of at least `rules["inconsistency_i2"]` percent (Higgins et al. 2003,
    doi:10.1136/bmj.327.7414.557). The prediction interval tells how far the true effects spread
    (IntHout et al. 2016, doi:10.1136/bmjopen-2015-010247).
    """
    i2, low, high = line["i2"], line["pi_lower"], line["pi_upper"]
    if i2 is None:
        return 0, "this model gives no I²"
    told = f"I² {i2:.0f} %"
    if i2 < rules["inconsistency_i2"]:
        return 0, told
    if low is None:
        return 1, f"{told}; no prediction interval to say how far the effects spread"
    told += f", prediction interval {interval_text(low, high)}"
    side = -1 if line["estimate"] < line["null"] else 1
    reach = max(side * -(x - line["null"]) for x in (low, high))  # how far beyond the null
    if reach <= 0:
        return 0, f"{told}, wholly on one side"
    if line["margin"] and reach > line["margin"]:
        return 2, f"{told} reaches a relevant effect on the other side"
    return 1, f"{told} includes no effect"


def from_indirectness(line: dict) -> tuple[int, str]:
    """The steps that config/claims.yaml declares for this line, with its reason there."""
    declared = line.get("indirectness")
    if not declared:
        return 0, "the trials measured what the claim is about"
    return declared["steps"], declared["reason"]


def from_imprecision(line: dict, rules: dict) -> tuple[int, str]:
    """Too few people for one adequate trial, or an interval that leaves the question open.

    The optimal information size is that of a two-arm trial with `rules["power"]` at the smallest
    effect of interest (Guyatt et al. 2011, doi:10.1016/j.jclinepi.2011.01.012). Two steps where the
    interval holds relevant effects of both directions.
    """
    n, needed = line["n"], line.get("settling_trial", {}).get("n_total")
    steps, told = 0, []
    if n is None:
        steps, told = 1, ["the number of people is not printed for these trials"]
    elif needed and n < needed:
        steps = 1
        told = [f"{n} people where one trial of the smallest effect of interest needs {needed}"]
    elif not needed and n < rules["fewest_people"]:
        steps, told = 1, [f"{n} people, fewer than {rules['fewest_people']}"]
    if line["ci_lower"] is not None:
        low, high = line["ci_lower"] - line["null"], line["ci_upper"] - line["null"]
        text = interval_text(line["ci_lower"], line["ci_upper"])
        if line["margin"] and low < -line["margin"] and high > line["margin"]:
            steps, told = 2, [*told, f"the interval {text} holds relevant effects both ways"]
        elif low <= 0 <= high:
            steps, told = steps + 1, [*told, f"the interval {text} includes no effect"]
    return min(steps, 2), "; ".join(told) or f"{n} people, and the interval excludes no effect"


def from_small_study_effects(line: dict, bias: dict) -> tuple[int, str]:
    """One step where the funnel is asymmetric and an adjusted estimate no longer says the same."""
    if bias["status"] != "ok":
        return 0, f"could not be assessed: {bias['reason']}"
    egger = bias["tests"]["egger"]
    few = "" if bias["tests"]["enough_trials"] else " (fewer than 10 trials: little power)"
    if egger["status"] != "ok":
        return 0, f"could not be assessed: {egger['reason']}"
    told = f"Egger's test P={egger['pvalue']:.2g}{few}"
    if egger["pvalue"] >= SUSPICIOUS_P:
        return 0, told
    lost = [
        name.replace("_", " ")
        for name in ("trim_and_fill", "pet_peese", "selection_model")
        if _says_otherwise(bias["adjusted"][name], bias["adjusted"]["unadjusted"])
    ]
    if lost:
        return 1, f"{told}, and the effect is not kept by {', '.join(lost)}"
    return 0, f"{told}, but every adjusted estimate says the same"


def _says_otherwise(adjusted: dict, unadjusted: dict) -> bool:
    """Whether an adjusted estimate changes sign, or its interval now includes no effect."""
    if adjusted["status"] != "ok" or unadjusted["status"] != "ok":
        return False
    if adjusted["estimate"] * unadjusted["estimate"] < 0:
        return True
    clear = unadjusted["ci_lower"] * unadjusted["ci_upper"] > 0
    return clear and adjusted["ci_lower"] * adjusted["ci_upper"] <= 0


def _trials(line: dict) -> list[str]:
    return list(dict.fromkeys(e["trial_id"] for e in line["effects"]))
