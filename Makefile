# Every verb of the project; `make help` lists them. Works with GNU make from 3.81 on.
# ARGS=… passes more arguments on: make test ARGS="tests/unit -k luhn"

VENV := .venv
PY := $(VENV)/bin/python
ARGS ?=
WEB_PORT ?= 6066
WORKERS ?= 1
# Processes of make test and make test-fast: more than two cores have, as tests wait much.
JOBS ?= 6
# With bytecode, whatever the environment says: each process would compile all tests anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest
FAST_TESTS := packages/faust-transactions/tests/unit tests/unit tests/functional

.DEFAULT_GOAL := help
.PHONY: help run test test-fast install lint format typecheck bench chaos soak matrix wheel kafka up down no-python
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/worker.stamp ## the embedded broker and a worker; WEB_PORT=6066. Ctrl-C stops both
	@$(PY) -m tools.devbroker --web-port $(WEB_PORT) $(ARGS)

test: $(VENV)/dev.stamp ## every test this machine can run; REQUIRE_KAFKA=1 fails where there is no Kafka
	@$(PYTEST) -n $(JOBS) --dist loadgroup --cov --cov-report=term $(ARGS)

test-fast: $(VENV)/dev.stamp ## the tests that need no Kafka, no worker process and no browser
	@$(PYTEST) -n $(JOBS) --dist loadgroup $(FAST_TESTS) $(ARGS)

install: $(VENV)/worker.stamp ## only the set-up: .venv with requirements.txt
	@echo "$(VENV) is ready"

lint: $(VENV)/dev.stamp ## ruff: rules and format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: $(VENV)/dev.stamp ## ruff: put the format right
	@$(PY) -m ruff format .

typecheck: $(VENV)/dev.stamp ## mypy --strict, tests included
	@$(PY) -m mypy

bench: $(VENV)/dev.stamp ## throughput against the alternatives; needs Java and Maven
	@$(PY) -m tools.bench $(ARGS)

chaos: $(VENV)/dev.stamp ## faults under load, minutes long; needs Java and Maven
	@REQUIRE_KAFKA=1 $(PY) -m pytest tests/chaos --timeout 0 $(ARGS)

soak: $(VENV)/dev.stamp ## minutes without the verification service; needs Java and Maven
	@REQUIRE_KAFKA=1 $(PY) -m pytest tests/soak --timeout 0 $(ARGS)

matrix: $(VENV)/dev.stamp ## the engine on every Python here and Kafka 3.9 to 4.4, an hour or more
	@$(PY) -m tools.matrix $(ARGS)

wheel: $(VENV)/dev.stamp ## the engine's wheel in an empty environment, its example through kill -9
	@REQUIRE_KAFKA=1 $(PY) -m pytest tests/wheel $(ARGS)

kafka: $(VENV)/worker.stamp ## a real Apache Kafka on localhost:9092; needs Java and Maven
	@$(PY) -m tools.devbroker.real $(ARGS)

up: ## Kafka and WORKERS=1 workers with docker compose
	@command -v docker >/dev/null || { echo "make up needs Docker; without it there are make run and make kafka" >&2; exit 1; }
	@docker compose up --build --detach --wait --scale worker=$(WORKERS)

down: ## end what `make up` started; the data stays
	@docker compose --profile veritas --profile observe down

# One recipe for both stamps: .venv is made when it is missing or its Python has gone.
$(VENV)/worker.stamp: LIST := requirements.txt
$(VENV)/dev.stamp: LIST := requirements-dev.txt
$(VENV)/worker.stamp: requirements.txt constraints.txt packages/faust-transactions/pyproject.toml
$(VENV)/dev.stamp: requirements-dev.txt requirements.txt constraints.txt packages/faust-transactions/pyproject.toml
$(VENV)/worker.stamp $(VENV)/dev.stamp: $(shell test -x $(PY) || echo no-python)
	@test -x $(PY) || scripts/make-venv $(VENV)
	@echo "installing $(LIST) into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r $(LIST)
	@touch $@

no-python: ;
