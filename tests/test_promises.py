"""What docs/stability.md promises is there: no recorded name is gone, and the page has each document.

If a name was removed on purpose, remove its line from tests/promises.txt; from 1.0 on, docs/stability.md
has the conditions. ``make promises`` adds the new ones.
"""

import json
import re
from pathlib import Path

import pytest

from dmaragent import __version__, service_paths
from support.cli import run
from support.machines import MACHINES
from support.promises import current, recorded

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/stability.md").read_text("utf-8")
CLOSED = {"guest_verdict": "on a guest", "can_word": "on a device"}
"""The lists of words that do not grow, and their rows in the page."""


@pytest.fixture(scope="module")
def names() -> list[str]:
    return current()


def test_no_recorded_name_is_gone(names: list[str]) -> None:
    assert sorted(set(recorded()) - set(names)) == []


def test_the_record_has_each_name_once_in_order() -> None:
    lines = recorded()

    assert lines == sorted(set(lines))


def test_every_kind_of_promise_is_recorded() -> None:
    kinds = {line.partition(" ")[0] for line in recorded()}

    assert kinds == {
        *("bundle", "capture.sh", "column", "document", "file", "finding", "key", "label"),
        *("message", "metric", "python", "route", "trait", "unit", "user", "verb"),
    }


@pytest.mark.parametrize(
    "line",
    [
        "label dmaragent.io/network-allowed",
        "trait CUSTOM_DMARAGENT_USB_BLOCKED",
        "trait CUSTOM_DMARAGENT_TABLE_*",
        "column fleet export 17: no_data",
        "column devices 15: fix",
        "key fleet export: table",
        "key collect.ndjson: made_by",
        "key collect.ndjson: result = no-login",
        "verb dump -o VALUE",
        "verb fleet collect -w VALUE",
        "capture.sh --force",
    ],
)
def test_interfaces_of_other_pages_are_recorded(line: str, names: list[str]) -> None:
    assert line in names
    assert line in recorded()


def test_pages_explain_each_label_trait_column_and_key(names: list[str]) -> None:
    fleet = (ROOT / "docs/fleet.md").read_text("utf-8")
    manual = (ROOT / "docs/manual.md").read_text("utf-8")
    labels = {line.split("/")[1] for line in names if line.startswith("label ")}
    kinds = {label.split("-")[0] for label in labels if label.endswith("-allowed")}
    labels = {re.sub(rf"^({'|'.join(kinds)})-", "KIND-", label) for label in labels}
    keys = [line.split()[-1] for line in names if line.startswith("key ")]
    columns = [line.split()[-1] for line in names if line.startswith("column devices")]

    assert [label for label in labels if f"`dmaragent.io/{label}`" not in fleet] == []
    assert [kind for kind in kinds if f"`{kind}`" not in fleet] == []
    assert [key for key in keys if f"`{key}`" not in fleet] == []
    assert [name for name in columns if f"`{name}`" not in manual] == []


def test_a_release_has_recorded_all_its_names(names: list[str]) -> None:
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.search(rf"^## {re.escape(__version__)} \([0-9-]+\)$", changes, re.MULTILINE)

    assert not released or names == recorded(), "run make promises"


def test_a_recorded_metric_has_got_no_label(names: list[str]) -> None:
    old = {line.split()[1] for line in recorded() if line.startswith("metric ")}
    labels = {line for line in names if re.match(r"metric \S+ label ", line)}

    assert {line for line in labels - set(recorded()) if line.split()[1] in old} == set()


@pytest.mark.parametrize(
    "name",
    [
        "dmaragent.client.Client(path) positional_or_keyword optional",
        "dmaragent.client.Client.resolve(xen) positional_or_keyword optional",
        "dmaragent.client.Client.resolve(toolstack) positional_or_keyword optional",
        "dmaragent.client.ApiError.hint",
        "dmaragent.api.Question(xen) positional_or_keyword optional",
        "dmaragent.api.GuestResolver(question) positional_or_keyword",
        "dmaragent.api.OpenedContext.is_qubes",
        "fwtables.RMRR(base_address) keyword_only",
    ],
)
def test_methods_constructors_and_attributes_are_recorded(name: str, names: list[str]) -> None:
    assert f"python {name}" in names
    assert f"python {name}" in recorded()


def test_a_recorded_function_has_got_no_required_parameter(names: list[str]) -> None:
    old = {line.partition("(")[0] for line in recorded()}
    parameters = [line for line in names if re.match(r"python \S+\(\w+\) ", line)]
    new = [line for line in parameters if line not in set(recorded())]

    assert [
        line for line in new if line.partition("(")[0] in old and not line.endswith(" optional")
    ] == []


def test_the_page_lists_each_document_with_its_version() -> None:
    rows = dict(re.findall(r"^\| `(dmaragent\.\S+)` \| (\d+) \|", PAGE, re.MULTILINE))
    schemas = [
        json.loads(path.read_text("utf-8"))["properties"]
        for path in (ROOT / "docs/schema").glob("*.json")
    ]

    assert rows == {
        each["format"]["const"]: str(each["version"]["const"])
        for each in schemas
        if "format" in each
    }


def test_the_manual_of_the_inventory_has_its_version() -> None:
    manual = (ROOT / "docs/man/dmaragent-inventory.5").read_text("utf-8")
    (path,) = (ROOT / "docs/schema").glob("inventory.v*.json")
    version = path.stem.partition(".v")[2]

    assert re.search(rf"^\.Ql dmaragent\.inventory\nand {version}\.$", manual, re.MULTILINE)


@pytest.mark.parametrize("name", CLOSED)
def test_the_verdicts_are_the_words_of_the_page(name: str) -> None:
    (row,) = re.findall(rf"^\| {CLOSED[name]} \| (.*) \|$", PAGE, re.MULTILINE)
    words = re.findall(r"`(\S+)`", row)
    definitions = [
        json.loads(path.read_text("utf-8"))["$defs"].get(name)
        for path in (ROOT / "docs/schema").glob("*.json")
    ]

    found = [each["enum"] for each in definitions if each is not None]
    assert found
    assert all(sorted(each) == sorted(words) for each in found)


def test_the_page_has_the_paths_of_the_service() -> None:
    paths = [service_paths.CAPTURE, service_paths.SOCKET]
    paths += [f"{service_paths.RUNTIME}/{service_paths.METRICS}"]
    units = [path.name for path in (ROOT / "systemd").iterdir()]

    assert [name for name in [*paths, *units] if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, ("inventory", "--host", MACHINES / "hp-dl380e-gen8")),
        (1, ("check", "--host", MACHINES / "synthetic-overlap")),
        (1, ("devices", "--host", MACHINES / "hp-dl380e-gen8")),
        (2, ("inventory", "--host", MACHINES / "missing")),
        (2, ("inventory", "--no-such-option")),
    ],
)
def test_exit_codes_mean_what_the_page_says(
    code: int, words: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *words).code == code
    assert re.search(rf"^\| {code} \| ", PAGE, re.MULTILINE)


HP = MACHINES / "hp-dl380e-gen8"
TABLE = HP / "root/sys/firmware/acpi/tables/DMAR"
IVRS = MACHINES / "synthetic-am5-desktop/root/sys/firmware/acpi/tables/IVRS"
NO_TABLE = MACHINES / "synthetic-sosreport-without-table"
GUEST = HP / "guests/nic.cfg"
UNANSWERED = {
    "inventory": ("inventory", "--host", NO_TABLE),
    "devices": ("devices", "--host", NO_TABLE),
    "explain": ("explain", "0a:00.0", "--host", TABLE),
    "resolve": ("resolve", GUEST, "--xen", "4.19", "--host", TABLE),
    "hotplug": ("hotplug", "0a:00.0", "--into", GUEST, "--host", TABLE),
    "decode": ("decode", NO_TABLE),
    "diff": ("diff", NO_TABLE, NO_TABLE),
    "rmrr-option": ("boot-option", "--check", "rmrr=0xe8=0a:00.0", "--host", NO_TABLE),
    "ivmd-option": ("boot-option", "--check", "ivmd=0xe8000-0xe8fff=0a:00.0", "--host", IVRS),
    "fleet": ("fleet", "show", GUEST),
}
"""By document: a command that prints it with exit code 2."""


@pytest.mark.parametrize("name", UNANSWERED)
def test_a_document_of_a_verb_can_have_exit_code_2(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(capsys, *UNANSWERED[name], "--json")

    assert (ran.code, ran.document["format"]) == (2, f"dmaragent.{name}")


def test_the_page_has_each_document_with_exit_code_2() -> None:
    section = PAGE.split("### Documents with exit code 2\n")[1].split("\n#")[0]
    rows = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)

    named = {name for row in rows for name in re.findall(r"`dmaragent\.(\S+)`", row)}
    assert named == {*UNANSWERED, "status"}  # status: systemd does not answer
