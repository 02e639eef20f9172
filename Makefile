# Works with nothing but python3 (3.11 or later), git and make; no root. Each environment is made once and again when pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
DEMO_VENV := .demo-venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# Twice the cores: half of what the tests take is waiting for gateways, clocks and timeouts.
WORKERS ?= $(shell echo $$((2 * $$(nproc))))

.PHONY: help demo test test-long check bench conformance fuzz schemas docs clean
help:
	@echo "make demo       compile examples/orders, start NGINX and Envoy, compare both with the model"
	@echo "make test       the whole test suite (make test-long: the slow ones too)"
	@echo "make check      mypy, ruff, import contracts, generated files"
	@echo "make bench      compile time, memory, gateway CPU"
	@echo "make conformance collections of others through all gateways, counted in docs/conformance.md"
	@echo "make fuzz       random inputs, FUZZ_SECONDS=60 for each target"
	@echo "make schemas    generate schemas/ and the generated tables of docs/"
	@echo "make clean      remove environments and caches"

# The marker says that the environment is complete: a broken installation is repeated.
$(VENV)/.complete: pyproject.toml tools/make_venv.py
	$(PYTHON) tools/make_venv.py $(VENV) ".[dev]" --editable

$(DEMO_VENV)/.complete: pyproject.toml tools/make_venv.py
	$(PYTHON) tools/make_venv.py $(DEMO_VENV) ".[run]" --editable

demo: $(DEMO_VENV)/.complete
	$(DEMO_VENV)/bin/gwc compile examples/orders --format concise --out build/demo
	$(DEMO_VENV)/bin/python -m gwc.local.demo examples/orders/orders.gwc.yaml

test: $(VENV)/.complete
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long" $(PYTEST_ARGS)

test-long: $(VENV)/.complete
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

check: $(VENV)/.complete
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generate --check

bench: $(VENV)/.complete
	$(BIN)/python -m bench

conformance: $(VENV)/.complete
	$(BIN)/python -m tools.conformance

FUZZ_SECONDS ?= 60
fuzz: $(VENV)/.complete
	$(BIN)/python -m tools.fuzz --seconds $(FUZZ_SECONDS)

schemas docs: $(VENV)/.complete
	$(BIN)/python -m tools.generate

clean:
	rm -rf $(VENV) $(DEMO_VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
