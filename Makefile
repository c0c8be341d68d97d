# Thin on purpose: what a target does stands in scripts/ and in package.json.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# librdkafka's own build breaks when it inherits our jobserver, so nothing below sees this make's flags.
RUN := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL
# make smoke NODE=26 names the version to try; npm sets NODE in the environment to something else.
SMOKE_NODE := $(if $(filter command,$(firstword $(origin NODE))),$(NODE),24)
NODE_RUN := $(RUN) node --enable-source-maps

# Everything behind `make bench --` is for the benchmark: make takes such words for goals, and name=value for variables.
ifeq ($(firstword $(MAKECMDGOALS)),bench)
  WORDS := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
  ifneq ($(filter --%,$(WORDS)),)
    $(eval .PHONY: $(WORDS))
    $(eval $(WORDS): bench ; @:)
  else
    WORDS :=
  endif
  # Of ARGS="--only x --runs 5" the words are no options of make's own line.
  NAMED := $(if $(filter command,$(firstword $(origin ARGS))),,$(filter --%,$(MAKEOVERRIDES)))
  override ARGS := $(ARGS) $(NAMED) $(WORDS)
endif

.PHONY: help setup setup-test build native check test quick coverage test-sim proof demo bench soak fix clean native-asan native-valgrind smoke package package-check

help: ## this text
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing: compiler, libraries, npm packages
	@$(RUN) scripts/setup.sh build

setup-test: ## the same, with JDK, Maven, valgrind, promtool and Chromium for the tests
	@$(RUN) scripts/setup.sh test

native: setup ## compile the data plane (C)
	@$(RUN) npm run --silent native

build: native ## compile everything
	@$(RUN) npm run --silent build

demo: build ## run the main job on the embedded broker with real flight data
	@$(RUN) node build/bin/kd.mjs demo

test: setup-test build ## run every test, real brokers included; a part: make test T=core/offset-tracker N='words of a title'
	@$(NODE_RUN) scripts/test.mjs $(if $(N),--name '$(subst ','\'',$(N))') $(T)

quick: setup ## types, format, lint and the tests that need no broker, in less than a minute
	@$(RUN) npm run --silent quick

coverage: setup-test build ## run the tests (T= as above, or QUICK=1) and report the line coverage of src
	@$(RUN) npm run --silent coverage -- $(if $(QUICK),--quick) $(T)

test-sim: build ## run the simulation alone: make test-sim SEED=42 (one seed) or SEEDS=100000 (many)
	@$(if $(SEED),KD_SIM_SEED=$(SEED)) $(if $(SEEDS),KD_SIM_SEEDS=$(SEEDS)) $(NODE_RUN) scripts/test.mjs test/simulation

proof: setup-test build ## run the proofs full-size, then install and try the package (long); a part: make proof T=test/proof
	@KD_PROOF=full $(NODE_RUN) scripts/test.mjs $(if $(N),--name '$(subst ','\'',$(N))') $(T)
	@$(if $(T)$(N),,$(NODE_RUN) scripts/check-package.mjs)

smoke: setup ## build a copy with another Node, run the quick tests and the demo there: make smoke NODE=24
	@$(RUN) scripts/smoke.sh $(SMOKE_NODE)

check: build ## types, format, lint, import layers, dead code, house rules
	@$(RUN) npm run --silent check

fix: setup ## format, sort imports and repair what lint can repair
	@$(RUN) npm run --silent fix

bench: setup-test build ## measure against the C floor and stock node-rdkafka; writes benchmarks/RESULTS.md (options: make bench -- --help)
	@$(RUN) npm run --silent bench -- $(ARGS)

soak: setup-test build ## hours under load with reloads, broker restarts and scrapes: make soak HOURS=0.1 RELOADS=5 BROKER_RESTARTS=2
	@$(RUN) npm run --silent soak

native-asan: setup-test build ## test the data plane under AddressSanitizer
	@$(RUN) npm run --silent native:asan

native-valgrind: setup-test build ## test the data plane under valgrind
	@$(RUN) npm run --silent native:valgrind

package: build ## the tarball and the Debian package that need no npm and no compiler, in build/package/out (a release: AUDIT=required)
	@$(RUN) scripts/setup.sh package
	@$(RUN) node scripts/package/build.mjs

package-check: ## install both in a bare Debian (chroot, as root) and run them there: make package-check T=tarball|deb
	@$(RUN) scripts/package/check.sh $(T)

clean: ## remove what was built (keeps node_modules)
	rm -rf build build-* native/build native/build-* coverage
