"""The lab: what is missing for it, one machine at a time, and the page at its end."""

import os
import re
from collections.abc import Callable, Iterator

import pytest

from vm import ingredients
from vm.grub import xen
from vm.machine import Boot, Booted, clear_logs, linux
from vm.truth import Truth

_PAGE = ingredients.ROOT / "docs/truth.md"
_ALL = "scenario_*.py"


@pytest.fixture(scope="session", autouse=True)
def lab() -> None:
    """Refuse to begin without what the lab needs: a skipped truth is none."""
    if os.geteuid():
        pytest.exit("make vm has to be run as root: it makes a root file system", 2)
    lacking = ingredients.missing()
    if lacking:
        pytest.exit(f"make vm needs Debian's packages {' '.join(lacking)}", 2)
    ingredients.BUILD.mkdir(parents=True, exist_ok=True)
    clear_logs()


@pytest.fixture(scope="session")
def truth(request: pytest.FixtureRequest, lab: None) -> Iterator[Truth]:
    """Give the page; it is written when every scenario ran and everything held."""
    page = Truth()
    yield page
    whole = len(request.session.items) == request.session.testscollected
    chosen = request.config.option.keyword or request.config.option.deselect
    if whole and not chosen and not request.session.testsfailed and _all_asked(request):
        qemu = re.search(r"version (\S+)", ingredients.run("qemu-system-x86_64", "--version"))
        assert qemu is not None
        text = page.page(qemu[1], ingredients.kernel().release, ingredients.XEN)
        _PAGE.write_text(text, "utf-8")


@pytest.fixture(scope="session")
def boot(truth: Truth) -> Callable[[Boot], Booted]:
    """Give what boots Linux."""

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
        return result

    return booted


def _all_asked(request: pytest.FixtureRequest) -> bool:
    """Say whether each scenario of the folder is in this run."""
    here = ingredients.ROOT / "tests/vm"
    return {each.path for each in request.session.items} >= set(here.glob(_ALL))
