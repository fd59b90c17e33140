"""What the page of a claim shows, gathered from its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverfit.claims.overview import primary_line
from liverfit.plots.scales import number
from liverfit.plots.style import clean, modality_label, modality_order, sentence, verdict_look
from liverfit.report import narrative
from liverfit.report.explorer import words
from liverfit.report.explorer.forest import forest_of, left_out
from liverfit.report.explorer.multiverse import multiverse
from liverfit.report.explorer.network import network_of
from liverfit.report.explorer.words import ratio_aware

if TYPE_CHECKING:
    import pandas as pd

DOMAINS = {
    "risk_of_bias": "Risk of bias",
    "inconsistency": "Inconsistency",
    "indirectness": "Indirectness",
    "imprecision": "Imprecision",
    "small_study_effects": "Small-study effects",
}
BIAS = {
    "unadjusted": "Pooled, as it is (univariate)",
    "trim_and_fill": "Trim and fill",
    "pet_peese": "PET-PEESE",
    "selection_model": "Selection model",
}


def claim_page(
    claim: dict,
    curve: pd.DataFrame,
    conditions: dict[str, list[str]],
    concordance: list[dict],
    overall: dict[str, dict[str, str]],
) -> dict:
    """All that the template of a claim's page needs.

    Parameters
    ----------
    claim : results/claims/{claim}.json
    curve : results/multiverse/curves/{claim}.csv
    conditions : effect id -> conditions of the participants
    concordance : the rows of concordance.csv of this claim
    overall : outcome -> trial -> overall risk of bias
    """
    leading = primary_line(claim)
    fitted = {name for name, found in (claim.get("bias") or {}).items() if found}
    return {
        "claim": claim,
        "look": verdict_look(claim["verdict"]),
        "leading": leading,
        "sentence": narrative.verdict_sentence(claim),
        "numbers": _numbers(claim, leading),
        "forests": [
            forest_of(line, conditions, overall.get(line["outcome"], {}))
            for line in sorted(claim["lines"], key=lambda line: line is not leading)
            if line["effects"] and (line is leading or line["status"] == "ok")
        ],
        "lines": [_line(line) for line in claim["lines"]],
        "subgroups": _subgroups(leading),
        "multiverse": multiverse(claim, curve),
        "left_out": left_out(claim, leading) if leading["name"] in fitted else None,
        "bias": _bias(claim, leading) if leading["name"] in fitted else None,
        "certainty": _certainty(claim),
        "out": _out(claim),
        "concordance": [_concordance(row, claim) for row in concordance],
        "limits": [
            narrative.unmarked(told)
            for told in narrative.limits(
                claim, [line for line in claim["lines"] if line["role"] == "primary"]
            )
        ],
        "settling": [narrative.unmarked(told) for told in narrative.settling(claim)],
    }


def _numbers(claim: dict, line: dict) -> list[tuple[str, str, str]]:
    """The key numbers: what, the number, what to know of it."""
    scale, share = ratio_aware(line), claim["multiverse"] or {}
    digits = scale.decimals([(number(line["ci_lower"]), number(line["ci_upper"]))])
    out = []
    if line["estimate"] is not None:
        ends = line["ci_lower"], line["ci_upper"]
        out.append(
            (
                "Estimate",
                words.estimate_text(scale, line["estimate"], digits=digits),
                f"{scale.shown_unit}; 95% CI {words.interval_text(scale, *ends, digits)}",
            )
        )
    if line["pi_lower"] is not None:
        told = words.interval_text(scale, line["pi_lower"], line["pi_upper"], digits)
        out.append(("A new trial", told, "95% prediction interval of its true effect"))
    people = f"{words.count(line['n'])} people" if line["n"] else "people not counted"
    out.append(("Trials", words.count(line["k"]), f"{people}; {line['n_effects']} effects"))
    if line["i2"] is not None:
        told = f"of the variance is between trials; τ² {words.figure(line['tau2'], 2)}"
        out.append(("Heterogeneity", f"{line['i2']:.0f}%", f"I²: {told}"))
    out.append(
        (
            "Probability",
            words.probability(claim["probability"]),
            "that the claim holds, by a Bayesian model of the same trials"
            if claim["probability"] is not None
            else sentence(claim["probability_reason"]) or "none is given",
        )
    )
    out.append(
        (
            "Analyses that agree",
            words.percent(claim["multiverse_share"]),
            f"of {words.count(share.get('n_feasible'))} feasible specifications"
            if claim["multiverse_share"] is not None
            else sentence(claim["multiverse_reason"]),
        )
    )
    if claim["false_positive_rate"] is not None:
        told = "would be called supported with no true effect, on trials built like these"
        out.append(("False support", words.percent(claim["false_positive_rate"]), told))
    if claim["power"] is not None:
        told = "chance of support at the smallest effect of interest"
        out.append(("Power", words.percent(claim["power"]), told))
    return out


def _line(line: dict) -> dict:
    scale = ratio_aware(line)
    ok = line["status"] == "ok"
    return {
        "name": words.capital(words.plain(line["name"])),
        "role": line["role"],
        "outcome": scale.outcome,
        "measure": line["measure"],
        "unit": scale.shown_unit,
        "model": words.plain(line["fitted_model"] or line["model"]),
        "network": network_of(line),
        "k": line["k"],
        "told": words.estimate_text(scale, line["estimate"], line["ci_lower"], line["ci_upper"])
        if ok and line["estimate"] is not None
        else "–",
        "look": verdict_look(line["verdict"]),
        "why": sentence(line["verdict_reason"] if ok else line["status_reason"]),
    }


def _subgroups(line: dict) -> list[dict]:
    scale, found = ratio_aware(line), {g["name"]: g for g in line["subgroups"] or []}
    groups = [found[name] for name in modality_order(list(found))]
    digits = scale.decimals([(number(g["ci_lower"]), number(g["ci_upper"])) for g in groups])
    return [
        {
            "name": group["name"],
            "label": modality_label(group["name"]),
            "k": group["k"],
            "told": words.estimate_text(
                scale, group["estimate"], group["ci_lower"], group["ci_upper"], digits
            ),
            "i2": "–" if group["i2"] is None else f"{group['i2']:.0f}%",
        }
        for group in groups
    ]


def _bias(claim: dict, line: dict) -> dict:
    """Small-study effects of the leading line: tests and adjusted estimates."""
    found, scale = claim["bias"][line["name"]], ratio_aware(line)
    adjusted, tests = found.get("adjusted") or {}, found.get("tests") or {}
    return {
        "reason": sentence(found.get("reason")),
        "few": not tests.get("enough_trials", True),
        "adjusted": [
            {
                "name": BIAS.get(name, words.capital(words.plain(name))),
                "told": words.estimate_text(
                    scale, row["estimate"], row["ci_lower"], row["ci_upper"]
                )
                if row["status"] == "ok"
                else sentence(row["reason"]),
            }
            for name, row in sorted(adjusted.items(), key=lambda item: list(BIAS).index(item[0])
                                    if item[0] in BIAS else len(BIAS))
        ],
        "tests": [
            {"name": title, "p": words.p_value(tests[name]["pvalue"])}
            for name, title in (("egger", "Egger’s test"), ("rank", "Rank correlation"))
            if tests.get(name, {}).get("status") == "ok"
        ],
        "influential": [
            row["label"]
            for row in (found.get("influence") or {}).get("trials") or []
            if row.get("influential")
        ],
    }  # fmt: skip


def _certainty(claim: dict) -> list[dict]:
    return [
        {
            "line": words.capital(words.plain(name)),
            "certainty": found["certainty"],
            "start": f"{found['start']}: {found['start_reason']}",
            "domains": [
                {
                    "name": DOMAINS.get(domain["domain"], words.plain(domain["domain"])),
                    "steps": domain["steps"],
                    "reason": sentence(domain["reason"]),
                }
                for domain in found["domains"]
            ],
        }
        for name, found in (claim["certainty_domains"] or {}).items()
    ]  # fmt: skip


def _out(claim: dict) -> list[dict]:
    """Contrasts that came near, by reason, the commonest first."""
    by_reason: dict[str, list[dict]] = {}
    seen = set()
    for miss in claim["near_misses"]:
        entry = (miss["trial_id"], clean(miss["comparison"]), clean(miss["detail"]))
        if entry in seen:
            continue
        seen.add(entry)
        by_reason.setdefault(clean(miss["detail"]), []).append(
            {
                "label": clean(miss["label"]) or miss["trial_id"],
                "page": words.page_name(miss["trial_id"]),
                "comparison": words.plain(miss["comparison"]),
            }
        )
    groups = [{"reason": sentence(why), "rows": rows} for why, rows in by_reason.items()]
    return sorted(groups, key=lambda group: -len(group["rows"]))


def _concordance(row: dict, claim: dict) -> dict:
    line = next((x for x in claim["lines"] if x["name"] == row["line"]), {})
    scale = ratio_aware({**line, "measure": row["measure"], "unit": row["unit"]})
    return {
        "review": row["review"],
        "comparison": row["comparison"],
        "subgroup": row["subgroup"],
        "line": words.plain(row["line"]),
        "review_k": words.count(row["review_k"]),
        "review_told": words.estimate_text(
            scale, row["review_estimate"], row["review_ci_lower"], row["review_ci_upper"]
        ),
        "our_told": words.estimate_text(
            scale, row["our_estimate"], row["our_ci_lower"], row["our_ci_upper"]
        ),
        "overlap": bool(row["intervals_overlap"]),
    }
