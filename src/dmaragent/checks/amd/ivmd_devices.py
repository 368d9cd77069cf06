"""Rules about the devices that IVMD blocks name."""

from collections.abc import Iterator

from dmaragent.checks.amd.effects import (
    CUT,
    CUT_WITHOUT_PREBOOT,
    LOAD,
    LOAD_TABLE,
    WALK,
    XEN_OFF_IVMD,
    XenCase,
    off_case,
)
from dmaragent.checks.amd.facts import Ivmd, IvrsFacts
from dmaragent.checks.amd.fields import block_field, device_fields, ivmd_field, ivmd_hit
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.iommu.amd import IVMD_TYPES
from dmaragent.iommu.claims import function_with_id
from dmaragent.linux.release import telling_release
from dmaragent.linux.vfio import CHECKED_MAPPINGS, NO_ONE_TO_ONE
from dmaragent.linux.view import LinuxState
from fwtables import AnyIVHD, HidEntry, device_name
from fwtables.ivrs.constants import BlockType

_RANGE = "Xen amd/iommu_acpi.c, parse_ivmd_device_range; Linux amd/init.c, init_unity_map_range"
_DEVICE = "Xen amd/iommu_acpi.c, register_range_for_device (2defb54490: 4.18.4, 4.19.1, 4.20)"
_SINGLE = frozenset({BlockType.IVMD_ONE, BlockType.IVMD_RANGE})
_VFIO = "Linux iommu.c, __iommu_device_set_domain (a48ce36e2786, 6.6)"


def _ids(ivmd: Ivmd) -> int:
    """Return how many device IDs an IVMD of one device or a range names."""
    return max(ivmd.block.auxiliary - ivmd.block.device_id + 1, 0) if ivmd.is_range else 1


@rule(
    "ivmd-range-inverted",
    Severity.CRITICAL,
    "The last device of a range is not above the first",
    xen=XEN_OFF_IVMD,
    linux="Linux applies the region to no device.",
    advice=CUT,
    advice_without_preboot=CUT_WITHOUT_PREBOOT,
    details=f"A range of one device is an error to Xen as well, also with ivmd=. {LOAD}",
    source=_RANGE,
)
def range_inverted(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs of a range that ends at its start or below."""
    for ivmd in facts.ivmds:
        first, last = ivmd.block.device_id, ivmd.block.auxiliary
        if ivmd.is_range and last <= first:
            message = f"is for the devices from {device_name(first)} to {device_name(last)}."
            linux = "Linux applies the region to this one device." if first == last else ""
            shown = device_fields(facts, ivmd)
            yield ivmd_hit(ivmd, message, shown, case=off_case(facts, ivmd), linux=linux)


@rule(
    "ivmd-id-unknown",
    Severity.CRITICAL,
    "A region is for a device above all devices of the table",
    xen=XEN_OFF_IVMD,
    linux="Linux applies the region to no device that has an IOMMU.",
    advice=CUT,
    advice_without_preboot=CUT_WITHOUT_PREBOOT,
    details=f"Xen wants each ID of an IVMD to be at most the highest of the IVHD blocks. {LOAD}",
    source=f"{WALK}; {_RANGE}",
)
def id_unknown(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs of a device or a range that is not in Xen's table of IDs."""
    if not facts.ivmds or not facts.walk.walk.has_ids:
        return
    end = facts.walk.walk.ids.end
    for ivmd in facts.ivmds:
        ids = [ivmd.block.device_id, *([ivmd.block.auxiliary] if ivmd.is_range else [])]
        above = [number for number in ids if number >= end]
        if ivmd.block.type in _SINGLE and above:
            message = f"is for {device_name(above[0])}; the highest ID of an IOMMU is {device_name(end - 1)}."
            linux = ""
            if ivmd.is_range and ivmd.block.device_id < end:
                linux = "Linux applies the region to the devices that have an IOMMU."
            shown = device_fields(facts, ivmd)
            yield ivmd_hit(ivmd, message, shown, case=off_case(facts, ivmd), linux=linux)


@rule(
    "ivmd-no-iommu",
    Severity.CRITICAL,
    "A region is for devices that have no IOMMU",
    xen="Xen 4.16 to 4.18.3 and 4.19.0 switch AMD-Vi off (ENODEV).",
    linux="No effect: they are in no IOMMU group.",
    advice="Use Xen 4.18.4, 4.19.1, 4.20 or later, or turn off pre-boot DMA protection in the firmware "
    "setup.",
    advice_without_preboot="Use Xen 4.18.4, 4.19.1, 4.20 or later.",
    details=f"With AMD-Vi off, no device can be passed through. Later releases ignore the region for these "
    f"devices. Broad ranges, such as 00:00.0-0f:1f.7, have host bridges and the IOMMU in them. {LOAD}",
    source=_DEVICE,
)
def no_iommu(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs of devices, or of an IOMMU, that no IVHD block has."""
    for ivmd in facts.ivmds:
        if ivmd.block.type == BlockType.IVMD_IOMMU:
            yield from _no_such_iommu(facts, ivmd)
            continue
        fate = facts.walk_in_order.fates.get(ivmd.region.number)
        if fate is None or not fate.without_iommu:
            continue
        case = off_case(
            facts,
            ivmd,
            lambda behaviour: behaviour.needs_iommu,
            kept="ignores the region for these devices.",
        )
        number, total = fate.without_iommu, _ids(ivmd)
        message = f"names {total} device IDs, of which {number} have no IOMMU."
        if total == 1:
            message = f"is for {device_name(ivmd.block.device_id)}, which has no IOMMU."
        yield ivmd_hit(ivmd, message, device_fields(facts, ivmd), case=case)


def _no_such_iommu(facts: IvrsFacts, ivmd: Ivmd) -> Iterator[Hit]:
    """Yield that no IOMMU is where an IVMD of type 0x23 names one."""
    if facts.walk.walk.has_ids and facts.walk.walk.iommu_named(ivmd.block) is None:
        name = device_name(ivmd.block.device_id)
        case = off_case(facts, ivmd)
        if not case.xen:
            case = case._replace(xen=XEN_OFF_IVMD)
        message = f"is for the IOMMU {name}, which the table does not have."
        yield ivmd_hit(ivmd, message, device_fields(facts, ivmd), case=case)


@rule(
    "ivmd-before-ivhd",
    Severity.CRITICAL,
    "An IVMD is before the IVHD block of its devices",
    xen="Xen 4.16 to 4.18.3 and 4.19.0 switch AMD-Vi off (ENODEV).",
    linux="No effect: any order is accepted.",
    advice="Update the firmware, or put the block after the IVHD blocks: dmaragent encode.",
    details="Xen reads the blocks in order. With AMD-Vi off, no device can be passed through. Later releases "
    f"ignore the region for these devices, so that their DMA there fails. {LOAD_TABLE}",
    source=f"Xen amd/iommu_acpi.c, parse_ivrs_table; {_DEVICE}",
)
def before_ivhd(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs whose devices have an IOMMU only after them."""
    for ivmd in facts.ivmds:
        number = ivmd.region.number
        now, then = (own.fates.get(number) for own in (facts.walk, facts.walk_in_order))
        if now is None or then is None or now.without_iommu <= then.without_iommu:
            continue
        case = off_case(
            facts,
            ivmd,
            lambda behaviour: behaviour.needs_iommu,
            kept="ignores the region for these devices: their DMA there fails.",
        )
        message = "is before the IVHD block that its devices are in."
        if case.severity is Severity.WARNING:
            case = case._replace(severity=Severity.ERROR)
        yield ivmd_hit(ivmd, message, device_fields(facts, ivmd), case=case)


@rule(
    "ivmd-range-wide",
    Severity.ERROR,
    "A region is for devices of several slots",
    xen="Xen maps or excludes the region for each of them.",
    linux="Linux 6.6 and later keeps them from VFIO (mapped 1:1). No option helps.",
    advice=CUT,
    advice_without_preboot=CUT_WITHOUT_PREBOOT,
    details="VFIO gets EINVAL. Linux 5.4 to 6.5: VFIO accepts them, and mapping guest RAM over the region "
    f"fails (EINVAL). Before 5.4, nothing checks it. {LOAD}",
    source=f"Linux amd/iommu.c, amd_iommu_get_resv_regions; {_VFIO}",
    needs=[Need.PCI],
)
def range_wide(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions that Linux applies to devices of several slots."""
    functions = facts.functions or {}
    for ivmd in facts.ivmds:
        held = [own.sbdf for own in ivmd.region.linux if own.sbdf in functions]
        slots = {(sbdf.segment, sbdf.bus, sbdf.device) for sbdf in held}
        if len(slots) < 2:
            continue
        linux, severity = _vfio_case(facts)
        named = {owner.sbdf for owner in ivmd.region.owners if owner.sbdf in functions}
        yield ivmd_hit(
            ivmd,
            f"is for {len(named)} of the host's {len(functions)} PCI functions, and Linux applies it to "
            f"{len(held)}.",
            device_fields(facts, ivmd),
            linux=linux,
            severity=severity,
        )


def _vfio_case(facts: IvrsFacts) -> tuple[str, Severity | None]:
    """Return the effect on Linux if Xen has the IOMMU, or if the kernel is before 6.6."""
    if facts.inventory.linux.state is LinuxState.UNDER_XEN:
        words = "Without Xen, Linux 6.6 and later keeps them from VFIO (mapped 1:1)."
        return words, Severity.WARNING
    release = telling_release(facts.inventory.host.system.kernel_release)
    if release is not None and release < CHECKED_MAPPINGS:
        words = (
            "This kernel lets VFIO use them, and maps guest RAM there without a check: DMA of the "
            "firmware can overwrite it."
        )
        return words, Severity.WARNING
    if release is not None and release < NO_ONE_TO_ONE:
        words = "This kernel lets VFIO use them, but not map guest RAM there (EINVAL)."
        return words, Severity.WARNING
    return "", None


@rule(
    "ivmd-absent-device",
    Severity.INFO,
    "A region is for a device that is not present",
    xen="Xen 4.16 and later lists the region: strategy=host reserves it.",
    linux="No effect.",
    advice="No action needed.",
    details="The device may be switched off, or it has no PCI function: the IVHD block of type 0x40 can name "
    "an ACPI device with this ID.",
    source="Xen amd/iommu_map.c, amd_iommu_get_reserved_device_memory",
    needs=[Need.PCI],
)
def absent_device(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs of one device at whose address no function is present."""
    acpi_names = _acpi_names(facts)
    for ivmd in facts.ivmds:
        sbdf = function_with_id(ivmd.region.segment, ivmd.block.device_id)
        present = sbdf in (facts.functions or {})
        if ivmd.block.type != BlockType.IVMD_ONE or present or sbdf.segment:
            continue  # of another segment: ivmd-segment
        names = sorted(acpi_names.get(ivmd.block.device_id, ()))
        named = f" It is the ACPI device {', '.join(names)}." if names else ""
        message = f"is for {sbdf}, which is not present.{named}"
        linux = "Linux applies it to this ACPI device." if names else ""
        case = XenCase("", None)
        if ivmd.region.xen.listed is False:
            case = XenCase(f"Xen does not list the region: {ivmd.region.xen.reason}.", None)
        hit = ivmd_hit(ivmd, message, device_fields(facts, ivmd), linux=linux, case=case)
        yield hit._replace(device=sbdf)


def _acpi_names(facts: IvrsFacts) -> dict[int, set[str]]:
    """Return the HIDs of the ACPI devices with each ID."""
    names: dict[int, set[str]] = {}
    for _, block in facts.blocks:
        for entry in block.entries if isinstance(block, AnyIVHD) else ():
            if isinstance(entry, HidEntry):
                hid = entry.hid.rstrip(b"\0 ").decode("latin-1")
                names.setdefault(entry.device_id, set()).add(hid)
    return names


@rule(
    "ivmd-shadows-ivhd",
    Severity.CRITICAL,
    "An IVMD has the device ID of the first IVHD block",
    xen="No effect.",
    linux="Linux uses no IOMMU: it looks for IVHD blocks of the IVMD's type.",
    advice="Update the firmware, or leave the region out: dmaragent encode --without.",
    details='Linux prints "Unsupported IVHD type". '
    f"Linux takes the type of the last block with the device ID of the first one for that of the "
    f"IVHD blocks. {LOAD}",
    source="Linux amd/init.c, get_highest_supported_ivhd_type",
)
def shadows_ivhd(facts: IvrsFacts) -> Iterator[Hit]:
    """Find the IVMD whose type Linux takes for that of IVHD blocks."""
    if facts.linux is None or facts.linux.block_type not in IVMD_TYPES or not facts.ivmds:
        return
    offset, first = facts.blocks[0]
    device = first.device_id if isinstance(first, AnyIVHD) else None
    same = [
        ivmd
        for ivmd in facts.ivmds
        if ivmd.block.type == facts.linux.block_type and device in (None, ivmd.block.device_id)
    ]
    for ivmd in same[-1:]:
        name = device_name(ivmd.block.device_id)
        shown: tuple[Evidence, ...] = (ivmd_field(facts, ivmd, "device_id", name),)
        if isinstance(first, AnyIVHD):
            shown = (block_field(facts, offset, first, "device_id", name), *shown)
        yield ivmd_hit(ivmd, f"has the device ID {name}.", shown, case=XenCase("", None))


RULES: tuple[Rule, ...] = (
    range_inverted,
    id_unknown,
    no_iommu,
    before_ivhd,
    range_wide,
    absent_device,
    shadows_ivhd,
)
