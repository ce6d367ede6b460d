# Workhub. `make run` starts it, `make test` checks it; both install what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PORT ?= 8000

.PHONY: run test faults soak deploy-test bench lint format messages pictures requirements clean
.DEFAULT_GOAL := run

# --- What is installed ---------------------------------------------------------------------

# Debian keeps ensurepip, which venv needs, in a package of its own.
$(BIN)/uv: requirements/uv.txt
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/run.installed: requirements/run.txt $(BIN)/uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/test.installed: requirements/test.txt $(BIN)/uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/test.txt
	@touch $@ $(VENV)/run.installed

tests/newman/node_modules/.installed: tests/newman/package-lock.json
	cd tests/newman && npm ci --silent --no-audit --no-fund
	@touch $@

# --- Run ------------------------------------------------------------------------------------

run: $(VENV)/run.installed
	@$(BIN)/python -m workhub.start

# --- Test -----------------------------------------------------------------------------------

lint: $(VENV)/test.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files 'templates/*.html')
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py check --deploy --fail-level WARNING

# The whole suite on SQLite, then what speaks to the database again on PostgreSQL.
test: tests/packages.sh $(VENV)/test.installed
	tests/packages.sh
	$(MAKE) --no-print-directory tests/newman/node_modules/.installed
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 2
	$(BIN)/python tests/with_postgresql.py $(BIN)/pytest -n 2 -m "not any_database"

# Killed processes, bad HTTP, slow clients, two companies at once, on both databases: an hour of both
# processors, so apart. SHORT=1 sends a tenth of it.
faults: tests/packages.sh tests/deploy/packages.sh $(VENV)/test.installed
	tests/packages.sh
	tests/deploy/packages.sh
	$(BIN)/pytest tests/faults
	$(BIN)/python tests/with_postgresql.py $(BIN)/pytest tests/faults

# Half an hour at 70 % of what this machine can do, on each database; MINUTES=3 only tries it.
soak: tests/packages.sh $(VENV)/test.installed
	tests/packages.sh
	$(BIN)/pytest tests/soak
	$(BIN)/python tests/with_postgresql.py $(BIN)/pytest tests/soak

# All of deploy/ brought up on loopback, restarted and failed over under load: minutes too.
deploy-test: tests/deploy/packages.sh $(VENV)/test.installed
	tests/deploy/packages.sh
	$(BIN)/pytest tests/deploy

# --- Measure --------------------------------------------------------------------------------

bench/.venv/installed: requirements/bench.txt $(BIN)/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python bench/.venv
	VIRTUAL_ENV=bench/.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

# Hours of a quiet machine; it writes docs/benchmarks.md and .svg. BENCH="peers rosters" runs those two,
# BENCH=--small only tries all of it.
bench: bench/packages.sh $(VENV)/test.installed bench/.venv/installed
	bench/packages.sh
	$(BIN)/python -m bench $(BENCH)

# --- Keep -----------------------------------------------------------------------------------

format: $(VENV)/test.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

# Take the pictures of the documents anew, from the demo as it is now.
pictures: tests/packages.sh $(VENV)/test.installed
	tests/packages.sh
	$(BIN)/python docs/pictures.py

# Gather the texts into the catalogues, and make what is served of them. Translate between the two.
messages: tests/packages.sh $(VENV)/test.installed
	tests/packages.sh
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemessages --all --no-location --no-obsolete -i tests -i bench -i var -i $(VENV) -i node_modules
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py compilemessages -i $(VENV) -i bench

# Take newer versions of everything pyproject.toml names. Hashes, and no addresses.
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
requirements: $(BIN)/uv
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) pyproject.toml -o requirements/run.txt
	$(COMPILE) pyproject.toml --extra sentry -o requirements/sentry.txt
	$(COMPILE) pyproject.toml --group test -o requirements/test.txt
	$(COMPILE) --constraint requirements/run.txt requirements/bench.in -o requirements/bench.txt

clean:
	rm -rf $(VENV) bench/.venv tests/newman/node_modules .mypy_cache .ruff_cache .hypothesis
