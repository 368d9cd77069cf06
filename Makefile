# Aliases only: each target is one or two commands that you can type yourself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

BASE ?= HEAD
PAIRS ?= 100
MANY ?= 0

.PHONY: api-fuzz help run test test-rest test-all recall check answers answers-facts losses libxlutil acpi-readers bench fuzz fuzz-ci fuzz-guided docs promises screens examples site pictures testdata release dist-test deb deb-test deb-test-all rpm-test zipapp zipapp-test test-matrix upstream-review vm vm-all vm-machines clean

help:
	@echo "Try it"
	@echo "  make run            show the inventory of this machine, or of a recorded one"
	@echo "Test"
	@echo "  make check          run ruff, mypy and the linters of manual pages: seconds"
	@echo "  make test           run all tests except slow ones, on all processors: minutes"
	@echo "  make test-rest      run the slow tests, and the properties with more examples"
	@echo "  make test-all       run both, with coverage"
	@echo "  make answers        compare all recorded answers with a commit: BASE=HEAD~1"
	@echo "  make answers-facts  compare them without prose (schemas mark the prose)"
	@echo "  make losses         remove each reading of each recorded machine, and PAIRS=N pairs; or MANY=N large sets"
	@echo "  make acpi-readers   compare the decoding of an IVRS with iasl of Debian 13 and sid, and fwts"
	@echo "  make libxlutil      compare the readers of guests with libxlutil 4.14, 4.17 and 4.20"
	@echo "  make recall         extract messages from XEN=GIT-DIRECTORY SOURCES=DIRECTORY"
	@echo "  make test-matrix    run README's commands and the tests in new Debians and other Pythons, as root"
	@echo "  make upstream-review  list cited functions of SRC=GIT-DIRECTORY that changed: BASE=TAG TAG=TAG"
	@echo "  make vm             compare answers with booted machines, as root"
	@echo "  make vm-all         compare on SUITES=bullseye,trixie or all; writes docs/truth.md"
	@echo "  make vm-machines    boot the captured AMD machines of testdata, and record them again"
	@echo "Fuzz: FUZZ_KIND=tables FUZZ_COUNT=1000 FUZZ_SECONDS=60 FUZZ_SEED=1"
	@echo "  make fuzz           mutate inputs by a seed, for a long time"
	@echo "  make fuzz-ci        mutate inputs by a seed, for about a minute"
	@echo "  make fuzz-guided    mutate inputs, guided by coverage"
	@echo "  make api-fuzz       run schemathesis on the local API: API_EXAMPLES=250 for each operation"
	@echo "Write generated files"
	@echo "  make docs           ledger, findings, messages, faults, manual page, completions, schemas"
	@echo "  make promises       add new names to tests/promises.txt, which later releases keep"
	@echo "  make screens        the golden screens in tests/screens"
	@echo "  make examples       the output that pages show of commands"
	@echo "  make pictures       the pictures of README; needs chromium"
	@echo "  make testdata       the rebuilt machines in testdata, from their facts"
	@echo "  make bench          docs/performance.md, by measuring"
	@echo "  make site           the documentation as a site, in build/site; fails on a dead link"
	@echo "Package"
	@echo "  make release        build and try the wheel, source distribution, zipapp and Debian package"
	@echo "  make dist-test      check the wheel and the source distribution; install them with pip and pipx"
	@echo "  make deb            build the Debian package in dist/"
	@echo "  make deb-test       check it with lintian and install it in a new Debian, as root: SUITE=trixie"
	@echo "  make deb-test-all   do so on Debian 12, 13 and sid, and upgrade 12 to 13, and 0.1.0 to this version"
	@echo "  make rpm-test       build the RPM, check it with rpmlint and install it in a scratch root"
	@echo "  make zipapp         build dist/dmaragent.pyz, one file that answers from bundles"
	@echo "  make zipapp-test    compare its answers with those of this checkout"
	@echo "  make clean          remove environments, caches and build results"

# One environment for all targets; a change of pyproject.toml makes it again.
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

$(VENV)/ready-api-fuzz: $(VENV)/ready
	$(BIN)/pip --disable-pip-version-check --quiet install --editable '.[api-fuzz]'
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
	cd tests && ../$(BIN)/python -m support.man_lint

answers: $(VENV)/ready
	cd tests && ../$(BIN)/python -m answers $(BASE)

answers-facts: $(VENV)/ready
	cd tests && ../$(BIN)/python -m answers --without-prose $(BASE)

losses: $(VENV)/ready
	cd tests && ../$(BIN)/python -m answers.losses --pairs $(PAIRS) --many $(MANY)

libxlutil: $(VENV)/ready
	tests/libxlutil/fetch.sh 4.14 4.17 4.20
	DMARAGENT_LIBXLUTIL_TEXTS=100000 $(BIN)/python -m pytest -k itself \
		tests/dmaragent/test_guests_rdm.py tests/dmaragent/test_guests_pci_library.py \
		tests/dmaragent/test_guests_xlcfg.py

acpi-readers: $(VENV)/ready
	tests/acpi_readers/fetch.sh trixie sid
	$(BIN)/python -m pytest tests/fwtables/test_ivrs_readers.py

recall: $(VENV)/ready
	cd tests && ../$(BIN)/python -m recall $(abspath $(XEN)) $(abspath $(SOURCES))

bench: $(VENV)/ready-bench
	$(BIN)/python benchmarks/run.py $(TABLES)

FUZZ = $(FUZZ_KIND) $(FUZZ_COUNT:%=--count=%) $(FUZZ_SECONDS:%=--seconds=%) $(FUZZ_SEED:%=--seed=%)

fuzz: $(VENV)/ready
	$(BIN)/python -m fuzz seeded $(FUZZ)

fuzz-ci: $(VENV)/ready
	$(BIN)/python -m fuzz ci $(FUZZ)

fuzz-guided: $(VENV)/ready-fuzz
	$(BIN)/python -m fuzz guided $(FUZZ)

API_EXAMPLES = 200

api-fuzz: $(VENV)/ready-api-fuzz
	cd tests && ../$(BIN)/python -m support.api_fuzz --examples $(API_EXAMPLES)

docs: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.ledger_page > ../docs/ledger.md
	cd tests && ../$(BIN)/python -m support.findings_page > ../docs/findings.md
	cd tests && ../$(BIN)/python -m support.messages_page > ../docs/messages.md
	cd tests && ../$(BIN)/python -m support.faults_page > ../docs/faults.md
	cd tests && ../$(BIN)/python -m support.man_page
	cd tests && ../$(BIN)/python -m support.completion_page
	cd tests && ../$(BIN)/python -m support.schemas

promises: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.promises

screens: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.screens
	$(BIN)/python -m pytest --quiet --write-words

examples: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.examples

site: $(VENV)/ready-docs
	$(BIN)/mkdocs build  # with --quiet it would count no warning, and so never fail

pictures: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.pictures

testdata: $(VENV)/ready
	cd tests && ../$(BIN)/python -m support.machines

release:
	debian/release.sh

dist-test:
	tests/distribution.sh

deb:
	debian/build.sh

SUITE = bookworm

deb-test:
	debian/test.sh $(SUITE)

deb-test-all:
	debian/test.sh bookworm
	debian/test.sh trixie
	debian/test.sh sid
	debian/test-upgrade.sh bookworm trixie
	debian/test-upgrade-release.sh

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

VM = $(BIN)/python -m pytest -o python_files='scenario_*.py' --verbose --durations=0

vm: $(VENV)/ready
	$(VM) tests/vm

SUITES = all
SCENARIOS = tests/vm

vm-all: $(VENV)/ready
	$(VM) --suites=$(SUITES) $(SCENARIOS)

vm-machines: $(VENV)/ready
	$(VM) --suites=$(SUITES) --keep-machines tests/vm/scenario_recorded.py

clean:
	rm -rf $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
