"""Exceptions and warnings of the estimation engine."""

from __future__ import annotations


class ConvergenceError(RuntimeError):
    """An iterative search did not end at a solution, also not by bracketing.

    The message says which quantity was searched; no estimate is returned.
    """


class SingularModelError(ValueError):
    """The design matrix is not of full rank; the message names the column."""


class StatisticalWarning(UserWarning):
    """The numbers are as defined, but the method is weak or degenerate for these data."""
