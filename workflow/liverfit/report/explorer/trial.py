"""What the page of a trial shows: its arms, every printed number, and what became of each."""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import NormalDist

from liverfit.data.ledger import REASONS
from liverfit.data.mapped import raw_row
from liverfit.plots.scales import number
from liverfit.plots.style import clean, modality_label, sentence
from liverfit.report.explorer import words

Z = NormalDist().inv_cdf(0.975)
FACTS = (
    ("design", "Design"),
    ("randomised", "Randomised"),
    ("country", "Country"),
    ("population", "People"),
    ("condition", "Conditions"),
    ("age_mean", "Mean age, years"),
    ("pct_female", "Women, %"),
    ("bmi_mean", "Mean BMI, kg/m²"),
    ("diet_cointervention", "Diet besides"),
    ("liver_fat_method", "Liver fat by"),
    ("weight_result", "Body weight, in words"),
    ("registry_id", "Registry"),
)
BIAS_DOMAINS = {
    "randomisation": "Randomisation",
    "deviations": "Deviations from the intervention",
    "missing_data": "Missing data",
    "measurement": "Measurement",
    "reporting": "Reporting",
    "overall": "Overall",
}
TIMES = {"baseline": "baseline", "post": "end", "change": "change", "contrast": "contrast",
         "followup": "follow-up"}  # fmt: skip
SPREADS = {"sd": "SD", "se": "SE", "ci95": "95% CI", "iqr": "quartiles", "range": "range"}


class Records:
    """The tables of all trials, kept by trial so that each page finds its own rows.

    Parameters
    ----------
    tables : name (`TABLES`) -> rows of that table of results/, as dicts
    datasets : the documents results/ingested/{dataset}.json of trials and curation
    claims : the documents results/claims/{claim}.json
    labels : outcome -> words for it
    """

    TABLES = (
        "trials", "arms", "measurements", "spread_decisions", "ledger", "overlaps", "risk_of_bias",
        "effects", "before_after", "screens",
    )  # fmt: skip

    def __init__(
        self,
        tables: dict[str, list[dict]],
        datasets: list[dict],
        claims: list[dict],
        labels: dict[str, str],
    ) -> None:
        self.labels = labels
        self.trials = {row["trial_id"]: row for row in tables["trials"]}
        self.fates = {row["row_id"]: row for row in tables["ledger"]}
        self.spreads = {row["row_id"]: row for row in tables["spread_decisions"]}
        self.by_trial = {
            name: _grouped(tables[name])
            for name in self.TABLES
            if name not in ("trials", "ledger", "spread_decisions", "overlaps")
        }
        self.conditions = {
            row["effect_id"]: [name for name in clean(row["condition"]).split(";") if name]
            for name in ("effects", "before_after")
            for row in tables[name]
        }
        self.raw, self.cautions, self.notes = _raw(datasets)
        self.overlaps = defaultdict(list)
        for row in tables["overlaps"]:
            self.overlaps[row["trial_id"]].append((row["other_trial_id"], row))
            self.overlaps[row["other_trial_id"]].append((row["trial_id"], row))
        self.used, self.near = _uses(claims)

    def page(self, trial_id: str) -> dict:
        """All that the template of a trial's page needs."""
        row = self.trials[trial_id]
        arms = self.by_trial["arms"][trial_id]
        named = {arm["arm_id"]: clean(arm["arm_label"]) or arm["arm_id"] for arm in arms}
        return {
            "id": trial_id,
            "label": clean(row["label"]) or trial_id,
            "row": row,
            "facts": self._facts(row),
            "links": _links(row),
            "note": clean(self.notes.get(trial_id)),
            "arms": [_arm(arm) for arm in arms],
            "outcomes": self._printed(trial_id, named),
            "effects": self._effects(trial_id, "effects"),
            "changes": self._effects(trial_id, "before_after"),
            "claims": _claims(self.used[trial_id]),
            "near": self.near[trial_id],
            "cautions": [
                {
                    "severity": caution["severity"],
                    "about": ", ".join(
                        x for x in (named.get(caution["arm_id"], clean(caution["arm_id"])),
                                    self.outcome(caution["outcome"])) if x
                    ),
                    "text": sentence(caution["caution"]),
                    "row_id": caution["row_id"],
                }
                for caution in self.cautions[trial_id]
            ],
            "overlaps": [
                {
                    "other": other,
                    "page": words.page_name(other) if other in self.trials else None,
                    "label": clean(self.trials.get(other, {}).get("label")) or other,
                    "relation": words.plain(found["relation"]) or words.plain(found["found_by"]),
                    "evidence": sentence(found["evidence"]),
                }
                for other, found in self.overlaps[trial_id]
            ],
            "bias": [
                {
                    "outcome": self.outcome(found["outcome"]),
                    "domain": BIAS_DOMAINS.get(found["domain"], words.plain(found["domain"])),
                    "judgement": found["judgement"],
                    "told": words.plain(found["judgement"]),
                    "reason": sentence(found["reason"]),
                }
                for found in self.by_trial["risk_of_bias"][trial_id]
            ],
        }  # fmt: skip

    def outcome(self, name: object) -> str:
        """Words for an outcome."""
        text = clean(name)
        return self.labels.get(text, words.capital(words.plain(text)))

    def _facts(self, row: dict) -> list[tuple[str, str]]:
        told = []
        for name, title in FACTS:
            text = words.figure(row[name]) if isinstance(row[name], float) else clean(row[name])
            if name == "condition":
                text = ", ".join(map(words.condition_word, filter(None, text.split(";"))))
            elif name == "design":
                text = words.DESIGNS.get(text, words.plain(text))
            elif name in ("diet_cointervention", "weight_result"):
                text = words.plain(text)
            if text and text != "–":
                told.append((title, text))
        return told

    def _printed(self, trial_id: str, named: dict[str, str]) -> list[dict]:
        """Every printed number by outcome: as reported, as read, what became of it, its source."""
        read = {row["measurement_id"]: row for row in self.by_trial["measurements"][trial_id]}
        raw = dict(self.raw[trial_id])
        raw |= {key: _as_raw(row) for key, row in read.items() if key not in raw}
        groups = defaultdict(list)
        for row_id, row in raw.items():
            groups[clean(row.get("outcome"))].append(
                {
                    "id": row_id,
                    "anchor": words.row_anchor(row_id),
                    "arm": _between(row, named),
                    "when": _when(row),
                    "printed": _as_printed(row),
                    "method": clean(row.get("method")),
                    "read": self._as_read(read.get(row_id)),
                    "how": self._how(row_id, read.get(row_id)),
                    "fate": self._fate(row_id),
                    "link": words.web_link(row.get("source_url")),
                    "place": ", ".join(
                        filter(None, (clean(row.get("location")), clean(row.get("source_type"))))
                    ),
                    "note": sentence(row.get("notes")),
                }
            )
        ordered = sorted(groups, key=lambda name: (name != "liver_fat", self.outcome(name)))
        return [{"name": self.outcome(name), "rows": groups[name]} for name in ordered]

    @staticmethod
    def _as_read(row: dict | None) -> str:
        """The harmonised value with its spread, unit and people."""
        if row is None or number(row["center"]) is None:
            return ""
        told = words.figure(row["center"])
        kind = clean(row["spread_kind"])
        if number(row["spread"]) is not None and kind in ("sd", "se"):
            told += f" ± {words.figure(row['spread'])} {SPREADS[kind]}"
        elif number(row["lower"]) is not None and number(row["upper"]) is not None:
            ends = f"{words.figure(row['lower'])} to {words.figure(row['upper'])}"
            told += f" ({SPREADS.get(kind, kind)} {ends})"
        people = f", n = {words.count(row['n'])}" if number(row["n"]) is not None else ""
        return f"{told} {clean(row['unit'])}{people}"

    def _how(self, row_id: str, row: dict | None) -> list[str]:
        """What was decided on the way from the printed to the harmonised value."""
        told = []
        if row is not None:
            told += [sentence(row["scale_note"])] if clean(row["scale_note"]) else []
            units = clean(row["printed_unit"]), clean(row["unit"])
            if all(units) and units[0] != units[1]:
                told.append(f"Unit {units[0]} read as {units[1]}.")
            if clean(row["n_source"]) not in ("", "printed"):
                told.append(f"n from {words.plain(row['n_source'])}.")
        if row_id in self.spreads:
            found = self.spreads[row_id]
            kind = SPREADS.get(found["kind"], words.plain(found["kind"]))
            told.append(f"“±” read as {kind}: {sentence(found['reason'])}")
        return told

    def _fate(self, row_id: str) -> dict:
        found = self.fates.get(raw_row(row_id))
        if found is None:
            return {"status": "", "told": "", "used": []}
        why = REASONS.get(clean(found["reason"]), words.plain(found["reason"]))
        used = [name for name in clean(found["used_in"]).split(";") if name]
        return {
            "status": found["status"],
            "told": "" if found["status"] == "used" else sentence(why),
            "by": clean(found["superseded_by"]),
            "used": used,
        }

    def _effects(self, trial_id: str, table: str) -> list[dict]:
        rows = []
        for row in self.by_trial[table][trial_id]:
            se = math.sqrt(row["vi"])
            scale = words.ratio_aware(
                {"measure": row["measure"], "unit": row["unit"], "outcome": row["outcome"]}
            )
            low, high = row["yi"] - Z * se, row["yi"] + Z * se
            rows.append(
                {
                    "outcome": self.outcome(row["outcome"]),
                    "arm": clean(row["arm_label"]),
                    "comparator": clean(row["comparator_label"]),
                    "measure": row["measure"],
                    "told": words.estimate_text(scale, row["yi"], low, high),
                    "unit": scale.shown_unit,
                    "route": words.ROUTES.get(row["route"], words.plain(row["route"])),
                    "r": number(row["r_imputed"]),
                    "claims": _claims(
                        [x for x in self.used[trial_id] if x["effect"] == row["effect_id"]]
                    ),
                    "rows": self._own_rows(trial_id, row["source_rows"]),
                }
            )
        return rows  # fmt: skip

    def _own_rows(self, trial_id: str, text: object) -> list[dict]:
        """Rows behind an effect, with the anchors of those that the page shows as printed."""
        here = {row["measurement_id"] for row in self.by_trial["measurements"][trial_id]}
        here |= self.raw[trial_id].keys()
        ids = dict.fromkeys(filter(None, clean(text).split(";")))
        return [{"id": x, "anchor": words.row_anchor(x) if x in here else None} for x in ids]


def _grouped(rows: list[dict]) -> dict[str, list[dict]]:
    found = defaultdict(list)
    for row in rows:
        found[row["trial_id"]].append(row)
    return found


def _raw(datasets: list[dict]) -> tuple[dict, dict, dict]:
    """Printed rows by trial and row id, cautions by trial, and the notes on trials."""
    printed, cautions, notes = defaultdict(dict), defaultdict(list), {}
    for document in datasets:
        for name, table in document["tables"].items():
            rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
            for row in rows:
                trial = row.get("trial_id")
                if name == "measurements":
                    printed[trial][row["row_id"]] = row
                elif name == "cautions":
                    cautions[trial].append(row)
                elif name == "trials" and clean(row.get("notes")):
                    notes[trial] = row["notes"]
    return printed, cautions, notes


def _uses(claims: list[dict]) -> tuple[dict, dict]:
    """By trial: the effects that fitted lines use, and the claims that it nearly entered."""
    used, near = defaultdict(list), defaultdict(list)
    for claim in claims:
        for line in claim["lines"]:
            for effect in line["effects"] if line["status"] == "ok" else []:
                used[effect["trial_id"]].append(
                    {"claim": claim["claim"], "statement": claim["statement"],
                     "verdict": claim["verdict"], "role": line["role"],
                     "line": words.plain(line["name"]), "effect": effect["effect_id"]}
                )  # fmt: skip
        seen = set()
        for miss in claim["near_misses"]:
            entry = (miss["trial_id"], clean(miss["comparison"]), clean(miss["detail"]))
            if entry not in seen:
                seen.add(entry)
                near[miss["trial_id"]].append(
                    {"claim": claim["claim"], "statement": claim["statement"],
                     "comparison": words.plain(miss["comparison"]),
                     "detail": sentence(miss["detail"])}
                )  # fmt: skip
    return used, near


def _claims(uses: list[dict]) -> list[dict]:
    """The claims among uses, each once, with its lines; primary lines first."""
    found: dict[str, dict] = {}
    for use in uses:
        entry = found.setdefault(
            use["claim"],
            {**{key: use[key] for key in ("claim", "statement", "verdict")}, "lines": {}},
        )
        entry["lines"][use["line"]] = use["role"]
    for entry in found.values():
        entry["primary"] = "primary" in entry["lines"].values()
        entry["lines"] = sorted(entry["lines"], key=lambda name: entry["lines"][name] != "primary")
    return sorted(found.values(), key=lambda entry: (not entry["primary"], entry["statement"]))


def _links(row: dict) -> list[dict]:
    doi, pmid = clean(row["doi"]), clean(row["pmid"]).removesuffix(".0")
    found = [
        ("DOI", words.web_link(f"https://doi.org/{doi}") if doi else None, doi),
        ("PubMed", f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdigit() else None, pmid),
        ("Source of the extraction", words.web_link(row["source_url"]), ""),
    ]
    return [{"name": name, "href": href, "text": text} for name, href, text in found if href]


def _arm(arm: dict) -> dict:
    people = [number(arm["n_randomised"]), number(arm["n_analysed"])]
    return {
        "id": arm["arm_id"],
        "label": clean(arm["arm_label"]) or arm["arm_id"],
        "modality": clean(arm["modality"]) or "other",
        "modality_label": modality_label(clean(arm["modality"])),
        "agent": words.plain(arm["agent"]),
        "n": [words.count(n) for n in people],
        "weeks": words.figure(arm["weeks"]),
        "dose": "; ".join(
            filter(
                None,
                (
                    f"{clean(arm['sessions_per_week'])} sessions a week"
                    if clean(arm["sessions_per_week"])
                    else "",
                    f"{clean(arm['minutes_per_session'])} min each"
                    if clean(arm["minutes_per_session"])
                    else "",
                    clean(arm["intensity"]),
                ),
            )
        ),
        "cointervention": clean(arm["cointervention"]),
        "link": words.web_link(arm["source_url"]),
        "row_id": arm["row_id"],
    }


def _as_raw(row: dict) -> dict:
    """A harmonised row in the columns of a raw one, for data sets of another format."""
    return {**row, "location": "", "source_type": "", "notes": ""}


def _between(row: dict, named: dict[str, str]) -> str:
    arm, other = clean(row.get("arm_id")), clean(row.get("comparator_arm_id"))
    told = named.get(arm, arm)
    return f"{told} − {named.get(other, other)}" if other else told


def _when(row: dict) -> str:
    time, week = clean(row.get("timepoint")), number(row.get("week"))
    told = TIMES.get(time, words.plain(time))
    return f"{told}, week {words.figure(week)}" if week is not None and time != "baseline" else told


def _as_printed(row: dict) -> str:
    """The words of the source, else the printed parts."""
    told = clean(row.get("as_reported"))
    if not told:
        told = " ".join(
            filter(None, (clean(row.get("center")), words.plain(row.get("qualitative"))))
        )
    p = clean(row.get("p_value"))
    if p and "p" not in told.lower():
        told = f"{told}; p {p}" if told else f"p {p}"
    unit = clean(row.get("unit") or row.get("printed_unit"))
    return f"{told} [{unit}]" if unit else told
