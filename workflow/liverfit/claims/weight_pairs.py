"""Each trial's liver-fat effect beside its weight effect, with the uncertainty of both."""

from __future__ import annotations

from statistics import median

from liverfit.claims.covariance import precision_weights, sampling_covariance

OF_CHANGES = ("printed_contrast", "change_scores", "printed_p")


def weight_pairs(effects: list[dict], settings: dict) -> list[dict]:
    """One pair a trial: its contrasts as one, weighted by the inverse of their covariance.

    The weight effect is in percent of baseline, put together as liver fat is, its variance from
    what each arm contributes, so that a shared arm counts once. Where a contrast
    prints the means of weight without a spread, an arm contributes SD²/n with the SD that
    `imputed_sd` gives, and the pair says so. Trials without any number for weight have `weight`
    None. `contrasts` has the single contrasts behind the pair.

    Parameters
    ----------
    effects : of a line that declares `beside: body_weight`
    settings : the section `models.weight` of the analysis plan
    """
    sd, _ = imputed_sd(effects, settings)
    by_trial = {}
    for e in sorted(effects, key=lambda e: e["effect_id"]):
        by_trial.setdefault(e["trial_id"], []).append(e)
    return [_pair(members, sd) for _, members in sorted(by_trial.items())]


def imputed_sd(effects: list[dict], settings: dict) -> tuple[float, str]:
    """SD of one person's weight change, percent: the median of the line's own, else the plan's."""
    found = [
        (v / (1 / e["n1"] + 1 / e["n2"])) ** 0.5
        for e in effects
        if e["n1"] and e["n2"] and (v := _printed_variance(e)) is not None
    ]
    if found:
        return median(found), f"median of {len(found)} contrast(s) that print it"
    return settings["change_sd_percent"], "declared in the plan"


def _printed_variance(e: dict) -> float | None:
    """Variance of the weight effect in percent² where the contrast prints a spread in kg."""
    scale = _percent_per_kg(e)
    return None if scale is None else e["beside"]["vi"] * scale**2


def _percent_per_kg(e: dict) -> float | None:
    """Percent that one printed kg is, None where the contrast prints no spread of a change.

    End values do not count: people's weights are so alike before and after that the imputed
    correlation would make the spread of the change many times too wide.
    """
    beside, percent = e.get("beside"), e["weight_change_percent"]
    if not beside or not beside["yi"] or percent is None or beside["route"] not in OF_CHANGES:
        return None
    return percent / beside["yi"]


def _pair(members: list[dict], sd: float) -> dict:
    v, w = precision_weights(members)
    share = w / w.sum()
    weighed = [_weighed(e, sd) for e in members]
    out = {
        "trial_id": members[0]["trial_id"],
        "label": members[0]["label"],
        "modality": members[0]["modality"],
        "yi": float(share @ [e["yi"] for e in members]),
        "vi": float(share @ v @ share),
        "weight": None,
        "weight_vi": None,
        "imputed": False,
        "words": members[0]["weight_evidence"] == "words" and members[0]["weight_stable"] == "yes",
        "contrasts": [_contrast(*pair) for pair in zip(members, weighed, strict=True)],
    }
    if None in weighed:
        return out
    return {
        **out,
        "weight": float(share @ [w["yi"] for w in weighed]),
        "weight_vi": float(share @ sampling_covariance(weighed) @ share),
        "imputed": any(w["imputed"] for w in weighed),
    }


def _weighed(e: dict, sd: float) -> dict | None:
    """The contrast's weight effect in percent and the variance from either arm; None without."""
    percent, scale = e["weight_change_percent"], _percent_per_kg(e)
    if percent is None or (scale is None and not (e["n1"] and e["n2"])):
        return None
    arms = {key: e[key] for key in ("trial_id", "arm_id", "comparator_arm_id")}
    if scale is None:
        parts = sd**2 / e["n1"], sd**2 / e["n2"]
    else:
        parts = tuple(e["beside"][key] * scale**2 for key in ("v_arm", "v_comparator"))
    return {**arms, "yi": percent, "vi": sum(parts), "v_arm": parts[0], "v_comparator": parts[1],
            "imputed": scale is None}  # fmt: skip


def _contrast(e: dict, weighed: dict | None) -> dict:
    return {
        **{key: e[key] for key in ("effect_id", "label", "arm_label", "modality", "yi", "vi")},
        "weight": weighed and weighed["yi"],
        "weight_vi": weighed and weighed["vi"],
        "imputed": bool(weighed and weighed["imputed"]),
    }
