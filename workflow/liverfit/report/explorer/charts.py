"""The interactive charts as Vega-Lite specifications, made and checked by Altair.

They are templates, the same for every page: a page hands over rows of data by name (`rows`, and
`frame` for the range of effects too small to matter), and values for the words that begin with @.
A filter can so change what is drawn, and colours may follow light and dark (`colour` of each row).
"""

from __future__ import annotations

import altair as alt

from liverfit.report.explorer.chart_parts import (
    ABOVE,
    axis,
    band,
    blank,
    label_above,
    null,
    row_places,
    spec,
    value_axis,
)
from liverfit.report.explorer.network_charts import network, node_effects, ranks

MATRIX_LABELS = 150


def templates() -> dict[str, dict]:
    """Every chart by name; those of effects also as `…_ratio`, with axes of log ratios in percent.

    A page fills in `@title` (of the axis), `@low` and `@high` (its limits) and `@null` (no effect).
    """
    of_effects = {
        "forest": forest,
        "leave_one_out": leave_one_out,
        "specification_curve": specification_curve,
        "node_effects": node_effects,
    }
    return {
        **{name: chart(ratio=False) for name, chart in of_effects.items()},
        **{f"{name}_ratio": chart(ratio=True) for name, chart in of_effects.items()},
        "option_matrix": option_matrix(),
        "moving_choices": moving_choices(),
        "scoreboard": scoreboard(),
        "network": network(),
        "ranks": ranks(),
    }


def forest(*, ratio: bool) -> dict:
    """Effects with intervals, the pooled estimate and the prediction interval.

    Rows hold kind (effect, total, prediction), key, order, yi, lo, hi, size, colour, text; numbers
    are on the scale of analysis.
    """
    x = axis(ratio)
    base = alt.Chart(alt.NamedData(name="rows")).encode(y=row_places("key"))
    effect = base.transform_filter("datum.kind == 'effect'")
    total = base.transform_filter("datum.kind == 'total'")
    spread = base.transform_filter("datum.kind == 'prediction'")
    tips = [
        alt.Tooltip(f"{field}:N", title=title)
        for field, title in (
            ("label", "Trial"),
            ("arm", "Arm"),
            ("comparator", "Against"),
            ("text", "Effect (95% CI)"),
            ("people", "People"),
            ("share", "Share of pool"),
            ("method", "Method"),
            ("route", "From"),
        )
    ]
    colour = alt.Color("colour:N", scale=None)
    ends = {"x": alt.X("lo:Q"), "x2": "hi:Q"}
    layers = [
        band(),
        null(),
        effect.mark_rule(strokeWidth=1.6, clip=True).encode(**ends, color=colour, tooltip=tips),
        effect.mark_point(filled=True, shape="square", opacity=1, clip=True).encode(
            x=alt.X("yi:Q", **x),
            size=alt.Size("size:Q", scale=None),
            color=colour,
            href=alt.Href("href:N"),
            tooltip=tips,
        ),
        spread.mark_rule(strokeWidth=5, opacity=0.35, clip=True).encode(**ends, color=colour),
        total.mark_rule(strokeWidth=2.5, clip=True).encode(**ends, color=colour),
        total.mark_point(filled=True, shape="diamond", size=190, opacity=1, clip=True).encode(
            x="yi:Q", color=colour, tooltip=[alt.Tooltip("text:N", title="Estimate (95% CI)")]
        ),
        base.mark_text(align="right", dx=alt.expr("wide ? 172 : 0"), dy=alt.expr(ABOVE)).encode(
            x=alt.value("width"), text="text:N"
        ),
        label_above(base, "key"),
    ]
    return spec(alt.layer(*layers))


def leave_one_out(*, ratio: bool) -> dict:
    """The pooled estimate without each trial in turn; `whole` marks that of all trials."""
    x = axis(ratio)
    base = alt.Chart(alt.NamedData(name="rows")).encode(
        y=row_places("key"), color=alt.Color("colour:N", scale=None)
    )
    tips = [
        alt.Tooltip("key:N", title="Without"),
        alt.Tooltip("text:N", title="Estimate (95% CI)"),
        alt.Tooltip("verdict:N", title="Verdict then"),
    ]
    layers = [
        band(),
        null(),
        base.mark_rule(strokeWidth=1.6, clip=True).encode(x="lo:Q", x2="hi:Q", tooltip=tips),
        base.mark_point(filled=True, size=60, opacity=1, clip=True).encode(
            x=alt.X("yi:Q", **x), tooltip=tips
        ),
        label_above(base, "key"),
    ]
    return spec(alt.layer(*layers))


def specification_curve(*, ratio: bool) -> dict:
    """Specifications sorted by estimate, in bins: mean estimate and interval, coloured by share.

    Rows hold at (percent of the specifications), estimate, ci_lower, ci_upper, agrees, colour.
    """
    base = alt.Chart(alt.NamedData(name="rows")).encode(
        x=alt.X("at:Q", title=None, axis=alt.Axis(labels=False, ticks=False, grid=False),
                scale=alt.Scale(domain=[0, 100], nice=False)),
    )  # fmt: skip
    tips = [
        alt.Tooltip("text:N", title="Mean estimate (interval)"),
        alt.Tooltip("agrees:Q", title="Share that agrees", format=".0%"),
    ]
    y = alt.Y(
        "estimate:Q",
        title=None,  # it would shift the curve against the options below: the page tells it
        scale=alt.Scale(zero=False),
        axis=value_axis(ratio, tickCount=6, minExtent=MATRIX_LABELS, maxExtent=MATRIX_LABELS),
    )
    layers = [
        blank().mark_rule(strokeWidth=1).encode(y=alt.datum("@null")),
        base.mark_rule(strokeWidth=3, opacity=0.3).encode(
            y="ci_lower:Q", y2="ci_upper:Q", color=alt.Color("colour:N", scale=None), tooltip=tips
        ),
        base.mark_circle(size=22, opacity=1).encode(
            y=y, color=alt.Color("colour:N", scale=None), tooltip=tips
        ),
    ]
    return spec(alt.layer(*layers).properties(height=230))


def option_matrix() -> dict:
    """Below the curve: the share of the specifications of a bin that take an option.

    Rows hold at, to, option, order and share (0 to 1).
    """
    chart = (
        alt.Chart(alt.NamedData(name="rows"))
        .mark_rect()
        .encode(
            x=alt.X("at:Q", title="Specifications, sorted by estimate, %",
                    scale=alt.Scale(domain=[0, 100], nice=False), axis=alt.Axis(grid=False)),
            x2="to:Q",
            y=alt.Y(
                "option:N",
                sort=alt.EncodingSortField(field="order", op="min"),
                title=None,
                axis=alt.Axis(
                    domain=False, ticks=False, minExtent=MATRIX_LABELS, maxExtent=MATRIX_LABELS,
                    labelLimit=MATRIX_LABELS - 8,
                ),
            ),
            opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]),
                                legend=None),
            color=alt.Color("colour:N", scale=None),
            tooltip=[
                alt.Tooltip("option:N", title="Option"),
                alt.Tooltip("share:Q", title="Share of these specifications", format=".0%"),
            ],
        )
    )  # fmt: skip
    return spec(chart, step=13)


def moving_choices() -> dict:
    """Share of the variance of the estimate that each choice explains (rows: choice, share)."""
    chart = (
        alt.Chart(alt.NamedData(name="rows"))
        .mark_bar(height=10, cornerRadiusEnd=2)
        .encode(
            x=alt.X("share:Q", title="Variance of the estimate explained",
                    axis=alt.Axis(format=".0%", tickCount=5)),
            y=alt.Y("choice:N", sort=alt.EncodingSortField(field="share", order="descending"),
                    title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8)),
            color=alt.Color("colour:N", scale=None),
            tooltip=[alt.Tooltip("choice:N", title="Choice"),
                     alt.Tooltip("share:Q", title="Variance explained", format=".1%")],
        )
    )  # fmt: skip
    return spec(chart, step=20)


def scoreboard() -> dict:
    """Effects of all claims in smallest effects of interest, the claimed direction to the right."""
    base = alt.Chart(alt.NamedData(name="rows")).encode(
        y=row_places("statement"),
        color=alt.Color("colour:N", scale=None),
        tooltip=[
            alt.Tooltip("statement:N", title="Claim"),
            alt.Tooltip("verdict:N", title="Verdict"),
            alt.Tooltip("text:N", title="Estimate (95% CI)"),
        ],
    )  # fmt: skip
    x = alt.X(
        "position:Q",
        title="Effect in smallest effects of interest; the claimed direction is to the right",
        scale=alt.Scale(domain=["@low", "@high"], nice=False),
        axis=alt.Axis(grid=True, tickCount=7),
    )
    layers = [
        blank().mark_rect(opacity=0.08).encode(x=alt.datum(-1), x2=alt.datum(1)),
        blank().mark_rule(strokeWidth=1).encode(x=alt.datum(0)),
        base.mark_rule(strokeWidth=2, clip=True).encode(x="lo:Q", x2="hi:Q"),
        base.mark_point(filled=True, size=90, opacity=1, clip=True).encode(
            x=x, href=alt.Href("href:N")
        ),
        label_above(base, "statement"),
    ]
    return spec(alt.layer(*layers))
