"""A section of prose for every claim, each in a file and all in one."""

from liverfit import store
from liverfit.job import logged
from liverfit.report.narrative import claim_section


def main(claims, level, sections, whole):
    texts = [claim_section(store.read_json(path), level) for path in claims]
    for path, text in zip(sections, texts, strict=True):
        store.write_text(path, text)
    store.write_text(whole, "\n".join(texts))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.claims,
            snakemake.params.level,
            snakemake.output.sections,
            snakemake.output.whole,
        )
