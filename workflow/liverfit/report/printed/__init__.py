"""The printable report: methods as run and results, one self-contained page from result files."""
