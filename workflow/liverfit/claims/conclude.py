"""One claim concluded: the judged claim with all that stands beside a verdict."""

from __future__ import annotations

BESIDE = ("certainty", "probability", "multiverse_share", "power", "false_positive_rate")


def conclude_claim(judged: dict) -> dict:
    """Complete a judged claim.

    Parameters
    ----------
    judged : what `judge_claim` returned

    Returns
    -------
    dict as written to results/claims/{claim}.json.
    """
    return {**judged, **dict.fromkeys(BESIDE)}
