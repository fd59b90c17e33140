"""Every result against the checksum that was written with it; ends with status 1 on a fault."""

from liverfit import store
from liverfit.job import Refused, logged


def main(expected):
    faults = [fault for path in expected if (fault := store.problem(path))]
    if faults:
        raise Refused("\n".join(faults))
    print(f"all {len(expected)} results are what was written")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.params.expected)
