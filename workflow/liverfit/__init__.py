"""liverfit: a reproducible evidence synthesis on exercise and liver fat."""

__version__ = "0.1.0"
