# `make demo` and `make test` do all their own set-up; nothing but Python 3.11 and make is needed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CONSTRAINTS := constraints.txt
TESTED := train,cluster,test

.PHONY: demo test test-oldest physics lint docs clean

demo: $(VENV)/.base
	$(BIN)/python benchmarks/demo.py --out demo.png

test: $(VENV)/.test
	$(BIN)/python -m pytest -q -m "not slow and not physics" -n logical --maxprocesses 8 --dist loadscope

# The same on the lowest versions that pyproject.toml allows, and with the vendors' simulators.
test-oldest:
	$(MAKE) test VENV=.venv-oldest CONSTRAINTS=constraints-oldest.txt \
		TESTED=train,cluster,ions,aqt,braket,quantinuum,test

# Every oracle, then one-line mutations of the sources, each of which has to be caught.
physics: $(VENV)/.test
	$(BIN)/python -m pytest -q -m "not slow" -n logical --maxprocesses 8 tests/physics
	$(BIN)/python -m tests.mutations.run physics

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(PIP) -c $(CONSTRAINTS) -e .
	touch $@

$(VENV)/.test: $(VENV)/.base
	$(PIP) -c $(CONSTRAINTS) -e ".[$(TESTED)]"
	touch $@

$(VENV)/.docs: $(VENV)/.base
	$(PIP) -c $(CONSTRAINTS) -e ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) .venv-oldest docs/_build demo.png
