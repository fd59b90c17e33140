"""A notebook over the results, run from top to bottom; the copy that is kept has its outputs.

The copy is for reading and is not checksummed: no step reads it.
"""

import os
from pathlib import Path

from liverfit.job import logged


def main(notebook, folder, out):
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(notebook, as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": folder}}).execute()
    beside = Path(out).with_suffix(".part.ipynb")
    nbformat.write(book, beside)
    os.replace(beside, out)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.input.notebook,
            os.path.commonpath(snakemake.input.results),
            snakemake.output[0],
        )
