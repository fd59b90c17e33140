"""What every script of the workflow does around its work: errors and messages go to its log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liverfit.store import StoreError

logger = logging.getLogger("liverfit")


class Refused(Exception):
    """The input will not do. The text is for the user: shown as it is, without a traceback."""


@contextmanager
def logged(log: str | Path) -> Iterator[logging.Logger]:
    """Run a script's work with messages, warnings and any exception written to ``log``.

    Input that will not do (`Refused`, `StoreError`, and any error with a list of ``findings``)
    ends the script with status 1 and its own words on standard error; every other exception is
    logged with its traceback and goes on.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    logger.setLevel(logging.INFO)
    logging.captureWarnings(True)
    began = time.monotonic()
    try:
        yield logger
        logger.info("done in %.2f s", time.monotonic() - began)
    except Exception as error:
        if isinstance(error, (Refused, StoreError)) or hasattr(error, "findings"):
            logger.error("%s", error)
            print(error, file=sys.stderr)
            sys.exit(1)
        logger.exception("%s", error)
        raise
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
        handler.close()
