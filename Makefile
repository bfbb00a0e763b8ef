# make train      set up and run the main job on the built-in faces
# make test       set up and run the tests, all but those that take long
# make test-all   every test
# make ui         serve the MLflow pages of mlruns/ on this machine alone
# make docs       build the site of docs/ in site/
# make lint       style, format, import directions and annotations
# make bench      speed, as ratios against the reference ways: docs/benchmarks.md; the rates of intervals and stars

PYTHON ?= python3
PORT ?= 5000
PROCESSES ?= 2
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: train test test-all ui docs lint bench
.DEFAULT_GOAL := train

train: .venv/.ready
	$(BIN)/python train.py

test: .venv/.ready-test
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal -m "not slow" $(TESTS)

test-all: .venv/.ready-test
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal $(TESTS)

lint: .venv/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: .venv/.ready-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: .venv/.ready
	$(BIN)/python -m bench
	for script in coverage painting tracking; do $(BIN)/python bench/$$script.py || exit 1; done

ui: .venv/.ready
	$(BIN)/python -m fer_exp ui --port $(PORT)

# the package itself is editable, so that conf/ and src/ stay the ones you edit
.venv/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
		|| { echo "error: no venv: sudo apt-get install python3-venv"; exit 1; }
	$(INSTALL) -r requirements.txt -e .
	@$(BIN)/python -m fer_exp.system.opencv
	@touch $@

.venv/.ready-test: .venv/.ready requirements-test.txt
	$(INSTALL) -r requirements-test.txt
	@$(BIN)/python -m fer_exp.system.opencv
	@touch $@

.venv/.ready-docs: .venv/.ready requirements-docs.txt
	$(INSTALL) -r requirements-docs.txt
	@touch $@
