# make demo      a clinic day over real DICOM and HL7 on this machine, with a report in out/demo
# make test      lint, types and every test that needs no third-party server; cases of the tester that fail beside others are
#                tried once more, alone
# make peers     the tests against real products; a product that is missing is a failure
# make bench     the benchmark table
# make notebook  opens the notebooks
# make figures   executes the notebooks and writes their figures
# make clean     removes the environment, the caches and out/
#
# The environment .venv is made on first use. Another Python: make PYTHON=python3.13 demo

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test peers bench notebook figures clean

help:
	@sed -n '/^# make/s/^# //p' Makefile

demo: $(VENV)/base.stamp
	$(BIN)/radloop run clinic --wire --seed 7 --out out/demo

test: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -m "not peer and not bite"
	$(BIN)/pytest -m bite -n 6 --dist loadgroup --no-loadscope-reorder || $(BIN)/pytest -m bite --last-failed --last-failed-no-failures none

peers: $(VENV)/dev.stamp
	$(BIN)/pytest -m peer --no-skips

bench: $(VENV)/dev.stamp
	$(BIN)/python -m loadtests.bench

notebook: $(VENV)/notebook.stamp
	$(BIN)/jupyter lab notebooks

figures: $(VENV)/dev.stamp
	$(BIN)/python notebooks/execute.py

clean:
	rm -rf $(VENV) out build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# A stamp says that its step was finished. Installing again with changed pins updates the environment in place.
$(VENV)/created.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Radloop needs Python 3.11 or newer: make PYTHON=...")'
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/base.stamp: $(VENV)/created.stamp pyproject.toml constraints.txt
	@echo "installing Radloop into $(VENV)"
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/notebook.stamp: $(VENV)/created.stamp pyproject.toml constraints.txt
	@echo "installing Radloop and what its notebooks need into $(VENV)"
	@$(PIP_INSTALL) --editable ".[notebook]"
	@touch $@ $(VENV)/base.stamp

$(VENV)/dev.stamp: $(VENV)/created.stamp pyproject.toml constraints.txt
	@echo "installing Radloop and what its tests need into $(VENV)"
	@$(PIP_INSTALL) --editable ".[dev]"
	@touch $@ $(VENV)/base.stamp
