"""Our estimates beside the published pooled results of the same comparison."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from liverfit.data.mapping import id_from
from liverfit.effects.ratios import Z975

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "claim", "line", "outcome", "measure", "unit", "review_id", "review", "comparison", "subgroup",
    "review_k", "review_estimate", "review_ci_lower", "review_ci_upper", "our_k", "our_estimate",
    "our_ci_lower", "our_ci_upper", "difference", "difference_in_se", "intervals_overlap",
    "review_as_reported", "row_id", "review_trials_known", "n_shared", "shared_trials",
)  # fmt: skip
MEASURES = (
    ("SMD", re.compile(r"^(SMD|d|g|ES|Hedges.*|Cohen's d.*)$", re.I)),
    ("MD", re.compile(r"^(MD|WMD|MD \(not named in the abstract\))$", re.I)),
    ("ROM", re.compile(r"^ROM$", re.I)),
)


def compare_reviews(
    reviews: list[dict], claims: list[dict], trial_effects: list[dict] | None = None
) -> pd.DataFrame:
    """Published pooled results matched to fitted lines by outcome, measure and comparison.

    A review matches a claim's line where the outcome and measure are the same and each side's
    words name the compared modalities (`PHRASES`). The difference is over the root of the summed
    squared standard errors; it is descriptive, since reviews and our collection share trials.
    Which they share is told where `trial_effects` lists trials of the review for this outcome:
    often a part of them, so that `n_shared` is a lower limit.
    """
    import pandas as pd

    rows = []
    lines = [
        (claim["claim"], line)
        for claim in claims
        for line in claim["lines"]
        if line["status"] == "ok" and line["estimate"] is not None and line["rule"] != "lowest_dose"
    ]
    listed = defaultdict(set)
    for trial in trial_effects or []:
        listed[trial["review_id"], trial["outcome"]].add(trial["trial_label"])
    for review in reviews:
        for claim, line in lines:
            if _same(review, line):
                rows.append({**_row(review, claim, line), **overlap(review, line, listed)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _same(review: dict, line: dict) -> bool:
    return (
        review["outcome"] == line["outcome"]
        and measure_key(review["measure"]) == line["measure"]
        and (line["measure"] != "MD" or _same_unit(review["unit"], line["unit"]))
        and bool(review["estimate"])
        and about_weight(review) == ("weight_stable" in line["where"])
        and comparison_key(review["comparison"]) == line_key(line)
    )


def overlap(review: dict, line: dict, listed: dict[tuple[str, str], set[str]]) -> dict:
    """How many trials of a review are known for the outcome, and which of them the line pools.

    Trials are the same where family name and year are; a label without a year is the one trial of
    that name in the line, and none where the line has several. Arms of one trial count once.
    """
    named = {
        author_year(label) for label in listed.get((review["review_id"], review["outcome"]), ())
    }
    if not named:
        return {"review_trials_known": None, "n_shared": None, "shared_trials": ""}
    ours = {author_year(e["label"]): e["label"] for e in line["effects"]}
    authors = Counter(author for author, _ in ours)
    shared = {
        label
        for (author, year), label in ours.items()
        if (author, year) in named or ((author, "") in named and authors[author] == 1)
    }
    return {
        "review_trials_known": len(named),
        "n_shared": len(shared),
        "shared_trials": "; ".join(sorted(shared)),
    }


def author_year(label: str) -> tuple[str, str]:
    """Family name in plain letters, and year ("" where none is printed), of a trial's label.

    >>> author_year("Shojaee-Moradie et al"), author_year("Støa 2017 (HIIT)")
    (('shojaee_moradie', ''), ('stoa', '2017'))
    >>> author_year("Lee S 2012")
    ('lee', '2012')
    """
    text = re.sub(r"\([^)]*\)|\bet al\b\.?", " ", label)
    year = re.search(r"\b(19|20)[0-9]{2}", text)
    name = re.sub(r"\b(19|20)[0-9]{2}[a-z]?\b.*", "", text).strip()
    name = re.sub(r"(?:\s+[A-Z]{1,3})+$", "", name)
    return id_from(name), year[0] if year else ""


def about_weight(review: dict) -> bool:
    """Whether a pooled result is of trials without weight loss, as its words say."""
    words = f"{review['comparison']} {review['subgroup']}".lower()
    return "weight loss" in words or "weight change" in words or "weight-stable" in words


def measure_key(printed: str) -> str | None:
    """MD, SMD or ROM for a printed measure; None for ranks, ranges, odds ratios and slopes.

    >>> measure_key("WMD"), measure_key("SUCRA")
    ('MD', None)
    """
    return next((name for name, pattern in MEASURES if pattern.match(printed)), None)


def _same_unit(printed: str, unit: str) -> bool:
    synonyms = {"percent": "percentage points", "uU/mL": "", "": ""}
    return synonyms.get(printed, printed) == unit


PHRASES = tuple(
    (key, re.compile(pattern))
    for key, pattern in (
        ("exercise", r"aerobic or resistance|resistance or aerobic"),
        ("combined", r"\b(combined|concurrent)\b|aerobic (\+|plus|and) resistance"
                     r"|resistance (\+|plus|and) aerobic"),
        ("hiit", r"\b(hiit|hiie|interval|sit)\b"),
        ("resistance", r"\b(resistance|strength)\b"),
        ("aerobic", r"\b(aerobic|mict|continuous|endurance)\b"),
        ("exercise", r"\b(exercise|training|physical activity)\b"),
        ("testosterone", r"\btestosterone\b"),
        ("gh", r"growth hormone|\b(rh)?gh\b|\bghrh\b|\btesamorelin\b"),
        ("none", r"\b(control|usual care|placebo|sedentary)\b"),
    )
)  # fmt: skip
NEITHER = re.compile(r"^(no|non)\b")
OTHERWISE = re.compile(r"\b(diet|dietary|caloric|acute)\b")  # another question than our lines ask


def comparison_key(text: str) -> tuple[str, str] | None:
    """Both sides of a printed comparison in the vocabulary of `PHRASES`; None if unclear.

    >>> comparison_key("exercise vs usual care")
    ('exercise', 'none')
    >>> comparison_key("HIIT vs MICT")
    ('hiit', 'aerobic')
    """
    lowered = re.sub(r"\([^)]*\)", "", text.lower())
    if OTHERWISE.search(lowered) or " vs " not in lowered:
        return None
    first, second = lowered.split(" vs ", 1)
    sides = [_side(first.strip()), _side(second.partition(",")[0].strip())]
    return None if None in sides else tuple(sides)


def _side(text: str) -> str | None:
    if NEITHER.match(text):
        return "none"
    return next((key for key, pattern in PHRASES if pattern.search(text)), None)


def line_key(line: dict) -> tuple[str, str] | None:
    """A line's comparison in the same vocabulary."""
    sides = []
    for side in ("experimental", "comparator"):
        spec = line["comparison"][side]
        modalities = set(spec["modality"])
        if "agent" in spec and modalities & {"drug"}:
            sides.append("testosterone" if "testosterone" in spec["agent"] else "gh")
        elif modalities <= {"control", "placebo"}:
            sides.append("none")
        elif modalities <= {"hiit", "sit"}:
            sides.append("hiit")
        elif len(modalities) == 1:
            sides.append(next(iter(modalities)))
        else:
            sides.append("exercise")
    return tuple(sides)


def _row(review: dict, claim: str, line: dict) -> dict:
    ours, theirs = line["estimate"], float(review["estimate"])
    low, high = _number(review["ci_lower"]), _number(review["ci_upper"])
    ses = [line["se"]]
    if low is not None and high is not None:
        ses.append((high - low) / (2 * Z975))
    overlap = None
    if low is not None and high is not None:
        overlap = low <= line["ci_upper"] and line["ci_lower"] <= high
    return {
        "claim": claim,
        "line": line["name"],
        "outcome": line["outcome"],
        "measure": line["measure"],
        "unit": line["unit"],
        "review_id": review["review_id"],
        "review": f"{review['first_author']} {review['year']}".strip(),
        "comparison": review["comparison"],
        "subgroup": review["subgroup"],
        "review_k": review["k"],
        "review_estimate": theirs,
        "review_ci_lower": low,
        "review_ci_upper": high,
        "our_k": line["k"],
        "our_estimate": ours,
        "our_ci_lower": line["ci_lower"],
        "our_ci_upper": line["ci_upper"],
        "difference": ours - theirs,
        "difference_in_se": (ours - theirs) / math.hypot(*ses) if len(ses) == 2 else None,
        "intervals_overlap": overlap,
        "review_as_reported": review["as_reported"],
        "row_id": review["row_id"],
    }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
