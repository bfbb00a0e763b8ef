# make train   set up and run the main job on the built-in faces
# make test    set up and run the tests
# make ui      serve the MLflow pages of mlruns/ on this machine alone
# make lint    style and format
# make bench   speed, as ratios against the reference ways

PYTHON ?= python3
PORT ?= 5000
PROCESSES ?= 2
BIN := .venv/bin

.PHONY: train test ui lint bench
.DEFAULT_GOAL := train

train: .venv/.ready
	$(BIN)/python train.py

test: .venv/.ready-test
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal $(TESTS)

lint: .venv/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: .venv/.ready
	for script in bench/*.py; do $(BIN)/python $$script || exit 1; done

ui: .venv/.ready
	$(BIN)/python -m fer_exp ui --port $(PORT)

.venv/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
		|| { echo "error: no venv: sudo apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -c 'import cv2' || { echo "error: OpenCV needs system libraries:"; \
		echo "  sudo apt-get install libgl1 libglib2.0-0 libxcb1     (Debian, Ubuntu)"; \
		echo "  sudo dnf install mesa-libGL glib2 libxcb             (Fedora)"; exit 1; }
	@touch $@

.venv/.ready-test: .venv/.ready requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@
