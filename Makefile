# From a bare clone: python3 (3.11 or newer), make and a package index are enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# One sequence at a time hardly fills a core, so tests gain more from processes than from threads.
WORKERS ?= auto

# took(label, commands): runs the commands and prints how long they took.
took = @start=$$(date +%s); $(2) && echo "$(1): $$(( $$(date +%s) - start )) s"

.DEFAULT_GOAL := help
.PHONY: help setup demo picture lecture docs test lint torture dist lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

setup: $(STAMP)  ## the environment, in .venv, from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"throughtime needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Try: make PYTHON=python3.11")'
	$(call took,setup,\
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.lock && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . && \
		touch $@)

demo: setup  ## train on Seattle's weather, compare with the baselines, write the report
	@rm -rf runs/demo
	$(call took,demo,\
		$(BIN)/throughtime train weather --out runs/demo && \
		$(BIN)/throughtime compare weather --out runs/demo)

picture: setup  ## the README's picture, from the run that `make demo` left
	$(BIN)/python tools/picture.py runs/demo docs/forecast.svg

lecture: setup  ## run every command of docs/lecture.md, write outputs and figures anew, build the site
	$(call took,lecture,$(BIN)/python tools/lecture.py docs/lecture.md)
	@$(MAKE) --no-print-directory docs

docs: setup  ## the site, in build/docs: the lecture, the library, the changelog
	$(call took,docs,$(BIN)/python -m sphinx -q -W --keep-going -E -b html docs build/docs)

test: setup lint  ## lint, types, import floors and every test
	$(call took,tests,OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal)

lint: setup  ## ruff, mypy, import-linter
	$(call took,ruff,$(BIN)/ruff check . && $(BIN)/ruff format --check .)
	$(call took,mypy,$(BIN)/mypy)
	$(call took,floors,$(BIN)/lint-imports)

torture: setup  ## kill training at 200 random moments; every run must resume bit for bit
	$(call took,torture,$(BIN)/python -m benchmarks.torture)

dist: setup  ## sdist and wheel; the wheel runs the README's quick start in a fresh environment
	rm -rf dist build/wheel-venv
	$(call took,build,$(BIN)/python -m build --no-isolation --outdir dist .)
	$(call took,install,\
		$(PYTHON) -m venv build/wheel-venv && \
		build/wheel-venv/bin/python -m pip install -qq --disable-pip-version-check -c requirements.lock dist/*.whl)
	$(call took,quick start,\
		build/wheel-venv/bin/python tests/quick_start.py README.md && \
		build/wheel-venv/bin/throughtime doctor --out build)

lock: setup  ## requirements.lock anew, from what .venv holds
	$(BIN)/python tools/lock.py

clean:  ## everything that make wrote
	rm -rf $(VENV) build dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
