"""The answers of some verbs in a bundle, for people.

They are made from the readings that the bundle keeps, so they contain no more than those.
"""

import platform
import traceback
from collections.abc import Callable
from functools import cached_property, partial
from importlib import metadata

from dmaragent import __version__
from dmaragent.checks import check
from dmaragent.checks.common.model import Checked
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.escaping import text_of
from dmaragent.present.json.check import check_document
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.json.writer import json_text
from dmaragent.present.screen import PLAIN, printed_on
from dmaragent.present.text.check import check_details_text
from dmaragent.present.text.inventory import inventory_text
from dmaragent.present.text.tree import tree_text
from dmaragent.present.words.host import host_words
from dmaragent.question.context import Question, context_of
from dmaragent.question.host_report import report_page
from dmaragent.readings import HostSnapshot

FOLDER = "derived/"
_LIBRARIES = ("construct", "pyudev", "psutil")


class BundledHost:
    """The host of a bundle: its inventory, its kind, and its findings, made when they are used."""

    def __init__(self, inventory: Inventory, kind: str) -> None:
        self.inventory = inventory
        self.kind = kind

    @cached_property
    def checked(self) -> Checked:
        """The findings."""
        return check(self.inventory)


Maker = Callable[[BundledHost], str]


def derive(snapshot: HostSnapshot, kind: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the files of ``derived/`` by path, and the problems in making them.

    If a verb fails on a host, its bundle is needed to find out why. So the failure is kept in place
    of the answer.
    """
    files: dict[str, bytes] = {}
    problems: list[str] = []

    def attempt(name: str, make: Callable[[], str]) -> None:
        try:
            with printed_on(PLAIN):  # independent of the terminal
                content = make()
        except Exception as error:  # noqa: BLE001 - see above
            problems.append(f"{name}: {type(error).__name__}: {error}")
            name, content = f"{name}.failed", _failure(error)
        files[FOLDER + name] = content.encode("utf-8", "backslashreplace")

    attempt("versions.json", _versions)
    try:
        inventory = take_inventory(join(snapshot))
    except Exception:  # noqa: BLE001 - see above
        attempt("inventory.json", lambda: str(take_inventory(join(snapshot))))
        return files, tuple(problems)
    bundled = BundledHost(inventory, kind)
    for name, make in _MAKERS.items():
        if inventory.absence is None or make not in _OF_A_TABLE:
            attempt(name, partial(make, bundled))
    return files, tuple(problems)


def _failure(error: Exception) -> str:
    """Return the place of the failure, by module: the paths of modules can contain a user's name."""
    frames = [
        f"{_module(frame.filename)}:{frame.lineno} {frame.name}\n"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return "".join(frames) + f"{type(error).__name__}: {error}\n"


def _module(path: str) -> str:
    _, package, rest = path.rpartition("/dmaragent/")
    return f"dmaragent/{rest}" if package else path.rpartition("/")[2]


def _versions() -> str:
    """Return the versions that made the bundle; the kernel's is a reading."""
    versions = {"dmaragent": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return _json(versions)


def _report(bundled: BundledHost) -> str:
    asked = context_of(bundled.inventory.host, Question())
    checked = None if bundled.inventory.absence is not None else bundled.checked
    return report_page(asked, bundled.inventory, checked)


def _inventory_json(bundled: BundledHost) -> str:
    return _json(inventory_document(bundled.inventory, bundled.kind, ""))


def _inventory_text(bundled: BundledHost) -> str:
    return text_of([host_words(bundled.kind, ""), *inventory_text(bundled.inventory)])


def _tree_text(bundled: BundledHost) -> str:
    return text_of([host_words(bundled.kind, ""), *tree_text(bundled.inventory)])


def _check_json(bundled: BundledHost) -> str:
    return _json(check_document(bundled.checked, bundled.kind, ""))


def _check_text(bundled: BundledHost) -> str:
    return text_of(check_details_text(bundled.checked, host_words(bundled.kind, "")))


_MAKERS: dict[str, Maker] = {
    "inventory.json": _inventory_json,
    "inventory.txt": _inventory_text,
    "tree.txt": _tree_text,
    "check.json": _check_json,
    "check.txt": _check_text,
    "report.html": _report,
}
_OF_A_TABLE = (_check_json, _check_text, _tree_text)
"""The answers that need a table."""


def _json(document: object) -> str:
    return json_text(document) + "\n"
