"""The output of lspci in each of its forms, read as facts about PCI functions.

Pure. Source: pciutils, lspci.c (``show_terse``, ``show_machine``, ``show_hex_dump``), ls-kernel.c
(``show_kernel``), ls-caps.c and ls-ecaps.c (the SR-IOV capability).
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from dmaragent.collect.support_reports.pci_facts import PciFacts, from_config, full_address, merge

_SLOT = re.compile(r"((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?:\s+(.*))?")
_NUMBERS = re.compile(r"(?:Class )?([0-9a-f]{4}): ([0-9a-f]{4}):([0-9a-f]{4})\b")
_CLASS = re.compile(r"[^\[\]]*?\[([0-9a-f]{4})\]: ")
_IDS = re.compile(r"\[([0-9a-f]{4}):([0-9a-f]{4})\]")
_INTERFACE = re.compile(r"\(prog-if ([0-9a-f]{2})\b")
_DEAD = "(rev ff)"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|(-[rp])([0-9a-f]{2})')
_NUMBER_AT_END = re.compile(r"(?:.*\[)?([0-9a-f]{4})\]?")
_RECORD = re.compile(r"([A-Za-z]+):\s+(.*)")
_HEX_LINE = re.compile(r"([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ){15}[0-9a-f]{2})\s*")
_BUS = re.compile(r"Bus: primary=[0-9a-f]{2}, secondary=([0-9a-f]{2})\b")
_VALUES = re.compile(r"(Kernel driver in use|Physical Slot|IOMMU group): (.+)")
_TOTAL_VFS = re.compile(r"Total VFs: (\d{1,5}), Number of VFs: (\d{1,5})")
_VF_PLACE = re.compile(r"VF offset: (\d{1,5}), stride: (\d{1,5}), Device ID: ([0-9a-f]{4})")
_UNLISTED = re.compile(r"Capabilities: <access denied>|Single Root I/O Virtualization")
"""Capabilities that another user than root cannot see, or that lspci -v names only."""
_MOST_VFS = 4096


def from_lspci(text: str) -> dict[str, PciFacts]:
    """Return the facts in a listing of lspci about each function, whatever its options were."""
    listed: dict[str, PciFacts] = {}
    virtual: dict[str, PciFacts] = {}
    for address, head, body in _blocks(text):
        facts, functions = _block(address, head, body)
        known = listed.get(address)
        listed[address] = facts if known is None else merge([{"": known}, {"": facts}])[""]
        virtual |= functions
    whole = all(facts.total_vfs is not None for facts in listed.values())
    for address, facts in listed.items():
        if address in virtual or whole:
            physical = virtual[address].physical_function if address in virtual else ""
            listed[address] = replace(facts, physical_function=physical)
    return listed


def _blocks(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the address, the rest of the first line and the further lines of each function."""
    address, head, body = "", "", list[str]()
    for line in text.splitlines():
        start = _SLOT.fullmatch(line.rstrip())
        record = _RECORD.fullmatch(line.rstrip()) if start is None else None
        if record and record[1] in ("Slot", "Device"):  # lspci -vmm; -vm calls the slot Device
            slot = full_address(record[2])
            start = _SLOT.fullmatch(record[2]) if slot is not None else None
        named = None if start is None else full_address(start[1])
        if start is None or named is None:
            body.append(line)
            continue
        if address:
            yield address, head, body
        address, head, body = named, start[2] or "", []
    if address:
        yield address, head, body


def _block(address: str, head: str, body: list[str]) -> tuple[PciFacts, dict[str, PciFacts]]:
    """Return the facts about one function, and its virtual functions if it has some."""
    indented = [line.strip() for line in body if line[:1] in "\t "]
    records = [record for line in body if (record := _RECORD.fullmatch(line.rstrip()))]
    if not head and records:
        facts = _of_records(records)
    elif head.startswith('"'):
        facts = _of_quoted(head)
    else:
        # Only lspci -v shows these. So a missing prog-if is 00, and a missing driver means that
        # the function has no driver.
        verbose = any(line.startswith(("Flags:", "Control:")) for line in indented)
        facts = _of_line(head, verbose=verbose)
        facts = _of_details(facts, indented, verbose=verbose)
    config = _config_dump(body)
    if config:
        facts = merge([{"": from_config(config)}, {"": facts}])[""]
    return facts, _virtual_functions(address, indented)


def _of_line(head: str, *, verbose: bool) -> PciFacts:
    """Read the rest of a function's line: numbers (-n), names and numbers (-nn), or names."""
    numbers = _NUMBERS.match(head)
    code = numbers or _CLASS.match(head)
    ids = [(numbers[2], numbers[3])] if numbers else _IDS.findall(head) if code else []
    interface = _INTERFACE.search(head)
    number: int | None = None
    if _DEAD not in head:
        number = int(interface[1], 16) if interface else 0 if verbose else None
    return PciFacts(
        class_number=int(code[1], 16) if code else None,
        interface=number,
        vendor=int(ids[-1][0], 16) if ids else None,
        device=int(ids[-1][1], 16) if ids else None,
    )


def _of_details(facts: PciFacts, lines: list[str], *, verbose: bool) -> PciFacts:
    """Add the facts in the indented lines below a function."""
    values = {match[1]: match[2].strip() for line in lines if (match := _VALUES.fullmatch(line))}
    bus = next((match for line in lines if (match := _BUS.match(line))), None)
    vfs = next((match for line in lines if (match := _TOTAL_VFS.search(line))), None)
    unlisted = any(_UNLISTED.search(line) for line in lines)
    return replace(
        facts,
        driver=values.get("Kernel driver in use", "" if verbose else None),
        slot=values.get("Physical Slot"),
        group=_whole(values.get("IOMMU group", "")),
        secondary_bus=int(bus[1], 16) if bus else None,
        total_vfs=int(vfs[1]) if vfs else 0 if verbose and not unlisted else None,
    )


def _of_quoted(head: str) -> PciFacts:
    """Read the line of lspci -m: class, vendor and device in quotes, then options."""
    words = [match[1] for match in _QUOTED.finditer(head) if match[1] is not None]
    options = {match[2]: match[3] for match in _QUOTED.finditer(head) if match[2]}
    code, vendor, device = (_number(word) for word in (*words, "", "", "")[:3])
    dead = options.get("-r") == "ff"
    return PciFacts(
        class_number=code,
        interface=None if dead or code is None else int(options.get("-p", "0"), 16),
        vendor=vendor,
        device=device,
    )


def _of_records(records: list[re.Match[str]]) -> PciFacts:
    """Read the lines of lspci -vm and -vmm: a name, a tab and a value."""
    values = {record[1]: record[2].strip() for record in records}
    code = _number(values.get("Class", ""))
    dead = values.get("Rev") == "ff"
    interface = values.get("ProgIf", "00")[:2]
    known = code is not None and not dead and re.fullmatch("[0-9a-f]{2}", interface)
    return PciFacts(
        class_number=code,
        interface=int(interface, 16) if known else None,
        vendor=_number(values.get("Vendor", "")),
        device=_number(values.get("Device", "")),
        driver=values.get("Driver"),
        slot=values.get("PhySlot"),
        group=_whole(values.get("IOMMUGroup", "")),
    )


def _number(text: str) -> int | None:
    """Read ``0c03`` or ``USB controller [0c03]``."""
    match = _NUMBER_AT_END.fullmatch(text)
    return int(match[1], 16) if match else None


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


def _config_dump(body: list[str]) -> bytes:
    """Read the dump of configuration space that -x to -xxxx add, up to its first gap."""
    config = b""
    for line in body:
        match = _HEX_LINE.fullmatch(line)
        if match and int(match[1], 16) == len(config):
            config += bytes.fromhex(match[2])
    return config


def _virtual_functions(address: str, lines: list[str]) -> dict[str, PciFacts]:
    """Return the enabled virtual functions of a physical one (PCI Express 5.0, 9.2.1.2)."""
    vfs = next((match for line in lines if (match := _TOTAL_VFS.search(line))), None)
    place = next((match for line in lines if (match := _VF_PLACE.search(line))), None)
    if vfs is None or place is None:
        return {}
    segment, bus, rest = address.split(":")
    device, function = rest.split(".")
    first = (int(bus, 16) << 8 | int(device, 16) << 3 | int(function)) + int(place[1])
    functions: dict[str, PciFacts] = {}
    for number in range(min(int(vfs[2]), _MOST_VFS)):
        identifier = first + number * int(place[2])
        if identifier > 0xFFFF:
            break
        name = f"{segment}:{identifier >> 8:02x}:{identifier >> 3 & 31:02x}.{identifier & 7}"
        functions[name] = PciFacts(physical_function=address)
    return functions
