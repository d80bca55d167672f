# make setup | check | test | bench | demo, and nothing else to know.
VENV := .venv
BIN := $(VENV)/bin
PARTS := models/brainops-minilm/pyproject.toml compat/pyproject.toml
STAMP := $(VENV)/.brainops-installed

.PHONY: setup check test bench demo

setup: $(STAMP)

$(STAMP): pyproject.toml $(PARTS) scripts/find-python scripts/make-venv
	scripts/make-venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable models/brainops-minilm --editable '.[postgres,dev]' --editable compat
	touch $@

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup

bench: $(STAMP)
	$(BIN)/python bench/run.py

demo: $(STAMP)
	$(BIN)/brainops demo
