# Magistrate. `make demo` shows it, `make test` proves it; both set themselves up in .venv.
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast soak sabotage lint bench deps docs requirements

bin := .venv/bin
ready := .venv/.ready
spread := -n 2 --dist worksteal
export GOAL := $(firstword $(MAKECMDGOALS))

$(ready): uv.lock pyproject.toml tools/uv.txt tools/setup.sh
	@tools/setup.sh

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

demo: $(ready) ## the whole product at work on a small repository, in a minute or two (ARGS="--keep DIR")
	@$(bin)/magistrate demo $(ARGS)

# Tests that were read once are not read again, also where the surroundings forbid Python to keep what it compiled.
test test-fast: export PYTHONDONTWRITEBYTECODE :=

test: $(ready) ## everything but the soak runs (half an hour on two cores)
	@$(bin)/pytest $(spread) -m "not soak" $(ARGS)

test-fast: $(ready) ## what one runs while writing code: nothing slow
	@$(bin)/pytest $(spread) -m "not slow and not soak" $(ARGS)

soak: $(ready) ## hours of cases in shards; an interrupted run goes on; results in docs/results/ (ARGS="NAME", --list)
	@$(bin)/python tools/soak_runs.py $(ARGS)
	@$(if $(ARGS),,$(bin)/pytest -m soak || [ $$? -eq 5 ])

sabotage: $(ready) ## switches each control off, one at a time: a test must go red
	@$(bin)/python tools/sabotage.py $(ARGS)

lint: $(ready) ## ruff, mypy --strict, layers, sizes (FIX=1 mends what can be mended)
	@$(if $(FIX),$(bin)/ruff check --fix --quiet; $(bin)/ruff format --quiet;)
	@$(bin)/ruff check && $(bin)/ruff format --check && $(bin)/mypy && $(bin)/lint-imports --no-logo && $(bin)/python tools/sizes.py

bench: $(ready) ## the benchmarks; results with machine, load and n in docs/results/bench.json
	@$(bin)/python bench/run.py $(ARGS)

deps: ## what the tests want from Debian (as root; else prints the command) and, where npm is, from npm
	@tools/deps.sh

docs: $(ready) ## writes docs/reference/ and the pages of provers, reliability and captured control from program, tests, results
	@$(bin)/python tools/reference.py && $(bin)/python tools/provers_page.py && $(bin)/python tools/captured_page.py
	@$(bin)/python tools/reliability_page.py

requirements: $(ready) ## each requirement with the tests and sabotage that prove it
	@$(bin)/python tools/requirements.py
