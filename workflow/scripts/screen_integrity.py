"""Research-integrity screens on the harmonised tables, beside what the raw rows print."""

from liverfit import store
from liverfit.data.dataset import Dataset
from liverfit.data.integrity import raw_measurements, screen_integrity
from liverfit.job import logged


def main(files, params, out):
    datasets = [Dataset.from_json(store.verify(path)) for path in files.datasets]
    screens, summary, description = screen_integrity(
        *(store.read_table(files[name]) for name in ("measurements", "trials", "arms")),
        raw_measurements(datasets),
        params.outcomes,
        params.settings,
        params.harmonize,
    )
    store.write_table(out.screens, screens)
    store.write_table(out.summary, summary)
    store.write_table(out.description, description)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.params, snakemake.output)
