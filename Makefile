# make demo and make test are all a newcomer needs; each target does what it depends on.
.DEFAULT_GOAL := help
SHELL := /bin/bash
JOBS ?= $(shell nproc)
SECONDS_PER_TARGET ?= 600
CRASHES ?= 200
SEED ?= 1
MINUTES ?= 30

.PHONY: help setup build demo test test-sanitizers test-dev test-asan test-tsan test-crash soak soak-nodes bench-nodes test-differential test-mcp test-conformance bench bench-expression bench-schema bench-gate fuzz lint format clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install the Debian packages that are missing (as root or through sudo)
	@tools/setup.sh

build: setup ## Build the release program at build/gantry
	@cmake --preset release > /dev/null
	@cmake --build --preset release -j $(JOBS) --target gantry
	@ln -sfn release/gantry build/gantry

demo: build ## Run the harbour desk's story; ONCE=1 exits at the end instead of staying up
	@python3 apps/port/demo/demo.py --gantry build/gantry --work build/demo $(if $(ONCE),--once)

test: test-dev test-sanitizers ## Everything CI runs: unit tests, also under sanitizers; conformance, compile, end-to-end and crash tests

test-sanitizers: test-asan test-tsan ## The unit tests under address+undefined and thread sanitizers

test-dev: setup ## One debug build and all its tests: the daily loop
	@cmake --preset dev > /dev/null
	@cmake --build --preset dev -j $(JOBS)
	@ctest --test-dir build/dev --output-on-failure -j $$(( $(JOBS) + 1 )) # tests that start servers mostly wait

test-asan: setup ## The unit tests under address and undefined behaviour sanitizers
	@cmake --preset asan > /dev/null
	@cmake --build --preset asan -j $(JOBS)
	@ctest --test-dir build/asan --output-on-failure -L unit -j $(JOBS)

test-tsan: setup ## The unit tests under the thread sanitizer
	@cmake --preset tsan > /dev/null
	@cmake --build --preset tsan -j $(JOBS)
	@ctest --test-dir build/tsan --output-on-failure -L unit -j $(JOBS)

test-crash: build ## Kill the server at CRASHES random moments of the story (SEED=1)
	@python3 tests/crash/crash_test.py --gantry build/gantry --work build/crash --crashes $(CRASHES) --seed $(SEED)

soak: build ## Simulated lives for MINUTES (30) on all processors, summed up in one line; SEED=1
	@python3 tools/soak.py build/gantry --minutes $(MINUTES) --seed $(SEED) --jobs $(JOBS)

soak-nodes: build ## Three nodes on one PostgreSQL under load for MINUTES (30), killed, frozen and stopped again and again: sharing the work, then standing by
	@PYTHONDONTWRITEBYTECODE=1 python3 tests/nodes/shared_test.py build/gantry --minutes $(MINUTES) SharedTest.test_nodes_that_end_lose_nothing_and_nothing_is_done_twice
	@PYTHONDONTWRITEBYTECODE=1 python3 tests/nodes/nodes_test.py build/gantry --minutes $(MINUTES) NodesTest.test_killed_and_frozen_nodes_lose_nothing_and_nothing_is_done_twice

bench-nodes: build ## Steps per second with one, two and three nodes that share a PostgreSQL, beside what the database can do
	@PYTHONDONTWRITEBYTECODE=1 python3 tests/nodes/nodes_bench.py build/gantry

test-differential: build ## A million generated jq cases beside Debian's jq program (SEED=1)
	@python3 tests/expression/jq_differential.py --gantry build/gantry --cases 1000000 --seed $(SEED)

test-mcp: build ## The MCP client scenarios of the protocol's own conformance suite (needs npm and its registry)
	@tests/mcp/conformance.sh build/gantry build/mcp

test-conformance: setup ## The standards' own test suites, with exact counts
	@cmake --preset dev > /dev/null
	@cmake --build --preset dev -j $(JOBS)
	@python3 tests/conformance/counts.py --build build/dev

bench: setup ## Benchmarks beside the machine's own floor in the same run
	@cmake --preset release > /dev/null
	@cmake --build --preset release -j $(JOBS)
	@ln -sfn release/gantry build/gantry
	@tools/bench.sh build/release

bench-expression: setup ## jq beside libjq 1.6, five repetitions
	@cmake --preset release > /dev/null
	@cmake --build --preset release -j $(JOBS) --target expression_bench
	@build/release/bench/expression_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true

bench-gate: setup ## The gate's verdict with 200 rules: percentiles, then five repetitions
	@cmake --preset release > /dev/null
	@cmake --build --preset release -j $(JOBS) --target gate_bench
	@build/release/bench/gate_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true

bench-schema: setup ## JSON Schema beside parsing and valijson, five repetitions
	@cmake --preset release > /dev/null
	@cmake --build --preset release -j $(JOBS) --target schema_bench
	@build/release/bench/schema_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true

fuzz: setup ## Every fuzz target for SECONDS_PER_TARGET (600); findings are kept in build/fuzz/findings
	@cmake --preset fuzz > /dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@tools/fuzz.sh build/fuzz $(SECONDS_PER_TARGET) $(JOBS)

lint: setup ## Format check and clang-tidy on what differs from the last commit's parent
	@cmake --preset dev > /dev/null
	@tools/lint.sh build/dev

format: ## Format all C++ sources
	@git ls-files '*.cpp' '*.h' | xargs clang-format -i

clean: ## Remove everything that was built
	rm -rf build
