# Everything is installed into .venv of this checkout; nothing else on the machine is changed.
#   make demo                    a distributor's day, handled; ARGS="--once --json out.json" to run it to its end
#   make test | test-e2e         quick suites | the pages in a browser (needs chromium)
#   make test-expressions        200,000 pairs of expression and document against libjq; SEED=n for the same ones again
#   make retail                  1,000 real invoices through order-to-cash (needs CROSSDOCK_DATA_SETS)
#   make coordinator-day         5,000 orders, 400 in trouble, one person at the public API
#   make bench-board             the board with 100,000 open orders: fresh, flat, made anew
#   make bench | bench-full      figures beside pgbench and other engines, 8 minutes | an hour of load, a million waiting
#   make simulate              10,000 seeded deaths of workers | make simulate-million: a million, in hours; run again, it goes on
#   make test-edi-stream         100 MB of X12 through the reader, its memory watched
#   make test-mutated            a million damaged documents of every type; SEED=n for the same ones again
#   make test-kills              two minutes of SIGKILL under load, then the books; ARGS="--seconds 600 --seed 3"
#   make test-failures           what breaks beside processes: disks, networks, primaries, clocks (parts need root)
#   make test-mutants            seeded bugs, each of which a test must catch; ARGS="--only NAME --json out.json"
#   make check                   formatting, lint, types, import contract, documents
#   make dev                     the demo, and the pages rebuilt at each edit
#   make lock                    newest versions into requirements.lock
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
PYTEST_WORKERS ?= 2
WEB := $(shell find web -name node_modules -prune -o -type f -print 2>/dev/null | sed 's/ /\\ /g')

.PHONY: bench bench-board bench-full coordinator-day demo dev test test-e2e test-expressions retail format install lock clean
.PHONY: simulate simulate-million test-kills test-failures test-mutants test-edi-stream test-mutated
.PHONY: check check-lint check-format check-types check-imports check-documents check-pages
.DELETE_ON_ERROR:

demo: install
	@$(BIN)/crossdock demo $(ARGS)

test: install
	$(BIN)/pytest tests/unit tests/integration tests/conformance tests/histories -n $(PYTEST_WORKERS) -m "not slow and not e2e"

test-e2e: install
	$(BIN)/pytest tests/e2e

test-expressions: SEED := $(or $(SEED),$(shell date +%s))
test-expressions: install
	@echo "seed $(SEED)"
	CROSSDOCK_SEED=$(SEED) $(BIN)/pytest tests/unit/flow_jq -m slow -n $(PYTEST_WORKERS)

test-edi-stream: install
	$(BIN)/pytest tests/unit/partners/test_stream.py -m slow

test-mutated: SEED := $(or $(SEED),$(shell date +%s))
test-mutated: install
	@echo "seed $(SEED)"
	CROSSDOCK_SEED=$(SEED) $(BIN)/pytest tests/unit/partners/test_mutated.py -m slow -n $(PYTEST_WORKERS)

test-kills: install
	@$(BIN)/python tests/systems/kills.py --seconds 120 --orders 300 $(ARGS)

test-failures: install
	$(BIN)/pytest tests/systems -m slow -n $(PYTEST_WORKERS) -rs --deselect tests/systems/test_retail.py \
	  --deselect tests/systems/test_coordinator.py

test-mutants: install
	@$(BIN)/python tests/mutants/run.py $(ARGS)

coordinator-day: install
	@$(BIN)/python tests/systems/coordinator.py --orders 5000 --exceptions 400 $(ARGS)

retail: install
	@$(BIN)/python tests/systems/retail.py --invoices 1000 $(ARGS)

bench: install
	@$(BIN)/crossdock bench --json out-bench.json $(ARGS)

bench-board: install
	@$(BIN)/python tests/benchmarks/board.py $(ARGS)

bench-full: install
	@$(BIN)/crossdock bench --full --json out-bench-full.json $(ARGS)

simulate: install
	@$(BIN)/crossdock simulate --crash-points 10000 $(ARGS)

simulate-million: install
	@$(BIN)/crossdock simulate --crash-points 1000000 --seed 1000000 --ledger out-simulated.jsonl $(ARGS)

# `make -k check` goes on after a failure, to name them all
check: check-lint check-format check-types check-imports check-documents check-pages

check-lint: install
	$(BIN)/ruff check

check-format: install
	$(BIN)/ruff format --check

check-types: install
	$(BIN)/pyright

check-imports: install
	$(BIN)/lint-imports

check-documents: install
	$(BIN)/pytest tests/unit/house

check-pages: install
	$(BIN)/python hatch_build.py node node_modules/typescript/bin/tsc --noEmit

format: install
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The pages are served with hot reload on port 5173, and ask the demo on port 8080.
dev: install
	@trap 'kill 0' INT TERM EXIT; \
	$(BIN)/python hatch_build.py node node_modules/vite/bin/vite.js & \
	$(BIN)/crossdock demo --speed 1 $(ARGS)

install: .venv/.built

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Crossdock needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || { \
	  echo "A virtual environment could not be made. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

.venv/.locked: requirements.lock | .venv/.python
	@echo "Installing what requirements.lock names into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/.built: .venv/.locked pyproject.toml hatch_build.py $(WEB)
	@echo "Installing Crossdock; the pages are built when they changed"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Hashes of the files for every platform, and no address of any index.
lock:
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml --group dev --output-file requirements.lock

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache test-results \
	  web/node_modules src/crossdock/gateway/static src/crossdock/gateway/static.new
