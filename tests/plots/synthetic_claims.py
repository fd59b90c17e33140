"""Claims made up for the tests of the figures; no trial here exists."""

from __future__ import annotations

import numpy as np
import pandas as pd

NAMES = [
    "Abara",
    "Bergholm",
    "Castellan",
    "Dufresne",
    "Eklund",
    "Fontaine",
    "Grigorov",
    "Hallowell",
    "Iwasaki",
    "Jarnefelt",
    "Kowalczyk",
    "Lindqvist",
    "Moreau",
    "Nakagawa",
    "Oduya",
    "Petrakis",
    "Quintero",
    "Rasmussen",
    "Szabo",
    "Takahashi",
    "Umarov",
    "Vasquez",
    "Wetherby",
    "Xanthos",
    "Yamada",
    "Zielinski",
]


def effect(i, modality, yi, se, *, trial=None, label=None, arm="", n=(20, 20), stable="unknown"):
    """One effect in the shape of the claims JSON."""
    return {
        "effect_id": f"e{i}",
        "trial_id": trial or f"t{i}",
        "label": label or f"{NAMES[i % len(NAMES)]} {2004 + (7 * i) % 21}",
        "arm_label": arm or modality.replace("_", " "),
        "comparator_label": "no exercise",
        "modality": modality,
        "yi": yi,
        "vi": None if se is None else se**2,
        "se": se,
        "ci_lower": None if se is None else yi - 1.96 * se,
        "ci_upper": None if se is None else yi + 1.96 * se,
        "n1": n[0],
        "n2": n[1],
        "weight": None,
        "route": "change",
        "weeks": 12,
        "weight_stable": stable,
        "source_rows": [f"made_up/measurements.csv:{2 * i + 2}"],
    }


def pool(effects, tau2):
    """Weights, estimate and interval of a plain random-effects pool (enough for a figure)."""
    y = np.array([e["yi"] for e in effects])
    v = np.array([e["vi"] for e in effects])
    w = 1 / (v + tau2)
    mean, se = float((w * y).sum() / w.sum()), float(w.sum() ** -0.5)
    for e, weight in zip(effects, 100 * w / w.sum(), strict=True):
        e["weight"] = float(weight)
    q = float(((y - (y / v).sum() / (1 / v).sum()) ** 2 / v).sum())
    return mean, se, q


def line(effects, *, tau2=1.0, measure="MD", unit="percentage points", margin=1.0, **changes):
    """An analysis line over the effects, pooled, with a subtotal for each modality."""
    mean, se, q = pool(effects, tau2)
    pi = 2.1 * (se**2 + tau2) ** 0.5
    subgroups = []
    for name in dict.fromkeys(e["modality"] for e in effects):
        members = [dict(e) for e in effects if e["modality"] == name]
        m, s, _ = pool(members, tau2)
        subgroups.append(
            {"name": name, "k": len({e["trial_id"] for e in members}), "estimate": m,
             "ci_lower": m - 2 * s, "ci_upper": m + 2 * s, "i2": 40.0 + len(members)}
        )  # fmt: skip
    made = {
        "name": "primary", "role": "primary", "outcome": "liver_fat",
        "outcome_label": "Liver fat", "measure": measure, "unit": unit,
        "direction": "decrease", "null": 0.0, "margin": margin,
        "favours_negative": "exercise", "favours_positive": "no exercise",
        "model": "three-level REML, CR2", "status": "ok", "status_reason": "",
        "estimate": mean, "se": se, "ci_lower": mean - 2.1 * se, "ci_upper": mean + 2.1 * se,
        "pi_lower": mean - pi, "pi_upper": mean + pi, "df": 11.3, "pvalue": 0.0004,
        "k": len({e["trial_id"] for e in effects}), "n_effects": len(effects),
        "n": sum(e["n1"] + e["n2"] for e in effects), "tau2": tau2, "i2": 56.2,
        "q": q, "q_pvalue": 0.013, "effects": effects, "subgroups": subgroups,
    }  # fmt: skip
    return made | changes


def claim(lines, verdict="supported", **changes):
    """A judged claim around its lines."""
    made = {
        "claim": "exercise_lowers_liver_fat",
        "section": "Fundamentals",
        "statement": "Regular exercise counters the accumulation of fat in the liver",
        "verdict": verdict,
        "reason": "The whole 95% confidence interval lies on the claimed side of no effect.",
        "certainty": None,
        "lines": lines,
        "near_misses": [],
    }
    return made | changes


def near_misses(count):
    """Near misses with reasons of several lengths."""
    reasons = [
        ("no_spread", "the table prints means without SD, SE, CI or p-value"),
        ("wrong_comparator", "all arms trained; no arm was free of exercise"),
        ("method_class", "liver fat by attenuation (HU), which enters standardised analyses only"),
        ("after_only", "only values after the intervention are printed, in a figure, and the "
         "baseline table is split by responders, so that neither arm has a usable summary"),
    ]  # fmt: skip
    return [
        {
            "line": "primary",
            "trial_id": f"m{i}",
            "label": f"{NAMES[(i * 5) % len(NAMES)]} {2001 + i % 23}",
            "comparison": "resistance training vs usual care" if i % 3 else "HIIT vs continuous",
            "reason": reasons[i % 4][0],
            "detail": reasons[i % 4][1],
            "source_rows": [f"made_up/trials.csv:{i + 2}"],
        }
        for i in range(count)
    ]


def typical(seed=1):
    """14 trials with 19 effects over five modalities, as in the liver-fat comparison."""
    rng = np.random.default_rng(seed)
    plan = [("aerobic", 8), ("hiit", 4), ("resistance", 4), ("combined", 3)]
    effects, i = [], 0
    for modality, count in plan:
        for _ in range(count):
            se = float(rng.uniform(0.7, 2.4))
            stable = ["yes", "no", "unknown"][int(rng.integers(3))]
            n = (int(rng.integers(9, 45)), int(rng.integers(9, 45)))
            yi = float(rng.normal(-2.6, 1.4))
            effects.append(effect(i, modality, yi, se, n=n, stable=stable))
            i += 1
    for a, b, arms in (
        (0, 1, ("high dose", "low dose")),
        (2, 8, ("moderate continuous", "4 × 4 min intervals")),
        (3, 12, ("aerobic", "resistance")),
        (4, 13, ("aerobic", "resistance")),
        (5, 16, ("aerobic", "combined")),
    ):
        effects[b] |= {"trial_id": effects[a]["trial_id"], "label": effects[a]["label"]}
        effects[a]["arm_label"], effects[b]["arm_label"] = arms
    return claim([line(effects)])


def single():
    """One trial, not pooled by any model but reported as it is."""
    return claim([line([effect(3, "aerobic", -2.4, 1.1, stable="yes")], tau2=0.0, pi_lower=None,
                       pi_upper=None, i2=None, q=None, df=None, subgroups=[])],
                 "inconclusive")  # fmt: skip


def many(count=60, seed=2):
    """Sixty effects over six modalities, some of them wild, some without an interval."""
    rng = np.random.default_rng(seed)
    modalities = ["aerobic", "hiit", "sit", "resistance", "combined", "diet_plus_aerobic"]
    effects = []
    for i in range(count):
        se = float(np.exp(rng.normal(-0.1, 0.7)))
        yi = float(rng.normal(-2.0, 1.2))
        made = effect(i, modalities[int(rng.integers(6))], yi, se, n=(15 + i, 14 + i))
        if i % 4 == 0:
            made["label"] += " (cohort of men with type 2 diabetes and overweight, two centres)"
        effects.append(made)
    effects[7]["se"], effects[7]["vi"] = 19.0, 361.0
    effects[7]["ci_lower"], effects[7]["ci_upper"] = -39.0, 36.0
    effects[11] |= {"yi": 44.0, "ci_lower": 30.0, "ci_upper": 58.0}
    made = line(effects)
    effects[20] |= {"ci_lower": None, "ci_upper": None}
    effects[21] |= {"yi": None, "ci_lower": None, "ci_upper": None, "weight": None}
    return claim([made], "refuted", certainty="moderate")


def relative(seed=3):
    """Log ratios of means, read as percent change."""
    rng = np.random.default_rng(seed)
    effects = [
        effect(i, m, float(rng.normal(-0.28, 0.15)), float(rng.uniform(0.08, 0.3)))
        for i, m in enumerate(["aerobic"] * 5 + ["hiit"] * 3 + ["drug"] * 2)
    ]
    return claim(
        [line(effects, tau2=0.01, measure="ROM", unit="log ratio", margin=0.10)], "supported"
    )


def untestable(effects=1, misses=31):
    """Too few trials to pool, with the near misses."""
    found = [
        effect(5, "resistance", -0.9, 0.5, stable="yes"),
        effect(9, "resistance", 0.4, 0.9, stable="no"),
    ][:effects]
    made = line(found, tau2=0.0) if found else {"name": "primary", "role": "primary",
                                                "outcome_label": "De novo lipogenesis"}  # fmt: skip
    made |= {"status": "too_few", "status_reason": f"{effects} usable trials; the claim needs 3"}
    made |= dict.fromkeys(("estimate", "se", "ci_lower", "ci_upper", "pi_lower", "pi_upper"))
    for e in found:
        e["weight"] = None
    return claim(
        [made],
        "untestable",
        claim="resistance_lowers_de_novo_lipogenesis",
        section="Intermediate",
        statement="With less glucose to dispose of, resistance training lets the liver make "
        "less new fat: hepatic de novo lipogenesis falls compared with usual care",
        reason=f"{effects} usable trials, fewer than the declared minimum of 3.",
        near_misses=near_misses(misses),
    )


STATEMENTS = [
    ("Fundamentals", "Regular exercise counters the accumulation of fat in the liver"),
    ("Fundamentals", "Regular exercise makes the liver respond to insulin again"),
    ("Fundamentals", "Training shifts the body, and the liver, towards burning fat"),
    ("Fundamentals", "The benefit of exercise for liver fat is not simply the calories burnt"),
    ("Intermediate", "Aerobic training lowers intrahepatic lipid"),
    ("Intermediate", "Liver fat falls with exercise even where body weight hardly changes"),
    ("Intermediate", "Resistance training lowers the liver's fat production and its fat load"),
    ("Intermediate", "With less glucose to dispose of, resistance training lets the liver make "
     "less new fat: hepatic de novo lipogenesis falls compared with usual care"),
    ("Intermediate", "Interval training gives its benefit for the liver in less time a week than "
     "continuous training does"),
    ("Intermediate", "Testosterone preserves and builds lean mass"),
    ("Academic", "Growth hormone raises hepatic glucose output"),
    ("Academic", "Testosterone changes circulating adiponectin"),
    ("Academic", "Low testosterone makes the liver resist the benefit of exercise"),
]  # fmt: skip


def board(count=31):
    """An overview table and its claims, in every state a claim can be in."""
    rng = np.random.default_rng(5)
    rows, claims = [], []
    for i in range(count):
        section, statement = STATEMENTS[i * len(STATEMENTS) // count]
        state = ["supported", "inconclusive", "untestable", "refuted", "supported"][i % 5]
        if i == 12:
            statement = 'The "$\\frac{a}{b}$" of <script>alert(1)</script> & others'
        lean = i % 7 == 3
        margin, sign = (1.0, 1) if lean else (0.5, -1)
        mean = (
            {"supported": 3.2, "refuted": -0.1, "inconclusive": 0.9}.get(state, 0) * margin * sign
        )
        half = margin * {"supported": 1.8, "refuted": 0.6}.get(state, float(rng.uniform(1.5, 12)))
        tested = state != "untestable"
        rows.append(
            {"claim": f"claim_{i}", "verdict": state, "certainty": None,
             "estimate": mean if tested else None, "ci_lower": mean - half if tested else None,
             "ci_upper": mean + half if tested else None, "k": 3 + i if tested else i % 3,
             "n": 40 * (3 + i) if tested else 30 * (i % 3), "measure": "MD",
             "unit": "kg" if lean else "percentage points", "model": "three-level REML, CR2"}
        )  # fmt: skip
        claims.append(
            {"claim": f"claim_{i}", "section": section, "statement": f"{statement} ({i})",
             "verdict": state, "reason": "The interval crosses the null.",
             "lines": [{"name": "primary", "role": "primary", "measure": "MD", "null": 0.0,
                        "outcome_label": "Lean mass" if lean else "Liver fat", "margin": margin,
                        "unit": "kg" if lean else "percentage points",
                        "direction": "increase" if lean else "either" if i == 29 else "decrease",
                        "status_reason": "" if tested else f"{i % 3} usable trials; the claim "
                        "needs 3"}]}
        )  # fmt: skip
    return pd.DataFrame(rows), claims


def flow():
    """Rows through the stages, in numbers like those of the collection."""
    rows = [
        ("Raw rows", "kept", 3606, "rows"),
        ("Raw rows", "part", 2101, "exercise trials"),
        ("Raw rows", "part", 905, "hormone trials"),
        ("Raw rows", "part", 600, "exerkine trials"),
        ("Raw rows", "removed", 1054, "result printed in words only"),
        ("Numeric rows", "kept", 2552, "rows"),
        ("Numeric rows", "removed", 240, "unit cannot be converted to the canonical one"),
        ("Numeric rows", "removed", 160, "superseded by another extraction of the same cell"),
        ("Numeric rows", "removed", 95, "spread of unknown kind (“±”) that no rule settles, and "
         "whose two readings differ too much to be averaged"),
        *[("Numeric rows", "removed", 20 - i, f"rare reason {i}") for i in range(10)],
        ("Harmonised rows", "kept", 1902, "rows"),
        ("Harmonised rows", "removed", 611, "no comparator arm with the same outcome"),
        ("Harmonised rows", "removed", 202, "no spread, interval or p-value in either arm"),
        ("Effects", "kept", 404, "effects"),
        ("Effects", "removed", 148, "not a comparison of any claim"),
        ("Pooled in a claim", "kept", 256, "effects"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["stage", "box", "count", "reason"])


def pairs():
    """Counts of twice-extracted cells."""
    rows = [
        ("liver_fat", "Liver fat", "mean", 120, 113),
        ("liver_fat", "Liver fat", "spread", 96, 71),
        ("liver_fat", "Liver fat", "n", 120, 118),
        ("body_mass", "Body mass", "mean", 88, 86),
        ("body_mass", "Body mass", "spread", 80, 69),
        ("homa_ir", "HOMA-IR", "mean", 9, 9),
        ("igf1", "Insulin-like growth factor 1", "mean", 3, 1),
        ("none", "Never twice", "mean", 0, 0),
    ]
    return pd.DataFrame(rows, columns=["outcome", "label", "kind", "n_pairs", "n_agree"])
