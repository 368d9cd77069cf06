"""What the documents say is what the program does."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dmaragent import __version__, cli
from dmaragent.checks import RULES
from fwtables import DamageKind
from support import completion_page, faults_page, findings_page, ledger_page, messages_page, schemas

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


def test_the_manual_names_every_verb_and_option() -> None:
    manual = (ROOT / "docs/man/dmaragent.8").read_text("utf-8").replace("\\-", "-")
    for verb, parser in completion_page.walk("", cli._parser()):
        assert all(f"Ic {word}" in manual for word in verb.split()[:1])
        options = {option for action in parser._actions for option in action.option_strings}
        unnamed = {option for option in options if f"Fl {option[1:]}" not in manual}
        assert unnamed <= {"-h", "--help"}, verb


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
def test_a_manual_page_is_formatted_without_a_warning(page: str) -> None:
    done = subprocess.run(
        ["man", "--warnings", "-l", "-Tutf8", "-Z", str(MANUAL / page)],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80", "PATH": "/usr/bin:/bin"},
        check=True,
    )

    assert done.stderr == ""


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_takes_a_manual_page_without_a_warning(page: str, mandoc: None) -> None:
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", str(MANUAL / page)],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("page", PAGES)
def test_a_manual_page_is_named_as_its_file(page: str) -> None:
    name, section = page.rsplit(".", 1)

    assert f"\n.Dt {name.upper()} {section}\n" in (MANUAL / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_manual_page_refers_to_pages_of_ours_that_are_there(page: str) -> None:
    named = re.findall(
        r"^\.Xr (dmaragent\S*) (\d)", (MANUAL / page).read_text("utf-8"), re.MULTILINE
    )

    assert {f"{name}.{section}" for name, section in named} <= set(PAGES)
