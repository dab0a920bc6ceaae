# Everything a newcomer needs: `make demo` and `make test`, each from a bare clone.
VENV := .venv
STAMP := $(VENV)/.installed
PYTHON := $(VENV)/bin/python

.PHONY: demo test lint bench fuzz sample clean

demo: $(STAMP)
	@scripts/demo.sh

test: $(STAMP)
	@scripts/test.sh

lint: $(STAMP)
	$(PYTHON) -m ruff check src tests benchmarks scripts
	$(PYTHON) -m ruff format --check src tests benchmarks scripts
	$(PYTHON) -m mypy

bench: $(STAMP)
	@scripts/bench.sh

fuzz: $(STAMP)
	$(PYTHON) -m pytest tests/scenes tests/tracking --hypothesis-profile=long

# The bundled sample, written anew from its seed.
sample: $(STAMP)
	$(VENV)/bin/icenet simulate sample_data --preset clear --force

# Installed again only when what is to be installed has changed.
$(STAMP): pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) demo build dist
