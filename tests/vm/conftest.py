"""The lab: what is missing for it, one machine at a time, and the record at its end.

A scenario module has ``SUITES``, the suites that it is for; ``IN_CI``, those of them that `make vm`
boots. ``--suites`` names others, or ``all``.
"""

import os
import re
from collections.abc import Callable, Iterator

import pytest

from vm import ingredients
from vm.grub import xen
from vm.machine import Boot, Booted, clear_logs, linux
from vm.suites import BOOKWORM, BUILD, ROOT, SUITES, Suite
from vm.truth import Truth, page

_PAGE = ROOT / "docs/truth.md"
_ALL = "scenario_*.py"
_XEN = re.compile(r"Xen version (\S+)")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--suites`` and ``--keep-machines``."""
    parser.addoption(
        "--suites", default="ci", help="ci, all, or names of Debian's suites with commas"
    )
    parser.addoption(
        "--keep-machines", action="store_true", help="write the captured machines of testdata again"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a scenario on each suite that it is for and that was chosen."""
    if "suite" not in metafunc.fixturenames:
        return
    chosen = str(metafunc.config.option.suites)
    suites: tuple[Suite, ...] = getattr(metafunc.module, "SUITES", SUITES)
    if chosen == "ci":
        suites = getattr(metafunc.module, "IN_CI", (BOOKWORM,))
    elif chosen != "all":
        suites = tuple(suite for suite in suites if suite.name in chosen.split(","))
    metafunc.parametrize("suite", suites, ids=lambda suite: suite.name, scope="session")


@pytest.fixture(scope="session", autouse=True)
def lab() -> None:
    """Refuse to begin without what the lab needs: a skipped truth is none."""
    if os.geteuid():
        pytest.exit("make vm has to be run as root: it makes a root file system", 2)
    lacking = ingredients.missing()
    if lacking:
        pytest.exit(f"make vm needs Debian's packages {' '.join(lacking)}", 2)
    BUILD.mkdir(parents=True, exist_ok=True)
    clear_logs()


@pytest.fixture(scope="session")
def truths(request: pytest.FixtureRequest, lab: None) -> Iterator[dict[Suite, Truth]]:
    """Give the comparisons by suite; they are recorded if whole scenarios ran and all of it held."""
    truths: dict[Suite, Truth] = {}
    yield truths
    options = request.config.option
    whole = len(request.session.items) == request.session.testscollected
    chosen = options.keyword or options.deselect or options.suites == "ci"
    chosen = chosen or any("::" in argument for argument in request.config.args)
    if not whole or chosen or request.session.testsfailed:
        return
    qemu = re.search(r"version (\S+)", ingredients.run("qemu-system-x86_64", "--version"))
    assert qemu is not None
    for truth in truths.values():
        kernel = ingredients.kernel(truth.suite).release
        truth.record(qemu[1], kernel, every=_all_asked(request))
    _PAGE.write_text(page(), "utf-8")


@pytest.fixture(scope="session")
def truth(truths: dict[Suite, Truth], suite: Suite) -> Truth:
    """Give the comparisons of the suite."""
    return truths.setdefault(suite, Truth(suite))


@pytest.fixture(scope="session")
def boot(truth: Truth, suite: Suite) -> Callable[[Boot], Booted]:
    """Give what boots the suite's Linux."""

    def booted(what: Boot) -> Booted:
        result = linux(what)
        truth.boots.append(what.name)
        return result

    return booted


@pytest.fixture(scope="session")
def boot_xen(truth: Truth) -> Callable[[Boot, str], Booted]:
    """Give what boots Xen and its dom0."""

    def booted(what: Boot, line: str) -> Booted:
        result = xen(what, line)
        truth.boots.append(what.name)
        version = _XEN.search(result.serial)
        truth.xen = version[1] if version else truth.xen
        return result

    return booted


def _all_asked(request: pytest.FixtureRequest) -> bool:
    """Return whether each scenario of the folder is in this run."""
    here = ROOT / "tests/vm"
    return {item.path for item in request.session.items} >= set(here.glob(_ALL))
