# The commands of this project. `make demo` and `make test` work on a fresh clone: they set up what they need.
PYTHON ?= python3
BIN := .venv/bin
START := 2019-11-24
END := 2019-11-30
WORKERS ?= 2

.PHONY: demo test test-slow lint bench docs clean

demo: .venv/demo ## the main job on real logs, as a Prefect flow
	@$(BIN)/python examples/open_bandit_logs.py data/logs
	@$(BIN)/python flows.py backfill open_bandit --start $(START) --end $(END)

# NOTE: by worksteal a file's tests mostly stay with the worker that has their fixtures
test: .venv/ready ## all tests but those marked slow, over WORKERS processes
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow"

test-slow: .venv/ready ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

lint: .venv/ready ## format, lint, types, import contracts, versions of the tables
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/featurelib schema diff --check

bench: .venv/ready ## the benchmarks, each against a peer in one run
	$(BIN)/python -m benchmarks

docs: .venv/ready ## the documentation as a site, in site/
	$(BIN)/pip install --quiet --require-hashes --no-deps --requirement requirements-docs.lock
	$(BIN)/zensical build

clean: ## what demo and builds made
	rm -rf data site .cache

# NOTE: the lock is complete, so nothing is resolved here; --no-deps keeps pip from trying
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("featurelib needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/demo: .venv/ready requirements-demo.lock
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement requirements-demo.lock
	@touch $@
