"""Exceptions of the estimation engine."""


class ConvergenceError(RuntimeError):
    """An iterative estimate was not found; no number is returned in its place."""
