# One target per artefact; `make help` lists them.
PYTHON ?= python3
# Where pip finds PyTorch besides its usual index, see `make help`.
TORCH_INDEX_URL ?=
VENV := .venv
BIN := $(VENV)/bin
NOTEBOOKS := $(sort $(wildcard book/*.ipynb book/*/*.ipynb))
# Absolute, so that activated environments and subdirectories do not matter.
export PATH := $(abspath $(BIN)):$(PATH)
# One thread for each of the two test workers: more only contend on a small machine.
export OMP_NUM_THREADS ?= 1
EXTRAS := torch,lab,book,grader,cluster,test
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help book test lab notebooks weights bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12      use that interpreter (3.11 or newer)"
	@echo "  TORCH_INDEX_URL=URL    also look for PyTorch there: on Linux without a GPU, give the address"
	@echo "                         of the CPU wheels that pytorch.org shows under Install, Pip, CPU;"
	@echo "                         it saves several gigabytes of CUDA libraries"

# The stamp is older than its inputs only when something must be installed.
$(VENV)/installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11 or newer (python.org, or your system's package python3), or name it: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + ": install a newer one, or name it: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment: on Debian or Ubuntu, apt install python3-venv"; exit 1; }
	$(PIP) install --quiet --constraint constraints.txt $(if $(TORCH_INDEX_URL),--extra-index-url $(TORCH_INDEX_URL)) --editable ".[$(EXTRAS)]" \
	|| { echo "pip could not install the packages above. If it tried to compile one, a C compiler is missing: apt install build-essential python3-dev (Debian, Ubuntu), xcode-select --install (macOS)."; exit 1; }
	@touch $@

# From nothing: Sphinx repeats no warning of a page it does not read again, and keeps removed pages.
define BUILD_SITE
rm -rf _build
$(BIN)/jupyter-book build book --config _config.yml --path-output . -n -W --keep-going --quiet
endef

book: $(VENV)/installed ## build the site into _build/html
	$(BUILD_SITE)
	@echo "The book is built. Open it in a browser: file://$(CURDIR)/_build/html/index.html"

test: $(VENV)/installed ## check everything: packages, notebooks, coursework, site, Binder
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BUILD_SITE)
	$(BIN)/pytest -n 2 --dist loadscope --nbval --nbval-cell-timeout 60 tests $(NOTEBOOKS)

lab: $(VENV)/installed ## open the notebooks, sections and coursework, in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=.

notebooks: $(VENV)/installed ## execute every notebook in place; an unchanged output stays as it is
	$(BIN)/python tools/notebooks/execute.py $(NOTEBOOKS)

weights: $(VENV)/installed ## train the networks and write their weights; NAME=unet for one; it resumes
	$(BIN)/python tools/make_weights.py $(NAME)

# --no-deps: norfair declares numpy < 2 and filterpy < 2, though it runs with both, supervision an
# older pyDeprecate; and no peer may bring a torch, torchvision or OpenCV of its own.
$(VENV)/bench: bench/requirements.txt $(VENV)/installed
	$(PIP) install --quiet --no-deps --requirement bench/requirements.txt
	@touch $@

# An environment of their own: what these graders ask for need not fit ours.
$(VENV)/graders/installed: bench/graders-requirements.txt $(VENV)/installed
	$(BIN)/python -m venv $(VENV)/graders
	$(VENV)/graders/bin/pip install --quiet --disable-pip-version-check --requirement bench/graders-requirements.txt
	@touch $@

bench: $(VENV)/bench $(VENV)/graders/installed ## measure speed beside public libraries, into bench/RESULTS.md
	$(BIN)/python bench/run.py

lock: ## write the newest versions that fit pyproject.toml into constraints.txt; give it the oldest Python
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet $(if $(TORCH_INDEX_URL),--extra-index-url $(TORCH_INDEX_URL)) --editable ".[$(EXTRAS)]"
	{ echo "# The versions that are tested together, written by 'make lock'."; \
	  $(VENV)-lock/bin/pip freeze --exclude pixels-to-tracks | sed 's/+cpu$$//' | grep -v -i -E '^(nvidia|triton|cuda)'; } > constraints.txt
	rm -rf $(VENV)-lock

clean: ## remove the built site and interrupted trainings
	rm -rf _build _weights
