"""What the charts share: axes, names of rows, the null, and how a specification is finished."""

from __future__ import annotations

import altair as alt

ROW_STEP = 24
ROW_NAMES = alt.Axis(
    domain=False, ticks=False, labelPadding=10, labelExpr="wide ? datum.label : ''"
)
ABOVE = "wide ? 0 : -13"
SIGNED_PERCENT = "(datum.value > 0 ? '+' : '') + format(100 * (exp(datum.value) - 1), '.0f') + '%'"


def row_places(field: str) -> alt.Y:
    """The place of each row, by its name and in the order given; names only on a wide page."""
    by_order = alt.EncodingSortField(field="order", op="min")
    return alt.Y(f"{field}:N", sort=by_order, title=None, axis=ROW_NAMES)


def axis(ratio: bool) -> dict:
    """Title, scale and axis of effects, to be filled in."""
    return {
        "title": "@title",
        "scale": alt.Scale(domain=["@low", "@high"], nice=False, zero=False),
        "axis": value_axis(ratio, tickCount=6),
    }


def value_axis(ratio: bool, **settings: float) -> alt.Axis:
    """An axis of effects, that of log ratios in percent."""
    return alt.Axis(**({"labelExpr": SIGNED_PERCENT} if ratio else {}), **settings)


def label_above(base: alt.Chart, field: str) -> alt.Chart:
    """A row's name above its marks, on a narrow page, where the axis shows none."""
    return (
        base.transform_calculate(above=f"wide ? '' : datum.{field}")
        .mark_text(align="left", dy=alt.expr(ABOVE), limit=alt.expr("width - 120"))
        .encode(x=alt.value(0), text="above:N", color=alt.value("@ink"))
    )


def blank() -> alt.Chart:
    """A chart of no rows, for what is drawn once."""
    return alt.Chart(alt.Data(values=[{}]))


def band() -> alt.Chart:
    """The range of effects too small to matter: no row of `frame` where no margin says which."""
    frame = alt.Chart(alt.NamedData(name="frame"))
    return frame.mark_rect(opacity=0.08, clip=True).encode(x="low:Q", x2="high:Q")


def null() -> alt.Chart:
    """The line of no effect, at `@null`."""
    return blank().mark_rule(strokeWidth=1, clip=True).encode(x=alt.datum("@null"))


def spec(chart: alt.Chart | alt.LayerChart, step: int | None = ROW_STEP) -> dict:
    """The specification as wide as its place; rows of a fixed height unless the chart has one."""
    if chart.height is alt.Undefined:
        chart = chart.properties(height=alt.Step(step))
    spec = (
        chart.add_params(alt.param(name="wide", value=True))
        .properties(
            width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
        )
        .to_dict()
    )
    for key in ("config", "$schema", "datasets"):
        spec.pop(key, None)
    return spec
