# Needs python3 (3.11 or newer) with venv, make and git; no root, no compiler.
#
#   make demo      try it: a catalogue, a relay that keeps the mail, and the real daemon, on this machine alone
#   make test      the whole suite            make lint    style and types
#   make torture   the long kill loop         make bench   the measurements
#   make lock      new lock files from the ranges in pyproject.toml
#   make model      learn the reader of letters anew, after a change of its examples (ten minutes)
#   make migration NAME="what changes"        draft a migration from the difference between tables and migrations
#   make clean     forget what the others made
#
# The checkout is put on the environment's path by a .pth file instead of `pip install -e`: that would fetch a build
# back end outside of the lock file at each install. What is installed is what the lock file hashes, and nothing else.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
WORKERS ?= 2

# More words for the program: make demo ALERTD_DEMO_ARGS=--once, make test ALERTD_TEST_ARGS="-k schedule"
ALERTD_DEMO_ARGS ?=
ALERTD_TEST_ARGS ?=

.PHONY: demo test lint torture bench lock model migration clean
.DELETE_ON_ERROR:

demo: $(VENV)/.ready
	@$(VENV)/bin/alertd demo $(ALERTD_DEMO_ARGS)

test: $(VENV)/.ready-dev
	$(PY) -m pytest -n $(WORKERS) --dist loadfile -m "not torture" $(ALERTD_TEST_ARGS)

lint: $(VENV)/.ready-dev
	@status=0; for check in "ruff check ." "ruff format --check ." mypy; do \
	  echo "$$check"; $(VENV)/bin/$$check || status=1; done; exit $$status

torture: $(VENV)/.ready-dev
	ALERTD_TEST_KILLS=100 $(PY) -m pytest -s -m torture --timeout 3600 $(ALERTD_TEST_ARGS)

bench: $(VENV)/.ready-dev
	@set -e; for each in tests/bench/bench_*.py; do \
	  [ -e "$$each" ] || continue; echo "== $$each"; $(PY) -m "tests.bench.$$(basename "$$each" .py)"; done

lock: $(VENV)/.ready-dev
	@[ -x $(VENV)/bin/uv ] || $(PY) -m pip install --quiet --disable-pip-version-check uv
	$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --extra dev -o requirements-dev.lock pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url -c requirements-dev.lock -o requirements.lock pyproject.toml

model: $(VENV)/.ready
	$(PY) -m alertd.postmaster.prose.training

migration: $(VENV)/.ready-dev
	$(PY) -m tests.store.draft_migration "$(NAME)"

clean:
	rm -rf $(VENV) build dist demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.here:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("alertd needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "the venv module is missing: apt install python3-venv" >&2; exit 1; }
	@echo "Preparing $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "alertd-checkout.pth").write_text(str(pathlib.Path.cwd()) + "\n", "utf-8")'
	@printf '#!/bin/sh\nexec "$$(dirname "$$(readlink -f "$$0")")/python" -P -m alertd "$$@"\n' > $(VENV)/bin/alertd
	@chmod 755 $(VENV)/bin/alertd
	@touch $@

# A newer lock file installs anew; the stamp of the development set serves the runtime set too, being its superset.
$(VENV)/.ready: requirements.lock | $(VENV)/.here
	@[ $(VENV)/.ready-dev -nt requirements.lock ] || { echo "Installing what requirements.lock names ..."; $(INSTALL) -r requirements.lock; }
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock | $(VENV)/.here
	@echo "Installing what requirements-dev.lock names ..."
	@$(INSTALL) -r requirements-dev.lock
	@touch $@
