"""The sentences on what Xen makes of an IVRS and of ``ivmd=``: each name is an id."""

from collections.abc import Sequence

from dmaragent.addresses import AddressRange, span
from dmaragent.releases import Release
from fwtables import Damage

# The release ----------------------------------------------------------------------------


def release_unknown(assumed: str) -> str:
    return f"assumes {assumed}: the release is unknown"


def release_not_modelled(release: Release, nearest: str) -> str:
    return f"assumes Xen {nearest}: Xen {release} is not modelled"


def off_by_release(off: str, why: str, on: str) -> str:
    """The releases `off` switch AMD-Vi off, and those of `on` do not."""
    return f"the point release is unknown: {off} switches AMD-Vi off ({why}), {on} does not"


def lists_by_release(counts: Sequence[tuple[str, int]]) -> str:
    """The point releases have different lists; `counts` are releases and lengths."""
    numbers = ", ".join(f"{releases} lists {count}" for releases, count in counts)
    return f"the point release is unknown: {numbers}"


def fates_by_release(fates: Sequence[tuple[str, str]]) -> str:
    """Releases treat a region differently; `fates` are releases and what they do."""
    return ", ".join(f"{who}: {fate}" for who, fate in fates)


def no_list_before(xen: str) -> str:
    return f"{xen} reports no region on AMD: its list is always empty before 4.16"


NOT_MODELLED = "what Xen before 4.16 does with an IVMD is not modelled"

# AMD-Vi off, or unknown -----------------------------------------------------------------


CHECKSUM = "the table's checksum is wrong (ENODEV)"
NO_IVHD = "the table has no IVHD block that Xen uses (ENODEV)"
NO_SOUTHBRIDGE_IOAPIC = "no IVHD block names an I/O APIC at 00:14.0 (ENXIO)"
BLOCK_LENGTH_ZERO = "a block has length 0: Xen reads it for ever and does not boot"
NO_IOMMU_IN_SEGMENT_0 = "no IOMMU is in segment 0, which Xen's list assumes"
TOO_MANY_STEPS = "the table has too many blocks and device entries to predict"
IOAPIC_OVERRIDDEN = "`ivrs_ioapic=` on Xen's command line can change which I/O APICs it knows"
IOAPICS_ASSUMED = "assumes that the table and the MADT name the same I/O APICs"
FUNCTIONS_UNKNOWN = "the PCI functions are unknown: functions that share an entry are left out"


def damage_off(flaw: Damage) -> str:
    return f"{flaw} (ENODEV)"


def damage_unknown(flaw: Damage) -> str:
    return f"{flaw}; what Xen reads there is unknown"


def block_refused(name: str, offset: int, reason: str) -> str:
    """The block at `offset` switches AMD-Vi off."""
    return f"Xen does not accept the {name} at offset 0x{offset:x}: {reason}"


def option_refused(text: str, reason: str) -> str:
    """The range `text` of ``ivmd=`` switches AMD-Vi off."""
    return f"Xen does not accept {text} of `ivmd=`: {reason}"


SHORT_IVHD = "it is shorter than 40 bytes (ENODEV)"
SHORT_IVMD = "it is shorter than 32 bytes (ENODEV)"
ZERO_IVHD = "its device ID, capability offset or register address is 0 (ENODEV)"
ENTRIES_CUT = "its device entries end within one, or one has an unknown length (ENODEV)"
RANGE_WITHOUT_END = "the end of a range does not follow its start (ENODEV)"
NO_FLAGS = "it is neither a unity map nor an exclusion range (ENODEV)"
WRAPS_TO_ZERO = "its start and length add up to 0: Xen stops with a BUG and does not boot"
WRAPS = "its end is beyond 64 bits of address; what Xen makes of it is unknown"
BEYOND_48_BITS = "it is beyond 48 bits of address, which not every IOMMU can map"


def no_iommu_function(sbdf: str) -> str:
    return f"no device is present at {sbdf}, where the table has an IOMMU"


def unknown_entry(entry_type: int) -> str:
    return f"Xen does not know device entries of type 0x{entry_type:02x} (ENODEV)"


def id_too_high(device: str) -> str:
    return f"its device ID {device} is above every ID of the table's IOMMUs (ENODEV)"


def range_inverted(first: str, last: str) -> str:
    return f"its last device ID {last} is not above its first, {first} (ENODEV)"


def unknown_variety(variety: int) -> str:
    return f"a special device has the unknown variety {variety} (ENODEV)"


def conflicting_ioapic(handle: int) -> str:
    return f"the I/O APIC {handle} has two device IDs (ENODEV)"


def pages_not_convertible(start: int, kinds: str) -> str:
    return f"its pages from 0x{start:x} are {kinds} in the memory map (EIO)"


def pages_not_reservable(start: int, kinds: str) -> str:
    return f"its pages from 0x{start:x} are {kinds}, which Xen cannot make reserved (EIO)"


def may_be_in_ram(unknown: str, start: int) -> str:
    return f"{unknown}, and Xen switches AMD-Vi off if the range at 0x{start:x} is in RAM"


def no_iommu_for(device: str) -> str:
    return f"the device ID {device} has no IOMMU (ENODEV)"


def no_such_iommu(device: str) -> str:
    return f"no IOMMU of segment 0 has the device ID {device} and this capability (ENODEV)"


def overlaps(other: AddressRange, device: str) -> str:
    return f"it overlaps the unity map {span(other)} of {device} (EPERM)"


# The effect of an IVMD ------------------------------------------------------------------

IN_REGISTERS = "Xen puts it into the exclusion registers of the IOMMU, not into a guest"
SEGMENT_IGNORED = "Xen ignores the segment of the block: its devices are those of segment 0"
IN_GUEST = "Xen maps it 1:1 for a guest with the device"
IN_BOTH = "Xen puts it into exclusion registers for some devices, and maps it 1:1 for others"
IN_NEITHER = "no device has it: the block names none with an IOMMU"
EMPTY = "it has no whole page, so Xen lists nothing"
ACCEPTED_IN_VAIN = "Xen accepted it, but AMD-Vi is off"
NOT_ALL_RESERVED = "not all in reserved memory: Xen warns, and reserves what its map leaves out"
MEMORY_NOT_CHECKED = "the memory map is unknown: whether Xen refuses its memory was not checked"
SWAPPED = "Xen swaps read and write: the device gets the access that the table does not give"


def not_reached(error: str) -> str:
    return f"Xen stops before it, because {error}"


def not_addressable(bits: int) -> str:
    if not bits:
        return "the table gives devices no address bits (IVinfo), so Xen ignores it"
    return f"it is beyond the {bits} bits that the table gives devices, so Xen ignores it"


def ids_without_iommu(count: int) -> str:
    return f"{count} of its device IDs have no IOMMU; Xen ignores it for them"


# Assignment -----------------------------------------------------------------------------

OTHER_SEGMENT = "devices of segments other than 0 are not modelled on AMD"
ALIASED_BY_RELEASE = (
    "the IOMMU sees the device with another device's ID; releases from 4.16.1 on refuse it"
)

# ivmd= ----------------------------------------------------------------------------------

NO_PAGE_NUMBER = "it does not begin with a page number (EINVAL)"
NO_LAST_PAGE = "no page number at or above the first follows '-' (EINVAL)"
NO_DEVICE = "it has no address of a device of segment 0 (EINVAL)"
DEVICES_INVERTED = "its last device is below its first (EINVAL)"


def too_many_ranges(most: int) -> str:
    return f"Xen takes {most} of them (E2BIG)"


def rest_not_read(rest: str) -> str:
    return f"Xen does not read {rest!r} (EINVAL)"


def no_ivmd_option(xen: str) -> str:
    return f"{xen} has no such option"
