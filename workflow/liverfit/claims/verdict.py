"""The verdict rules: from an estimate and its interval to one word, with the reason in words.

supported     the interval lies wholly on the claimed side of the null
refuted       it lies wholly on the other side, or wholly inside the margin of no relevant effect
inconclusive  neither
untestable    fewer usable trials than the declared minimum, or no model that could be fitted
"""

from __future__ import annotations

VERDICTS = ("supported", "refuted", "inconclusive", "untestable")
HALF_OF_TAU2 = 50.0  # percent; a dose that explains as much is held to be the whole story


def line_verdict(line: dict) -> tuple[str, str]:
    """Verdict and reason of one fitted line, by the line's declared `rule`."""
    if line["status"] != "ok":
        return "untestable", line["status_reason"]
    verdict, reason = RULES[line["rule"]](line)
    if line.get("design") == "before_after":
        reason = f"uncontrolled changes from baseline: {reason}"
    return verdict, reason


def superiority(line: dict) -> tuple[str, str]:
    """One-sided claim: `direction` is decrease or increase."""
    low, high, null = line["ci_lower"], line["ci_upper"], line["null"]
    claimed_low = line["direction"] == "decrease"
    if (high < null) if claimed_low else (low > null):
        return "supported", f"the interval {_text(line)} lies wholly on the claimed side"
    if (low > null) if claimed_low else (high < null):
        return "refuted", f"the interval {_text(line)} lies wholly on the other side"
    return _inside_margin(line)


def two_sided(line: dict) -> tuple[str, str]:
    """The claim names no direction: any effect supports it."""
    low, high, null = line["ci_lower"], line["ci_upper"], line["null"]
    if high < null or low > null:
        return "supported", f"the interval {_text(line)} excludes no effect"
    return _inside_margin(line)


def _inside_margin(line: dict) -> tuple[str, str]:
    margin = line["margin"]
    low, high = line["ci_lower"] - line["null"], line["ci_upper"] - line["null"]
    if margin and -margin < low and high < margin:
        return "refuted", (
            f"the interval {_text(line)} lies wholly inside the margin of no relevant effect, "
            f"±{margin:g} {line['unit']}"
        )
    return "inconclusive", f"the interval {_text(line)} includes no effect and reaches beyond it"


def non_inferiority(line: dict) -> tuple[str, str]:
    """Not worse than the comparator by the margin, in less weekly time (`extra.time_ratio`).

    The interval against the margin: Piaggio et al. 2012, doi:10.1001/jama.2012.87802.
    """
    if not line["margin"]:
        raise ValueError(f"line {line['name']}: non-inferiority needs a margin")
    worse = 1 if line["direction"] == "decrease" else -1
    bounds = sorted(worse * x for x in (line["ci_lower"], line["ci_upper"]))
    if bounds[0] > line["margin"]:
        return "refuted", f"the interval {_text(line)} lies wholly beyond the margin"
    if bounds[1] >= line["margin"]:
        return "inconclusive", (
            f"the interval {_text(line)} reaches the non-inferiority margin of "
            f"{line['margin']:g} {line['unit']}"
        )
    return _less_time(line["extra"])


def _less_time(extra: dict) -> tuple[str, str]:
    """Whether what is not inferior takes less time: the ratio's whole interval is below 1."""
    ratio, low, high = (extra.get(f"time_ratio{end}") for end in ("", "_ci_lower", "_ci_upper"))
    if ratio is None:
        return "inconclusive", "not inferior, but no trial prints the weekly minutes of both arms"
    told = f"{ratio:.2f} times the weekly minutes"
    if low is None:
        return "inconclusive", (
            f"not inferior, with {told} in the one trial that prints them for both arms, "
            "which gives the ratio no interval"
        )
    told += f" ({low:.2f} to {high:.2f})"
    if high < 1:
        return "supported", f"not inferior, with {told}"
    if low >= 1:
        return "refuted", f"not inferior, but with {told}"
    return "inconclusive", f"not inferior, but with {told}, which may be as many"


def lowest_dose(line: dict) -> tuple[str, str]:
    """Effect at the lowest observed dose, and dose explains less than half of tau².

    The share, like an effect, counts with its interval: that too must lie below half.
    """
    verdict, reason = superiority(line)
    r2, high = (line["extra"].get(key) for key in ("r2", "r2_ci_upper"))
    if verdict != "supported":
        return verdict, reason
    if r2 is None or high is None:
        return "inconclusive", f"{reason}, but how much of tau² dose explains is undefined"
    share = f"dose explains {r2:.0f} % of tau²"
    if r2 >= HALF_OF_TAU2:
        return "inconclusive", f"{reason}, but {share}"
    if high >= HALF_OF_TAU2:
        return "inconclusive", f"{reason}, but {share}, with an interval up to {high:.0f} %"
    return "supported", f"{reason}, and {share} (at most {high:.0f} %)"


def lowest_dose_by_point(line: dict) -> tuple[str, str]:
    """The weaker rule of a dose claim: the share itself below half, whatever its interval."""
    verdict, reason = superiority(line)
    r2 = line["extra"].get("r2")
    if verdict != "supported":
        return verdict, reason
    if r2 is None:
        return "inconclusive", f"{reason}, but how much of tau² dose explains is undefined"
    joined = "and" if r2 < HALF_OF_TAU2 else "but"
    word = "supported" if r2 < HALF_OF_TAU2 else "inconclusive"
    return word, f"{reason}, {joined} dose explains {r2:.0f} % of tau², its interval left aside"


def moderator_slope(line: dict) -> tuple[str, str]:
    """The effect changes with the moderator in the claimed direction."""
    extra = line["extra"]
    slope = {**line, "ci_lower": extra["slope_ci_lower"], "ci_upper": extra["slope_ci_upper"]}
    verdict, reason = superiority({**slope, "margin": None})
    return verdict, f"slope on {extra['moderator']}: {reason}"


def omnibus(line: dict) -> tuple[str, str]:
    """Global test of equality of groups; a large p-value is no evidence of equality."""
    names = ", ".join(line["extra"]["groups"])
    if line["pvalue"] < 0.05:
        return "supported", f"the effects of {names} differ (P={line['pvalue']:.2g})"
    return "inconclusive", f"no difference between {names} was shown (P={line['pvalue']:.2g})"


def combined(claim: dict, lines: list[dict]) -> tuple[str, str]:
    """The claim's verdict from its primary lines.

    `all`: supported where every line is, refuted where any is, else untestable where any is.
    `testable`: the same over the lines that could be tested. One primary line simply gives its
    own verdict.
    """
    primary = [line for line in lines if line["role"] == "primary"]
    if len(primary) == 1:
        return primary[0]["verdict"], primary[0]["verdict_reason"]
    told = "; ".join(f"{line['name']}: {line['verdict_reason']}" for line in primary)
    values = {line["verdict"] for line in carriers(claim, lines)}
    if values == {"supported"}:
        return "supported", told
    if "refuted" in values:
        return "refuted", told
    if not values or "untestable" in values:
        return "untestable", told
    return "inconclusive", told


def carriers(claim: dict, lines: list[dict]) -> list[dict]:
    """The lines that the claim's verdict rests on: its primary ones; under `testable` those of them
    that could be tested."""
    primary = [line for line in lines if line["role"] == "primary"]
    if len(primary) > 1 and claim.get("combine", "all") == "testable":
        return [line for line in primary if line["verdict"] != "untestable"]
    return primary


def interval_text(low: float, high: float) -> str:
    """An interval in words, with true minus signs."""
    return f"{low:.2f} to {high:.2f}".replace("-", "−")


def _text(line: dict) -> str:
    return interval_text(line["ci_lower"], line["ci_upper"])


RULES = {
    "superiority": superiority,
    "two_sided": two_sided,
    "non_inferiority": non_inferiority,
    "lowest_dose": lowest_dose,
    "moderator_slope": moderator_slope,
    "omnibus": omnibus,
}
