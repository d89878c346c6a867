# The commands that people run; `make help` lists them. The work is done by CMake and scripts/.
PRESET ?= release
SEED ?=
OPTIONS ?=
JOBS := $(shell nproc)
PYTHON := $(firstword $(wildcard /usr/bin/python3) python3)
WEB_PAGE := web/dist/report.html
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o \
                 -type f -not -path '*/test/*' -print 2> /dev/null)

.PHONY: all demo test check bench clean help
.DELETE_ON_ERROR:

all: ## install what is missing and build the program, build/plumb
	scripts/install_packages.sh build
	@$(MAKE) --no-print-directory program

demo: ## run the faces application on its video (SEED=n: on one that is drawn from n)
	scripts/install_packages.sh build demo
	@$(MAKE) --no-print-directory program
	apps/faces/demo.sh $(SEED)

test: ## build everything and run the unit tests
	scripts/install_packages.sh build test
	@$(MAKE) --no-print-directory everything
	@$(PYTHON) scripts/run_tests.py test

check: ## sanitizers, fuzz targets, browser and slow tests, format, lint, layers, sizes (ONLY=a,b: some)
	scripts/install_packages.sh build test check
	@$(MAKE) --no-print-directory everything
	@$(PYTHON) scripts/run_tests.py check $(if $(ONLY),--only $(ONLY))

bench: ## kernels, and all that is promised of speed; results in out/bench (OPTIONS=--quick: a smoke test)
	scripts/install_packages.sh build test check
	@$(MAKE) --no-print-directory $(WEB_PAGE)
	cmake --preset bench
	cmake --build --preset bench -j $(JOBS)
	$(PYTHON) scripts/run_benchmarks.py build-bench out/bench
	bench/peers/install.sh
	$(PYTHON) bench/measure.py --plumb build-bench/plumb --output out/bench $(OPTIONS)

clean: ## remove what was built
	rm -rf build build-* out web/dist

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { sub(/^all$$/, "", $$1); printf "make %-6s %s\n", $$1, $$2 }' Makefile

# The rules below expect the packages to be there.
.PHONY: program everything configure
configure: $(WEB_PAGE)
	cmake --preset $(PRESET) --log-level=WARNING

program: configure
	cmake --build build --target program -j $(JOBS)

everything: configure
	cmake --build build -j $(JOBS)

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

$(WEB_PAGE): web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@
