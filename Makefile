# The commands of this project; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup dev demo down clean test lint soak bench env lock

VENV := .venv/bin
# Size of the demo practice (its years follow from it unless you name them) and, if you want a
# fixed one, the port of its web UI.
PATIENTS := 2000
YEARS :=
WEB_PORT :=
# Which part of `make soak`; all of them unless you name one.
PART :=
# What `make bench` is told, like BENCH="--scale 1/8 --rounds 1".
BENCH :=

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/\1|\2/' \
	    | while IFS='|' read -r target text; do printf '  make %-7s %s\n' "$$target" "$$text"; done

setup: ## install what is missing: Debian packages (as root), .venv from the lock
	@bin/setup

dev:
	@bin/setup dev

demo: setup ## set up, start everything on loopback, run the pipeline, leave it running
	@./dental local demo --patients $(PATIENTS) $(if $(YEARS),--years $(YEARS)) $(if $(WEB_PORT),--web-port $(WEB_PORT))

down: ## stop everything that `make demo` started
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m local_system.shutdown; \
	    else python3 -m local_system.shutdown; fi

clean: ## stop everything and remove its state: databases, logs, mails
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m local_system.shutdown --remove; \
	    else python3 -m local_system.shutdown --remove; fi

lint: dev ## check code, SQL, YAML and deployment files without running them
	@bin/lint

test: lint ## lint, then run the tests on real servers that they start themselves
	@$(VENV)/python -m pytest -m "not soak"

soak: dev ## run the tests that take long; PART=faults, stopped, gentleness, reference, browser, demo_size or 35000
	@$(VENV)/python -m pytest -m soak $(if $(PART),-k $(PART))

bench: dev ## measure the engine beside hardware limits and other tools; takes an hour or two
	@bench/setup
	@$(VENV)/python -m bench run $(BENCH)

env: ## write .env for docker compose, with generated secrets
	@bin/env

lock: dev ## compile requirements*.in into the pinned locks
	@$(VENV)/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements.in -o requirements.txt
	@$(VENV)/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements-dev.in -o requirements-dev.txt
