# What a newcomer and CI both call. Needs Python 3.11+ and make; everything else is installed here or explained.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-kafka test-fast check bench kafka clean help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the hub into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "installing test tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/.run  ## run the whole job on this machine; DEMO="--keep" leaves it running
	$(BIN)/hub demo $(DEMO)

test: $(VENV)/.dev  ## every test of what is released
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not kafka"

test-kafka: $(VENV)/.dev  ## the record log's contract on a real broker (Java 17, Maven): not released yet
	$(BIN)/python -m pytest -m kafka tests/contract

kafka: $(VENV)/.run  ## a real broker on this machine, until Ctrl-C (Java 17, Maven)
	$(BIN)/python -m deploy.broker.kafka

test-fast: $(VENV)/.dev  ## the tests that take seconds
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

check: $(VENV)/.dev  ## style, types, architecture, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/architecture

bench: $(VENV)/.run  ## speed of every stage, beside the bare libraries, in one run
	$(BIN)/python -m bench $(if $(SIZES),--sizes $(SIZES)) $(if $(REPEATS),--repeats $(REPEATS))

clean:  ## remove what was installed and run here
	rm -rf $(VENV) .hub
