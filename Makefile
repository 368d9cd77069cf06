# Aliases only: every target is one or two commands you could type.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

BASE ?= HEAD
PAIRS ?= 100

.PHONY: help run test test-rest test-all recall check answers answers-facts losses libxlutil bench fuzz fuzz-ci fuzz-guided docs screens site pictures testdata release deb deb-test rpm-test zipapp zipapp-test test-matrix upstream-review vm vm-all clean

help:
	@echo "make run       set up, and show this machine's inventory (or a recorded one)"
	@echo "make test      set up, and run the tests but the slow ones, on all processors: minutes"
	@echo "make test-rest the slow ones, and the properties with more examples"
	@echo "make test-all  both, with coverage"
	@echo "make check     ruff and mypy"
	@echo "make losses    lose every reading of every recorded machine, and PAIRS=N pairs of each"
	@echo "make answers   compare every recorded answer with those of a commit: BASE=HEAD~1"
	@echo "make answers-facts  the same without prose: sentences that docs/schema marks"
	@echo "make libxlutil fetch three releases of libxlutil, and compare the readers of guests with each"
	@echo "make recall    extract messages anew from XEN=git-directory SOURCES=folder of tests/recall/fetch.sh"
	@echo "make bench     measure, and write docs/performance.md"
	@echo "make fuzz      mutate a long time: FUZZ_KIND=tables FUZZ_COUNT=1000 FUZZ_SECONDS=60 FUZZ_SEED=1"
	@echo "make fuzz-ci   mutate for about a minute;  make fuzz-guided  guided by what is reached"
	@echo "make docs      write what is generated: ledger, findings, messages, faults, completions, schemas"
	@echo "make screens   print every golden screen of tests/screens again"
	@echo "make site      build the documentation as a site into build/site; fails on a dead link"
	@echo "make pictures  take the pictures of README again, where the program's words changed (chromium)"
	@echo "make release   build wheel, source distribution and Debian package of this version, and try them"
	@echo "make deb       build the Debian package into dist/"
	@echo "make deb-test  look at it with lintian, and install it in a fresh Debian (as root)"
	@echo "make rpm-test  build the RPM, look at it with rpmlint, and install it in a scratch root"
	@echo "make zipapp    build dist/dmaragent.pyz: one file for bundles;  make zipapp-test  compare it"
	@echo "make test-matrix  README's commands and the tests in fresh Debians, by suite and Python (as root)"
	@echo "make vm        boot a real Linux and a real Xen, and compare (as root)"
	@echo "make vm-all    the same on SUITES=bullseye,trixie or all; writes docs/truth.md"
	@echo "make upstream-review  cited functions of SRC=git-directory that changed from BASE=tag to TAG=tag"
	@echo "make testdata  write the rebuilt machines in testdata/ from their facts"

# One environment for all; made again when what it is made of changes.
$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip --disable-pip-version-check --quiet install --editable '.[test]'
	touch $@

$(VENV)/ready-check: $(VENV)/ready
	$(BIN)/pip --disable-pip-version-check --quiet install --editable '.[check]'
	touch $@

$(VENV)/ready-bench: $(VENV)/ready
	$(BIN)/pip --disable-pip-version-check --quiet install --editable '.[bench]'
	-$(BIN)/pip --disable-pip-version-check --quiet install --editable '.[bench-chipsec]'
	touch $@

$(VENV)/ready-fuzz: $(VENV)/ready
	$(BIN)/pip --disable-pip-version-check --quiet install --editable '.[fuzz]'
	touch $@

$(VENV)/ready-docs: $(VENV)/ready
	$(BIN)/pip --disable-pip-version-check --quiet install --editable '.[docs]'
	touch $@

run: $(VENV)/ready
	@$(BIN)/dmaragent inventory --or-show testdata/dmar_dumps/hp-dl380e-gen8

TESTS = $(BIN)/python -m pytest --numprocesses=logical

test: $(VENV)/ready
	$(TESTS) -m "not slow"

test-rest: $(VENV)/ready
	$(TESTS) -m "slow or hypothesis" --hypothesis-profile=full

test-all: $(VENV)/ready
	$(TESTS) --hypothesis-profile=full --cov --cov-report=term:skip-covered

check: $(VENV)/ready-check
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/ruff check --config parsers/ruff.toml parsers
	$(BIN)/mypy

answers: $(VENV)/ready
	cd tests && ../$(BIN)/python -m answers $(BASE)

answers-facts: $(VENV)/ready
	cd tests && ../$(BIN)/python -m answers --without-prose $(BASE)

losses: $(VENV)/ready
	cd tests && ../$(BIN)/python -m answers.losses --pairs $(PAIRS)

libxlutil: $(VENV)/ready
	tests/libxlutil/fetch.sh 4.14 4.17 4.20
	DMARAGENT_LIBXLUTIL_TEXTS=100000 $(BIN)/python -m pytest -k itself \
		tests/dmaragent/test_guests_rdm.py tests/dmaragent/test_guests_pci_library.py \
		tests/dmaragent/test_guests_xlcfg.py

recall: $(VENV)/ready
	cd tests && ../$(BIN)/python -m recall $(abspath $(XEN)) $(abspath $(SOURCES))

bench: $(VENV)/ready-bench
	$(BIN)/python benchmarks/run.py

FUZZ = $(FUZZ_KIND) $(FUZZ_COUNT:%=--count=%) $(FUZZ_SECONDS:%=--seconds=%) $(FUZZ_SEED:%=--seed=%)

fuzz: $(VENV)/ready
	$(BIN)/python -m fuzz seeded $(FUZZ)

fuzz-ci: $(VENV)/ready
	$(BIN)/python -m fuzz ci $(FUZZ)

fuzz-guided: $(VENV)/ready-fuzz
	$(BIN)/python -m fuzz guided $(FUZZ)

docs: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.ledger_page > ../docs/ledger.md
	cd tests && ../$(BIN)/python -m support.findings_page > ../docs/findings.md
	cd tests && ../$(BIN)/python -m support.messages_page > ../docs/messages.md
	cd tests && ../$(BIN)/python -m support.faults_page > ../docs/faults.md
	cd tests && ../$(BIN)/python -m support.completion_page
	cd tests && ../$(BIN)/python -m support.schemas

screens: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.screens
	$(BIN)/python -m pytest --quiet --write-words

site: $(VENV)/ready-docs
	$(BIN)/mkdocs build --quiet

pictures: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.pictures

testdata: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.machines

release:
	debian/release.sh

deb:
	debian/build.sh

deb-test:
	debian/test.sh

rpm-test:
	rpm/test.sh

zipapp:
	zipapp/build.sh

zipapp-test: $(VENV)/ready
	zipapp/test.sh

test-matrix:
	tests/matrix.sh lowest
	tests/matrix.sh bookworm
	tests/matrix.sh trixie
	tests/matrix.sh sid
	tests/matrix.sh sid python3.15

upstream-review: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.upstream_review $(abspath $(SRC)) $(BASE) $(TAG)

VM = $(BIN)/python -m pytest tests/vm -o python_files='scenario_*.py' --verbose --durations=0

vm: $(VENV)/ready
	$(VM)

SUITES = all

vm-all: $(VENV)/ready
	$(VM) --suites=$(SUITES)

clean:
	rm -rf $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
