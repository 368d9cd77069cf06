"""What all tests share: the corpus, the recorded machines, and tools that may be missing."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from dmaragent import __version__
from support import cockpit_page
from support.wording import FOLDER, WORDS, Worded, Wording

# The width of a developer's terminal says nothing.
os.environ.pop("COLUMNS", None)

# No deadline: a test that fails because the machine is busy says nothing.
settings.register_profile("dmaragent", deadline=None)
settings.register_profile("full", deadline=None, max_examples=1000)
settings.load_profile("dmaragent")

_PACKAGES = {"sos": "sosreport"}
"""Debian's packages of tools that have another name."""

CORPUS = Path(
    os.environ.get("DMARAGENT_CORPUS", Path(__file__).parent.parent.parent / "shared/corpus")
)


_WORDING = pytest.StashKey[Wording]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make screens` calls."""
    parser.addoption("--write-words", action="store_true", help="write tests/screens/words")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare for golden sentences."""
    config.stash[_WORDING] = Wording(writes=config.getoption("--write-words"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Read the golden sentences; where they are written, leave the other tests out."""
    wording = config.stash[_WORDING]
    for path in {_golden_file(item) for item in items if _is_worded(item)}:
        wording.sections(path)  # before a test lets no file be read
    if wording.writes:
        items[:] = [item for item in items if _is_worded(item)]
        for item in items:
            wording.names.setdefault(_golden_file(item), []).append(_name(item))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the golden sentences, where that is asked for."""
    session.config.stash[_WORDING].write()


def _is_worded(item: pytest.Item) -> bool:
    return "worded" in getattr(item, "fixturenames", ())


def _golden_file(item: pytest.Item) -> Path:
    return WORDS / f"{item.path.stem}.txt"


def _name(item: pytest.Item) -> str:
    return item.name.encode("unicode_escape").decode("ascii")


@pytest.fixture
def worded(request: pytest.FixtureRequest) -> Worded:
    """Give a function that compares words with the test's golden sentences."""
    places = {str(FOLDER.parents[1]): "HERE", f"dmaragent {__version__}": "dmaragent VERSION"}
    if "tmp_path" in request.fixturenames:
        places = {str(request.getfixturevalue("tmp_path")): "TMP"} | places
    item: pytest.Item = request.node
    wording, path, name = request.config.stash[_WORDING], _golden_file(item), _name(item)
    return Worded(wording, path, name, wording.sections(path).get(name, []), places)


@pytest.fixture(scope="session")
def corpus() -> list[dict[str, Any]]:
    """Give the manifest's entries of the corpus's DMAR tables, or skip."""
    manifest = CORPUS / "manifest.json"
    if not manifest.exists():
        pytest.skip(f"no corpus of captured tables at {CORPUS} (set DMARAGENT_CORPUS)")
    entries: list[dict[str, Any]] = json.loads(manifest.read_text("utf-8"))
    return [entry for entry in entries if entry["table"] == "DMAR"]


@pytest.fixture(scope="session")
def corpus_tables(corpus: list[dict[str, Any]]) -> dict[str, bytes]:
    """Give the bytes of the corpus's DMAR tables by file name."""
    return {entry["file"]: (CORPUS / entry["file"]).read_bytes() for entry in corpus}


@pytest.fixture(scope="session")
def ivrs_corpus() -> dict[str, bytes]:
    """Give the bytes of the corpus's IVRS tables by file name, or skip."""
    tables = {path.name: path.read_bytes() for path in sorted(CORPUS.glob("ivrs/*.ivrs"))}
    if not tables:
        pytest.skip(f"no captured IVRS tables in {CORPUS}/ivrs (set DMARAGENT_CORPUS)")
    return tables


@pytest.fixture
def umockdev() -> None:
    """Skip without umockdev."""
    _require("umockdev-run", "umockdev")


@pytest.fixture
def systemd_analyze() -> None:
    """Skip without systemd-analyze."""
    _require("systemd-analyze", "systemd")


@pytest.fixture
def mandoc() -> None:
    """Skip without mandoc."""
    _require("mandoc", "mandoc")


@pytest.fixture
def iasl() -> None:
    """Skip without iasl."""
    _require("iasl", "acpica-tools")


@pytest.fixture(scope="session")
def chromium_tools() -> None:
    """Skip without a browser."""
    _require("chromium", "chromium")
    _require("chromedriver", "chromium-driver")


@pytest.fixture(scope="session")
def cockpit_tools() -> None:
    """Skip without Cockpit, or where it cannot be started."""
    reason = cockpit_page.lacking()
    if reason:
        _skip(reason)


@pytest.fixture(scope="session")
def axe_core() -> str:
    """Return the script of axe-core, or skip without it."""
    script = Path(__file__).parents[1] / "build/axe/node_modules/axe-core/axe.min.js"
    if not script.exists():
        _skip("axe-core is not in build/axe (tests/axe/fetch.sh puts it there, with npm)")
    return script.read_text("utf-8")


@pytest.fixture
def require() -> Callable[[str], None]:
    """Give a function that skips without a tool."""
    return lambda tool: _require(tool, _PACKAGES.get(tool, tool))


@pytest.fixture
def promtool() -> None:
    """Skip without promtool."""
    _require("promtool", "prometheus")


@pytest.fixture
def node() -> None:
    """Skip without node."""
    _require("node", "nodejs")


@pytest.fixture
def curl() -> None:
    """Skip without curl."""
    _require("curl", "curl")


def _require(tool: str, package: str) -> None:
    """Skip without `tool`; in CI, which installs it, fail: a skipped check is not a passed one."""
    if shutil.which(tool):
        return
    _skip(f"{tool} is not installed (Debian package {package})")


def _skip(message: str) -> NoReturn:
    """Skip with `message`; in CI, which installs everything, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
