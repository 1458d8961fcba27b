# Each target says in one line what it does; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# $(call locked,FILE) installs what a lock file names: with uv, which takes seconds, else with pip, which takes minutes
locked = $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(1) || $(BIN)/pip install --quiet --require-hashes -r $(1)
pytest = $(BIN)/pytest --dist loadgroup --no-loadscope-reorder
npm = $(BIN)/python hatch_build.py npm

.PHONY: help serve install packages console check check-console test verify bench docs lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Mist needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || sh scripts/packages.sh python3-venv || { echo "Install python3-venv first: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/bin/uv: requirements-uv.lock | .venv/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements-uv.lock
	touch $@

.venv/served: requirements.lock requirements-libvirt.lock pyproject.toml | .venv/bin/uv
	test -e .venv/installed || { $(call locked,requirements.lock); }
	test -e .venv/installed || ! pkg-config --exists libvirt 2>/dev/null || { $(call locked,requirements-libvirt.lock); } || echo "The libvirt provider is left out: its library could not be built (apt-get install gcc python3-dev libvirt-dev)."
	MIST_CONSOLE=no $(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

.venv/installed: requirements-dev.lock pyproject.toml | .venv/bin/uv
	$(call locked,requirements-dev.lock)
	MIST_CONSOLE=no $(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@ .venv/served

console: .venv/served ## the web console, built unless it is current
	@$(npm) --version >/dev/null 2>&1 || { $(call locked,requirements-node.lock); } || echo "Node.js could not be installed."
	@$(BIN)/python hatch_build.py || echo "Everything else works without it."

serve: .venv/served console ## install what the service needs and run it
	$(BIN)/mist serve $(ARGS)

packages: ## the system packages of the tests, where this user may install them
	sh scripts/packages.sh $$(grep -v '^#' tests/lab/packages.txt)

install: packages .venv/installed console ## everything that tests and checks use
	@$(BIN)/python -m compileall -q src tests benchmarks

check: .venv/installed ## lint, types and layers
	$(BIN)/ruff check src tests benchmarks docs hatch_build.py
	$(BIN)/ruff format --check src tests benchmarks docs hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if test -d console/node_modules; then $(MAKE) --no-print-directory check-console; else echo "The console's sources are not checked: make console"; fi

check-console: .venv/installed
	PYTHON=$(CURDIR)/$(BIN)/python $(npm) run --silent types
	$(npm) run --silent check
	$(npm) run --silent lint
	$(npm) run --silent test

test: install check ## all checks and all tests
	$(pytest) -n 3 -m "not full and not packages" $(ARGS)

verify: install ## the same proofs at full size; figures go to benchmarks/results
	$(pytest) -n 2 -m "full or packages" $(ARGS)
	$(BIN)/python -m benchmarks --full

bench: install ## the benchmarks, each beside its floor or peer
	$(BIN)/python -m benchmarks

docs: .venv/installed ## the reference pages and the site
	$(BIN)/python -m docs.generate
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock: .venv/installed ## the lock files, from pyproject.toml
	sh scripts/lock.sh

clean: ## what the build leaves behind
	rm -rf .venv build dist site .mypy_cache .ruff_cache .pytest_cache console/node_modules src/mistserver/console/static
