"""What a multiverse says as a whole: shares, ranges, and which choice moves the answer most."""

from __future__ import annotations

import numpy as np

from liverfit.claims.multiverse.evaluate import Multiverse
from liverfit.claims.multiverse.variance import explained
from liverfit.claims.multiverse.verdicts import SUPPORTED, WORDS, covers, rule_of

RULES = {
    "superiority": "the interval of the pooled effect lies on the claimed side",
    "two_sided": "the interval of the pooled effect excludes no effect",
    "non_inferiority": "not inferior by the margin, in less weekly time",
}


def summarise(m: Multiverse) -> dict:
    """Counts, shares and spread over all specifications, each counted once.

    Returns
    -------
    dict as written to results/multiverse/{claim}.json. `multiverse_share` is the share of
    feasible specifications that agree with the claim; None where none is feasible, or where
    specifications test something else than the claim does (`covers_claim`).
    """
    of_group, _, group = m.groups
    paths = np.bincount(group, minlength=len(of_group))[:, None]
    feasible = m.reasons == 0
    weight = paths * feasible
    n = int(weight.sum())
    agrees = (m.verdict[of_group] == SUPPORTED) & feasible
    distinct = np.zeros_like(m.verdict, dtype=bool)
    np.logical_or.at(distinct, of_group, feasible)
    share = float((weight * agrees).sum() / n) if n else None
    out = {
        "line": m.line["name"],
        "outcome": m.line["outcome"],
        "estimand": f"pooled effect on {m.line['outcome_label']}",
        "agrees_where": RULES[rule_of(m.line)],
        "covers_claim": covers(m.line),
        "minimum_trials": m.minimum_trials,
        "n_specifications": m.grid.size,
        "n_feasible": n,
        "n_distinct": int(distinct.sum()),
        "n_effect_sets": len(m.sets),
        "infeasible": _infeasible(m, paths),
        "share_agrees": share,
        "share_agrees_distinct": None,
        "multiverse_share": share if covers(m.line) else None,
        "multiverse_reason": _reason(m, n),
        "choices": [{"name": c.name, "options": list(c.options)} for c in m.grid.choices],
        "primary": primary_specification(m),
        "share_same_sign": None,
        "verdicts": {},
        "measures": {},
        "options": {},
        "variance": {},
    }
    if n:
        words = m.verdict[of_group]
        out["share_agrees_distinct"] = float((m.verdict == SUPPORTED)[distinct].mean())
        out["verdicts"] = {
            WORDS[w]: float((weight * (words == w)).sum() / n) for w in range(1, len(WORDS))
        }
        out["share_same_sign"] = _same_sign(m, weight, n)
        out["measures"] = _by_measure(m, weight, agrees)
        out["options"], out["variance"] = explained(m, weight, agrees)
    return out


def _reason(m: Multiverse, n: int) -> str:
    """Why there is no `multiverse_share`, or what it is a share of."""
    if not n:
        return "no specification is feasible"
    if not covers(m.line):
        return (
            f"the claim is tested by {m.line['model']} under the rule {m.line['rule']}; the "
            "specifications are of the pooled effect of the same contrasts"
        )
    return f"of {n} feasible specifications: {RULES[rule_of(m.line)]}"


def _infeasible(m: Multiverse, paths: np.ndarray) -> dict[str, int]:
    counts = {why: int((paths * (m.reasons == r)).sum()) for r, why in enumerate(m.why) if r}
    return {why: count for why, count in counts.items() if count}


def _same_sign(m: Multiverse, weight: np.ndarray, n: int) -> float:
    """Share of estimates on the claimed side; without a claimed side, on the commoner one."""
    estimate = m.fits.estimate[m.groups[0]] - m.line["null"]
    with np.errstate(invalid="ignore"):
        below, above = (float((weight * side).sum() / n) for side in (estimate < 0, estimate > 0))
    sides = {"decrease": below, "increase": above, "either": max(below, above)}
    return sides[m.line["direction"]]


def _by_measure(m: Multiverse, weight: np.ndarray, agrees: np.ndarray) -> dict[str, dict]:
    of_group = m.groups[0]
    measure = np.array([m.sets[s].measure for s in of_group])
    out = {}
    for name in next(c for c in m.grid.data if c.name == "measure").options:
        w = weight * (measure == name)[:, None]
        some = np.flatnonzero(w)
        if not some.size:
            continue
        estimate = m.fits.estimate[of_group].ravel()[some]
        order = np.argsort(estimate, kind="stable")
        estimate, w = estimate[order], w.ravel()[some][order]
        at = np.cumsum(w) / w.sum()
        quantile = {f"q{q}": float(estimate[np.searchsorted(at, q / 100)]) for q in (5, 25, 75, 95)}
        out[name] = {
            "n_feasible": int(w.sum()),
            "share_agrees": float((w * agrees.ravel()[some][order]).sum() / w.sum()),
            "median": float(estimate[np.searchsorted(at, 0.5)]),
            "smallest": float(estimate[0]),
            "largest": float(estimate[-1]),
            **quantile,
        }
    return out


def primary_specification(m: Multiverse) -> dict:
    """The specification that takes the first option of every choice, if it is in the slice."""
    if not (at := np.flatnonzero(m.paths == 0)).size:
        return {}
    s = int(m.index[at[0]])
    group = m.groups[2][at[0]]
    why = m.why[m.reasons[group, 0]]
    chosen = {c.name: c.options[0] for c in m.grid.choices}
    out = {"specification": 0, "choices": chosen, "status": "infeasible" if why else "ok"}
    numbers = {
        name: None if why else float(getattr(m.fits, name)[s, 0])
        for name in ("estimate", "se", "ci_lower", "ci_upper", "pvalue", "tau2", "i2")
    }
    return {
        **out, **numbers, "reason": why, "k": m.sets[s].n_trials,
        "verdict": WORDS[m.verdict[s, 0]],
        "effects": sorted(e.get("effect_id", "") for e in m.sets[s].effects),
    }  # fmt: skip
