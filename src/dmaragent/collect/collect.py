"""The one collector: asks a host for what the ledger names and nothing else.

It decides nothing: what a reading means is for ``host.py`` to say.
"""

import json
import re
from posixpath import normpath

from dmaragent.collect import ledger
from dmaragent.collect.reader import HostReader
from dmaragent.snapshot import HostSnapshot, Missing, MissingKind, PciReading, TableReading

_TABLE_NAME = re.compile(r"(DMAR|RMAD|XMAR)(\d*)")
_SIGNATURES = ("DMAR", "RMAD", "XMAR")
_NOWHERE = (MissingKind.ABSENT, MissingKind.NOT_COLLECTED)


def collect(host: HostReader) -> HostSnapshot:
    """Read `host` as far as it can be read.  Never raises for what the host answers."""
    acpi_tables = host.list(ledger.ACPI_TABLES.request())
    return HostSnapshot(
        acpi_tables=acpi_tables,
        tables=_tables(host, acpi_tables),
        pci=_pci(host),
    )


def _tables(host: HostReader, names: tuple[str, ...] | Missing) -> tuple[TableReading, ...]:
    """Read the DMAR tables: those listed, or the usual names where there is no list."""
    listed = _SIGNATURES if isinstance(names, Missing) else names
    matches = [found for name in listed if (found := _TABLE_NAME.fullmatch(name))]
    matches.sort(key=lambda found: (_SIGNATURES.index(found[1]), int(found[2] or 0)))
    readings = []
    for found in matches:
        request = ledger.ACPI_TABLE.request(found[0])
        content = host.read(request)
        if isinstance(names, Missing) and isinstance(content, Missing) and content.kind in _NOWHERE:
            continue
        readings.append(TableReading(name=found[0], path=request.path, content=content))
    return tuple(readings)


def _pci(host: HostReader) -> tuple[PciReading, ...] | Missing:
    found = _enumerated(host)
    if isinstance(found, Missing):
        return found
    return tuple(_function(host, *each) for each in sorted(found))


def _enumerated(host: HostReader) -> list[tuple[str, str, tuple[tuple[str, str], ...]]] | Missing:
    """Enumerate the PCI functions: name, sysfs directory, hwdb names.  By udev, else by listing."""
    output = host.call(ledger.UDEV_PCI.request())
    devices = None if isinstance(output, Missing) else _parse_udev(output)
    if devices:
        return devices
    names = host.list(ledger.PCI_DEVICES.request())
    if isinstance(names, Missing):
        if isinstance(output, Missing) and output.kind is MissingKind.FAILED:
            return output
        return names
    return [(name, _sysfs_directory(host, name), ()) for name in names]


def _parse_udev(output: bytes) -> list[tuple[str, str, tuple[tuple[str, str], ...]]] | None:
    """Read the enumeration's JSON; None where a recording holds something else."""
    try:
        return [
            (
                str(each["name"]),
                str(each["path"]),
                tuple(sorted((str(name), str(value)) for name, value in each["names"].items())),
            )
            for each in json.loads(output)
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _sysfs_directory(host: HostReader, name: str) -> str:
    """Find the directory of a function: where its link leads, or the entry itself in a copy."""
    request = ledger.PCI_DEVICE.request(name)
    target = host.link(request)
    if isinstance(target, Missing):
        return request.path
    return normpath(f"{ledger.PCI_DEVICES.path}/{target}")


def _function(
    host: HostReader, name: str, path: str, names: tuple[tuple[str, str], ...]
) -> PciReading:
    class_code = host.read(ledger.PCI_CLASS.request(path))
    # Only a bridge has the attribute; asking every function would double the recording's errors.
    is_bridge = isinstance(class_code, Missing) or class_code.startswith((b"0x0604", b"0x0607"))
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
        names=names,
    )
