"""Rules about IVHD blocks: their fixed fields, and whether their IOMMU is present."""

from collections.abc import Iterator

from dmaragent.checks.amd.effects import FIRMWARE, LOAD_TABLE, XEN_OFF
from dmaragent.checks.amd.facts import IvrsFacts
from dmaragent.checks.amd.fields import block_field, ivhd_words
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.iommu.claims import function_with_id
from dmaragent.linux.ivrs import last_id_of
from dmaragent.xen.hypervisor.ivrs_blocks import SMALLEST_IVHD
from fwtables import block_length, device_name

_IOMMU_CLASS = 0x0806
_DETECT = "Xen amd/iommu_detect.c, amd_iommu_detect_one_acpi"


@rule(
    "ivhd-short",
    Severity.CRITICAL,
    "An IVHD block is shorter than 40 bytes",
    xen=XEN_OFF,
    linux="No effect: the block has all its fields.",
    advice=FIRMWARE,
    details=f"Xen wants 40 bytes of a block of type 0x10 too, whose fixed fields are 24. {LOAD_TABLE}",
    source=_DETECT,
)
def short(facts: IvrsFacts) -> Iterator[Hit]:
    """Find blocks that Xen uses and finds too short; those without all fields are damage."""
    for offset, block in facts.xen_ivhds:
        length = block_length(block)
        if length < SMALLEST_IVHD:
            name = ivhd_words(block)
            yield Hit(
                message=f"{name} has {length} bytes.",
                subject=name,
                evidence=(block_field(facts, offset, block, "length", str(length)),),
            )


@rule(
    "ivhd-zero-field",
    Severity.CRITICAL,
    "An IVHD block has no device ID, capability or register address",
    xen=XEN_OFF,
    linux="Unknown: Linux does not check these fields.",
    advice=FIRMWARE,
    details=LOAD_TABLE,
    source=_DETECT,
)
def zero_field(facts: IvrsFacts) -> Iterator[Hit]:
    """Find blocks that Xen uses with a field of 0 that must not be 0."""
    for offset, block in facts.xen_ivhds:
        for field in ("device_id", "capability_offset", "register_base_address"):
            if not getattr(block, field):
                name = ivhd_words(block)
                yield Hit(
                    message=f"{name}: the {field.replace('_', ' ')} is 0.",
                    subject=f"{name}: {field}",
                    evidence=(block_field(facts, offset, block, field, "0"),),
                )


@rule(
    "ivhd-no-device",
    Severity.ERROR,
    "There is no IOMMU where an IVHD block has one",
    xen="If Xen finds no IOMMU there either, it switches AMD-Vi off (ENODEV): no device can be passed "
    "through.",
    linux="Linux uses no IOMMU: it fails to set this one up (ENODEV).",
    advice="Turn the IOMMU on in the firmware setup, or update the firmware.",
    details="Linux does not see a function that the firmware hides.",
    source=f"{_DETECT}; Linux amd/init.c, iommu_init_pci",
    needs=[Need.PCI],
)
def no_device(facts: IvrsFacts) -> Iterator[Hit]:
    """Find blocks that Xen uses whose IOMMU is not present, or is another device."""
    for offset, block in facts.xen_ivhds:
        sbdf = function_with_id(block.segment_number, block.device_id)
        function = (facts.functions or {}).get(sbdf)
        problem = "no device is present there"
        if function is not None:
            if function.class_code is None or function.class_code >> 8 == _IOMMU_CLASS:
                continue
            problem = f"the device there has class {function.class_code:06x}"
        yield Hit(
            message=f"{ivhd_words(block)}: {problem}.",
            subject=str(sbdf),
            device=sbdf,
            evidence=(
                block_field(facts, offset, block, "device_id", device_name(block.device_id)),
            ),
            linux="" if function is None else "Unknown: Linux reads the other device's registers.",
        )


@rule(
    "ivhd-names-nothing",
    Severity.CRITICAL,
    "An IVHD block names no device",
    xen="No effect: the IOMMU serves no device.",
    linux="Linux uses no IOMMU.",
    advice=FIRMWARE,
    details=f"Linux counts devices, ends of ranges and ALL entries, but no I/O APIC and no ACPI device. "
    f"{LOAD_TABLE}",
    source="Linux amd/init.c, find_last_devid_from_ivhd",
)
def names_nothing(facts: IvrsFacts) -> Iterator[Hit]:
    """Find blocks that Linux uses and in which it finds no highest device ID."""
    for offset, block in facts.linux_ivhds:
        if last_id_of(block) is None:
            name = ivhd_words(block)
            length = str(block_length(block))
            yield Hit(
                message=f"{name} names no PCI device.",
                subject=name,
                evidence=(block_field(facts, offset, block, "length", length),),
            )


RULES: tuple[Rule, ...] = (short, zero_field, no_device, names_nothing)
