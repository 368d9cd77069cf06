"""The collector: what it asks, and what it makes of the answers."""

from typing import Any

import pytest

from dmaragent.collect.collect import collect, collect_evidence
from dmaragent.collect.ledger import LEDGER, LIBXLUTIL, HostRequest, LedgerEntry, Operation
from dmaragent.host import join
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from support.hosts import FakeHost, Function, fake_host
from support.tables import table

TABLES = "/sys/firmware/acpi/tables"
FUNCTIONS = [
    Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=1, driver="pcieport"),
    Function(sbdf="0000:01:00.0", names={"ID_MODEL_FROM_DATABASE": "82574L"}),
]


def _asks_for(request: HostRequest, entry: LedgerEntry) -> bool:
    before, _, after = entry.path.partition("{}")
    return (
        request.operation is entry.operation
        and request.path.startswith(before)
        and request.path.endswith(after)
    )


def _names(snapshot: HostSnapshot) -> list[str]:
    assert not isinstance(snapshot.pci, Missing)
    return [each.name for each in snapshot.pci]


@pytest.mark.parametrize(
    ("listed", "taken"),
    [
        (["APIC", "DMAR"], ["DMAR"]),
        (["RMAD", "SSDT1"], ["RMAD"]),
        (["XMAR"], ["XMAR"]),
        (["DMAR2", "DMAR1", "DMAR10"], ["DMAR1", "DMAR2", "DMAR10"]),
        (["RMAD", "DMAR"], ["DMAR", "RMAD"]),
        (["APIC", "MDMAR", "DMARX"], []),
    ],
)
def test_the_tables_are_found_by_any_of_their_names_s19(
    listed: list[str], taken: list[str]
) -> None:
    snapshot = collect(fake_host([], {name: table() for name in listed}))

    assert [each.name for each in snapshot.tables] == taken
    assert snapshot.acpi_tables == tuple(sorted(listed))


def test_a_table_that_needs_root_is_denied_and_not_absent() -> None:
    host = fake_host([], {"DMAR": table()})
    host.files[f"{TABLES}/DMAR"] = Missing(MissingKind.DENIED, "Permission denied")

    (found,) = collect(host).tables

    assert found.content == Missing(MissingKind.DENIED, "Permission denied")


def test_without_a_listing_the_usual_names_are_tried() -> None:
    host = FakeHost(files={f"{TABLES}/RMAD": table(signature=b"RMAD")})

    assert [each.name for each in collect(host).tables] == ["RMAD"]


def test_only_what_the_ledger_names_is_asked_for() -> None:
    host = fake_host(FUNCTIONS, {"DMAR": table(), "APIC": table(signature=b"APIC")})
    collect(host)
    host.calls.clear()
    collect(host)

    for request in host.asked:
        assert any(_asks_for(request, entry) for entry in LEDGER), request
    assert f"{TABLES}/APIC" not in [request.path for request in host.asked]


def test_every_entry_of_the_ledger_is_asked_for() -> None:
    host = fake_host(FUNCTIONS, {"DMAR": table()})
    host.directories |= {
        "/sys/bus/pci/slots": ("1",),
        "/sys/kernel/iommu_groups": ("0",),
        "/sys/firmware/memmap": ("0",),
        "/sys/firmware/dmi/entries": ("1-0", "9-0"),
    }
    collect(host)
    host.calls.clear()
    collect(host)
    collect_evidence(host)
    assert "/sys/firmware/dmi/entries/1-0/raw" not in [each.path for each in host.asked]

    for entry in LEDGER:
        if entry is LIBXLUTIL:  # asked about a guest's texts, by question/ask_host.py
            continue
        assert any(_asks_for(request, entry) for request in host.asked), entry


def test_the_functions_are_the_same_by_udev_and_by_listing_but_for_their_names() -> None:
    host = fake_host(FUNCTIONS, {})
    by_udev = collect(host)
    host.calls["udev-pci"] = Missing(MissingKind.FAILED, "pyudev cannot be used")
    by_listing = collect(host)

    def without_names(snapshot: HostSnapshot) -> list[dict[str, Any]]:
        assert not isinstance(snapshot.pci, Missing)
        return [reading._replace(names=())._asdict() for reading in snapshot.pci]

    assert without_names(by_udev) == without_names(by_listing)
    assert not isinstance(by_udev.pci, Missing)
    assert by_udev.pci[1].names == (("ID_MODEL_FROM_DATABASE", "82574L"),)


@pytest.mark.parametrize(
    "output",
    [b"", b"{}", b"[1]", b'[{"name": "x"}]', b'[{"name":"x","path":"y","names":[]}]', b"[" * 99999],
)
def test_an_enumeration_that_cannot_be_understood_falls_back_to_listing(output: bytes) -> None:
    host = fake_host(FUNCTIONS, {})
    host.calls["udev-pci"] = output

    snapshot = collect(host)

    assert _names(snapshot) == ["0000:00:1c.0", "0000:01:00.0"]
    why = "udev's list of PCI functions cannot be parsed"
    assert snapshot.udev == Missing(MissingKind.FAILED, why)
    assert any(why in problem for problem in join(snapshot).problems)


def test_an_empty_enumeration_is_a_problem_if_there_are_functions() -> None:
    host = fake_host(FUNCTIONS, {})
    host.calls["udev-pci"] = b"[]"
    snapshot = collect(host)
    host.directories["/sys/bus/pci/devices"] = ()

    assert _names(snapshot) == ["0000:00:1c.0", "0000:01:00.0"]
    assert snapshot.udev == Missing(MissingKind.FAILED, "udev lists no PCI functions")
    assert (collect(host).pci, collect(host).udev) == ((), None)


def test_a_copy_in_which_links_became_directories_is_read_in_place() -> None:
    host = fake_host(FUNCTIONS, {})
    host.calls.clear()
    host.links = {
        path: target for path, target in host.links.items() if "/bus/pci/devices/" not in path
    }

    snapshot = collect(host)

    assert not isinstance(snapshot.pci, Missing)
    assert snapshot.pci[0].path == "/sys/bus/pci/devices/0000:00:1c.0"


def test_a_host_that_answers_nothing_gives_a_snapshot_of_missing() -> None:
    snapshot = collect(FakeHost())

    assert isinstance(snapshot.acpi_tables, Missing)
    assert snapshot.tables == ()
    assert isinstance(snapshot.pci, Missing)


def test_configuration_space_is_read_to_64_bytes_and_no_further() -> None:
    host = fake_host(FUNCTIONS, {})
    host.files["/sys/devices/pci0000:00/0000:00:1c.0/config"] = bytes(256)

    snapshot = collect(host)

    assert not isinstance(snapshot.pci, Missing)
    assert snapshot.pci[0].config == bytes(64)
    windows = {each.path: each.window for each in host.asked if each.operation is Operation.READ}
    assert windows["/sys/devices/pci0000:00/0000:00:1c.0/config"] == 64
