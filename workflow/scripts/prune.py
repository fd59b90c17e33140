"""Remove results that the plan no longer names, and what killed jobs left behind."""

from liverfit import store
from liverfit.job import logged


def main(folder, expected, log):
    gone = store.stale(folder, expected)
    for path in gone:
        path.unlink()
        log.info("removed %s", path)
        print(f"removed {path}")
    print(f"{len(gone)} files removed from {folder}")


if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        main(snakemake.params.folder, snakemake.params.expected, log)
