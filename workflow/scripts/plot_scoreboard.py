"""Every claim as a row: verdict, trials, people, effect; with the table that it draws."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.scoreboard import scoreboard, scoreboard_table
from liverfit.plots.style import save_figure


def main(overview, claims, minimum_trials, svg, table):
    content = store.read_table(overview), [store.read_json(path) for path in claims]
    store.write_table(table, scoreboard_table(*content, minimum_trials=minimum_trials))
    figure = scoreboard(*content, minimum_trials=minimum_trials)
    save_figure(figure, Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.overview,
            snakemake.input.claims,
            snakemake.params.minimum_trials,
            snakemake.output.svg,
            snakemake.output.table,
        )
