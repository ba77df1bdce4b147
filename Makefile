# Two commands are enough on a bare Debian 12 with Swift 6.3: `make demo` and `make test`.
# Everything else is listed by `make help`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export SWIFT_BACKTRACE := enable=no

TRACE ?= Tests/Traces/linux-smp4.trace.xz
OUT ?= out
CLOCK ?= timed
SECONDS ?= 60
SEEDS ?= 50
ROUNDS ?= 1000000
STEPS ?= 10000
COMMANDS ?= 10000000
VCPUS ?= 4
CPUS ?= icount
LAID_OUT := Package.swift Sources Tests Bench/Package.swift Bench/Sources Bench/Micro/Package.swift \
	Bench/Micro/Benchmarks

# Debian's package where this Python cannot make a virtual environment.
PYTHON_VENV = $$(python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv:/none)
# Tests of two threads on one machine, and of storage that is given back.
RACES := LitmusTests|LitmusQueueTests|LitmusSaveTests|StorageTests

.DEFAULT_GOAL := help
BENCH = $(if $(JSON),--json $(JSON)) $(if $(FILTER),--filter $(FILTER)) \
	$(if $(SAMPLES),--samples $(SAMPLES))
CONFORMANCE = $(if $(ADDR),--attach $(ADDR)) $(if $(PROFILE),--profile $(PROFILE)) \
	$(if $(FILTER),--filter '$(FILTER)')

.PHONY: help deps build demo attach-demo qemu-boot migrate-demo test conformance validate ci bench bench-peer bench-clients bench-unicorn check-hot bench-readme bench-micro study presets slurm-test trace-check http-test fuzz fuzz-protocol soak hostile litmus tsan asan mutations format format-check clean

help: ## Show this list
	@echo "itsd, a cycle-level simulator of Arm's GICv3 ITS. README.md says more."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo "demo, study and presets take TRACE=FILE and OUT=FOLDER, demo CLOCK=functional or timed."

deps: ## Install the C libraries that are missing (Debian; asks for sudo if need be)
	@.ci/dependencies

build: deps ## Build itsd and itsctl, optimised
	@echo "building itsd and itsctl (release)"
	@swift build -c release --product itsd
	@swift build -c release --product itsctl

demo: build ## Replay a real Linux boot through the daemon; print latencies; write report.html
	@.ci/demo $(TRACE) $(CLOCK) $(OUT)

attach-demo: build ## Run AArch64 guest code on VCPUS=4 emulated CPUs (Unicorn) with the daemon's GIC
	@.ci/dependencies gcc:/usr/bin/gcc $(PYTHON_VENV)
	@.ci/attach-demo .build/release/itsd $(VCPUS)

qemu-boot: build ## Boot Debian on QEMU's CPUs with the daemon's GIC; CLOCK, CPUS, CONFIG
	@.ci/dependencies gcc:/usr/bin/gcc ninja-build:/usr/bin/ninja meson:/usr/bin/meson \
	  libglib2.0-dev:/usr/include/glib-2.0/glib.h libpixman-1-dev:/usr/include/pixman-1/pixman.h \
	  libslirp-dev:/usr/include/slirp/libslirp.h libfdt-dev:/usr/include/libfdt.h \
	  dpkg-dev:/usr/bin/dpkg-source patch:/usr/bin/patch cpio:/usr/bin/cpio kmod:/sbin/depmod \
	  python3:/usr/bin/python3
	@.ci/qemu-boot .build/release/itsd .build/release/itsctl $(CLOCK) $(CPUS) $(CONFIG)

migrate-demo: build ## Move a running guest's machine from one daemon to another, VCPUS=4, and count LPIs
	@.ci/dependencies gcc:/usr/bin/gcc $(PYTHON_VENV)
	@.ci/migrate-demo .build/release/itsd $(VCPUS)

test: deps ## Run all tests, those of the C and Python clients too
	@.ci/dependencies gcc:/usr/bin/gcc g++:/usr/bin/g++ $(PYTHON_VENV)
	@echo "building and running the tests"
	@swift test --parallel
	@.ci/clients "$$(swift build --show-bin-path)/itsd"
	@.ci/attach-demo "$$(swift build --show-bin-path)/itsd" 1 2 8 || [ $$? -eq 3 ]
	@.ci/migrate-demo "$$(swift build --show-bin-path)/itsd" 4 || [ $$? -eq 3 ]
	@.ci/soak 'random programs' ITSD_SEEDS=50 ITSD_STEPS=10000

conformance: build ## Check a daemon, ADDR=unix:PATH; also PROFILE=kvm, FILTER=MAPTI
	@.build/release/itsctl conformance $(CONFORMANCE)

slurm-test: build ## Run a study as a job array of a one-node Slurm cluster, installed and started here
	@.ci/dependencies slurm-wlm:/usr/sbin/slurmctld munge:/usr/sbin/munged
	@.ci/slurm-test .build/release/itsctl

validate: build ## Hold the timing model against its laws; writes OUT/validation.html; LONG=1 for more
	@mkdir -p $(OUT)
	@.build/release/itsctl validate --trace Tests/Traces/linux-smp1.trace.xz \
	  --trace Tests/Traces/linux-smp4.trace.xz $(if $(LONG),--long) --html $(OUT)/validation.html
	@echo "wrote $(OUT)/validation.html"

ci: deps format-check test ## What continuous integration runs: format, build, tests, demo
	@$(MAKE) --no-print-directory demo

bench: deps ## Measure speed and size; FILTER=NAME chooses rows, JSON=FILE keeps the numbers
	@$(if $(findstring attach,$(or $(FILTER),attach)),.ci/attach-programs)
	@echo "building itsbench (release)"
	@swift build --package-path Bench -c release --product itsbench
	@Bench/.build/release/itsbench run $(BENCH)

bench-peer: deps ## Run the same batches on QEMU's ITS, which is installed; FILTER, JSON, SAMPLES too
	@.ci/bench-peer $(BENCH)

check-hot: deps ## Fail if a steady-state loop counts references or allocates; FILTER=NAME chooses
	@.ci/check-hot $(if $(FILTER),--filter $(FILTER))

bench-readme: ## Measure everything on a quiet machine and write the README's tables anew
	@.ci/bench-readme $(OUT)

bench-micro: deps ## Measure single data structures with package-benchmark
	@swift package --package-path Bench/Micro --disable-sandbox benchmark

bench-clients: ## Measure what attaching costs, beside plain C: the rows attach.* of make bench
	@$(MAKE) --no-print-directory bench FILTER=attach. JSON=$(JSON)

bench-unicorn: deps ## Measure the loads of a guest on a Unicorn CPU, which PyPI has, by the daemon
	@.ci/dependencies gcc:/usr/bin/gcc $(PYTHON_VENV)
	@.ci/attach-programs unicorn
	@$(MAKE) --no-print-directory bench FILTER=attach.unicorn JSON=$(JSON)

study: build ## Run a small form of every study; reports under OUT/study; WHOLE=1 for all points
	@.ci/study $(OUT)/study $(TRACE) $(if $(WHOLE),--whole)

presets: build ## Replay one boot with every preset and compare the latencies
	@.ci/presets $(TRACE) $(OUT)

trace-check: build ## Trace one boot, and have Perfetto's schema and GTKWave read the files
	@.ci/trace-check $(TRACE) $(OUT)

http-test: build ## Load the live page in headless Chromium, and parse /metrics
	@.ci/http-test .build/release $(OUT)

fuzz: deps ## Fuzz every target, or TARGET=NAME, for SECONDS=60 each; a finding is kept
	@.ci/fuzz $(SECONDS) $(TARGET)

fuzz-protocol: deps ## Hostile peers against a running daemon for SECONDS=60; SEED=1 begins
	@swift build --product itsd
	@.ci/fuzz-protocol "$$(swift build --show-bin-path)/itsd" $(SECONDS) $(SEED)

soak: ## Run SEEDS=50 random programs of STEPS=10000 in each profile against the reference
	@.ci/soak 'random programs' ITSD_SEEDS=$(SEEDS) ITSD_STEPS=$(STEPS)

hostile: ## Run COMMANDS=10000000 commands, and as many accesses, that no guest should send
	@.ci/soak 'hostile|memory' ITSD_COMMANDS=$(COMMANDS)

mutations: ## Put faults into the model, one by one, and count those that its tests catch
	@Tests/Mutations/run $(if $(SAMPLE),--sample $(SAMPLE))

litmus: deps ## Run every race of two threads ROUNDS=1000000 times, optimised
	@.ci/model-package .build/model
	@swift build --package-path .build/model --build-tests -Xswiftc -O
	@ITSD_LITMUS_ROUNDS=$(ROUNDS) ITSD_CYCLES=$(ROUNDS) swift test --package-path .build/model \
	  --skip-build -Xswiftc -O --filter '$(RACES)'

tsan: deps ## Run the races and the server's tests, with 1 and 4 threads, under ThreadSanitizer
	@.ci/sanitize thread '$(RACES)' 'GICServerTests|UVLoopTests'

asan: deps ## Run the model's and the server's tests under AddressSanitizer and LeakSanitizer
	@.ci/sanitize address '$(RACES)|HostileTests' 'GICServerTests|UVLoopTests'

format: ## Lay out the sources
	@swift format -i -r --configuration .swift-format $(LAID_OUT)

format-check: ## Say where the layout of the sources is not the formatter's
	@echo "checking the layout of the sources"
	@swift format lint --strict -r --configuration .swift-format $(LAID_OUT)

clean: ## Remove what was built
	@rm -rf .build Bench/.build Bench/Micro/.build $(OUT) report.html
