# Everything runs from a virtual environment beside this file; `make` sets it up by itself.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Debian ships Python without its venv module.
AS_ROOT     := $(shell [ "$$(id -u)" = 0 ] || echo sudo -n)
VENV_MODULE := command -v apt-get >/dev/null && echo "Installing python3-venv ..." && \
	$(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -qq -y python3-venv >/dev/null

.PHONY: help demo test check format simulate bench clean

help:
	@echo "make demo      set everything up and watch the whole story against two stand-in servers"
	@echo "make test      set everything up and run all tests"
	@echo "make check     formatter, linter and type checker"
	@echo "make simulate  the long simulation: make simulate N=50000"
	@echo "make bench     the benchmarks"

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(VENV_MODULE) && $(PYTHON) -m venv $(VENV); } || \
		{ rm -rf $(VENV); echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing what is pinned in requirements.lock ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $(READY)

demo: $(READY)
	@$(BIN)/python main.py demo

# A page is opened in a browser where there is one or one can be had.
BROWSER := command -v chromium >/dev/null || command -v google-chrome >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	echo "Installing chromium for the tests of pages ..." && apt-get update -qq && \
	apt-get install -qq -y --no-install-recommends chromium >/dev/null; } || true

test: $(READY)
	@$(BROWSER)
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

simulate: $(READY)
	@$(BIN)/python -m tests.simulation --seeds $(or $(N),50000)

bench: $(READY)
	@$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
