"""The blocks and device entries of an IVRS table in words."""

from dmaragent.present.words.numbers import size_words
from fwtables import (
    IVMD,
    IVRS,
    AliasEntry,
    AnyIVHD,
    Entry,
    ExtendedEntry,
    ExtendedIVHD,
    HidEntry,
    SpecialEntry,
    UnknownEntry,
    device_name,
)
from fwtables.ivrs.constants import (
    BlockType,
    EntryType,
    IvmdFlag,
    UidFormat,
    Variety,
    flag_names,
)

_LARGEST_ADDRESS = (1 << 64) - 1
_ENTRY_WORDS = {
    EntryType.PADDING: "padding",
    EntryType.ALL: "all devices",
    EntryType.SELECT: "device",
    EntryType.RANGE_START: "range",
    EntryType.RANGE_END: "range end",
    EntryType.PADDING_8: "padding",
    EntryType.RESERVED_8: "reserved",
    EntryType.ALIAS_SELECT: "device with alias",
    EntryType.ALIAS_RANGE_START: "range with alias",
    EntryType.EXTENDED_SELECT: "device, extended",
    EntryType.EXTENDED_RANGE_START: "range, extended",
    EntryType.ACPI_HID: "ACPI device",
}
_VARIETIES = {Variety.IOAPIC: "IOAPIC", Variety.HPET: "HPET"}


def iv_info(table: IVRS) -> str:
    """Return the sizes and the flags of `table`."""
    guests = table.guest_address_bits
    return (
        f"{table.physical_address_bits}-bit physical addresses, "
        f"{table.virtual_address_bits}-bit DMA addresses, "
        + (f"{guests}-bit guest addresses, " if guests else "")
        + f"flags: {flags('IVRS', table.iv_info)}"
    )


def remapped_before_boot() -> str:
    """Return the line for a table whose firmware set IVinfo bit 1."""
    return "The firmware remaps DMA before boot (pre-boot DMA protection)."


def iommu_facts(block: AnyIVHD) -> str:
    """Return which IOMMU an IVHD block describes."""
    return (
        f"IOMMU {block.segment_number:04x}:{device_name(block.device_id)}, "
        f"registers 0x{block.register_base_address:x}, flags: {flags('IVHD', block.flags)}"
    )


def iommu_numbers(block: AnyIVHD) -> str:
    """Return the other numbers of an IVHD block."""
    line = (
        f"capability at 0x{block.capability_offset:x}, MSI {block.info & 0x1F}, "
        f"unit {block.info >> 8 & 0x1F}, "
    )
    if isinstance(block, ExtendedIVHD):
        return (
            f"{line}attributes 0x{block.attributes:x}, feature registers "
            f"0x{block.efr_image:x} and 0x{block.efr_2_image:x}"
        )
    return f"{line}features 0x{block.features:x}"


def memory_facts(block: IVMD) -> str:
    """Return the mapping that an IVMD block requests, with its devices and its memory."""
    return (
        f"{memory_use(block.flags)} for {covered_devices(block)}, {memory_range(block)}, "
        f"flags: {flags('IVMD', block.flags)}"
    )


def memory_use(value: int) -> str:
    """Return the mapping that the flags of an IVMD block request; exclusion has precedence."""
    if value & IvmdFlag.EXCLUSION_RANGE:
        return "exclusion range"
    if not value & IvmdFlag.UNITY:
        return "neither unity map nor exclusion range"
    allowed = {IvmdFlag.READ: "read", IvmdFlag.WRITE: "write"}
    access = [word for flag, word in allowed.items() if value & flag]
    return f"unity map ({' and '.join(access) or 'no access'})"


def covered_devices(block: IVMD) -> str:
    """Return the devices that an IVMD block covers."""
    first = device_name(block.device_id)
    match block.type:
        case BlockType.IVMD_ALL:
            return "all devices"
        case BlockType.IVMD_ONE:
            return f"device {first}"
        case BlockType.IVMD_RANGE:
            return f"devices {first}-{device_name(block.auxiliary)}"
        case _:
            return f"all devices of IOMMU {first}"


def memory_range(block: IVMD) -> str:
    """Return the memory of an IVMD block with its size."""
    start, length = block.start_address, block.memory_length
    end = start + length - 1
    if length == 0:
        return f"0x{start:x} with length 0"
    if end > _LARGEST_ADDRESS:
        return f"0x{start:x} with length 0x{length:x}, past the end of memory"
    return f"0x{start:x}-0x{end:x} ({size_words(length)})"


def entry_words(entry: Entry) -> str:
    """Return the kind of device entry `entry`."""
    if isinstance(entry, SpecialEntry):
        name = _VARIETIES.get(Variety(entry.variety)) if entry.variety in _VARIETIES else None
        return f"{name or f'variety {entry.variety}'} {entry.handle}"
    known = entry.type in _ENTRY_WORDS
    return _ENTRY_WORDS[EntryType(entry.type)] if known else f"entry type 0x{entry.type:02x}"


def entry_facts(entry: Entry, last: int | None) -> str:
    """Return the devices and settings of `entry`; `last`: the end of a range that it starts."""
    if isinstance(entry, UnknownEntry):
        return entry.body.hex(" ") if any(entry.body) else ""
    line = ""
    if isinstance(entry, SpecialEntry):
        line = f"requests as {device_name(entry.source_device_id)}"
        line += f", device {device_name(entry.device_id)}" if entry.device_id else ""
    elif entry.type not in (EntryType.PADDING, EntryType.ALL) or entry.device_id:
        line = device_name(entry.device_id)
    if last is not None:
        line += f"-{device_name(last)}"
    elif entry.type in RANGE_STARTS:
        line += ", no range end follows"
    if isinstance(entry, AliasEntry):
        line += f", requests as {device_name(entry.source_device_id)}"
        reserved = entry.reserved + entry.reserved_2
        line += f", reserved bytes {reserved.hex(' ')}" if any(reserved) else ""
    elif isinstance(entry, ExtendedEntry) and entry.extended_settings:
        line += f", extended settings: {flags('extended entry', entry.extended_settings)}"
    elif isinstance(entry, HidEntry):
        line += f", {_acpi_names(entry)}"
    if entry.dte_settings:
        line += f", settings: {flags('entry', entry.dte_settings)}"
    return line.removeprefix(", ")


RANGE_STARTS = (
    EntryType.RANGE_START,
    EntryType.ALIAS_RANGE_START,
    EntryType.EXTENDED_RANGE_START,
)


def _acpi_names(entry: HidEntry) -> str:
    line = _ascii(entry.hid)
    line += f", compatible with {_ascii(entry.cid)}" if any(entry.cid) else ""
    match entry.uid_format:
        case UidFormat.NONE:
            return f"{line}, UID bytes {entry.uid.hex(' ')}" if entry.uid else line
        case UidFormat.INTEGER:
            return f"{line}, UID {int.from_bytes(entry.uid, 'little')}"
        case UidFormat.TEXT:
            return f"{line}, UID {_ascii(entry.uid)}"
        case _:
            return f"{line}, UID of format {entry.uid_format}: {entry.uid.hex(' ')}"


def _ascii(name: bytes) -> str:
    return name.rstrip(b"\0 ").decode("ascii", "backslashreplace")


def flags(of: str, value: int) -> str:
    """Return the names of the flags in `value`."""
    return ", ".join(flag_names(of, value)) or "none"
