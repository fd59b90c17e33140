"""What a published review pooled, pooled again from its own rows by its own method."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from liverfit import meta
from liverfit.data.findings import DataError, Finding
from liverfit.effects.sizes import mean_difference, standardized_mean_difference

if TYPE_CHECKING:
    import pandas as pd

    from liverfit.data.dataset import Dataset

COLUMNS = (
    "dataset", "review", "doi", "outcome", "measure", "estimator", "k", "n", "estimate",
    "ci_lower", "ci_upper", "tau2", "i2", "printed", "decimals", "difference", "agrees", "note",
    "source_rows",
)  # fmt: skip


def reproduce(datasets: list[Dataset], level: float) -> pd.DataFrame:
    """Our pooled effect of every outcome that a data set `reproduces`, beside the printed one.

    Each comparison of a trial is an effect of its own, as the reviews take it: intervention minus
    control from the mean changes of both arms, pooled by the review's estimator with Wald
    intervals. `agrees` says whether the estimate, rounded to the printed decimals, is the printed
    number. Nothing of it enters a claim.

    Raises
    ------
    DataError
        where an outcome has fewer than two comparisons.
    """
    import pandas as pd

    rows, findings = [], []
    for dataset in datasets:
        spec = dataset.descriptor["reproduces"]
        found = _comparisons(dataset)
        for at, wanted in enumerate(spec["outcomes"]):
            pairs = found.get(wanted["outcome"], [])
            if len(pairs) < 2:
                what = f"{len(pairs)} comparisons of {wanted['outcome']} with n, mean change and SD"
                key = f"reproduces.outcomes.{at}"
                path = f"{dataset.folder}/dataset.yaml"
                findings.append(Finding(path, None, key, what, "at least 2", "map them"))
                continue
            rows.append(_row(dataset.name, spec, wanted, pairs, level))
    if findings:
        raise DataError(findings)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _comparisons(dataset: Dataset) -> dict[str, list[tuple[dict, dict]]]:
    """By outcome, the changes of each intervention arm with its trial's control arm."""
    arms = dataset.tables["arms"]
    roles = {(a.trial_id, a.arm_id): a.role for a in arms.itertuples()}
    changes = defaultdict(lambda: {"intervention": [], "control": []})
    for m in dataset.tables["measurements"].to_dict("records"):
        whole = m["timepoint"] == "change" and m["spread_type"] == "sd"
        if whole and m["n"] and m["center"] and m["spread"]:
            role = roles[m["trial_id"], m["arm_id"]]
            changes[m["outcome"], m["trial_id"]][role].append(m)
    out = defaultdict(list)
    for (outcome, _), sides in changes.items():
        out[outcome] += [(a, b) for a in sides["intervention"] for b in sides["control"]]
    return out


def _row(dataset: str, spec: dict, wanted: dict, pairs: list, level: float) -> dict:
    cells = np.array([[_moments(a) + _moments(b)] for a, b in pairs]).reshape(len(pairs), 6)
    if spec["measure"] == "MD":
        effect = mean_difference(*cells.T)
    else:
        effect = standardized_mean_difference(*cells.T, correct=spec["measure"] == "g")
    sign, decimals = wanted.get("sign", 1), wanted.get("decimals", 2)
    fit = meta.random_effects(
        sign * np.asarray(effect.yi), effect.vi, method=spec["estimator"], test="z", level=level
    )
    estimate, printed = float(np.ravel(fit.coef)[0]), float(wanted["printed"])
    lower, upper = np.ravel(fit.ci)
    ids = dict.fromkeys(row for pair in pairs for m in pair for row in m["from_rows"].split(";"))
    return {
        "dataset": dataset,
        **{key: spec[key] for key in ("review", "doi", "measure", "estimator")},
        "outcome": wanted["outcome"],
        "k": len(pairs),
        "n": int(cells[:, 2].sum() + cells[:, 5].sum()),
        "estimate": estimate,
        "ci_lower": float(lower),
        "ci_upper": float(upper),
        "tau2": float(fit.tau2),
        "i2": float(fit.i2),
        "printed": printed,
        "decimals": decimals,
        "difference": estimate - printed,
        "agrees": math.isclose(round(estimate, decimals), printed, abs_tol=1e-9),
        "note": wanted.get("note", ""),
        "source_rows": ";".join(ids),
    }


def _moments(m: dict) -> tuple[float, float, float]:
    return float(m["center"]), float(m["spread"]), float(m["n"])
