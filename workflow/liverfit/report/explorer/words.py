"""How the explorer tells numbers, names and links."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from liverfit.plots.scales import Scale, number, signed
from liverfit.plots.style import clean

CONDITIONS = {
    "nafld": "Fatty liver (NAFLD, MASLD)",
    "nash": "Steatohepatitis (NASH, MASH)",
    "t2d": "Type 2 diabetes",
    "prediabetes": "Prediabetes",
    "obesity": "Overweight or obesity",
    "metsyn": "Metabolic syndrome",
    "hypogonadism": "Hypogonadism",
    "hiv": "HIV",
    "healthy": "Healthy",
    "other": "Other",
}
DESIGNS = {
    "parallel_rct": "randomised trial, parallel groups",
    "crossover_rct": "randomised trial, crossover",
    "nonrandomised_controlled": "controlled, not randomised",
    "single_arm": "one arm, uncontrolled",
    "secondary_analysis": "secondary analysis of a randomised trial",
}
ROUTES = {
    "printed_contrast": "contrast between arms as printed",
    "change_scores": "changes from baseline of both arms",
    "pre_post": "baseline and end values, pre–post correlation imputed",
    "post_only": "end values only",
    "relative_change": "relative changes of both arms",
    "change_over_baseline": "changes over baseline",
    "printed_p": "difference and printed p-value",
}
SAFE = re.compile(r"[^A-Za-z0-9_-]")


def plain(name: object) -> str:
    """A name of a column, outcome or option as words."""
    return clean(name).replace("_", " ")


def capital(text: object) -> str:
    """Text with a capital at its beginning."""
    told = clean(text)
    return told[:1].upper() + told[1:]


def within(text: object) -> str:
    """Text as it stands within a sentence; an abbreviation keeps its capital.

    >>> within("No exercise"), within("HOMA-IR")
    ('no exercise', 'HOMA-IR')
    """
    told = clean(text)
    return told[:1].lower() + told[1:] if told[1:2].islower() else told


def against(one: object, other: object) -> str:
    """Words for the comparison of two nodes of a network.

    >>> against("Aerobic", "No exercise")
    'Aerobic against no exercise'
    """
    return f"{clean(one)} against {within(other)}"


def condition_word(name: str) -> str:
    """Words for a condition of the participants."""
    return CONDITIONS.get(name, capital(plain(name)))


def page_name(name: str) -> str:
    """A file name for an id: letters, digits, - and _ stay, the rest becomes its code.

    >>> page_name("lee2013"), page_name("../x")
    ('lee2013', '~2e~2e~2fx')
    """
    return SAFE.sub(lambda found: f"~{ord(found[0]):x}", name)


def row_anchor(row_id: str) -> str:
    """The anchor of a raw row within its trial's page."""
    return "row-" + SAFE.sub("-", row_id)


def web_link(value: object) -> str | None:
    """The address where it is one of the web, else None: no other scheme is ever linked.

    >>> web_link("https://doi.org/10.1/x"), web_link("javascript:alert(1)"), web_link("")
    ('https://doi.org/10.1/x', None, None)
    """
    text = clean(value)
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme.lower() in ("http", "https") and parts.netloc else None


def figure(value: object, decimals: int | None = None) -> str:
    """A number with a true minus sign, as many digits as it takes where none are given."""
    x = number(value)
    if x is None:
        return "–"
    return signed(x, decimals) if decimals is not None else f"{x:.6g}".replace("-", "−")


def count(value: object) -> str:
    """A whole number, thousands apart.

    >>> count(1471680.0), count(None)
    ('1\\u202f471\\u202f680', '–')
    """
    x = number(value)
    return "–" if x is None else f"{x:,.0f}".replace(",", "\u202f")


def percent(value: object) -> str:
    """A share as percent; what is not quite none or all does not read so.

    >>> percent(0.772), percent(0.999), percent(0.0), percent(0.0003)
    ('77%', '>99%', '0%', '<1%')
    """
    x = number(value)
    if x is None:
        return "–"
    if 0 < x < 0.01:
        return "<1%"
    return ">99%" if 0.99 < x < 1 else f"{100 * x:.0f}%"


def probability(value: object) -> str:
    """A probability with three decimals, never quite 0 or 1."""
    x = number(value)
    if x is None:
        return "–"
    return ">0.999" if x > 0.999 else "<0.001" if x < 0.001 else f"{x:.3f}"


def p_value(value: object) -> str:
    """A p-value as journals print it, without the letter."""
    x = number(value)
    if x is None:
        return "–"
    return "<0.001" if x < 0.001 else f"{x:.3f}" if x < 0.1 else f"{x:.2f}"


def estimate_text(
    scale: Scale,
    estimate: object,
    low: object = None,
    high: object = None,
    digits: int | None = None,
) -> str:
    """An estimate and its interval on the scale that readers see: −2.44 (−3.46 to −1.41)."""
    middle, ends = number(estimate), (number(low), number(high))
    digits = scale.decimals([ends]) if digits is None else digits
    told = signed(scale.shown(middle), digits)
    if None in ends:
        return told
    return f"{told} ({interval_text(scale, *ends, digits=digits)})"


def interval_text(scale: Scale, low: object, high: object, digits: int | None = None) -> str:
    """The ends of an interval: −3.46 to −1.41."""
    ends = (number(low), number(high))
    if None in ends:
        return "–"
    digits = scale.decimals([ends]) if digits is None else digits
    return " to ".join(signed(scale.shown(end), digits) for end in ends)


def ratio_aware(line: dict) -> Scale:
    """The scale of a line; uncontrolled log ratios are shown as percent like controlled ones."""
    scale = Scale.of(line)
    if scale.measure != "ROMC":
        return scale
    return Scale("ROM", scale.unit, scale.outcome, scale.null, scale.margin)
