"""The sources of the page for Cockpit: no markup from texts, nothing from elsewhere, words in one module."""

import json
import re
from enum import Enum
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dmaragent.checks.common.model import Severity
from dmaragent.host.topology import Presence
from dmaragent.iommu.kinds import HARMLESS_DAMAGE, AbsenceKind
from dmaragent.linux.regions import Hold
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough.model import Can
from dmaragent.passthrough.words import CAN_WORDS
from dmaragent.policy.decisions import Effect, Verdict
from dmaragent.service_paths import INVENTORY, RUNTIME, SOCKET
from dmaragent.xen.reserved_list.model import ListSource, Origin

PAGE = Path(__file__).parents[1] / "cockpit"
MODULES = sorted(PAGE.glob("*.js"))
WORDS = (PAGE / "words.js").read_text("utf-8")
MOST_LINES = 400
MARKUP = "innerHTML|outerHTML|insertAdjacent|document.write|eval[(]|new Function|DOMParser|setHTML|srcdoc ="


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_makes_no_markup_from_text_and_is_short(path: Path) -> None:
    text = path.read_text("utf-8")

    assert re.findall(MARKUP, text) == []
    assert text.count("\n") < MOST_LINES


@pytest.mark.parametrize("path", sorted(PAGE.iterdir()), ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    addresses = set(re.findall(r"https?://[^\s\"']+", path.read_text("utf-8")))

    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of a namespace


def test_the_page_has_no_script_and_no_style_of_its_own() -> None:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            found.extend(name for name in given if name.startswith("on") or name == "style")
            if tag == "style" or (tag == "script" and "src" not in given):
                found.append(tag)

    Reader().feed((PAGE / "index.html").read_text("utf-8"))

    assert found == []


def test_the_policy_is_stricter_than_cockpit_s() -> None:
    manifest = json.loads((PAGE / "manifest.json").read_text("utf-8"))
    policy = dict(
        line.strip().split(" ", 1) for line in manifest["content-security-policy"].split(";")
    )

    assert policy["default-src"] == "'none'"
    assert policy["form-action"] == "'none'"
    assert {*policy.values()} == {"'none'", "'self'"}


def test_the_paths_are_those_of_the_service() -> None:
    text = (PAGE / "api.js").read_text("utf-8")

    assert f'SOCKET = "{SOCKET}"' in text
    assert f'PUBLISHED = "{RUNTIME}/{INVENTORY}"' in text


@pytest.mark.parametrize(
    "path", [each for each in MODULES if each.name != "words.js"], ids=lambda path: path.name
)
def test_sentences_are_in_the_module_of_words(path: Path) -> None:
    code = re.sub(
        r"//[^\n]*|/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )

    assert re.findall(r"[\"'`][A-Z][a-z]+ [a-z]+[^\"'`\n]*[\"'`]", code) == []


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("DEVICE_VERDICTS", Can),
        ("GUEST_VERDICTS", Verdict),
        ("WITH_FIX", Verdict),
        ("SEVERITIES", Severity),
        ("HOLDS", Hold),
        ("PRESENCES", Presence),
        ("EFFECTS", Effect),
        ("absences", AbsenceKind),
        ("LIST_SOURCES", ListSource),
        ("LIST_ORIGINS", Origin),
        ("LINUX_STATES", LinuxState),
    ],
)
def test_each_value_of_a_document_has_a_word(table: str, values: type[Enum]) -> None:
    block = re.search(rf"^export const {table} = {{(.*?)}};", WORDS, re.MULTILINE | re.DOTALL)

    assert block is not None
    keys = {a or b for a, b in re.findall(r"(?:^|[{,\n ])(?:\"([\w-]+)\"|(\w+)): [\"\[]", block[1])}
    assert keys == {one.value for one in values}


def test_the_harmless_damage_is_that_of_the_program() -> None:
    found = re.search(r"HARMLESS = \[(.*?)\]", (PAGE / "state.js").read_text("utf-8"))

    assert found is not None
    assert set(re.findall(r'"([\w-]+)"', found[1])) == HARMLESS_DAMAGE


def test_verdicts_have_the_words_of_the_commands() -> None:
    for can, word in CAN_WORDS.items():
        assert re.search(rf'"?{can.value}"?: "{word}"', WORDS)
