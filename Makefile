# `make` sets up the locked environment in .venv and runs the analysis; `make help` lists the rest.
# Needs git, make and Python >= 3.11 on PATH, nothing else.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
UV     := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)

export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH        := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := run
.PHONY: run test test-slow test-again test-cluster env lint bench report docs lock clean help

run: $(READY)  ## run the whole analysis (the default); results/ holds what comes out
	snakemake

test: $(READY)  ## run the tests, but for those that run the workflow
	pytest -n auto -m "not slow"

test-slow: $(READY)  ## run the tests that run the workflow, kill it, or open a browser (half an hour)
	pytest -n auto -m slow

test-again: $(READY)  ## run only the slow tests that failed last, one at a time
	pytest -n0 -m slow --last-failed --last-failed-no-failures none

test-cluster: $(READY)  ## run the tests on a Slurm cluster of their own (root, installs Debian packages)
	LIVERFIT_TEST_CLUSTER=1 pytest -n0 -rs tests/cluster

env: $(READY)  ## only set up the locked environment in .venv

lint: $(READY)  ## ruff, snakefmt and snakemake --lint
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

bench: $(READY)  ## time the engine against R's metafor in one run (needs Rscript for the ratios)
	OPENBLAS_NUM_THREADS=1 python benchmarks/meta_vs_metafor.py
	OPENBLAS_NUM_THREADS=1 python benchmarks/models_vs_metafor.py
	OPENBLAS_NUM_THREADS=1 python benchmarks/batch_growth.py

report: $(READY)  ## build results/report.html, the self-contained Snakemake report
	snakemake --report results/report.html

docs: $(READY)  ## build the documentation as a site in .site/html
	python docs/build_site.py
	@echo "The documentation is in .site/html/index.html"

lock: $(READY)  ## renew requirements.lock from pyproject.toml
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --all-extras --quiet --custom-compile-command "make lock" \
	  pyproject.toml -o requirements.lock

clean:  ## remove results and logs (keeps .venv)
	rm -rf .snakemake logs && git clean -fdXq results

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/  make \1|/' | column -t -s '|'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "liverfit needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null 2>&1 || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
