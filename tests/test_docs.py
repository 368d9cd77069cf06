"""The documents agree with the program."""

import json
import re
import shutil
from pathlib import Path

import pytest

from dmaragent import __version__, cli
from dmaragent.checks.all_rules import RULES
from dmaragent.commands import VERBS
from fwtables import DamageKind
from support import (
    completion_page,
    faults_page,
    findings_page,
    ledger_page,
    man_lint,
    man_page,
    messages_page,
    schemas,
)

ROOT = Path(__file__).parents[1]
MANUAL = ROOT / "docs/man"
PAGES = sorted(each.name for each in MANUAL.iterdir())


def test_the_ledger_page_is_the_ledger() -> None:
    assert (ROOT / "docs/ledger.md").read_text("utf-8") == ledger_page.page(), "run make docs"


def test_the_findings_page_has_every_rule() -> None:
    page = findings_page.page()

    assert (ROOT / "docs/findings.md").read_text("utf-8") == page, "run make docs"
    assert all(f"\n## {rule.id}\n" in page for rule in RULES)


def test_the_faults_page_is_what_is_tested() -> None:
    assert (ROOT / "docs/faults.md").read_text("utf-8") == faults_page.page(), "run make docs"


def test_the_messages_page_is_the_tables() -> None:
    assert (ROOT / "docs/messages.md").read_text("utf-8") == messages_page.page(), "run make docs"


def test_the_changelog_begins_with_this_version() -> None:
    found = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert found is not None
    assert found[1] == __version__


def test_the_manual_page_is_made_from_the_manual() -> None:
    assert man_page.PAGE.read_text("utf-8") == man_page.page(), "run make docs"


def test_the_manual_has_every_verb_with_its_options_and_no_others() -> None:
    manual = man_page.SOURCE.read_text("utf-8")
    sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", manual, re.MULTILINE | re.DOTALL))
    options: dict[str, set[str]] = {}
    for command, parser in completion_page.walk("", cli._parser()):
        verb = command.partition(" ")[0]
        found = {option for action in parser._actions for option in action.option_strings}
        options.setdefault(verb, set()).update(found - {"-h", "--help"})

    assert sections.keys() == options.keys() - {"", "help"}
    for verb, section in sections.items():
        usage = "".join(re.findall(r"^```text\n(.*?)```", section, re.MULTILINE | re.DOTALL))
        named = set(re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", usage))
        long = {option for option in options[verb] if option.startswith("--")}
        assert named >= long - {"--output"}, verb
        assert named <= options[verb], verb
        own = long - {"--host", "--xen", "--json", "--color"}
        if verb != "hotplug":
            assert {option for option in own if f"`{option}" not in section} == set(), verb


def test_the_readme_names_the_verbs_without_json() -> None:
    text = " ".join((ROOT / "README.md").read_text("utf-8").split())
    found = re.search(r"All verbs have `--json` .*?, except (.*?)\.", text)
    with_json = {
        command.partition(" ")[0]
        for command, parser in completion_page.walk("", cli._parser())
        if any("--json" in action.option_strings for action in parser._actions)
    }

    assert found is not None
    without = set(re.findall(r"`(\S+)`", found[1]))
    assert without == (VERBS.keys() | {"help"}) - with_json - {"demo"}  # demo has any verb's


def test_the_schemas_are_those_of_the_types() -> None:
    written = {path.name: path.read_text("utf-8") for path in (ROOT / "docs/schema").iterdir()}

    assert written == schemas.schemas(), "run make docs"


def test_the_components_of_the_api_are_those_of_the_types() -> None:
    assert (ROOT / "docs/openapi.json").read_text("utf-8") == schemas.openapi(), "run make docs"


def test_the_schema_names_every_kind_of_damage() -> None:
    schema = json.loads((ROOT / "docs/schema/decode.v1.json").read_text("utf-8"))
    kinds = schema["$defs"]["damage"]["properties"]["kind"]["enum"]

    assert kinds == [kind.value for kind in DamageKind]


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed (package man-db)")
@pytest.mark.parametrize("page", PAGES)
def test_a_manual_page_is_formatted_without_a_warning_on_80_columns(page: str) -> None:
    assert man_lint.man_faults(MANUAL / page) == ""
    assert man_lint.wide_lines(MANUAL / page) == ""


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_takes_a_manual_page_without_a_warning(page: str, mandoc: None) -> None:
    assert man_lint.mandoc_faults(MANUAL / page) == ""


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed (package man-db)")
def test_commands_of_the_manual_can_be_pasted_from_a_terminal() -> None:
    shown = man_lint.rendered(man_page.PAGE)
    source = man_page.SOURCE.read_text("utf-8")
    lines = {line.strip() for line in shown.splitlines()}
    blocks = re.findall(r"^```text\n(.*?)```", source, re.MULTILINE | re.DOTALL)

    assert shown.startswith("dmaragent(8)")
    assert {line.strip() for block in blocks for line in block.splitlines()} <= lines
    words = " ".join(shown.split())
    short = {code for code in re.findall(r"`([^`\n]+)`", source) if len(code) <= 40}
    assert {code for code in short if code not in words and code != "make docs"} == set()


@pytest.mark.parametrize("page", PAGES)
def test_a_manual_page_is_named_as_its_file(page: str) -> None:
    name, section = page.rsplit(".", 1)
    text = (MANUAL / page).read_text("utf-8")

    assert f"\n.Dt {name.upper()} {section}\n" in text or f"\n.TH {name} {section} " in text


@pytest.mark.parametrize("page", PAGES)
def test_a_manual_page_refers_to_pages_of_ours_that_are_there(page: str) -> None:
    named = re.findall(
        r"^\.Xr (dmaragent\S*) (\d)", (MANUAL / page).read_text("utf-8"), re.MULTILINE
    )

    assert {f"{name}.{section}" for name, section in named} <= set(PAGES)
