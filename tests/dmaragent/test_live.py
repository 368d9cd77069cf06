"""This machine, read from a made-up file system: no C library looks at it here, so pyfakefs can."""

import pytest
from pyfakefs.fake_filesystem import FakeFilesystem

from dmaragent.collect.collect import collect
from dmaragent.collect.live.host import LiveHost
from dmaragent.host import join
from dmaragent.readings import Missing, MissingKind
from support.tables import table
from support.wording import Worded

TABLES = "/sys/firmware/acpi/tables"
DEVICE = "/sys/devices/pci0000:00/0000:00:1d.0"


@pytest.fixture
def machine(fs: FakeFilesystem, monkeypatch: pytest.MonkeyPatch) -> FakeFilesystem:
    """Give a machine with one PCI function and a table, and without udev, dmesg and Xen."""
    absent = Missing(MissingKind.ABSENT, "not here")
    monkeypatch.setattr("dmaragent.collect.live.host.call", lambda _: absent)
    fs.create_file(f"{TABLES}/DMAR", contents=table())
    fs.create_file(f"{TABLES}/APIC", contents=b"APIC")
    for name, content in (("class", "0x0c0320\n"), ("vendor", "0x8086\n"), ("device", "0x1d26\n")):
        fs.create_file(f"{DEVICE}/{name}", contents=content)
    fs.create_file(f"{DEVICE}/config", contents=bytes(256))
    fs.create_symlink(f"{DEVICE}/driver", "../../../bus/pci/drivers/ehci-pci")
    fs.create_symlink(
        "/sys/bus/pci/devices/0000:00:1d.0", "../../../devices/pci0000:00/0000:00:1d.0"
    )
    fs.create_file("/proc/cmdline", contents="intel_iommu=on secret=x\n")
    return fs


@pytest.mark.usefixtures("machine")
def test_the_running_machine_is_read_where_the_kernel_shows_it() -> None:
    host = join(collect(LiveHost()))

    assert host.reading is not None
    assert host.reading.content == table()
    (function,) = host.topology.known.values()
    assert (str(function.sbdf), function.driver) == ("0000:00:1d.0", "ehci-pci")
    assert host.system.options == ("intel_iommu=on",)
    assert host.problems == ()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (f"{DEVICE}/class", "0000:00:1d.0: its class could not be read"),
        (f"{DEVICE}/vendor", "0000:00:1d.0: its vendor could not be read"),
    ],
)
def test_an_attribute_that_went_away_is_a_line_in_the_answer(
    path: str, line: str, machine: FakeFilesystem
) -> None:
    machine.remove_object(path)

    assert any(each.startswith(line) for each in join(collect(LiveHost())).problems)


def test_a_device_that_went_away_is_a_line_in_the_answer(
    machine: FakeFilesystem, worded: Worded
) -> None:
    machine.remove_object(DEVICE)
    host = join(collect(LiveHost()))

    assert host.topology.known == {}
    worded(host.problems, "0000:00:1d.0")
