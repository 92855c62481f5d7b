# What a person does with this checkout. `make help` lists it; CI (.ci/run) calls the same commands.
VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
export VENV PYTHON

.DEFAULT_GOAL := help
.PHONY: help venv test lint types floors docs-check check bench demo wheel clean

help:        ## what there is
	@grep -E '^[a-z-]+: .*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

venv:        ## a virtual environment with everything a developer needs
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $(VENV)/.installed

test:        ## all tests; the environment is made where it is missing
	.ci/test

lint:        ## format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:       ## pyright, strict
	$(BIN)/pyright --pythonpath $(BIN)/python

floors:      ## imports go down, never up
	$(BIN)/lint-imports --no-cache --no-logo

docs-check:  ## pages, links and snippets
	$(BIN)/python -m pytest tests/house/test_docs.py

check: lint types floors test ## everything but the wheel

bench:       ## the instrument's own benchmark
	$(BIN)/python bench/instrument.py

demo:        ## install, and judge synthetic records on real data: the README's quick start from this checkout
	test -x $(BIN)/complement || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet -e '.[examples]'; }
	test -e demo/recipe.yaml || $(BIN)/complement example small-office --out demo
	$(BIN)/complement run demo/recipe.yaml

wheel:       ## dist/*.whl
	$(BIN)/python -m build --outdir dist .

clean:       ## what tools leave behind; not the environment
	rm -rf dist build .pytest_cache .ruff_cache .hypothesis src/*.egg-info
