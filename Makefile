# From a bare clone: python3 (3.11 or newer), make and a package index are enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LIBRARY := src/throughtime/kernels/cpu/libthroughtime.so
KERNELS := CMakeLists.txt csrc/inplace/CMakeLists.txt $(wildcard csrc/*.h csrc/*.cpp)
# One sequence at a time hardly fills a core, so tests gain more from processes than from threads.
WORKERS ?= auto

# Every option, every instruction set, every width, every way of sharing: what reaches each loop's end.
SANITIZED := -k "every_option or every_instruction_set or every_width or chunks_of_steps or threads_chosen or test_classes"

# took(label, commands): runs the commands and prints how long they took.
took = @start=$$(date +%s); $(2) && echo "$(1): $$(( $$(date +%s) - start )) s"

.DEFAULT_GOAL := help
.PHONY: help setup kernels sanitize demo tour picture lecture pages docs test lint torture dist lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

setup: $(STAMP)  ## the environment, in .venv, from requirements.lock

$(STAMP): requirements.lock pyproject.toml tools/build_backend.py $(KERNELS)
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"throughtime needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Try: make PYTHON=python3.11")'
	$(call took,setup,\
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.lock && \
		rm -f $(LIBRARY) && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . && \
		touch $@)
	@test -e $(LIBRARY) || echo "setup: without the C++ kernels, which need a C++ compiler, Linux and x86-64"

kernels:  ## the C++ kernels anew, in place, from csrc
	@test -e csrc/inplace/build.ninja || $(MAKE) --no-print-directory setup
	$(call took,kernels,$(BIN)/cmake --build csrc/inplace)

# libstdc++ comes with ASan, which looks for it once, at the start: without it torch's first exception ends the process.
# Leaks are not looked for: Python leaves memory to the end of the process. -s: pytest's capture would swallow the report.
sanitize: setup  ## the C++ kernels' tests with the address and undefined behaviour sanitizers
	@if test "$$(uname -sm)" != "Linux x86_64" || ! test -e $(LIBRARY); then echo "sanitize: skipped, there are no C++ kernels here"; exit; fi; \
	start=$$(date +%s); mkdir -p build; \
	$(BIN)/cmake -S . -B build/sanitize -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DTHROUGHTIME_SANITIZE=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=ON >build/sanitize.log && \
	$(BIN)/cmake --build build/sanitize >>build/sanitize.log || { cat build/sanitize.log; exit 1; }; \
	LD_PRELOAD="$$($${CXX:-g++} -print-file-name=libasan.so) $$($${CXX:-g++} -print-file-name=libubsan.so) $$($${CXX:-g++} -print-file-name=libstdc++.so)" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 OMP_NUM_THREADS=1 \
	THROUGHTIME_CPU_LIBRARY=$(CURDIR)/build/sanitize/libthroughtime.so \
	$(BIN)/python -m pytest -q -s -p no:cacheprovider tests/kernels/cpu/test_layers.py tests/kernels/cpu/test_classes.py $(SANITIZED) && \
	echo "sanitize: $$(( $$(date +%s) - start )) s"

demo: setup  ## train on Seattle's weather, compare with the baselines, write the report
	@rm -rf runs/demo
	$(call took,demo,\
		$(BIN)/throughtime train weather --out runs/demo && \
		$(BIN)/throughtime compare weather --out runs/demo)

tour: setup  ## every recipe on its sample, beside its rivals; one page, runs/tour/index.html
	@rm -rf runs/tour
	$(call took,tour,$(BIN)/python tools/tour.py runs/tour)

picture: setup  ## the README's picture, from the run that `make demo` left
	$(BIN)/python tools/picture.py runs/demo docs/forecast.svg

lecture: setup  ## run every command of docs/lecture.md, write outputs and figures anew, build the site
	$(call took,lecture,$(BIN)/python tools/lecture.py docs/lecture.md)
	@$(MAKE) --no-print-directory docs

pages: setup  ## run every command of docs/recipes/*.md, write outputs and pictures anew
	$(call took,pages,for page in docs/recipes/*.md; do $(BIN)/python tools/lecture.py $$page || exit 1; done)

docs: setup  ## the site, in build/docs: the lecture, the library, the changelog
	$(call took,docs,$(BIN)/python -m sphinx -q -W --keep-going -E -b html docs build/docs)

test: setup lint sanitize  ## lint, types, import floors, sanitizers and every test
	$(call took,tests,OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal)

lint: setup  ## ruff, mypy, import-linter
	$(call took,ruff,$(BIN)/ruff check . && $(BIN)/ruff format --check .)
	$(call took,mypy,$(BIN)/mypy)
	$(call took,floors,$(BIN)/lint-imports)

torture: setup  ## kill training at 200 random moments, and one rank of two at 50; every run must resume bit for bit
	$(call took,torture,$(BIN)/python -m benchmarks.torture && $(BIN)/python -m benchmarks.torture_ranks)

dist: setup  ## sdist and wheel; the wheel runs the README's quick start in a fresh environment
	rm -rf dist build/wheel-venv
	$(call took,build,$(BIN)/python -m build --no-isolation --outdir dist .)
	@if test -e $(LIBRARY); then ls dist/*-linux_x86_64.whl; fi  # kernels here are kernels in the wheel
	$(call took,install,\
		$(PYTHON) -m venv build/wheel-venv && \
		build/wheel-venv/bin/python -m pip install -qq --disable-pip-version-check -c requirements.lock dist/*.whl)
	$(call took,quick start,\
		build/wheel-venv/bin/python tests/quick_start.py README.md && \
		build/wheel-venv/bin/throughtime doctor --out build)

lock: setup  ## requirements.lock anew, from what .venv holds
	$(BIN)/python tools/lock.py

clean:  ## everything that make wrote
	rm -rf $(LIBRARY) $(VENV) build dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
