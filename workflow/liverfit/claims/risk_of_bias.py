"""Risk of bias of every trial by outcome, domain by domain, as far as the printed data carry it.

The domains are those of RoB 2 (Sterne et al. 2019, doi:10.1136/bmj.l4898), which judges a result
and not a trial; trials without randomisation are at high risk in the first, as confounding would be
under ROBINS-I (Sterne et al. 2016, doi:10.1136/bmj.i4919). This is an algorithm on columns of the
raw tables, not an assessor's reading of the papers: what these columns do not say is "no
information" or "some concerns". A concern of the integrity screens counts as some concerns in the
domain that it bears on, never as more: it may be an error of extraction.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from liverfit.effects.records import records

if TYPE_CHECKING:
    import pandas as pd

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
COLUMNS = ("trial_id", "label", "outcome", "domain", "judgement", "reason", "source_rows")
FEW_LOST, MANY_LOST, UNEVEN_LOST = 0.05, 0.20, 0.10
UNKNOWN_DOMAINS = 3  # so many domains without information leave the whole without
FLAGS_TOLD = 2  # flags of the screens that a reason spells out
AFTER = ("change", "post", "followup")
UNSTATED = ("", "none", "unstated", "unclear")


def judge_risk_of_bias(
    trials: pd.DataFrame,
    arms: pd.DataFrame,
    measurements: pd.DataFrame,
    screens: pd.DataFrame,
    raw: dict[str, dict],
    outcomes: dict,
) -> pd.DataFrame:
    """Judgement of every trial and outcome in every domain and overall, with the reason in words.

    Parameters
    ----------
    trials, arms, measurements : the tables that `harmonize` returns
    screens : the flags of `liverfit.data.integrity.screen_integrity`
    raw : {row_id: row as printed} of the raw tables of measurements
    outcomes : contents of config/outcomes.yaml

    Returns
    -------
    DataFrame with the columns `COLUMNS`, six rows a trial and outcome of which it prints a number;
    judgement is one of `JUDGEMENTS`.
    """
    import pandas as pd

    by_trial, cells, flags = defaultdict(list), defaultdict(list), defaultdict(list)
    for arm in records(arms, ("n_randomised", "n_analysed")):
        by_trial[arm["trial_id"]].append(arm)
    for cell in records(measurements, ("n",)):
        cells[cell["trial_id"], cell["outcome"]].append(cell)
    for found in records(screens, ()):
        if found["severity"] == "concern" and found["domain"]:
            flags[found["trial_id"], found["outcome"]].append(found)
    out = []
    for trial in records(trials, ()):
        name, members = trial["trial_id"], by_trial[trial["trial_id"]]
        for outcome in sorted(o for t, o in cells if t == name):
            printed = cells[name, outcome]
            found = {
                "randomisation": randomisation(trial),
                "deviations": deviations(trial),
                "missing_data": missing_data(members, printed, locations(printed, raw)),
                "measurement": measurement(
                    outcomes["outcomes"][outcome], methods(trial, outcome, printed), members
                ),
                "reporting": reporting(trial, locations(printed, raw)),
            }
            concerns = flags[name, outcome] + flags[name, ""]
            found = {d: with_flags(d, judged, concerns) for d, judged in found.items()}
            found["overall"] = overall({d: word for d, (word, _) in found.items()})
            sources = _sources(trial, members, printed, concerns)
            out += [
                {
                    "trial_id": name,
                    "label": trial["label"],
                    "outcome": outcome,
                    "domain": domain,
                    "judgement": judgement,
                    "reason": reason,
                    "source_rows": ";".join(dict.fromkeys(sources[domain])),
                }
                for domain, (judgement, reason) in found.items()
            ]
    return pd.DataFrame(out, columns=list(COLUMNS))


def _sources(
    trial: dict, arms: list[dict], cells: list[dict], concerns: list[dict]
) -> dict[str, list[str]]:
    """Raw rows behind each domain."""
    rows = [c["measurement_id"] for c in cells]
    flagged = {d: [f["row_id"] for f in concerns if f["domain"] == d] for d in DOMAINS}
    return {
        "randomisation": [trial["row_id"], *flagged["randomisation"]],
        "deviations": [trial["row_id"]],
        "missing_data": [*(a["row_id"] for a in arms), *rows, *flagged["missing_data"]],
        "measurement": [trial["row_id"], *rows],
        "reporting": [trial["row_id"], *rows, *flagged["reporting"]],
        "overall": [trial["row_id"]],
    }


def judgements_of(table: pd.DataFrame) -> dict[str, dict[str, dict]]:
    """{outcome: {trial_id: label, overall, reason, domains: {domain: judgement, reason}}}."""
    out: dict[str, dict[str, dict]] = defaultdict(dict)
    for row in table.to_dict("records"):
        trial = out[row["outcome"]].setdefault(
            row["trial_id"], {"label": row["label"], "overall": "", "reason": "", "domains": {}}
        )
        if row["domain"] == "overall":
            trial["overall"], trial["reason"] = row["judgement"], row["reason"]
        else:
            trial["domains"][row["domain"]] = {k: row[k] for k in ("judgement", "reason")}
    return dict(out)


def judgements_on(table: pd.DataFrame, evidence: dict) -> dict[str, dict[str, dict]]:
    """Like `judgements_of`, of the trials that a claim's lines have effects from."""
    trials: dict[str, set[str]] = defaultdict(set)
    for line in evidence["lines"]:
        trials[line["outcome"]] |= {effect["trial_id"] for effect in line["effects"]}
    return {
        outcome: {trial: judged for trial, judged in judgements.items() if trial in trials[outcome]}
        for outcome, judgements in judgements_of(table).items()
        if outcome in trials
    }


def overall_of(table: pd.DataFrame) -> dict[str, dict[str, str]]:
    """{outcome: {trial_id: overall judgement}} of the table that `judge_risk_of_bias` returns."""
    return {
        outcome: {trial: judged["overall"] for trial, judged in trials.items()}
        for outcome, trials in judgements_of(table).items()
    }


def randomisation(trial: dict) -> tuple[str, str]:
    """Low is out of reach without a registration: concealment is not among the data."""
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


def missing_data(arms: list[dict], cells: list[dict], read_in: set[str]) -> tuple[str, str]:
    """People randomised and those behind this outcome, over all arms and by arm.

    An arm counts with the smallest n that a summary of the outcome after baseline prints, else
    with its analysed n; arms that print nothing of the outcome count where fewer than two do. An
    abstract that prints one n an arm does not say that all of them were measured.
    """
    own, seen = {}, {c["arm_id"] for c in cells if c["timepoint"] != "contrast"}
    for c in cells:
        if c["timepoint"] in AFTER and c["n_source"] == "summary" and c["n"]:
            own[c["arm_id"]] = min(c["n"], own.get(c["arm_id"], c["n"]))
    allocated = [a for a in arms if a["allocation"] == "arm" and a["n_randomised"]]
    if sum(a["arm_id"] in seen for a in allocated) > 1:
        allocated = [a for a in allocated if a["arm_id"] in seen]
    sizes = {}
    for a in allocated:
        n = own.get(a["arm_id"]) or a["n_analysed"]
        if n:
            sizes[a["arm_id"]] = (a["n_randomised"], n)
    if len(sizes) < 2:
        return "no_information", "people randomised and analysed are not printed for two arms"
    lost = [1 - n / randomised for randomised, n in sizes.values()]
    total = 1 - sum(n for _, n in sizes.values()) / sum(r for r, _ in sizes.values())
    uneven = max(lost) - min(lost)
    if read_in == {"abstract"} and not any(lost) and not any(a["n_analysed"] for a in allocated):
        return "no_information", "the abstract prints one n an arm, not who was lost"
    whose = "of this outcome" if own.keys() & sizes.keys() else "of the arms"
    told = f"{max(total, 0):.0%} without data (n {whose}), "
    told += f"arms differ by {100 * uneven:.0f} points"
    if total > MANY_LOST:
        return "high", told
    if total > FEW_LOST or uneven > UNEVEN_LOST:
        return "some_concerns", told
    return "low", told


def methods(trial: dict, outcome: str, cells: list[dict]) -> list[str]:
    """The printed methods of an outcome; for liver fat else the one named for the trial."""
    named = sorted({c["method"] for c in cells} - set(UNSTATED))
    if not named and outcome == "liver_fat" and trial["liver_fat_method"] not in UNSTATED:
        return [trial["liver_fat_method"]]
    return named


def measurement(entry: dict, named: list[str], arms: list[dict]) -> tuple[str, str]:
    """Whether knowing the arm could move the measured value, by how the outcome is measured.

    `measured_by` of config/outcomes.yaml: an instrument reads; an image is read, by a sound method
    or by one that leans on its operator; an observer, an effort or a record may follow the arm.
    """
    kind = entry.get("measured_by")
    if kind == "instrument":
        return "low", "read from an instrument or a laboratory"
    if kind == "imaging" and named:
        weak = [m for m in named if not any(s in m for s in entry.get("sound_methods", ()))]
        if not weak:
            return "low", f"measured by {', '.join(named)}"
    placebo = any(a["modality"] == "placebo" for a in arms) and any(a["agent"] for a in arms)
    if placebo and kind:
        return "low", "against placebo: neither arm could tell which it was"
    if kind == "imaging":
        if not named:
            return "no_information", "how it was measured is not printed"
        return "some_concerns", f"measured by {', '.join(weak)}, which leans on its operator"
    told = {
        "effort": "depends on the effort of people who knew their arm",
        "observer": "taken by a person who may have known the arm",
        "record": "prescribed or recorded by people who knew their arm",
    }
    if kind in told:
        return "some_concerns", told[kind]
    return "no_information", "how this outcome is measured is not declared"


def locations(cells: list[dict], raw: dict[str, dict]) -> set[str]:
    """Where the numbers of an outcome were read: abstract, table, text or registry."""
    rows = [row for c in cells for row in c["source_rows"].split(";")]
    return {raw[row]["location"] for row in rows if row in raw}


def reporting(trial: dict, read_in: set[str]) -> tuple[str, str]:
    """Registered beforehand, and whether this outcome was read in more than the abstract."""
    if not read_in:
        return "no_information", "where its numbers were read is not known"
    if read_in == {"abstract"}:
        return "some_concerns", "all its numbers are from the abstract, chosen for print"
    if trial["registry_id"]:
        return "low", f"registered ({trial['registry_id']}), numbers from tables or registry"
    return "some_concerns", "no registration is printed to compare the results with"


def with_flags(domain: str, judged: tuple[str, str], concerns: list[dict]) -> tuple[str, str]:
    """A judgement with the concerns of the integrity screens that bear on its domain."""
    found = [f for f in concerns if f["domain"] == domain]
    if not found:
        return judged
    told = [
        f"{f['screen'].replace('_', ' ')}: {f['seen']} where {f['expected']} was expected"
        for f in found[:FLAGS_TOLD]
    ]
    more = len(found) - len(told)
    told += [f"{more} more such flag{'s' if more > 1 else ''}"] if more > 0 else []
    word, reason = judged
    word = word if word == "high" else "some_concerns"
    return word, f"{reason}; integrity screen {'; '.join(told)}"


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
