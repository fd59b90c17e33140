"""False support and power of the verdict rule, claim by claim, with the table that it draws."""

from pathlib import Path

from liverfit import store
from liverfit.job import logged
from liverfit.plots.calibration import calibration, calibration_table
from liverfit.plots.style import save_figure


def main(claims, calibrations, svg, out):
    table = calibration_table(*([store.read_json(p) for p in x] for x in (claims, calibrations)))
    store.write_table(out, table)
    save_figure(calibration(table), Path(svg).with_suffix(""))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.claims,
            snakemake.input.calibrations,
            snakemake.output.svg,
            snakemake.output.table,
        )
