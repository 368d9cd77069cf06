"""Which paths of an archive are kept: those of the ledger, and no other."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.formats.archive_filter import (
    deep_placement,
    placements,
    wanted_call,
    wanted_file,
    wanted_folder,
    wanted_link,
)
from dmaragent.collect.ledger import LEDGER, LedgerEntry, Operation
from dmaragent.collect.open_host import open_host
from dmaragent.collect.recorded.recording import Recorder
from support.machines import MACHINES, NAMES


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_asked_of_a_machine_is_wanted_of_its_archive(name: str) -> None:
    recorder = Recorder(open_host(str(MACHINES / name)).reader)
    collect(recorder)

    for request in recorder.answers:
        if request.operation is Operation.CALL:
            assert wanted_call(request.path)
        elif request.operation is Operation.LIST:
            assert wanted_folder(request.path)
            assert wanted_file(f"{request.path}/x")
        else:
            entry = wanted_file(request.path)
            assert entry is not None
            assert (entry.limit, entry.window) == (request.limit, request.window)


@pytest.mark.parametrize("entry", LEDGER, ids=lambda entry: entry.path)
def test_each_entry_of_the_ledger_is_wanted(entry: LedgerEntry) -> None:
    if entry.operation is Operation.CALL:
        assert wanted_call(entry.path) is entry
    else:
        part = "/sys/devices/x" if entry.path.startswith("{}") else "x"
        assert wanted_file(entry.path.replace("{}", part))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/var/log/messages",
        "/sys/firmware/efi/efivars/x",
        "/sys/devices/x/serial_number",
        "/proc/sys/kernel/random/boot_id",
        "/xsys/hypervisor/type",
        "/sys/hypervisor/type/x",
        "",
    ],
)
def test_nothing_else_is(path: str) -> None:
    assert not wanted_file(path)
    assert not wanted_call(path)


def test_links_and_directories_that_lead_to_what_is_wanted_are() -> None:
    assert wanted_link("/sys/class/dmi/id")
    assert wanted_link("/sys")
    assert wanted_link("/sys/of whatever/name")
    assert not wanted_link("/etc/localtime")
    assert wanted_folder("/sys/bus/pci/devices")
    assert wanted_folder("/sys/class/dmi")
    assert wanted_file("/sys/devices/virtual/dmi/id/sys_vendor")
    assert not wanted_link("/etc/alternatives/x")
    assert not wanted_folder("/var/log")


def test_a_path_may_lie_where_copies_lie() -> None:
    assert list(placements("TOP/root/sys/x")) == [
        "/TOP/root/sys/x",
        "/sys/TOP/root/sys/x",
        "/root/sys/x",
        "/sys/root/sys/x",
        "/sys/x",
    ]
    assert list(placements("sys")) == ["/sys", "/sys/sys"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("case/report/sys/bus/x", ["/sys/bus/x"]),
        ("a/b/c/sos_commands/pci/lspci", ["/sos_commands/pci/lspci"]),
        ("a/b/lspci.txt", ["/lspci.txt"]),
        ("report/sys/bus/pci/devices/x", []),
        ("a/b/c/d/e/lspci.txt", []),
    ],
)
def test_a_report_deeper_in_an_archive_has_its_place(path: str, place: list[str]) -> None:
    assert list(deep_placement(path)) == place
