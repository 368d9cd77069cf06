"""Inventories of hosts with an IVRS, and their findings."""

from collections.abc import Iterable

from dmaragent.checks import check
from dmaragent.checks.common.model import Finding
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.host.xen import RdmEntry, XenHost
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support.hosts import Function, add_memory_map, fake_host
from support.ivrs_tables import (
    ENTRIES,
    IV_INFO,
    ivhd,
    ivmd,
    ivrs,
)

UNIT = ivhd(*ENTRIES, kind=0x11)
"""The IOMMU at 00:00.2, which both Xen and Linux use; 76 bytes from 48 on."""
AFTER_UNIT = 48 + 76
FUNCTIONS = (
    Function(sbdf="0000:00:00.0", class_code=0x060000),
    Function(sbdf="0000:00:00.2", class_code=0x080600),
    Function(sbdf="0000:01:00.0", class_code=0x020000),
    Function(sbdf="0000:01:00.1", class_code=0x020000),
    Function(sbdf="0000:02:00.0", class_code=0x030000),
)
MEMORY = (
    "0x0 0x9ffff System RAM",
    "0xf0000 0xfffff Reserved",
    "0x100000 0x7affffff System RAM",
    "0x7b000000 0x7bffffff ACPI Non-volatile Storage",
    "0x80000000 0xfebfffff Reserved",
    "0x100000000 0x27fffffff System RAM",
)
BASE = 0x9A000000
"""In reserved memory."""
HOLE = 0x7C000000
"""In no entry of the memory map."""
SOUND = ivmd(BASE, 0x28000)
"""An exclusion range for 01:00.0."""


def amd_host(
    data: bytes,
    functions: Iterable[Function] | None = FUNCTIONS,
    *,
    memory: Iterable[str] | None = MEMORY,
    log: str | None = None,
) -> Host:
    """Make a host with the table `data`; None: its functions or its memory were not collected."""
    fake = fake_host(list(functions or ()), {"DMAR": data})
    if functions is None:
        fake.complete = ("/sys/firmware/acpi/",)
        del fake.directories["/sys/bus/pci/devices"]
        del fake.calls["udev-pci"]
    if memory is not None:
        add_memory_map(fake, tuple(memory))
    if log is not None:
        fake.calls["boot-log"] = log.encode()
    host = join(collect(fake))
    reading = host.reading
    assert reading is not None
    return host._replace(tables=(reading._replace(name="IVRS", content=data),))


def taken(host: Host, release: str | None = None) -> Inventory:
    """Take the inventory of a host with an IVRS."""
    known = None if release is None else Release.parse(release)
    inventory = take_inventory(host, known)
    assert inventory is not None
    return inventory


def checked(data: bytes, release: str | None = None) -> Inventory:
    """Take the inventory of the usual host with the table `data`, for a release of Xen."""
    return taken(amd_host(data), release)


def of(*blocks: bytes, iv_info: int = IV_INFO) -> Inventory:
    """Take the inventory of a host with one IOMMU and `blocks`."""
    return checked(ivrs(UNIT, *blocks, iv_info=iv_info))


def found(inventory: Inventory, name: str) -> list[Finding]:
    """Return the findings of one rule."""
    return [one for one in check(inventory).findings if one.rule.id == name]


def with_list(inventory: Inventory, *entries: tuple[int, int]) -> Inventory:
    """Return the inventory of the same host as a dom0 whose Xen reports `entries`."""
    listed = tuple(RdmEntry(start, number) for start, number in entries)
    xen = XenHost(
        dom0=True,
        guest_type="PV",
        release=Release.parse("4.20.1"),
        extra=".1",
        command_line="",
        capabilities=("hvm", "hvm_directio"),
        reserved_memory=listed,
        device_reserved_memory=Missing(MissingKind.NOT_COLLECTED),
        assignable=Missing(MissingKind.NOT_COLLECTED),
    )
    return taken(inventory.host._replace(xen=xen))
