"""One row an arm, outcome and scale: baseline, end and change as mean and SD, however printed."""

from __future__ import annotations

from liverfit.effects.routes import ArmCells, sides

COLUMNS = (
    "trial_id", "label", "cohort_id", "arm_id", "arm_label", "modality", "agent", "allocation",
    "outcome", "scale", "canonical", "sign", "week", "n", "baseline_mean", "baseline_sd",
    "post_mean", "post_sd", "change_mean", "change_sd", "r_imputed", "change_route", "design",
    "randomised", "source_rows",
)  # fmt: skip


def arm_summary(
    trial: dict, arm: dict, outcome: str, scale: dict, cells: ArmCells, r: float
) -> dict | None:
    """Baseline, end and change of one arm; None where nothing numeric is printed on the scale.

    The change is the printed one where it has an SD, else end minus baseline with the correlation
    `r` (Cochrane Handbook 6.5.2.8), else the printed one without an SD.
    """
    options = sides(cells, r)
    ranked = sorted(options, key=lambda s: (s.change.sd is None, s.route != "change_scores"))
    change = ranked[0] if ranked else None
    post = cells.post[0] if cells.post else None
    if change is None and post is None and cells.baseline is None:
        return None
    parts = [s for s in (cells.baseline, post, change and change.change) if s]
    rows = dict.fromkeys(row for s in parts for row in s.rows)
    return {
        **{k: trial[k] for k in ("trial_id", "label", "cohort_id", "design", "randomised")},
        **{k: arm[k] for k in ("arm_id", "arm_label", "modality", "agent", "allocation")},
        "outcome": outcome,
        "scale": scale["name"],
        "canonical": scale["canonical"],
        "sign": scale["sign"],
        "week": next((s.week for s in reversed(parts) if s.week is not None), None),
        "n": next((s.n for s in reversed(parts) if s.n), None),
        "baseline_mean": cells.baseline.mean if cells.baseline else None,
        "baseline_sd": cells.baseline.sd if cells.baseline else None,
        "post_mean": post.mean if post else None,
        "post_sd": post.sd if post else None,
        "change_mean": change.change.mean if change else None,
        "change_sd": change.change.sd if change else None,
        "r_imputed": r if change and change.route == "pre_post" else None,
        "change_route": change.route if change else "",
        "source_rows": ";".join(rows),
    }
