"""Files for Node Feature Discovery and for Nova: only what is known, in forms that they accept."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dmaragent.addresses import SBDF
from dmaragent.answers.devices import Verdict, device_rows
from dmaragent.commands.fleet.export import _end
from dmaragent.fleet import features
from dmaragent.fleet.exports import nfd_text, nova_text
from dmaragent.fleet.features import HostFeatures, Kind, features_of
from dmaragent.fleet.fleet import FleetQuery, read_fleet
from dmaragent.host.topology import PciFunction
from dmaragent.passthrough.model import Can
from dmaragent.pci_classes import is_class
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support.cli import run
from support.device_rows import device_row
from support.machines import MACHINES, NAMES

Capture = pytest.CaptureFixture[str]
LABEL = re.compile(r"dmaragent\.io/([a-z0-9][a-z0-9-]{0,61}[a-z0-9])=([A-Za-z0-9]{1,63})")
"""A label of Kubernetes with a value, as far as these need it."""
PROVIDERS: dict[str, Any] = {
    "type": "object",
    "required": ["meta", "providers"],
    "additionalProperties": False,
    "properties": {
        "meta": {"const": {"schema_version": "1.0"}},
        "providers": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "required": ["identification", "traits"],
                "additionalProperties": False,
                "properties": {
                    "identification": {"const": {"uuid": "$COMPUTE_NODE"}},
                    "traits": {
                        "required": ["additional"],
                        "additionalProperties": False,
                        "properties": {
                            "additional": {
                                "type": "array",
                                "uniqueItems": True,
                                "items": {"pattern": "^CUSTOM_[A-Z0-9_]{1,248}$"},
                            }
                        },
                    },
                },
            },
        },
    },
}
"""The part of Nova's schema 1.0 for provider files that a file of dmaragent uses."""
KNOWN = HostFeatures(
    name="xen001",
    made=86_400,
    xen_class="0123456789ab",
    linux_class="ba9876543210",
    table_digest="abcdefabcdef",
    regions=0,
    kinds={
        "network": Kind(allowed=2, conditional=1, blocked=0, unknown=0),
        "storage": Kind(allowed=1, conditional=0, blocked=1, unknown=1),
    },
)
UNKNOWN = HostFeatures(
    name="table",
    made=None,
    xen_class="",
    linux_class="",
    table_digest="",
    regions=None,
    kinds={},
)


def labels(text: str) -> dict[str, str]:
    """Read the labels of a feature file, which has nothing else but comments."""
    assert len(text.encode("ascii")) < 64 * 1024
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = LABEL.fullmatch(line)
            assert match is not None, line
            assert match[1] not in found
            found[match[1]] = match[2]
    return found


def traits(text: str) -> set[str]:
    """Read the traits of a provider file, without their common beginning."""
    document = yaml.safe_load(text)
    jsonschema.validate(document, PROVIDERS)
    found = document["providers"][0]["traits"]["additional"]
    return {trait.removeprefix("CUSTOM_DMARAGENT_") for trait in found}


def test_what_is_known_becomes_labels() -> None:
    assert labels(nfd_text(KNOWN)) == {
        "xen-class": "0123456789ab",
        "linux-class": "ba9876543210",
        "table-digest": "abcdefabcdef",
        "regions": "0",
        "network-allowed": "2",
        "network-conditional": "1",
        "network-blocked": "0",
    }


def test_what_is_known_becomes_traits() -> None:
    """A device that is certainly allowed is a trait, even if another one is unknown."""
    assert traits(nova_text(KNOWN)) == {
        "XEN_CLASS_0123456789AB",
        "LINUX_CLASS_BA9876543210",
        "TABLE_ABCDEFABCDEF",
        "NO_REGIONS",
        "NETWORK_ALLOWED",
        "STORAGE_ALLOWED",
        "STORAGE_BLOCKED",
    }


def test_what_is_unknown_is_left_out() -> None:
    assert labels(nfd_text(UNKNOWN)) == {}
    assert traits(nova_text(UNKNOWN)) == set()


@pytest.mark.parametrize("name", ['a"\nb: c', "\u2028x", "\udcff", "#", "é"])
def test_a_hosts_name_cannot_leave_its_comment(name: str) -> None:
    named = KNOWN._replace(name=name)

    assert labels(nfd_text(named)) == labels(nfd_text(KNOWN))
    assert traits(nova_text(named)) == traits(nova_text(KNOWN))


def features_of_machine(name: str) -> HostFeatures:
    """Return the features of a recorded machine."""
    fleet = read_fleet([str(MACHINES / name)], FleetQuery())
    (found,) = features_of(fleet.records, Question())
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_counts_the_verdicts_of_devices(name: str) -> None:
    """Each count is that of `devices`; no count includes a verdict that is unknown."""
    found = features_of_machine(name)
    asked = ask_host(str(MACHINES / name), Question())
    functions = [
        (row.function.class_code, set(row.deciding))
        for row in device_rows(asked.inventory, asked.facts, asked.stack)
        if row.function is not None and row.function.class_code is not None and not row.chipset
    ]
    for kind, counts in found.kinds.items():
        verdicts = [deciding for code, deciding in functions if is_class(code, kind)]
        assert counts.allowed == verdicts.count({Verdict(Can.YES)})
        assert counts.blocked == verdicts.count({Verdict(Can.NO)})
        assert sum(counts) == len(verdicts)
    written = labels(nfd_text(found))
    assert {label.partition("-")[0] for label in written if label.endswith("-allowed")} == {
        kind for kind, counts in found.kinds.items() if not counts.unknown
    }
    traits(nova_text(found))


def test_a_device_that_is_allowed_only_with_risk_is_conditional(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = str(MACHINES / "hp-dl380e-gen8")
    asked = ask_host(machine, Question())
    usb = [
        row
        for row in device_rows(asked.inventory, asked.facts, asked.stack)
        if row.function is not None and is_class(row.function.class_code or 0, "usb")
    ]
    verdicts = [Verdict(Can.YES), *[Verdict(Can.YES, risk=True)] * (len(usb) - 1)]
    changed = [
        replace(row, decides=("linux",), linux=verdict)
        for row, verdict in zip(usb, verdicts, strict=True)
    ]
    monkeypatch.setattr(features, "device_rows", lambda *_: changed)

    found = features_of_machine("hp-dl380e-gen8").kinds["usb"]

    assert len(usb) > 1
    assert found == Kind(allowed=1, conditional=len(usb) - 1, blocked=0, unknown=0)


@pytest.mark.parametrize("counted", [True, False])
def test_no_devices_are_counted_if_the_class_of_one_is_unknown(
    monkeypatch: pytest.MonkeyPatch, *, counted: bool
) -> None:
    network = device_row("0000:01:00.0")
    unknown = PciFunction(SBDF.parse("0000:02:00.0"), None, 0x8086, 0x10D3, "e1000e")
    bridge = device_row("0000:02:00.0", function=unknown, chipset=True)
    absent = device_row("0000:02:00.0", function=None)
    rows = [network, bridge, absent]
    if not counted:
        rows.append(device_row("0000:02:00.0", function=unknown))
    monkeypatch.setattr(features, "device_rows", lambda *_: rows)

    found = features_of_machine("hp-dl380e-gen8").kinds

    one = Kind(allowed=1, conditional=0, blocked=0, unknown=0)
    assert found == ({"network": one} if counted else {})


def test_a_table_alone_has_no_devices(tmp_path: Path) -> None:
    """Its functions are unknown, so nothing is counted; its regions are known."""
    source = MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR"
    shutil.copy(source, tmp_path / "table.bin")
    (found,) = features_of(read_fleet([str(tmp_path)], FleetQuery()).records, Question())

    assert labels(nfd_text(found)).keys() == {"table-digest", "regions"}


def test_a_damaged_table_has_no_number_of_regions(tmp_path: Path) -> None:
    source = MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR"
    (tmp_path / "table.bin").write_bytes(source.read_bytes()[:-30])
    (found,) = features_of(read_fleet([str(tmp_path)], FleetQuery()).records, Question())

    assert found.regions is None
    assert labels(nfd_text(found)).keys() == {"table-digest"}


def test_alike_hosts_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counting(path: str, *rest: Any) -> Any:
        asked.append(path)
        return ask_host(path, *rest)

    for name, machine in {"a": "xen-pv-dom0", "b": "lenovo-laptop", "c": "xen-pv-dom0"}.items():
        shutil.copytree(MACHINES / machine, tmp_path / name)
    records = read_fleet([str(tmp_path)], FleetQuery()).records
    monkeypatch.setattr("dmaragent.fleet.features.ask_host", counting)
    a, b, c = features_of(records, Question())

    assert (a.name, b.name, c.name) == ("a", "b", "c")
    assert a == c._replace(name="a") != b._replace(name="a")
    assert len(asked) == 2


def test_hosts_that_run_no_xen_have_no_class_of_xen() -> None:
    assert features_of_machine("xen-pv-dom0").xen_class
    assert not features_of_machine("lenovo-laptop").xen_class
    assert features_of_machine("lenovo-laptop").linux_class


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Make a folder with two hosts and a file that is none; one of them has a date."""
    for name in ("xen-pv-dom0", "lenovo-laptop"):
        shutil.copytree(MACHINES / name, tmp_path / "pool" / name)
    (tmp_path / "pool" / "broken.tar.xz").write_bytes(b"\xfd7zXZ\0 damaged")
    return tmp_path / "pool"


def test_each_host_gets_a_file(pool: Path, tmp_path: Path, capsys: Capture) -> None:
    goal = tmp_path / "new" / "features"
    written = run(capsys, "fleet", "export", str(pool), "--nfd", "-o", str(goal), "--no-cache")
    nova = run(capsys, "fleet", "export", str(pool), "--nova", "-o", str(goal), "--no-cache")

    assert (written.code, nova.code) == (0, 0)
    assert written.out == nova.out == f"Wrote 2 files to {goal}\n"
    assert "broken" in written.err
    assert sorted(path.name for path in goal.iterdir()) == [
        "lenovo-laptop.nfd",
        "lenovo-laptop.yaml",
        "xen-pv-dom0.nfd",
        "xen-pv-dom0.yaml",
    ]
    assert labels((goal / "xen-pv-dom0.nfd").read_text())["regions"] == "6"
    assert "NETWORK_BLOCKED" in traits((goal / "xen-pv-dom0.yaml").read_text())


def test_one_host_goes_to_standard_output_and_more_do_not(pool: Path, capsys: Capture) -> None:
    export = ("fleet", "export", str(pool), "--nova", "--no-cache")
    one = run(capsys, *export, "--hosts", "xen-pv-dom0")
    more = run(capsys, *export)
    none = run(capsys, *export, "--hosts", "broken,gone")

    assert (one.code, more.code, none.code) == (0, 2, 2)
    assert traits(one.out)
    assert more.out == none.out == ""
    assert "gone" in none.err


def test_no_file_is_replaced_without_force(pool: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "xen-pv-dom0.nfd").write_text("mine")
    export = ("fleet", "export", str(pool), "--nfd", "-o", str(tmp_path), "--no-cache")

    assert run(capsys, *export).code == 2
    assert (tmp_path / "xen-pv-dom0.nfd").read_text() == "mine"
    assert not (tmp_path / "lenovo-laptop.nfd").exists()
    assert run(capsys, *export, "--force").code == 0
    assert labels((tmp_path / "xen-pv-dom0.nfd").read_text())


@pytest.mark.parametrize(
    ("days", "ends"),
    [
        ("2", ("2023-11-16T22:13:20Z", "2096-10-04T07:06:40Z")),
        ("0.5", ("2023-11-15T10:13:20Z", "2096-10-02T19:06:40Z")),
    ],
)
def test_a_file_expires_by_the_age_of_its_document(
    pool: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    days: str,
    ends: tuple[str, str],
) -> None:
    """A document without a date expires never, and that is reported; so is one that is too old."""
    made = 1_700_000_000

    def with_date(*asked: Any) -> list[HostFeatures]:
        return [
            found._replace(made=made if found.name == "xen-pv-dom0" else None)
            for found in features_of(*asked)
        ]

    monkeypatch.setattr("dmaragent.commands.fleet.export.features_of", with_date)
    export = ("fleet", "export", str(pool), "--nfd", "--no-cache", "--expire", days, "--hosts")
    old = run(capsys, *export, "xen-pv-dom0")
    undated = run(capsys, *export, "lenovo-laptop")
    made = 4_000_000_000
    fresh = run(capsys, *export, "xen-pv-dom0")

    assert f"# +expiry-time={ends[0]}\n" in old.out
    assert "xen-pv-dom0" in old.err
    assert "expiry-time" not in undated.out
    assert "lenovo-laptop" in undated.err
    assert f"# +expiry-time={ends[1]}\n" in fresh.out
    assert fresh.err == ""


@pytest.mark.parametrize(
    ("made", "days", "end"),
    [
        (1_000, 1.5, 130_600),
        (0, 1, 86_400),
        (-1, 1, None),
        ((1 << 36) - 1, 1, (1 << 36) + 86_399),
        (1 << 36, 1, None),
        (None, 1, None),
    ],
)
def test_a_date_that_cannot_be_one_is_unknown(
    made: int | None, days: float, end: int | None
) -> None:
    """A document of a stranger can have any number as its date."""
    assert _end(KNOWN._replace(made=made), days) == end


@pytest.mark.parametrize(
    "options",
    [
        ("--csv", "-o", "x"),
        ("-o", "x"),
        ("--nfd", "--force"),
        ("--nova", "--expire", "3"),
        ("--nfd", "--expire", "0"),
        ("--nfd", "--expire", "nan"),
        ("--nfd", "--expire", "soon"),
    ],
)
def test_options_without_effect_are_refused(
    pool: Path, capsys: Capture, options: tuple[str, ...]
) -> None:
    one = ("--hosts", "lenovo-laptop", "--no-cache")
    answered = run(capsys, "fleet", "export", str(pool), *options, *one)

    assert (answered.code, answered.out) == (2, "")
    assert any(word in answered.err for word in options if word.startswith("-") and word != "--nfd")
