# What a newcomer and CI both call. Needs Python 3.11+ and make; everything else is installed here or explained.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# From the lock files only: each file must have a hash that is in them.
LOCKED = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement
EDITABLE = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade pyproject.toml --extra build

# Files are shared out whole, so that each broker and sandbox is started once. The tests wait more than they compute:
# three processes keep two cores busy.
PARALLEL = -n 3 --dist loadfile --no-loadscope-reorder
# A run of the tests starts hundreds of processes, which would all compile the hub again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-embedded test-fast fuzz servers check bench kafka migration lock sbom audit clean help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.run: pyproject.toml requirements/run.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the hub and the libraries of requirements/run.lock into $(VENV): about half a minute, nothing outside it …"
	@$(LOCKED) requirements/run.lock
	@$(EDITABLE)
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.lock
	@echo "installing the test tools of requirements/dev.lock into $(VENV) …"
	@$(LOCKED) requirements/dev.lock
	@touch $@

demo: $(VENV)/.run $(if $(filter kafka,$(LOG)),servers)  ## run the whole job on this machine; LOG=kafka on a real broker; DEMO="--keep" leaves it running
	$(BIN)/hub demo $(if $(LOG),--log $(LOG)) $(DEMO)

test: $(VENV)/.dev servers  ## every test, on the embedded adapters and on a real Kafka, PostgreSQL and MariaDB, which it starts
	$(BIN)/python -m pytest $(PARALLEL)

test-embedded: $(VENV)/.dev  ## the same without Kafka, PostgreSQL and MariaDB
	$(BIN)/python -m pytest $(PARALLEL) -m "not kafka and not postgres and not mariadb"

kafka: $(VENV)/.run servers  ## a real Kafka and PostgreSQL on this machine, until Ctrl-C
	$(BIN)/python -m sandbox.servers $(if $(NODES),--nodes $(NODES))

servers: $(VENV)/.run
	@$(BIN)/python -m sandbox.servers.prepare

test-fast: $(VENV)/.dev  ## the tests that take seconds
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not kafka and not postgres and not mariadb"

fuzz: $(VENV)/.dev  ## hostile inputs for every reader; SECONDS=1200: longer; findings are kept in tests/fuzz/inputs
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),120)

check: $(VENV)/.dev  ## style, types, architecture, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/architecture

migration: $(VENV)/.dev  ## what a next revision has to do after a change of tables; WRITE=1 makes the first one again, until it is released
	$(BIN)/python -m tests.migration $(if $(WRITE),--write)

lock: $(VENV)/.dev  ## the newest versions into requirements/*.lock, and docs/dependencies.md with their licences
	@$(BIN)/python -m pip install --quiet uv
	$(LOCK) --output-file requirements/run.lock
	$(LOCK) --extra dev --output-file requirements/dev.lock
	$(MAKE) $(VENV)/.dev
	$(BIN)/python -m tests.dependencies --write

sbom: $(VENV)/.dev  ## dist/sbom.json: what the product installs, with versions and licences (CycloneDX)
	@$(PYTHON) -m venv --clear dist/venv
	@dist/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/run.lock
	@dist/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation .
	$(BIN)/cyclonedx-py environment dist/venv --pyproject pyproject.toml --output-file dist/sbom.json

audit: $(VENV)/.dev  ## look for known holes in what the lock files install; asks the public database of advisories
	@$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --requirement requirements/run.lock --no-deps --disable-pip

bench: $(VENV)/.run $(if $(filter kafka,$(LOG)),servers)  ## speed, beside bare libraries; LOG=kafka: beside other engines, PEERS=words chooses rows
	$(BIN)/python -m bench $(if $(LOG),--log $(LOG)) $(if $(SIZES),--sizes $(SIZES)) $(if $(REPEATS),--repeats $(REPEATS)) $(if $(PEERS),--peers "$(PEERS)") $(if $(BACKFILL),--backfill $(BACKFILL))

clean:  ## remove what was installed and run here
	rm -rf $(VENV) .hub
