"""Our pooled results beside those that published reviews printed."""

from liverfit import store
from liverfit.claims.concordance import compare_reviews
from liverfit.data.dataset import Dataset
from liverfit.job import logged


def main(ingested, claims, out):
    datasets = [Dataset.from_json(store.verify(path)) for path in ingested]
    reviews = [r for d in datasets if d.ok for r in d.tables["reviews"].to_dict("records")]
    trials = [
        t
        for d in datasets
        if d.ok and "trial_effects" in d.tables
        for t in d.tables["trial_effects"].to_dict("records")
    ]
    judged = [store.read_json(path) for path in claims]
    store.write_table(out, compare_reviews(reviews, judged, trials))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.datasets, snakemake.input.claims, snakemake.output.concordance)
