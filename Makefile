# `make` alone lists what there is. PYTHON names another interpreter, PORT and HOST the sandbox's address.

PORT ?= 8000
HOST ?= 127.0.0.1

BIN := .venv/bin
PEERS := tests/interop/peers
LOCKED := requirements-build.txt requirements.txt
# What the inner loop leaves to make test: real parts, whole processes, simulations, documents, long hostile tables.
SLOW := postgres or browser or node or interop or e2e or readme or processes or cli or security or outbound or contract or sandbox_platform or architecture or bench or guides or rotation or widget_sdk or cross_site or testing

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Everything runs inside .venv; what the caller has activated must not leak in.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

# A .venv holds absolute paths: one that came here with a moved or copied folder is made again.
$(shell [ "$$(cat .venv/.made 2>/dev/null)" = "$(CURDIR)" ] || rm -f .venv/.made)

.PHONY: help
help: ## list these commands
	@echo "make COMMAND [PORT=8000] [HOST=127.0.0.1] [PYTHON=python3]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

.PHONY: run
run: install ## serve the sandbox, with a demo account and people to sign in as
	@exec $(BIN)/idp sandbox --host $(HOST) --port $(PORT)

.PHONY: install
install: .venv/.run ## set up .venv with what the provider needs, as locked

# Four on two cores: the test of key rotation waits for minutes, and those of deliveries wait for a while, too.
.PHONY: test
test: .venv/.dev system-parts peers ## run every test, with a real database, browser and foreign software
	@echo "tests"
	@$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: quick
quick: .venv/.dev ## run the inner loop: units, services, SQLite store, protocol, pages
	@$(BIN)/pytest -n 2 --dist worksteal -m "not ($(SLOW))"

.PHONY: bench
bench: .venv/.dev peers ## measure the provider beside npm oidc-provider; QUICK=1 takes two minutes
	@$(BIN)/python -m bench
	@[ -n "$(QUICK)" ] || $(BIN)/python -m bench.people

.PHONY: lint
lint: .venv/.dev ## check style, types and the direction of imports
	@echo "ruff" && $(BIN)/ruff check --quiet && $(BIN)/ruff format --check --quiet
	@echo "mypy" && $(BIN)/mypy --no-error-summary
	@echo "lint-imports" && { out=$$($(BIN)/lint-imports 2>&1) || { echo "$$out"; exit 1; }; }

.PHONY: system-parts
system-parts:
	@echo "PostgreSQL, Chromium, Firefox, nginx and Apache" && sh tools/system-parts.sh

.PHONY: peers
peers: $(PEERS)/node_modules/.package-lock.json

.venv/.made:
	@python=$$(sh tools/find-python.sh) || exit 1; \
	echo "Python environment (.venv)"; rm -rf .venv; \
	"$$python" -m venv .venv && echo "$(CURDIR)" >$@

.venv/.uv: requirements-uv.txt | .venv/.made
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary uv \
		--require-hashes -r $< >.venv/install.log 2>&1 || echo "  uv could not be installed"
	@touch $@

.venv/.run: $(LOCKED) setup.cfg pyproject.toml .venv/.made .venv/.uv
	@echo "packages"
	@sh tools/install.sh $(LOCKED)
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.run
	@echo "packages for tests"
	@sh tools/install.sh requirements-build.txt requirements-dev.txt
	@touch $@

# A failure is no end: the tests name the peers as missing, and fail for it only with CI=true.
$(PEERS)/node_modules/.package-lock.json: $(PEERS)/package.json $(PEERS)/package-lock.json | .venv/.dev
	@echo "npm peers"
	@$(BIN)/python -m tests.support.node || true
