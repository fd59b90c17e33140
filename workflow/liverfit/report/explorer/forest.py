"""Effects and pooled estimates as the rows of interactive forest plots."""

from __future__ import annotations

from collections import Counter

from liverfit.plots.forest_rows import Row, forest_rows
from liverfit.plots.scales import Scale, limits
from liverfit.plots.style import clean, modality_label, modality_order
from liverfit.report.explorer import words
from liverfit.report.explorer.words import ratio_aware

LARGEST, SMALLEST = 420.0, 25.0  # areas of the squares, in square pixels


def forest_of(line: dict, conditions: dict[str, list[str]], bias: dict[str, str]) -> dict:
    """One line of evidence as an interactive forest plot: values, rows, and choices of filters."""
    scale, rows = ratio_aware(line), forest_rows(line)
    effects = [row for row in rows if row.kind == "effect"]
    pooled = [row for row in rows if row.kind in ("total", "prediction")]
    heaviest = max([row.weight for row in effects if row.weight is not None] or [0.0])
    digits = max(scale.decimals([row.interval for row in some]) for some in (effects, pooled))
    shown, used = [], Counter()
    for order, row in enumerate([*effects, *pooled]):
        told = f"{row.label}, {row.arm}" if row.arm else row.label
        used[told] += 1
        key = told if used[told] == 1 else f"{told} ({used[told]})"
        shown.append(
            {
                "kind": row.kind,
                "key": key,
                "order": order,
                "label": row.label,
                "yi": row.estimate,
                "lo": row.ci_lower,
                "hi": row.ci_upper,
                "text": words.interval_text(scale, *row.interval, digits)
                if row.kind == "prediction"
                else words.estimate_text(scale, row.estimate, *row.interval, digits),
                **(_effect(row, heaviest, conditions, bias) if row.effect else {}),
            }
        )
    ends = limits(
        scale,
        [row.estimate for row in effects if row.estimate is not None],
        [row.interval for row in effects],
        [x for row in pooled for x in (row.estimate, row.ci_lower, row.ci_upper)
         if x is not None and row.kind == "total"],
        [x for row in pooled for x in row.interval if x is not None and row.kind == "prediction"],
    )  # fmt: skip
    members = [row for row in shown if row["kind"] == "effect"]
    favours = [clean(line.get(side)) for side in ("favours_negative", "favours_positive")]
    return {
        "name": line["name"],
        "title": line_title(line),
        "chart": "forest_ratio" if scale.is_ratio else "forest",
        "values": {"@title": scale.axis_label(), "@low": ends[0], "@high": ends[1],
                   "@null": scale.null},
        "frame": _frame(scale),
        "favours": [f"favours {plain}" if plain else "" for plain in favours],
        "rows": shown,
        "pooled": any(row["kind"] == "total" for row in shown),
        "unit": scale.shown_unit,
        "modalities": [
            {"name": name, "label": modality_label(name)}
            for name in modality_order([row["modality"] for row in members])
        ],
        "populations": [
            {"name": name, "label": words.condition_word(name)}
            for name in sorted({c for row in members for c in row["conditions"]})
        ],
        "methods": sorted({row["method"] for row in members} - {""}),
    }  # fmt: skip


def _effect(row: Row, heaviest: float, conditions: dict, bias: dict) -> dict:
    effect = row.effect
    share = row.weight / heaviest if row.weight is not None and heaviest else 0.35
    sides = [words.count(row.n1), words.count(row.n2)]
    return {
        "trial": clean(effect.get("trial_id")),
        "page": words.page_name(clean(effect.get("trial_id"))),
        "arm": clean(effect.get("arm_label")),
        "comparator": clean(effect.get("comparator_label")),
        "modality": clean(effect.get("modality")) or "other",
        "people": " + ".join(sides if row.n2 is not None else sides[:1]),
        "n": (row.n1 or 0) + (row.n2 or 0),
        "weight": row.weight,
        "share": "–" if row.weight is None else f"{row.weight:.1f}%",
        "size": SMALLEST + share * (LARGEST - SMALLEST),
        "method": clean(effect.get("method")),
        "route": words.ROUTES.get(clean(effect.get("route")), words.plain(effect.get("route"))),
        "stable": clean(effect.get("weight_stable")),
        "bias": words.plain(bias.get(clean(effect.get("trial_id")))),
        "conditions": conditions.get(effect.get("effect_id"), []),
    }


def line_title(line: dict) -> str:
    """A line of evidence in words: its name, outcome and measure."""
    name = words.capital(words.plain(line["name"]))
    kind = "" if line["name"] == line["role"] else f" ({line['role']})"
    return f"{name}{kind}: {ratio_aware(line).outcome}, {line['measure']}"


def left_out(claim: dict, line: dict) -> dict | None:
    """The pooled estimate without each trial in turn, the trial that moves it most first."""
    found = [
        row
        for row in claim["bias"][line["name"]].get("leave_one_out") or []
        if row["status"] == "ok" and row["estimate"] is not None
    ]
    if not found:
        return None
    scale = ratio_aware(line)
    found.sort(key=lambda row: -abs(row["estimate"] - line["estimate"]))
    digits = scale.decimals([(row["ci_lower"], row["ci_upper"]) for row in found])
    labels = Counter(row["label"] for row in found)
    rows = [
        {
            "key": row["label"] + (f" ({row['trial_id']})" if labels[row["label"]] > 1 else ""),
            "page": words.page_name(row["trial_id"]),
            "order": order,
            "yi": row["estimate"],
            "lo": row["ci_lower"],
            "hi": row["ci_upper"],
            "text": words.estimate_text(
                scale, row["estimate"], row["ci_lower"], row["ci_upper"], digits
            ),
            "verdict": row["verdict"],
        }
        for order, row in enumerate(found)
    ]
    ends = limits(scale, [row["yi"] for row in rows], [(row["lo"], row["hi"]) for row in rows])
    return {
        "chart": "leave_one_out_ratio" if scale.is_ratio else "leave_one_out",
        "values": {"@title": scale.axis_label(), "@low": ends[0], "@high": ends[1],
                   "@null": scale.null},
        "frame": _frame(scale),
        "rows": rows,
        "changed": [row["key"] for row in rows if row["verdict"] != line["verdict"]],
    }  # fmt: skip


def _frame(scale: Scale) -> list[dict]:
    """The range of effects too small to matter as a row, none where no margin says which."""
    band = scale.band()
    return [dict(zip(("low", "high"), band, strict=True))] if band else []
