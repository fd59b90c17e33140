"""Risk of bias of every trial, domain by domain, as far as the printed data carry it.

The domains are those of RoB 2 (Sterne et al. 2019, doi:10.1136/bmj.l4898); trials without
randomisation are at high risk in the first, as confounding would be under ROBINS-I (Sterne et al.
2016, doi:10.1136/bmj.i4919). This is an algorithm on columns of the raw tables, not an assessor's
reading of the papers: what these columns do not say is "no information" or "some concerns".
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from liverfit.effects.records import records

if TYPE_CHECKING:
    import pandas as pd

    from liverfit.data.dataset import Dataset

JUDGEMENTS = ("low", "some_concerns", "no_information", "high")  # best first
DOMAINS = ("randomisation", "deviations", "missing_data", "measurement", "reporting")
LABELS = {
    "randomisation": "Randomisation process",
    "deviations": "Deviations from intended interventions",
    "missing_data": "Missing outcome data",
    "measurement": "Measurement of the outcome",
    "reporting": "Selection of the reported result",
    "overall": "Overall",
}
COLUMNS = ("trial_id", "label", "domain", "judgement", "reason", "source_rows")
SCANNED = ("1H-MRS", "MRI", "CT", "biopsy")
FEW_LOST, MANY_LOST, UNEVEN_LOST = 0.05, 0.20, 0.10
UNKNOWN_DOMAINS = 3  # so many domains without information leave the whole without


def judge_risk_of_bias(
    trials: pd.DataFrame, arms: pd.DataFrame, locations: dict[str, set[str]]
) -> pd.DataFrame:
    """Judgement of every trial in every domain and overall, with the reason in words.

    Parameters
    ----------
    trials, arms : the tables that `harmonize` returns
    locations : {trial_id: where its numbers were read (abstract, table, text, registry)}

    Returns
    -------
    DataFrame with the columns `COLUMNS`, six rows a trial; judgement is one of `JUDGEMENTS`.
    """
    import pandas as pd

    by_trial = defaultdict(list)
    for arm in records(arms, ("n_randomised", "n_analysed")):
        by_trial[arm["trial_id"]].append(arm)
    out = []
    for trial in records(trials, ()):
        members = by_trial[trial["trial_id"]]
        found = {
            "randomisation": randomisation(trial),
            "deviations": deviations(trial),
            "missing_data": missing_data(members),
            "measurement": measurement(trial),
            "reporting": reporting(trial, locations.get(trial["trial_id"], set())),
        }
        found["overall"] = overall({name: word for name, (word, _) in found.items()})
        rows = {"missing_data": ";".join(a["row_id"] for a in members)}
        for domain, (judgement, reason) in found.items():
            out.append(
                {
                    "trial_id": trial["trial_id"],
                    "label": trial["label"],
                    "domain": domain,
                    "judgement": judgement,
                    "reason": reason,
                    "source_rows": rows.get(domain) or trial["row_id"],
                }
            )
    return pd.DataFrame(out, columns=list(COLUMNS))


def locations_of(datasets: list[Dataset]) -> dict[str, set[str]]:
    """Where each trial's numbers were read: abstract, table, text or registry."""
    out = defaultdict(set)
    for dataset in datasets:
        if dataset.ok and "measurements" in dataset.tables:
            for row in dataset.tables["measurements"].itertuples():
                out[row.trial_id].add(row.location)
    return out


def overall_of(table: pd.DataFrame) -> dict[str, str]:
    """{trial_id: overall judgement} of the table that `judge_risk_of_bias` returns."""
    whole = table[table["domain"] == "overall"]
    return dict(zip(whole["trial_id"], whole["judgement"], strict=True))


def randomisation(trial: dict) -> tuple[str, str]:
    """Low is out of reach: concealment of the allocation is not among the data."""
    if trial["design"] in ("nonrandomised_controlled", "single_arm"):
        return "high", f"design: {trial['design'].replace('_', ' ')}"
    if trial["randomised"] == "no":
        return "high", "not randomised"
    if trial["randomised"] == "yes":
        if trial["registry_id"]:
            return "low", f"randomised and registered ({trial['registry_id']})"
        return "some_concerns", "randomised; how the allocation was concealed is not printed"
    return "no_information", "whether it was randomised is not printed"


def deviations(trial: dict) -> tuple[str, str]:
    """What else the arms did; blinding of exercise is not possible and not counted."""
    diet = trial["diet_cointervention"]
    if diet == "exercise_arm_only":
        return "high", "the exercise arm alone also changed its diet"
    if diet == "both_arms":
        return "low", "both arms changed their diet"
    if diet == "none":
        return "low", "no diet beside the intervention"
    return "some_concerns", "whether an arm also changed its diet is unclear"


def missing_data(arms: list[dict]) -> tuple[str, str]:
    """People randomised and analysed, over all arms and their difference between arms."""
    lost = {}
    for a in arms:
        if a["n_randomised"] and a["n_analysed"] and a["allocation"] == "arm":
            lost[a["arm_id"]] = 1 - a["n_analysed"] / a["n_randomised"]
    known = [a for a in arms if a["arm_id"] in lost]
    if len(known) < 2:
        return "no_information", "people randomised and analysed are not printed for two arms"
    total = 1 - sum(a["n_analysed"] for a in known) / sum(a["n_randomised"] for a in known)
    uneven = max(lost.values()) - min(lost.values())
    told = f"{total:.0%} not analysed, arms differ by {100 * uneven:.0f} points"
    if total > MANY_LOST:
        return "high", told
    if total > FEW_LOST or uneven > UNEVEN_LOST:
        return "some_concerns", told
    return "low", told


def measurement(trial: dict) -> tuple[str, str]:
    """How liver fat was measured; other outcomes come from instruments and laboratories."""
    method = trial["liver_fat_method"]
    if method in ("", "none"):
        return "low", "no liver fat measured; the outcomes come from instruments or laboratories"
    if any(name in method for name in SCANNED):
        return "low", f"liver fat by {method}"
    if method in ("unstated", "unclear"):
        return "no_information", "how liver fat was measured is not printed"
    return "some_concerns", f"liver fat by {method}, which depends on the operator or on indices"


def reporting(trial: dict, locations: set[str]) -> tuple[str, str]:
    """Registered beforehand, and whether more than the abstract was read."""
    if not locations:
        return "no_information", "no number of this trial was read"
    if locations == {"abstract"}:
        return "some_concerns", "all its numbers are from the abstract, chosen for print"
    if trial["registry_id"]:
        return "low", f"registered ({trial['registry_id']}), numbers from tables or registry"
    return "some_concerns", "no registration is printed to compare the results with"


def overall(domains: dict[str, str]) -> tuple[str, str]:
    """As RoB 2: high where one domain is, low where all are."""
    words = list(domains.values())
    named = {w: [LABELS[d].lower() for d, x in domains.items() if x == w] for w in JUDGEMENTS}
    if "high" in words:
        return "high", f"high: {', '.join(named['high'])}"
    if words.count("no_information") >= UNKNOWN_DOMAINS:
        return "no_information", f"not printed: {', '.join(named['no_information'])}"
    concerns = named["some_concerns"] + named["no_information"]
    if concerns:
        return "some_concerns", f"concerns: {', '.join(concerns)}"
    return "low", "low in all domains"
