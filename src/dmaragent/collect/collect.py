"""The collector: reads from a host what the ledger lists, and nothing else.

It decides nothing. ``host/`` decides what a reading means.
"""

import re
from posixpath import normpath

from dmaragent.collect import ledger
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.reader import MOST_NAMES, HostReader
from dmaragent.readings import (
    HostSnapshot,
    IommuGroupReading,
    MemoryMapReading,
    Missing,
    MissingKind,
    PciReading,
    SystemReading,
    TableReading,
    XenReading,
)
from fwtables.signatures import SIGNATURE_NAMES

_TABLE_NAME = re.compile(rf"({'|'.join(SIGNATURE_NAMES)})([0-9]{{0,4}})")
_DMI_NAMES = (
    "sys_vendor",
    "product_name",
    "board_name",
    "bios_vendor",
    "bios_version",
    "bios_date",
)
_NOWHERE = (MissingKind.ABSENT, MissingKind.NOT_COLLECTED)


def collect(host: HostReader) -> HostSnapshot:
    """Read `host` as far as possible. Never raises, whatever the host answers."""
    acpi_tables = _names(host, ledger.ACPI_TABLES.request())
    pci, udev = _pci(host)
    snapshot = HostSnapshot(
        acpi_tables=acpi_tables,
        tables=_tables(host, acpi_tables),
        pci=pci,
        udev=udev,
        iommu_groups=_iommu_groups(host),
        memory_map=_memory_map(host),
        boot_log=host.call(ledger.BOOT_LOG.request()),
        system=_system(host),
        xen=_xen(
            host, () if isinstance(pci, Missing) else tuple(function.name for function in pci)
        ),
    )
    sources = getattr(
        host, "sources", None
    )  # only a report has sources, and they are complete only now
    return snapshot if sources is None else snapshot._replace(sources=sources())


def collect_evidence(host: HostReader) -> None:
    """Read what a bundle contains besides, for people, from `host`, which keeps its answers.

    Only `dmaragent why` uses it: it looks for messages in Xen's log.
    """
    host.call(ledger.CLOCK.request())
    host.read(ledger.HOST_NAME.request())
    if _may_run_on_xen(host):
        for entry in (ledger.XL_DMESG, ledger.XL_LIST, ledger.XENSTORE_PCI):
            host.call(entry.request())


def _names(host: HostReader, request: HostRequest) -> tuple[str, ...] | Missing:
    """List a directory; fail if it has more names than any host, because each name costs readings."""
    names = host.list(request)
    if isinstance(names, Missing) or len(names) <= MOST_NAMES:
        return names
    return _too_many(len(names))


def _too_many(names: int) -> Missing:
    return Missing(MissingKind.FAILED, f"{names} names; the limit is {MOST_NAMES}")


def _tables(host: HostReader, names: tuple[str, ...] | Missing) -> tuple[TableReading, ...]:
    """Read the tables of IOMMUs that are listed, or try the usual names if there is no list."""
    listed = SIGNATURE_NAMES if isinstance(names, Missing) else names
    matches = [match for name in listed if (match := _TABLE_NAME.fullmatch(name))]
    matches.sort(key=lambda match: (SIGNATURE_NAMES.index(match[1]), int(match[2] or 0)))
    readings = []
    for match in matches:
        request = ledger.ACPI_TABLE.request(match[0])
        content = host.read(request)
        if isinstance(names, Missing) and isinstance(content, Missing) and content.kind in _NOWHERE:
            continue
        readings.append(TableReading(name=match[0], path=request.path, content=content))
    return tuple(readings)


_Listed = list[tuple[str, str, tuple[tuple[str, str], ...]]]
"""PCI functions: name, sysfs directory, names from udev's hardware database."""


def _pci(host: HostReader) -> tuple[tuple[PciReading, ...] | Missing, Missing | None]:
    """Return the PCI functions, and why udev could not list them if sysfs was used instead."""
    output = host.call(ledger.UDEV_PCI.request())
    listed = output if isinstance(output, Missing) else _parse_udev(output)
    functions, udev = listed, None
    if isinstance(listed, Missing) or not listed:
        functions = _list_functions(host, listed)
        empty = Missing(MissingKind.FAILED, "udev lists no PCI functions")
        udev = listed if isinstance(listed, Missing) else empty if functions else None
    elif len(listed) > MOST_NAMES:
        functions = _too_many(len(listed))
    if isinstance(functions, Missing):
        return functions, None
    return tuple(_function(host, *function) for function in sorted(functions)), udev


def _list_functions(host: HostReader, udev: _Listed | Missing) -> _Listed | Missing:
    """List the PCI functions in sysfs, because `udev` has none."""
    names = _names(host, ledger.PCI_DEVICES.request())
    if isinstance(names, Missing):
        failed = isinstance(udev, Missing) and udev.kind not in _NOWHERE
        return udev if failed else names
    if not names and isinstance(udev, Missing) and udev.kind is MissingKind.NOT_COLLECTED:
        return Missing(MissingKind.NOT_COLLECTED, "the copied list of PCI functions is empty")
    return [(name, _sysfs_directory(host, name), ()) for name in names]


def _parse_udev(output: bytes) -> _Listed | Missing:
    """Parse udev's list; a recording can have something else in its place."""
    import json  # noqa: PLC0415 - 1 ms, and a table has no PCI functions

    try:
        devices = json.loads(output)
        return [
            (
                str(device["name"]),
                str(device["path"]),
                tuple(sorted((str(name), str(value)) for name, value in device["names"].items())),
            )
            for device in (devices if isinstance(devices, list) else [devices])
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Missing(MissingKind.FAILED, "udev's list of PCI functions cannot be parsed")


def _sysfs_directory(host: HostReader, name: str) -> str:
    """Return the sysfs directory of a function: the link's target, or the entry itself in a copy."""
    request = ledger.PCI_DEVICE.request(name)
    target = host.link(request)
    if isinstance(target, Missing):
        return request.path
    return normpath(f"{ledger.PCI_DEVICES.path}/{target}")


def _function(
    host: HostReader, name: str, path: str, names: tuple[tuple[str, str], ...]
) -> PciReading:
    class_code = host.read(ledger.PCI_CLASS.request(path))
    # Only a bridge has the attribute. Reading it for every function would double the errors in a
    # recording.
    is_bridge = isinstance(class_code, Missing) or class_code.startswith(b"0x06")
    return PciReading(
        name=name,
        path=path,
        class_code=class_code,
        vendor=host.read(ledger.PCI_VENDOR.request(path)),
        device=host.read(ledger.PCI_DEVICE_ID.request(path)),
        config=host.read(ledger.PCI_CONFIG.request(path)),
        secondary_bus=(
            host.read(ledger.PCI_SECONDARY_BUS.request(path))
            if is_bridge
            else Missing(MissingKind.ABSENT)
        ),
        driver=host.link(ledger.PCI_DRIVER.request(path)),
        physical_function=host.link(ledger.PCI_PHYSFN.request(path)),
        total_vfs=host.read(ledger.PCI_TOTAL_VFS.request(path)),
        names=names,
    )


def _iommu_groups(host: HostReader) -> tuple[IommuGroupReading, ...] | Missing:
    names = _names(host, ledger.IOMMU_GROUPS.request())
    if isinstance(names, Missing):
        return names
    return tuple(
        IommuGroupReading(
            name=name,
            devices=_names(host, ledger.IOMMU_GROUP_DEVICES.request(name)),
            reserved_regions=host.read(ledger.IOMMU_GROUP_REGIONS.request(name)),
            given_name=host.read(ledger.IOMMU_GROUP_NAME.request(name)),
        )
        for name in names
    )


def _memory_map(host: HostReader) -> tuple[MemoryMapReading, ...] | Missing:
    names = _names(host, ledger.MEMORY_MAP.request())
    if isinstance(names, Missing):
        return names
    part = ledger.MEMORY_MAP_ENTRY.request
    return tuple(
        MemoryMapReading(
            name=name,
            start=host.read(part(f"{name}/start")),
            end=host.read(part(f"{name}/end")),
            type=host.read(part(f"{name}/type")),
        )
        for name in names
    )


def _system(host: HostReader) -> SystemReading:
    slots = _names(host, ledger.PCI_SLOTS.request())
    entries = _names(host, ledger.DMI_ENTRIES.request())
    return SystemReading(
        dmi=tuple((name, host.read(ledger.DMI_ID.request(name))) for name in _DMI_NAMES),
        slots=(
            slots
            if isinstance(slots, Missing)
            else tuple((name, host.read(ledger.PCI_SLOT.request(name))) for name in slots)
        ),
        smbios_slots=(
            entries
            if isinstance(entries, Missing)
            else tuple(
                host.read(ledger.DMI_SLOT.request(name))
                for name in entries
                if name.startswith("9-")
            )
        ),
        cpu=host.read(ledger.CPU.request()),
        kernel_release=host.read(ledger.KERNEL_RELEASE.request()),
        command_line=host.read(ledger.COMMAND_LINE.request()),
        unsafe_interrupts=host.read(ledger.VFIO_UNSAFE_INTERRUPTS.request()),
        resources=host.call(ledger.RESOURCES.request()),
    )


def _is_another_hypervisor(kind: bytes | Missing) -> bool:
    """Return whether the kernel reports a hypervisor other than Xen.

    A line that is cut short proves nothing.
    """
    return not isinstance(kind, Missing) and kind.endswith(b"\n") and kind != b"xen\n"


def _is_absent(reading: bytes | Missing) -> bool:
    return isinstance(reading, Missing) and reading.kind is MissingKind.ABSENT


def _may_run_on_xen(host: HostReader) -> bool:
    """Return whether the kernel may run on Xen.

    A kernel without CONFIG_XEN_SYS_HYPERVISOR has no /sys/hypervisor on Xen either.
    """
    kind = host.read(ledger.HYPERVISOR_TYPE.request())
    if not _is_absent(kind):
        return not _is_another_hypervisor(kind)
    capabilities = host.read(ledger.XEN_CAPABILITIES.request())
    return not isinstance(capabilities, Missing) or capabilities.kind not in _NOWHERE


def _xen(host: HostReader, devices: tuple[str, ...]) -> XenReading:
    """Read Xen's side, unless the kernel shows that it does not run on Xen.

    Older recordings of hosts without Xen lack /proc/xen/capabilities, as they lack the rest.
    """
    kind = host.read(ledger.HYPERVISOR_TYPE.request())
    absent = Missing(MissingKind.ABSENT, "not on Xen")
    capabilities: bytes | Missing = absent
    another = _is_another_hypervisor(kind)
    if not another:
        capabilities = host.read(ledger.XEN_CAPABILITIES.request())
        another = _is_absent(kind) and _is_absent(capabilities)
    if another:
        return XenReading(
            hypervisor_type=kind,
            guest_type=absent,
            capabilities=capabilities,
            version=(absent, absent, absent),
            info=absent,
            reserved_memory=absent,
            device_reserved_memory=absent,
            assignable=absent,
        )
    major, minor, extra = (
        host.read(ledger.XEN_VERSION.request(part)) for part in ("major", "minor", "extra")
    )
    return XenReading(
        hypervisor_type=kind,
        guest_type=host.read(ledger.XEN_GUEST_TYPE.request()),
        capabilities=capabilities,
        version=(major, minor, extra),
        info=host.call(ledger.XL_INFO.request()),
        reserved_memory=host.call(ledger.XEN_RDM.request()),
        device_reserved_memory=host.call(ledger.XEN_RDM_DEVICES.request(arguments=devices)),
        assignable=_names(host, ledger.PCIBACK.request()),
    )
