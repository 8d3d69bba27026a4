# Levelset Lab. `make` lists what it can do.
# Set up: `make app` or `make test`; both put what they need into .venv.

PYTHON ?= python3
PYTEST_ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
# Written after a finished installation; older than its requirements, it is done again.
APP_READY := $(VENV)/.app-ready
DEV_READY := $(VENV)/.dev-ready

.DEFAULT_GOAL := help
.PHONY: help app test lint lint-js test-js format docs wheel bench slow browser vendor install install-dev clean distclean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

app: install ## Open the app, PORT=8600 at that port (first time: make .venv and install)
	@trap : INT; $(PY) -m levelset_core app $(if $(PORT),--port $(PORT)) || [ $$? -eq 130 ] # Ctrl+C

test: install-dev $(if $(filter true,$(CI)),browser) lint test-js ## Lint, check types, run all tests but the slow ones
	$(PY) -m pytest -m "not slow and not e2e" -n 2 --dist loadfile $(PYTEST_ARGS)
	$(PY) -m pytest -m "e2e and not slow" $(PYTEST_ARGS) # one browser at a time

lint: install-dev lint-js ## Check style, format and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -m vulture

# The front end's checks need Node and npm; without them they are left out, but not in CI.
ifneq ($(shell command -v npm 2>/dev/null)$(filter true,$(CI)),)
JS := assets/node_modules
lint-js: $(JS)/.ready ## Check style and types of the front end (Node)
	$(JS)/.bin/eslint --config assets/eslint.config.js assets tests/js
	$(JS)/.bin/tsc --project assets

test-js: $(JS)/.ready ## Run the front end's unit tests (Node)
	node --test --test-reporter=dot $$(find tests/js -name '*.test.mjs')

$(JS)/.ready: assets/package-lock.json assets/package.json
	cd assets && npm ci
	@touch $@
else
lint-js test-js:
	@echo 'npm is missing: the checks of the front end are left out.'
endif

format: install-dev ## Rewrite the code in the project's format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: install-dev ## Build the documents as a site into build/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build -q -f .ci/mkdocs.yml

slow: install-dev ## Run the tests that take minutes
	$(PY) -m pytest -m slow $(PYTEST_ARGS) || [ $$? -eq 5 ] # 5: there are none

wheel: install-dev ## Build the wheel, and use it outside the clone without Streamlit
	$(PY) .ci/wheel

bench: install-dev ## Run every benchmark; results go to benchmarks/results
	@set -e; for file in benchmarks/[a-z]*.py benchmarks/server/[a-z]*.py; do \
		echo "== $$file"; $(PY) -m "$$(echo "$${file%.py}" | tr / .)"; \
	done

browser: install-dev ## Find a Chromium for the browser tests, or install one
	@works() { command -v "$$1" >/dev/null 2>&1 && "$$1" --version 2>/dev/null; }; \
	find_one() { \
		for name in "$$LEVELSET_CHROMIUM" chromium chromium-browser google-chrome; do \
			if [ -n "$$name" ] && works "$$name"; then return 0; fi; \
		done; return 1; \
	}; \
	find_one && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -q && apt-get install -y -q --no-install-recommends chromium; \
		find_one && exit 0; \
	fi; \
	$(PY) -m playwright install chromium

vendor: ## Bundle three.js and gifenc anew (needs Node and npm)
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	cp assets/vendor/package.json assets/vendor/three.js assets/vendor/gifenc.js "$$folder"; \
	cd "$$folder"; npm install --no-package-lock --no-audit --no-fund; npm run build; \
	cp *.min.js "$(CURDIR)/assets/vendor/"

install: $(APP_READY) ## Make .venv with what the app needs

install-dev: $(DEV_READY) ## Make .venv with what the checks need besides

clean: ## Remove caches
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## Remove caches and .venv
	rm -rf $(VENV) assets/node_modules

define make_venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 ...")'
@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
endef

$(APP_READY): requirements.txt
	$(make_venv)
	@echo 'Installing requirements.txt into $(VENV): some minutes, once.'
	$(PY) -m pip install --disable-pip-version-check -q -r requirements.txt
	@touch $@

$(DEV_READY): requirements.txt requirements-server.txt requirements-dev.txt
	$(make_venv)
	@echo 'Installing requirements-dev.txt into $(VENV): some minutes, once.'
	$(PY) -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	@touch $(APP_READY) $@
