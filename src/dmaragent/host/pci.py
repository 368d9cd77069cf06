"""Join the readings of PCI functions to a topology."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from dmaragent.addresses import MAX_FIRMWARE_SEGMENT, SBDF
from dmaragent.host import words
from dmaragent.host.bridges import impossible_bridges
from dmaragent.host.parse import Problems, number, parse_number
from dmaragent.host.topology import BRIDGE_CLASSES, BRIDGE_HEADERS, PciFunction, PciTopology
from dmaragent.readings import (
    LINK_NOT_IN_COPY,
    HostSnapshot,
    Missing,
    MissingKind,
    PciReading,
)

# PCI-to-PCI Bridge Architecture Specification 1.2, 3.2.
_NO_VENDOR = b"\xff\xff"
"""The vendor in the configuration space of a virtual function: PCI Express 5.0, 9.3.4.1.1."""
_ANSWERS = 0x10
"""If the first bytes (identifiers, class, header type) are all 0x00 or all 0xff, nothing was read."""
_CLASS_AT = 0x09
_HEADER_TYPE_AT = 0x0E
_SECONDARY_BUS_AT = 0x19
_SUBORDINATE_BUS_AT = 0x1A
_WITHOUT_INTERFACE = re.compile(rb"0x([0-9a-f]{4})\n")
"""A class of 16 bits, as lspci prints it; the kernel's file always has 24."""


def join_pci(
    snapshot: HostSnapshot,
    groups: Mapping[SBDF, int],
    slots: Mapping[tuple[int, int, int], str],
    problems: Problems,
) -> PciTopology:
    """Return the topology; `groups` and `slots` map a function to its group and its slot."""
    readings = snapshot.pci
    if isinstance(readings, Missing):
        if readings.kind is not MissingKind.NOT_COLLECTED:
            why = readings.detail or readings.kind.value
            problems.add(words.functions_unreadable(why))
        return PciTopology(readings)
    functions: dict[SBDF, PciFunction] = {}
    paths: dict[SBDF, str] = {}
    names = {reading.name for reading in readings}
    links = any(not isinstance(reading.driver, Missing) for reading in readings)
    for reading in readings:
        sbdf = _address(reading, names, problems)
        if sbdf is None:
            continue
        paths[sbdf] = reading.path
        slot = slots.get((sbdf.segment, sbdf.bus, sbdf.device))
        functions[sbdf] = _function(sbdf, reading, groups.get(sbdf), slot, problems)
        if links and reading.driver == LINK_NOT_IN_COPY:  # so the function has no driver
            functions[sbdf] = functions[sbdf]._replace(driver_known=True)
        if links and reading.physical_function == LINK_NOT_IN_COPY:
            functions[sbdf] = functions[sbdf]._replace(physical_known=True)
    functions |= impossible_bridges(functions, problems)
    whole = {
        sbdf: _with_dma_device(function, paths[sbdf], functions)
        for sbdf, function in functions.items()
    }
    for function in tuple(whole.values()):
        endpoint = None if function.vmd is None else whole[function.vmd]
        if endpoint is not None and endpoint.driver is None:
            whole[endpoint.sbdf] = endpoint._replace(driver_known=False)
    return PciTopology(MappingProxyType(whole))


def _address(reading: PciReading, names: AbstractSet[str], problems: Problems) -> SBDF | None:
    """Return the address of a function; None, with a problem, if the reading cannot be used.

    `names` are the names of all readings.  If one address has two spellings, the one that Linux
    writes counts.
    """
    try:
        sbdf = SBDF.parse(reading.name)
    except ValueError as error:
        problems.add(words.function_name_unreadable(error))
        return None
    if reading.name != str(sbdf):
        beside = str(sbdf) in names
        problems.add(words.function_name_strange(sbdf, reading.name, beside=beside))
        if beside:
            return None
    if _has_vanished(reading):
        problems.add(words.function_vanished(sbdf))
        return None
    return sbdf


_BELOW_A_FUNCTION = re.compile(r"/([0-9a-f:.]+)/pci[0-9a-f]{4,8}:[0-9a-f]{2}(?=/)")
"""A PCI function that is the parent of a root bus, in a path of sysfs."""
VMD_DRIVER = "vmd"


def _with_dma_device(
    function: PciFunction, path: str, functions: Mapping[SBDF, PciFunction]
) -> PciFunction:
    """Return `function` with the VMD endpoint above it, found by its parent in sysfs.

    The parent is a VMD endpoint if its driver is vmd.  The segment number proves nothing, because
    Hyper-V and others also choose high ones.  If the parent's driver was not read, it still has
    one: without a driver, the root bus behind it would not exist.
    """
    above = _BELOW_A_FUNCTION.search(path)
    parent = None if above is None else _sbdf_at_end(above[1])
    if parent is not None:
        endpoint = functions.get(parent)
        driver = None if endpoint is None else endpoint.driver
        high = function.sbdf.segment > MAX_FIRMWARE_SEGMENT
        if driver == VMD_DRIVER or (high and endpoint is not None and driver is None):
            group = function.iommu_group
            if group is None and endpoint is not None:
                group = endpoint.iommu_group
            return function._replace(vmd=parent, iommu_group=group)
        return function._replace(dma_known=driver is not None and not high)
    if function.sbdf.segment > MAX_FIRMWARE_SEGMENT:
        return function._replace(dma_known=False)
    return function


def _has_vanished(reading: PciReading) -> bool:
    """Return whether all attributes that every function has are absent."""
    for code in (reading.class_code, reading.vendor, reading.device):
        if not isinstance(code, Missing) or code.kind is not MissingKind.ABSENT:
            return False
    return True


def _function(
    sbdf: SBDF, reading: PciReading, group: int | None, slot: str | None, problems: Problems
) -> PciFunction:
    class_code = _class_code(sbdf, reading, problems)
    header_type = _config_byte(reading, _HEADER_TYPE_AT, 0x7F)
    is_bridge = (
        header_type in BRIDGE_HEADERS
        if header_type is not None
        else class_code is not None and class_code >> 8 in BRIDGE_CLASSES
    )
    driver, physical = reading.driver, reading.physical_function
    if isinstance(driver, Missing):
        problems.missing(words.part_of(sbdf, "its driver"), driver)
    names = dict(reading.names)
    secondary = _secondary_bus(sbdf, reading, problems) if is_bridge else None
    subordinate = _config_byte(reading, _SUBORDINATE_BUS_AT) if is_bridge else None
    return PciFunction(
        sbdf=sbdf,
        class_code=class_code,
        vendor_id=number(sbdf, "its vendor", reading.vendor, problems, most=0xFFFF),
        device_id=number(sbdf, "its device", reading.device, problems, most=0xFFFF),
        driver=None if isinstance(driver, Missing) else driver.rpartition("/")[2],
        driver_known=not isinstance(driver, Missing) or driver.kind is MissingKind.ABSENT,
        header_type=header_type,
        secondary_bus=secondary or None,  # 0: the bus behind it has no number yet
        subordinate_bus=subordinate,
        buses_open=(is_bridge and secondary != 0 and None in (secondary, subordinate))
        or (header_type is None and class_code is None),
        iommu_group=group,
        physical_function=None if isinstance(physical, Missing) else _sbdf_at_end(physical),
        physical_known=_is_physical_known(reading),
        total_vfs=_total_vfs(reading) or 0,
        total_vfs_known=_total_vfs(reading) is not None,
        slot=slot,
        vendor_name=names.get("ID_VENDOR_FROM_DATABASE"),
        device_name=names.get("ID_MODEL_FROM_DATABASE"),
        interface_known=_short_class(reading) is None,
    )


def _class_code(sbdf: SBDF, reading: PciReading, problems: Problems) -> int | None:
    """Return the class, from its file or else from configuration space (PCI 3.0, 6.2.1)."""
    short = _short_class(reading)
    if short is not None:
        return short << 8
    code = number(sbdf, "its class", reading.class_code, problems, most=0xFFFFFF)
    config = _config(reading)
    if code is None and len(config) > _CLASS_AT + 2:
        return int.from_bytes(config[_CLASS_AT : _CLASS_AT + 3], "little")
    return code


def _short_class(reading: PciReading) -> int | None:
    """Return base class and subclass if the programming interface was not collected."""
    code = reading.class_code
    match = None if isinstance(code, Missing) else _WITHOUT_INTERFACE.fullmatch(code)
    return int(match[1], 16) if match else None


def _config_byte(reading: PciReading, at: int, mask: int = 0xFF) -> int | None:
    config = _config(reading)
    return None if len(config) <= at else config[at] & mask


def _config(reading: PciReading) -> bytes:
    """Return the configuration space as far as it was read; empty if the device did not respond.

    A device that is powered down (D3cold) or removed reads as ones (PCI Express 6.0, 2.3.2).  Only
    zeros mean a copy without content.
    """
    config = reading.config
    if isinstance(config, Missing) or set(config[:_ANSWERS]) in ({0x00}, {0xFF}):
        return b""
    return config


def _secondary_bus(sbdf: SBDF, reading: PciReading, problems: Problems) -> int | None:
    """Return the bus behind a bridge, from the kernel's attribute or else configuration space."""
    config = _config_byte(reading, _SECONDARY_BUS_AT)
    value = None
    if not isinstance(reading.secondary_bus, Missing):
        what = "its secondary_bus_number"
        value = number(sbdf, what, reading.secondary_bus, problems, most=0xFF, base=10)
    if value is None and config is None:
        problems.add(words.bus_behind_unreadable(sbdf))
    elif value is not None and config is not None and value != config:
        problems.add(words.bus_behind_contradicted(sbdf, value, config))
        return None
    elif 0 in (value, config):
        problems.add(words.no_bus_behind(sbdf))
    return config if value is None else value


def _is_physical_known(reading: PciReading) -> bool:
    """Return whether it is known if the function is virtual: by the link, or by its own vendor."""
    link, own = reading.physical_function, _config(reading)[:2]
    if isinstance(link, Missing):
        return link.kind is MissingKind.ABSENT or own not in (b"", _NO_VENDOR)
    return _sbdf_at_end(link) is not None


def _total_vfs(reading: PciReading) -> int | None:
    """Return how many virtual functions it supports; None: unknown."""
    value = reading.total_vfs
    if isinstance(value, Missing):
        return 0 if value.kind is MissingKind.ABSENT else None
    try:
        return parse_number(value.decode().strip(), 0xFFFF, 10)
    except ValueError:
        return None


def _sbdf_at_end(target: str) -> SBDF | None:
    try:
        return SBDF.parse(target.rpartition("/")[2])
    except ValueError:
        return None
