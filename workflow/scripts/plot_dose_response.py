"""Effects against dose, one panel a moderator, with the table of the bubbles."""

from pathlib import Path

import pandas as pd

from liverfit import store
from liverfit.claims.dose_table import COLUMNS, dose_lines
from liverfit.job import logged
from liverfit.plots.dose_response import bubble_table, dose_response
from liverfit.plots.style import save_figure


def main(claims, curves, moderators, svg, table):
    judged = [store.read_json(path) for path in claims]
    lines = [pair for moderator in moderators for pair in dose_lines(judged, moderator)]
    bubbles = bubble_table(lines)
    store.write_table(table, bubbles)
    tables = [t for t in map(store.read_table, curves) if len(t)]
    together = pd.concat(tables) if tables else pd.DataFrame(columns=list(COLUMNS))
    save_figure(dose_response(bubbles, together), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.claims,
            snakemake.input.curves,
            snakemake.params.moderators,
            snakemake.output.svg,
            snakemake.output.table,
        )
