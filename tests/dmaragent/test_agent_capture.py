"""Root's capture, the overlay of it, and what is left for who is neither root nor in the group."""

import json
import os
from pathlib import Path

import pytest

from dmaragent.agent.capture import capture
from dmaragent.agent.scan import scan
from dmaragent.collect import open_host as opening
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import ACPI_TABLE, BOOT_LOG, LEDGER, PCI_CLASS
from dmaragent.collect.live.host import OverlayHost
from dmaragent.collect.open_host import open_host, open_this_machine
from dmaragent.collect.recorded import published
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind
from support.agents import EHCI, NIC, TABLE, machine
from support.cli import check_document, run
from support.hosts import FakeHost, Function
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
DMAR = "/sys/firmware/acpi/tables/DMAR"
DENIED = Missing(MissingKind.DENIED, "Permission denied")


def _root() -> FakeHost:
    host = machine(EHCI, NIC)
    host.files |= {"/sys/hypervisor/type": b"xen\n"}
    host.calls |= {"boot-log": b"[0.0] DMAR: x\n", "xl-info": b"xen_major : 4\n", "clock": b"5\n"}
    return host


def _user(*functions: Function) -> FakeHost:
    """Make the same machine as somebody else than root sees it."""
    host = machine(*functions)
    host.files[DMAR] = DENIED
    host.files["/sys/hypervisor/type"] = b"xen\n"
    host.calls |= {"boot-log": DENIED, "xl-info": DENIED}
    return host


def test_what_needs_root_is_what_the_ledger_says() -> None:
    for entry in LEDGER:
        assert entry.request("x").needs_root is entry.needs_root, entry


def test_a_capture_holds_what_needs_root_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(capture(_root()))
    kept = open_host(str(tmp_path / "c"))

    assert kept.kind == "bundle"
    assert collect(kept.reader).tables[0].content == TABLE
    assert isinstance(collect(kept.reader).pci, Missing)


def test_with_the_capture_below_it_the_machine_answers_as_to_root(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(capture(_root()))
    kept = open_host(str(tmp_path / "c")).reader

    assert collect(OverlayHost(_user(EHCI, NIC), kept)) == collect(_root())


def test_below_a_machine_lies_what_only_root_reads_and_what_root_did_read() -> None:
    open_to_all = PCI_CLASS.request("/sys/devices/x")
    kept = FakeHost(files={open_to_all.path: b"old", DMAR: Missing(MissingKind.NOT_COLLECTED)})
    kept.calls["boot-log"] = Missing(MissingKind.FAILED, "dmesg did not answer in 10 s")
    live = FakeHost(files={open_to_all.path: b"new", DMAR: TABLE}, calls={"boot-log": DENIED})
    host = OverlayHost(live, kept)

    assert host.read(open_to_all) == b"new"
    assert host.read(ACPI_TABLE.request("DMAR")) == TABLE
    assert host.call(BOOT_LOG.request()) == kept.calls["boot-log"]


def test_what_changes_is_asked_of_the_machine_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(capture(_root()))
    kept = open_host(str(tmp_path / "c")).reader
    taken = Function(sbdf=EHCI.sbdf, class_code=EHCI.class_code, driver="pciback")
    found = scan(OverlayHost(_user(taken), kept), None, 1.0)

    document = json.loads(found.document)
    assert document["answer"]["regions"][0]["owners"][0]["device"]["driver"] == "pciback"
    assert document["answer"]["pci_functions"] == 1


def test_root_and_who_may_not_read_the_capture_ask_the_machine_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    path = tmp_path / "c"
    path.write_bytes(capture(_root()))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not isinstance(open_this_machine(str(path)), OverlayHost)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert isinstance(open_this_machine(str(path)), OverlayHost)
    assert not isinstance(open_this_machine(str(tmp_path / "gone")), OverlayHost)
    path.write_bytes(b"junk")
    with pytest.raises(HostError) as raised:
        open_this_machine(str(path))
    worded(str(raised.value))
    assert "restart dmaragent-capture.service" in raised.value.hint


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a user who may not read the table; give where the service publishes."""
    monkeypatch.setattr(opening, "open_this_machine", lambda: _user(EHCI, NIC))
    before = published.read_published
    monkeypatch.setattr(published, "read_published", lambda: before(str(tmp_path)))
    return tmp_path


def _publish(runtime: Path) -> None:
    found = scan(_root(), None, 1.0)
    (runtime / "inventory.json").write_bytes(found.document)
    (runtime / "inventory.txt").write_text("Regions: one\n")


def test_an_ordinary_user_gets_what_is_published_and_is_told_so(
    nobody: Path, capsys: Capture, worded: Worded
) -> None:
    _publish(nobody)
    ran = run(capsys, "inventory")

    assert (ran.code, ran.out.splitlines()) == (
        0,
        [
            "The firmware's table needs root. This inventory is from dmaragent.service (generation 1).",
            "",
            "Regions: one",
        ],
    )
    as_json = run(capsys, "inventory", "--json")
    check_document(json.loads(as_json.out))
    worded(as_json.err)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_published_inventory_that_may_lack_regions_ends_as_one_that_was_taken(
    nobody: Path, capsys: Capture, options: list[str]
) -> None:
    _publish(nobody)
    document = json.loads((nobody / "inventory.json").read_bytes())
    document["answer"]["complete"] = False
    (nobody / "inventory.json").write_text(json.dumps(document))

    assert run(capsys, "inventory", *options).code == 1


def test_a_published_text_commands_no_terminal(nobody: Path, capsys: Capture) -> None:
    _publish(nobody)
    (nobody / "inventory.txt").write_bytes(b"a\x1b[2J\xff\r\n\nb")

    assert run(capsys, "inventory").out.endswith("\n\na\\x1b[2J\\xff\\x0d\n\nb\n")


@pytest.mark.parametrize(
    "options", [["--tree"], ["--wide"], ["--device", EHCI.sbdf], ["--device", "0000:09:00.0"]]
)
def test_what_is_not_published_is_not_answered_from_it(
    nobody: Path, capsys: Capture, options: list[str], worded: Worded
) -> None:
    _publish(nobody)
    ran = run(capsys, "inventory", *options)

    assert ran.code == 2
    assert "published" not in ran.out
    worded(ran.err)


@pytest.mark.parametrize(
    "document",
    [b"", b"{}", b"[]", b'{"origin": {"generation": 1}, "answer": {"table": {"state": "denied"}}}'],
)
def test_a_publication_without_a_table_does_not_help(
    nobody: Path, capsys: Capture, document: bytes
) -> None:
    _publish(nobody)
    (nobody / "inventory.json").write_bytes(document)

    ran = run(capsys, "inventory")

    assert (ran.code, ran.out) == (2, "")
    assert "root" in ran.err
