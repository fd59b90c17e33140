"""The charts of networks: the graph, the effects of nodes, and their ranks."""

from __future__ import annotations

import altair as alt

from liverfit.report.explorer.chart_parts import axis, label_above, null, row_places, spec
from liverfit.report.explorer.network_graph import HEIGHT, REACH


def network() -> dict:
    """A network: circles on a ring with their names, lines between those that trials compare.

    Rows are those of `liverfit.report.explorer.network_graph`.
    """
    reach = alt.Scale(domain=[-REACH, REACH], nice=False)
    base = alt.Chart(alt.NamedData(name="rows"))

    def those(kind: str, more: str = "true") -> alt.Chart:
        return base.transform_filter(f"datum.kind == '{kind}' && {more}")

    tips = [alt.Tooltip("label:N", title="Between"), alt.Tooltip("more:N", title="Trials")]
    about = [alt.Tooltip("label:N", title="Node"), alt.Tooltip("more:N", title="In it")]

    def at(x: str, y: str) -> dict:
        return {"x": alt.X(f"{x}:Q", axis=None, scale=reach),
                "y": alt.Y(f"{y}:Q", axis=None, scale=reach)}  # fmt: skip

    width = alt.StrokeWidth("width:Q", scale=None)
    colour, size = alt.Color("colour:N", scale=None), alt.Size("size:Q", scale=None)
    number = those("edge").encode(**at("mx", "my"), text="k:Q")
    halo = {"stroke": "@paper", "strokeWidth": 5, "strokeJoin": "round"}
    layers = [
        those("edge", kept)
        .mark_rule(opacity=0.55, **dash)
        .encode(**at("x", "y"), x2="x2:Q", y2="y2:Q", strokeWidth=width, color=colour, tooltip=tips)
        for kept, dash in (("datum.connected", {}), ("!datum.connected", {"strokeDash": [5, 4]}))
    ]
    layers += [
        number.mark_text(fontSize=12, **halo).encode(color=alt.value("@paper")),
        number.mark_text(fontSize=12).encode(color=alt.value("@ink"), tooltip=tips),
        those("node", "datum.connected")
        .mark_point(filled=True, shape="circle", opacity=1)
        .encode(**at("x", "y"), size=size, color=colour, tooltip=about),
        those("node", "!datum.connected")
        .mark_point(filled=False, shape="circle", opacity=1, strokeDash=[3, 2])
        .encode(**at("x", "y"), size=size, color=colour, tooltip=about),
    ]
    for side, dx in (("center", 0), ("left", -14), ("right", 14)):
        named = those("node", f"datum.side == '{side}'")
        for y, text, ink, style in (
            ("name_y", "label:N", "@ink", {"fontSize": 13, "fontWeight": 600}),
            ("more_y", "more:N", "@muted", {"fontSize": 11}),
        ):
            style |= {"align": side, "dx": dx}
            words = named.encode(**at("x", y), text=text)
            layers += [
                words.mark_text(**style, **halo).encode(color=alt.value("@paper")),
                words.mark_text(**style).encode(color=alt.value(ink)),
            ]
    return spec(alt.layer(*layers).properties(height=HEIGHT))


def ranks() -> dict:
    """Ranks of nodes: the probability of each, the mean and the interval that holds most of them.

    Rows are of kind rank (key, order, from, to, probability) or mean (key, order, mean, lo, hi).
    """
    y = alt.Y("key:N", sort=alt.EncodingSortField(field="order", op="min"), title=None,
              axis=alt.Axis(domain=False, ticks=False, labelPadding=8))  # fmt: skip
    base = alt.Chart(alt.NamedData(name="rows")).encode(y=y)
    rank = base.transform_filter("datum.kind == 'rank'")
    mean = base.transform_filter("datum.kind == 'mean'")
    tips = [alt.Tooltip("key:N", title="Node"), alt.Tooltip("text:N", title="Mean rank (95%)")]
    layers = [
        rank.mark_rect(height=alt.RelativeBandSize(0.72)).encode(
            x=alt.X("from:Q", title="Rank, 1 is the best",
                    scale=alt.Scale(domain=[0.5, "@high"], nice=False),
                    axis=alt.Axis(tickMinStep=1, format="d")),
            x2="to:Q",
            opacity=alt.Opacity("probability:Q", scale=alt.Scale(domain=[0, 1], range=[0, 0.85]),
                                legend=None),
            color=alt.Color("colour:N", scale=None),
            tooltip=[alt.Tooltip("key:N", title="Node"), alt.Tooltip("rank:Q", title="Rank"),
                     alt.Tooltip("probability:Q", title="Probability", format=".1%")],
        ),
        mean.mark_rule(strokeWidth=1.8).encode(
            x="lo:Q", x2="hi:Q", color=alt.value("@ink"), tooltip=tips
        ),
        mean.mark_point(filled=True, size=70, opacity=1, stroke="@paper", strokeWidth=1.2).encode(
            x="mean:Q", color=alt.value("@ink"), tooltip=tips
        ),
    ]  # fmt: skip
    return spec(alt.layer(*layers), step=26)


def node_effects(*, ratio: bool) -> dict:
    """Effects of nodes against the reference, with confidence and prediction intervals.

    Rows hold key, order, yi, lo, hi, pi_lo, pi_hi (null without one), text and prediction.
    """
    base = alt.Chart(alt.NamedData(name="rows")).encode(
        y=row_places("key"), color=alt.Color("colour:N", scale=None)
    )
    tips = [
        alt.Tooltip("key:N", title="Node"),
        alt.Tooltip("text:N", title="Effect (95% CI)"),
        alt.Tooltip("prediction:N", title="A new trial"),
    ]
    layers = [
        null(),
        base.transform_filter("isValid(datum.pi_lo)")
        .mark_rule(strokeWidth=6, opacity=0.28, clip=True)
        .encode(x="pi_lo:Q", x2="pi_hi:Q", tooltip=tips),
        base.mark_rule(strokeWidth=2, clip=True).encode(x="lo:Q", x2="hi:Q", tooltip=tips),
        base.mark_point(filled=True, size=90, opacity=1, clip=True).encode(
            x=alt.X("yi:Q", **axis(ratio)), tooltip=tips
        ),
        label_above(base, "key"),
    ]
    return spec(alt.layer(*layers))
