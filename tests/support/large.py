"""A snapshot of a very large host, made without reading anything."""

import json

from dmaragent.readings import (
    HostSnapshot,
    Missing,
    MissingKind,
    PciReading,
    SystemReading,
    TableReading,
    XenReading,
)
from support.hosts import FakeHost, fake_host
from support.tables import drhd, rmrr, scope, table

_SEGMENTS = 8
_NOT_COLLECTED = Missing(MissingKind.NOT_COLLECTED)
_ABSENT = Missing(MissingKind.ABSENT)


def large_snapshot(functions: int, regions: int, size: int = 0x1000) -> HostSnapshot:
    """Make a host of so many functions on eight segments, and so many regions of `size` bytes."""
    readings = [_reading(number, functions) for number in range(functions)]
    return HostSnapshot(
        acpi_tables=("DMAR",),
        tables=(TableReading(name="DMAR", path="DMAR", content=_table(regions, size)),),
        pci=tuple(readings),
        iommu_groups=_NOT_COLLECTED,
        memory_map=_NOT_COLLECTED,
        boot_log=_NOT_COLLECTED,
        system=SystemReading(
            dmi=(),
            slots=_NOT_COLLECTED,
            smbios_slots=_NOT_COLLECTED,
            cpu=_NOT_COLLECTED,
            kernel_release=_NOT_COLLECTED,
            command_line=_NOT_COLLECTED,
            unsafe_interrupts=_NOT_COLLECTED,
            resources=_NOT_COLLECTED,
        ),
        xen=XenReading(
            hypervisor_type=_NOT_COLLECTED,
            guest_type=_NOT_COLLECTED,
            capabilities=_NOT_COLLECTED,
            version=(_NOT_COLLECTED, _NOT_COLLECTED, _NOT_COLLECTED),
            info=_NOT_COLLECTED,
            reserved_memory=_NOT_COLLECTED,
            device_reserved_memory=_NOT_COLLECTED,
            assignable=_NOT_COLLECTED,
        ),
    )


def _reading(number: int, functions: int) -> PciReading:
    """Make function `number`: on bus 0 of its segment are bridges, on the others devices."""
    each = functions // _SEGMENTS
    segment, within = divmod(number, each)
    bus, devfn = divmod(within, 256)
    bridge = bus == 0 and devfn + 1 < each // 256
    name = f"{segment:04x}:{bus:02x}:{devfn >> 3:02x}.{devfn & 7}"
    config = bytearray(64)
    config[0x0E] = 1 if bridge else 0
    config[0x19] = config[0x1A] = devfn + 1 if bridge else 0
    return PciReading(
        name=name,
        path=f"/sys/devices/pci{segment:04x}:00/{name}",
        class_code=b"0x060400\n" if bridge else b"0x020000\n",
        vendor=b"0x8086\n",
        device=b"0x10d3\n",
        config=bytes(config),
        secondary_bus=b"%d\n" % (devfn + 1) if bridge else _ABSENT,
        driver="../../../bus/pci/drivers/e1000e",
        physical_function=_ABSENT,
        total_vfs=_ABSENT,
    )


def _table(regions: int, size: int) -> bytes:
    structures = [drhd(0xFED00000 + (n << 12), flags=1, segment=n) for n in range(_SEGMENTS)]
    for number in range(regions):
        base = 0x10000000 + (number << 13)
        device = (number % 28, 0)
        structures.append(
            rmrr(
                base,
                base + size - 1,
                scope(1, 0, (31, number % 8)),
                scope(1, 0, (0, 0), device),
                segment=number % _SEGMENTS,
            )
        )
    return table(*structures)


def large_host(functions: int, regions: int) -> FakeHost:
    """Make the same host as one that can be asked, with an IOMMU group a function."""
    snapshot = large_snapshot(functions, regions)
    assert not isinstance(snapshot.pci, Missing)
    table = snapshot.tables[0].content
    assert isinstance(table, bytes)
    host = fake_host([], {"DMAR": table})
    groups = "/sys/kernel/iommu_groups"
    for number, each in enumerate(snapshot.pci):
        host.files |= {
            f"{each.path}/{name}": content
            for name, content in (
                ("class", each.class_code),
                ("vendor", each.vendor),
                ("device", each.device),
                ("config", each.config),
                ("secondary_bus_number", each.secondary_bus),
            )
        }
        host.links[f"{each.path}/driver"] = each.driver
        host.directories[f"{groups}/{number}/devices"] = (each.name,)
        host.files[f"{groups}/{number}/reserved_regions"] = _RESERVED
    host.directories[groups] = tuple(sorted(str(number) for number in range(functions)))
    host.calls["udev-pci"] = json.dumps(
        [{"name": each.name, "path": each.path, "names": {}} for each in snapshot.pci], indent=1
    ).encode("ascii")
    return host


_RESERVED = b"0x00000000fee00000 0x00000000feefffff msi\n"
