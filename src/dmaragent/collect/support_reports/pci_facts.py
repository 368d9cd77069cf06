"""Facts about PCI functions from a report's texts and copied files, merged by address.

Pure. A fact that no text has stays None: nothing is assumed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

_ADDRESS = re.compile(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([01][0-9a-f])\.([0-7])", re.IGNORECASE)
_CONFIG_FILE = re.compile(r"/proc/bus/pci/(?:([0-9a-f]{4,8}):)?([0-9a-f]{2})/([01][0-9a-f]\.[0-7])")
_WHOLE_LINE = 18
"""The columns of a line of /proc/bus/pci/devices: ids, IRQ, 7 starts, 7 sizes, the driver
(drivers/pci/proc.c, ``show_device``)."""
_HEADER = 16
"""Bytes of configuration space up to the header type: PCI 3.0, 6.1."""
_DEAD = b"\xff" * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PciFacts:
    """Facts about one PCI function; None means that no text has the fact."""

    class_number: int | None = None
    """Base class and subclass, 16 bits."""
    interface: int | None = None
    """The programming interface, 8 bits."""
    vendor: int | None = None
    device: int | None = None
    config: bytes | None = None
    """Its configuration space from the start, as far as it was copied."""
    driver: str | None = None
    """Empty if it has none."""
    secondary_bus: int | None = None
    slot: str | None = None
    """Its physical slot."""
    group: int | None = None
    """Its IOMMU group."""
    total_vfs: int | None = None
    """How many virtual functions it supports; 0 if all its capabilities were listed."""
    physical_function: str | None = None
    """The address of the physical function, for an SR-IOV virtual function; empty: it is not one."""
    names: tuple[tuple[str, str], ...] | None = None
    """Its names in udev's hardware database: property and value."""
    driver_contradicted: bool = False
    """Whether two files name different drivers."""


FactsByAddress = Mapping[str, PciFacts]


def full_address(text: str) -> str | None:
    """Return the PCI address `text` with its segment, or None if it is not an address."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    return f"{match[1] or '0000'}:{match[2]}:{match[3]}.{match[4]}".lower()


def merge(sources: Iterable[FactsByAddress]) -> dict[str, PciFacts]:
    """Merge facts from several sources: the first source that has a fact decides it."""
    merged: dict[str, PciFacts] = {}
    for source in sources:
        for address, facts in source.items():
            known = merged.get(address)
            merged[address] = facts if known is None else _fill_gaps(known, facts)
    return merged


def agreed(sources: Sequence[FactsByAddress]) -> dict[str, PciFacts]:
    """Merge facts from several files; a fact on which two files differ becomes unknown.

    This applies to a function's driver and ids: the files can be from different times or hosts. A
    file without a driver for it contradicts none.
    """
    merged = merge(sources)
    for address in merged:
        all_facts = [source[address] for source in sources if address in source]
        for name in ("driver", "vendor", "device"):
            values = {getattr(facts_of_source, name) for facts_of_source in all_facts} - {None, ""}
            facts = merged[address]
            if len(values) == 1:
                merged[address] = replace(facts, **{name: values.pop()})
            elif values:
                of_driver = name == "driver" or facts.driver_contradicted
                merged[address] = replace(facts, **{name: None}, driver_contradicted=of_driver)
    return merged


def _fill_gaps(known: PciFacts, more: PciFacts) -> PciFacts:
    gaps = {
        field.name: getattr(more, field.name)
        for field in fields(PciFacts)
        if getattr(known, field.name) is None
    }
    classes = {known.class_number, more.class_number} - {None}
    if len(classes) > 1:
        gaps.pop("interface", None)  # the interface has a meaning only for its class
    return replace(known, **gaps)


def from_config(config: bytes) -> PciFacts:
    """Return the facts in a configuration space (PCI 3.0, 6.2.1).

    A function that is not present reads as ones. A virtual function has ones only for its ids (PCI
    Express 5.0, 9.3.4.1): the kernel's own ids for it are elsewhere.
    """
    if len(config) < _HEADER or config[8:12] == _DEAD:
        return PciFacts()
    virtual = config[:4] == _DEAD
    return PciFacts(
        class_number=int.from_bytes(config[10:12], "little"),
        interface=config[9],
        vendor=None if virtual else int.from_bytes(config[0:2], "little"),
        device=None if virtual else int.from_bytes(config[2:4], "little"),
        config=config,
    )


def config_address(path: str) -> str | None:
    """Return the address of the function whose configuration space is at `path` below /proc.

    The directory is the bus, with the segment before it unless that is 0 (drivers/pci/proc.c,
    ``pci_proc_attach_device``).
    """
    match = _CONFIG_FILE.fullmatch(path)
    return None if match is None else f"{match[1] or '0000'}:{match[2]}:{match[3]}"


def from_proc_devices(text: str, addresses: Iterable[str] = ()) -> dict[str, PciFacts]:
    """Return the facts in /proc/bus/pci/devices: ids and driver of each function.

    Its lines have no segment. `addresses` are those that /proc/bus/pci has directories for. If some
    of them differ only by segment, a line can belong to each and is left out. So are lines that
    differ only by segment themselves.
    """
    segments: dict[str, list[str]] = {}
    for address in addresses:
        segments.setdefault(address.partition(":")[2], []).append(address)
    functions: dict[str, PciFacts] = {}
    ambiguous: set[str] = set()
    for line in text.splitlines():
        columns = line.split("\t")
        if len(columns) < 3 or not re.fullmatch(r"[0-9a-f]{4}", columns[0]):
            continue
        if not re.fullmatch(r"[0-9a-f]{8}", columns[1]):
            continue
        bus, devfn = bytes.fromhex(columns[0])
        place = f"{bus:02x}:{devfn >> 3:02x}.{devfn & 7}"
        owners = segments.get(place, [f"0000:{place}"])
        if len(owners) > 1 or owners[0] in functions:
            ambiguous.add(owners[0])
        last = columns[-1].strip()
        named = len(columns) >= _WHOLE_LINE or not re.fullmatch(r"[0-9a-f ]*", last)
        functions[owners[0]] = PciFacts(
            vendor=int(columns[1][:4], 16),
            device=int(columns[1][4:], 16),
            driver=last if named else None,
        )
    return {address: functions[address] for address in functions if address not in ambiguous}


def from_udev_database(text: str) -> dict[str, PciFacts]:
    """Return the facts in ``udevadm info --export-db``: records of lines ``P:`` and ``E:``.

    The parent directory of a function is the bridge above it, so the path also contains the bus
    behind that bridge.
    """
    functions: dict[str, PciFacts] = {}
    for record in re.split(r"\n\s*\n", text):
        if "SUBSYSTEM=pci\n" not in f"{record}\n":
            continue
        lines = record.splitlines()
        path = next((line[3:].strip() for line in lines if line.startswith("P: ")), "")
        values = dict(line[3:].partition("=")[::2] for line in lines if line.startswith("E: "))
        steps = [full_address(step) for step in path.split("/")]
        address = steps[-1]
        if address is None:
            continue
        above = steps[-2] if len(steps) > 1 else None
        if above is not None:
            bus = int(address.split(":")[1], 16)
            bridge = functions.get(above, PciFacts())
            functions[above] = replace(bridge, secondary_bus=bridge.secondary_bus or bus)
        code = _hex(values.get("PCI_CLASS", ""), 6)
        vendor, _, device = values.get("PCI_ID", "").partition(":")
        names = tuple(
            (name, values[name])
            for name in ("ID_MODEL_FROM_DATABASE", "ID_VENDOR_FROM_DATABASE")
            if name in values
        )
        facts = PciFacts(
            class_number=None if code is None else code >> 8,
            interface=None if code is None else code & 0xFF,
            vendor=_hex(vendor, 4),
            device=_hex(device, 4),
            driver=values.get("DRIVER", ""),
            names=names or None,
        )
        known = functions.get(address)
        functions[address] = facts if known is None else _fill_gaps(known, facts)
    return functions


def _hex(text: str, most: int) -> int | None:
    return int(text, 16) if re.fullmatch(rf"[0-9A-Fa-f]{{1,{most}}}", text) else None
