"""`python -m liverfit`: the command `liverfit`, where only the module is at hand."""

from liverfit.cli import app

if __name__ == "__main__":
    app(prog_name="liverfit")
