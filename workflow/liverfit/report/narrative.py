"""A section of prose for each claim, filled from its numbers by a template."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from liverfit.claims.overview import primary_line
from liverfit.plots.scales import Scale, signed

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
MEASURES = {
    "MD": "the mean difference",
    "SMD": "the standardised mean difference (Hedges' g)",
    "ROM": "the log ratio of means",
    "MC": "the uncontrolled mean change",
    "SMCR": "the uncontrolled change in baseline SDs",
    "SMCC": "the uncontrolled change in SDs of the change",
    "ROMC": "the log ratio of end and baseline, uncontrolled",
}
REASONS_SHOWN = 3
FEW_TRIALS = 5
ARMS = {2: "two arms", 4: "four cells"}
MARKUP = re.compile(r"([\\`*_\[\]<>|#])")


def claim_section(claim: dict, level: float = 0.95) -> str:
    """The section of one claim as Markdown.

    It says what was claimed and tested, on which trials, what came out, what that does not say, and
    which trial would settle it. Every number is read from the claim.

    Parameters
    ----------
    claim : results/claims/{claim}.json
    level : confidence level of its intervals
    """
    primary = [line for line in claim["lines"] if line["role"] == "primary"]
    text = (
        _environment()
        .get_template("claim.md.j2")
        .render(
            c=claim,
            primary=primary,
            measures=MEASURES,
            level=f"{100 * level:g}",
            trials=_trials,
            sides=_sides,
            near_miss_reasons=_near_miss_reasons(claim),
            others=_other_lines(claim),
            limits=limits(claim, primary),
            settling=settling(claim),
        )
    )
    return re.sub(r" +\n", "\n", text).strip() + "\n"


def verdict_sentence(claim: dict, level: float = 0.95) -> str:
    """The verdict, its certainty and the numbers of the leading line in one plain sentence.

    Parameters
    ----------
    claim : results/claims/{claim}.json
    level : confidence level of its intervals
    """
    line, verdict = primary_line(claim), claim["verdict"].capitalize()
    certain = f", with {claim['certainty']} certainty" if claim["certainty"] else ""
    if line["status"] != "ok" or line["estimate"] is None:
        return f"{verdict}{certain}: {claim['reason']}."
    scale = Scale.of(line)
    ends = (line["ci_lower"], line["ci_upper"])
    digits = scale.decimals([ends])
    value, low, high = (signed(scale.shown(x), digits) for x in (line["estimate"], *ends))
    people = f" with {line['n']:.0f} people" if line["n"] else ""
    trials = f"{line['k']} trial{'s' if line['k'] != 1 else ''}{people}"
    first, second = line["comparison"]["favours"]
    return (
        f"{verdict}{certain}: over {trials} the estimate for {_lower_first(scale.outcome)} is "
        f"{value} {scale.shown_unit} ({100 * level:g}% CI {low} to {high}), "
        f"{first} against {second}."
    )


def limits(claim: dict, primary: list[dict]) -> list[str]:
    """What the result does not say, each sentence because of a number of this claim."""
    out = []
    fitted = [line for line in primary if line["status"] == "ok"]
    if not fitted:
        out.append("It does not say that the claim is wrong: it was not tested.")
    for line in fitted:
        if line["k"] < FEW_TRIALS:
            out.append(f"{line['k']} trials are few: the interval leans on the model.")
        low, high = line["pi_lower"], line["pi_upper"]
        if claim["verdict"] == "supported" and low is not None and low < line["null"] < high:
            out.append("It does not say that every setting has the effect: the prediction interval "
                       "includes none.")  # fmt: skip
        if line["measure"] == "SMD":
            out.append("A standardised difference tells nothing in the unit of the outcome.")
        if line.get("indirectness"):
            out.append(f"It is indirect: {_plain(line['indirectness']['reason'])}.")
    if claim["verdict"] == "inconclusive":
        out.append("It does not say that there is no effect: the interval leaves it open.")
    off = (claim.get("certainty_reason") or "").strip()
    if fitted and off and off != "nothing was taken off":
        out.append(f"Certainty is {claim['certainty']} ({_plain(off)}).")
    out.append("The trials are a curated collection, not a systematic search.")
    return list(dict.fromkeys(out))


def settling(claim: dict) -> list[str]:
    """Which trial would settle the claim: the declared data, and the people one arm would need."""
    out = [_sentence(_plain(claim["would_settle"]))] if claim["would_settle"] else []
    plan = claim.get("settling_trial") or {}
    if plan.get("n_per_arm"):
        out.append(
            f"A trial of {ARMS[plan['arms']]} with {plan['power']:.0%} power for the smallest "
            f"effect of interest, {_number(plan['effect'])} {_plain(plan['unit'])}, needs "
            f"{plan['n_per_arm']} people per arm at a standard deviation of "
            f"{_number(plan['sd'])} ({_plain(plan['sd_source'])})."
        )
        out += _further(plan["further_trials"], plan["power"])
    elif plan.get("reason"):
        out.append(f"No number of people can be given: {_plain(plan['reason'])}.")
    return out or ["No further trial is declared."]


def _further(more: dict, power: float) -> list[str]:
    """What trials of the usual size would add to the pooled analysis."""
    if not more["n_per_arm"]:
        return []
    size = f"of the usual size, {more['n_per_arm']} people per arm"
    if more["trials"] is None:
        return [f"In the pooled analysis {_plain(more['reason'])} {size}, would be needed."]
    if not more["trials"]:
        return []
    trials = f"{more['trials']} further trial{'s' if more['trials'] != 1 else ''}"
    return [f"The pooled analysis would have {power:.0%} power with {trials} {size}."]


def _trials(line: dict) -> list[str]:
    return [_plain(x) for x in dict.fromkeys(e["label"] or e["trial_id"] for e in line["effects"])]


def _near_miss_reasons(claim: dict) -> list[str]:
    counts = Counter(_plain(m["detail"]) for m in claim["near_misses"])
    return [f"{reason} ({count})" for reason, count in counts.most_common(REASONS_SHOWN)]


def _other_lines(claim: dict) -> list[tuple[str, str]]:
    """Name and result of every other fitted line that estimates an effect."""
    out = []
    for line in claim["lines"]:
        if line["role"] == "primary" or line["status"] != "ok" or line["estimate"] is None:
            continue
        numbers = (line["estimate"], line["ci_lower"], line["ci_upper"])
        value, low, high = map(_number, numbers)
        name = f"{line['role'].capitalize()} line {line['name'].replace('_', ' ')}"
        trials = f"{line['k']} trial{'s' if line['k'] != 1 else ''}"
        out.append((name, f"{value} {_plain(line['unit'])} ({low} to {high}; {trials})"))
    return out


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # Markdown: text from data goes through `plain`
        keep_trailing_newline=True,
    )
    env.filters.update(
        plain=_plain,
        sentence=_sentence,
        number=_number,
        percent=lambda x: f"{100 * x:.0f} %" if x in (0, 1) or 0.01 <= x <= 0.99 else _rare(x),
        probability=_probability,
        count_of=lambda n: f"{n:,}".replace(",", " "),
        lower_first=_lower_first,
    )
    return env


def _plain(text: str) -> str:
    """Text from data in Markdown: one line, its markup shown as it is."""
    return MARKUP.sub(r"\\\1", " ".join(str(text).split()))


def unmarked(text: str) -> str:
    """What `_plain` made of text from data, as the text itself.

    >>> unmarked(r"a\\_b \\<i\\>")
    'a_b <i>'
    """
    return re.sub(r"\\([\\`*_\[\]<>|#])", r"\1", text)


def _lower_first(text: str) -> str:
    return text if text[:2].isupper() or text[:3] == "VO2" else text[:1].lower() + text[1:]


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _number(x: float | None) -> str:
    """Two decimals, more where two would show nothing, with a true minus sign."""
    if x is None:
        return "–"
    text = f"{x:.2f}" if abs(x) >= 0.005 or x == 0 else f"{x:.1g}"
    return text.replace("-", "−")


def _rare(x: float) -> str:
    return "under 1 %" if x < 0.01 else "over 99 %"


def _probability(x: float) -> str:
    if x > 0.999:
        return "above 0.999"
    return "below 0.001" if x < 0.001 else f"{x:.3f}"


def _sides(line: dict) -> str:
    first, second = line["comparison"]["favours"]
    return f"{_plain(first)} against {_plain(second)}"
