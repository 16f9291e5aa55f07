# Everything runs in an environment inside the checkout; a fresh machine needs Python 3.10 to 3.13 and nothing else of ours.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
MINOR = $(shell $(PYTHON) -c "import sys; print('%d.%d' % sys.version_info[:2])")

.PHONY: help demo test lint bench wheel clean

help: ## what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/:/'

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(not (3,10) <= sys.version_info[:2] <= (3,13))" || \
	  { echo "Cutprint needs Python 3.10 to 3.13; say which with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing: install it (Debian: apt install python3-venv)."; exit 1; }

$(VENV)/.core: pyproject.toml constraints/$(MINOR).txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints/$(MINOR).txt -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints/$(MINOR).txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints/$(MINOR).txt -e ".[test]"
	@touch $@ $(VENV)/.core

demo: $(VENV)/.core ## make a small shoot and song, edit and render them
	$(BIN)/cutprint demo -o cutprint-demo

test: $(VENV)/.test ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.test ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test ## measure (by hand: figures are ratios to a baseline of the same run)
	for bench in tests/benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

wheel: $(VENV)/.test ## build the wheel and try it in a clean environment
	bash .ci/try-wheel $(BIN)/python

clean: ## remove what these targets made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache cutprint-demo
