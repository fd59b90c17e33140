"""All verdicts in one table, a row a claim, and the same as Markdown for people."""

from liverfit import store
from liverfit.claims.overview import overview, verdict_table
from liverfit.job import logged


def main(claims, table, markdown):
    judged = [store.read_json(path) for path in claims]
    store.write_table(table, overview(judged))
    store.write_text(markdown, verdict_table(judged))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.claims, snakemake.output.claims, snakemake.output.markdown)
