# `make` lists what can be made. Everything runs from .venv, which is made when needed.

PYTHON3 ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
WORKGRAPH := $(VENV)/bin/workgraph
INSTALLED := $(VENV)/.installed
COMPILE := $(VENV)/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--excludes excluded.txt --no-emit-package strawberry-compiled --custom-compile-command "make lock"
PEERS := benchmarks/python_peers
COMPILE_PEERS := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --upgrade \
	--constraint requirements.txt --excludes excluded.txt --custom-compile-command "make lock"

# The compiler's tests are a session of their own: they know nothing of Workgraph and its servers.
COMPILED_TESTS := $(PYTHON) -m pytest -p no:valkey -p no:schemathesis strawberry_compiled/tests

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Without bytecode files, each of the hundreds of processes that the tests start compiles the project again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install dev test verify check bench size schema migration add lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv with the exact versions of requirements-dev.txt

# --no-deps: the lock file is complete, and pip would add what excluded.txt leaves out of it.
$(INSTALLED): pyproject.toml strawberry_compiled/pyproject.toml requirements-dev.txt excluded.txt
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Workgraph needs Python 3.11 or newer. Name one with: make PYTHON3=/path/to/python3" >&2; exit 1; }
	@$(PYTHON3) -m venv $(VENV) || \
		{ echo "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing the Python packages of requirements-dev.txt into $(VENV): about 650 MB, 1 to 4 minutes, once."
	@$(PYTHON) -m pip install --quiet --require-hashes --no-deps -r requirements-dev.txt
	@$(PYTHON) -m pip uninstall -qq --yes -r excluded.txt
	@$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation -e ./strawberry_compiled -e .
	@touch $@

dev: install ## Start everything, with demo data, at http://localhost:8000
	@$(PYTHON) -m api.explorer.install
	@$(WORKGRAPH) dev

# worksteal keeps the tests of a file in one process, which then opens its servers and compiles its queries once.
test: install ## Run the suite, or a part: make test k=issues for its folders, k="moves and not kills" by names
ifdef k
	@arguments=$$($(PYTHON) -m tests.selection "$(k)") && \
		eval "$(PYTHON) -m pytest -q -n auto --dist worksteal -m 'not verify' $$arguments"
else
	@$(PYTHON) -m pytest -q -n auto --dist worksteal -m "not verify"
	@$(COMPILED_TESTS) -q -n auto -m "not verify"
endif

verify: install ## Run the long tests, some of them in Chromium
	@$(PYTHON) -m api.explorer.install
	@$(PYTHON) -m tests.e2e.debian_install
	@$(PYTHON) -m pytest -q -n auto --dist worksteal -m "(verify or hypothesis) and not alone" --hypothesis-profile=verify
	@$(PYTHON) -m pytest -q -m "verify and alone"
	@$(COMPILED_TESTS) -q -n auto -m verify

check: install ## Lint, spelling, types, import contracts, schema file, migrations, the explorer's modules
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/codespell
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --config importlinter.toml
	$(WORKGRAPH) schema --check
	$(WORKGRAPH) migrate --check
	$(PYTHON) -m tests.explorer.lint

bench: install ## Measure beside other servers, under 35 minutes; needs wrk and npm
	@$(PYTHON) -m benchmarks

size: install ## Measure lists, filters and counts of up to a million issues
	@$(PYTHON) -m benchmarks.size

schema: install ## Write api/schema.graphql anew
	@$(WORKGRAPH) schema > api/schema.graphql.new
	@mv api/schema.graphql.new api/schema.graphql

migration: install ## Write the migration that is missing: make migration m="add milestones"
	@test -n "$(m)" || { echo 'Say what changes: make migration m="add milestones"' >&2; exit 1; }
	@$(WORKGRAPH) migrate --new "$(m)"
	@$(VENV)/bin/ruff check --quiet --fix migrations/versions
	@$(VENV)/bin/ruff format --quiet migrations/versions

add: install ## Add one dependency: make add p="httpx>=0.28"; for development only: extra=dev
	@test -n "$(p)" || { echo 'Name the package: make add p="httpx>=0.28", with extra=dev for development only' >&2; exit 1; }
	@$(VENV)/bin/uv add --quiet --frozen $(if $(extra),--optional $(extra)) "$(p)"
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt
	@$(MAKE) --no-print-directory install

lock: install ## Upgrade all dependencies, within pyproject.toml
	$(COMPILE) --upgrade --output-file requirements.txt
	$(COMPILE) --upgrade --extra dev --constraint requirements.txt --output-file requirements-dev.txt
	$(COMPILE_PEERS) --python-version 3.11 --output-file $(PEERS)/requirements.txt $(PEERS)/requirements.in
	$(COMPILE_PEERS) --python-version 3.13 --output-file $(PEERS)/fraiseql.txt $(PEERS)/fraiseql.in

clean: ## Remove .venv and the development data
	rm -rf $(VENV) .workgraph
