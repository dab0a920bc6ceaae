# Everything a newcomer needs: `make demo` and `make test`, each from a bare clone.
VENV := .venv
STAMP := $(VENV)/.installed
PYTHON := $(VENV)/bin/python

.PHONY: demo test test-fast check bench fuzz sample clean

demo: $(STAMP)
	@scripts/demo.sh

# Lint, types and the contracts of the rooms, then the whole suite.
test: check
	@scripts/test.sh

# What tells most in under a minute: no windows, no processes, nothing that takes seconds.
test-fast: $(STAMP)
	@scripts/test.sh --ignore=tests/gui -p no:napari -m "not gui and not process and not slow"

check: $(STAMP)
	$(PYTHON) -m ruff check src tests benchmarks scripts
	$(PYTHON) -m ruff format --check src tests benchmarks scripts
	$(PYTHON) -m mypy
	$(VENV)/bin/lint-imports

bench: $(STAMP)
	@scripts/bench.sh

fuzz: $(STAMP)
	$(PYTHON) -m pytest tests/scenes tests/matching tests/tracking tests/velocity --hypothesis-profile=long

# The bundled sample, written anew from its seed.
sample: $(STAMP)
	$(VENV)/bin/icenet simulate sample_data --preset clear --force

# Installed again only when what is to be installed has changed.
$(STAMP): pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) demo build dist
