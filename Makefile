# Every target first sets up what it needs. `make` alone lists them.

SHELL := bash
export PATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/.tools/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help dev links test lint build bench sim differential crash fuzz deploy clean

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: ## serves the door on http://127.0.0.1:8787 and prints links to click (PORT=n for another port)
	@.ci/dev

links: ## mints fresh links at the door that `make dev` serves (PORT=n for another port)
	@node .ci/links.mjs

test: ## everything CI runs
	@.ci/test

lint: ## format and clippy, on both targets
	@.ci/test format lint

build: ## the worker as deployed, in build/release
	@.ci/build release

bench: ## measures against peers
	@.ci/build release local && node benches/run.mjs

bench-%: ## measures one thing, such as bench-click
	@.ci/build release local && node benches/run.mjs $*

sim: ## rehearses the policy through storms, a million person-days (SEED=n SEEDS=1 for one again)
	@.ci/sim

differential: ## tells the worker and the simulator the same week of 1,000 people (PEOPLE=n, TRIGGERS=n, SEED=n)
	@.ci/build local && PEOPLE=$${PEOPLE:-1000} TRIGGERS=$${TRIGGERS:-8} node --test tests/e2e/differential.test.mjs

crash: ## kills the worker under load, again and again
	@.ci/build local && node tests/e2e/crash.mjs && node tests/e2e/crash-journeys.mjs && node tests/e2e/crash-proof.mjs

fuzz: ## fuzzes every target for FUZZ_SECONDS (60)
	@.ci/fuzz

deploy: ## tests, then deploys (ARGS go to wrangler)
	@.ci/deploy $(ARGS)

clean: ## removes what was built, and the local door's state; keeps tools and packages
	@rm -rf build target .wrangler .dev
