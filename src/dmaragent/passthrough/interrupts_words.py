"""Sentences about a kernel that does not remap interrupts."""

from dmaragent.inventory.words import OPTIONS_OF_LINUX_UNKNOWN, READ_OPTIONS_OF_LINUX
from dmaragent.linux.interrupts import OffBy, RemappingOff
from dmaragent.passthrough.words import capital

INTERRUPTS_MESSAGE = (
    'No interrupt remapping support.  Use the module param "allow_unsafe_interrupts" to enable VFIO '
    "IOMMU support on this platform"
)
OPTIONS_UNKNOWN = f"{OPTIONS_OF_LINUX_UNKNOWN}. Next: {READ_OPTIONS_OF_LINUX}"
_READ_PARAMETER = (
    "read /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts on the host. If it is missing, "
    "load that module first"
)
IF_UNSAFE_INTERRUPTS = "if allow_unsafe_interrupts is set: the kernel does not remap interrupts"


def interrupts_and_rest(off: RemappingOff, rest: str, *, unsafe: bool | None) -> str:
    """Return the condition or refusal; `off`: why Linux remaps none; `rest`: the other verdict."""
    if unsafe is None:
        condition = f"if vfio_iommu_type1 has allow_unsafe_interrupts=1: {_not_remapped(off)}"
    elif unsafe:
        condition = interrupts_risk(off)
    else:
        condition = f"{_not_remapped(off)}, and allow_unsafe_interrupts of VFIO is off"
    return f"{condition}. Apart from that, it is {rest}"


def _not_remapped(off: RemappingOff) -> str:
    return f"this kernel does not remap interrupts ({off.shown})"


def interrupts_case(off: RemappingOff, *, unsafe: bool | None) -> str:
    """Return the effect of a kernel that does not remap interrupts, and the fix."""
    effect = {
        None: "VFIO refuses every device unless allow_unsafe_interrupts=1 is set, also by a file "
        f"in /etc/modprobe.d. Next: {_READ_PARAMETER}.",
        False: "VFIO refuses every device.",
        True: "VFIO accepts that because allow_unsafe_interrupts is on. Risk: a guest with the device "
        "can raise any interrupt on the host.",
    }[unsafe]
    fix = {
        OffBy.OPTION: f"Remove {off.shown}",
        OffBy.IVRS: "Update the firmware: its table lacks an I/O APIC. ivrs_ioapic= can name it by hand",
        OffBy.FIRMWARE: "Turn on interrupt remapping in the firmware setup",
    }[off.by]
    return f"{capital(_not_remapped(off))}. {effect} {fix}."


def interrupts_risk(off: RemappingOff) -> str:
    """Return what a guest can do if VFIO accepts a kernel that does not remap interrupts."""
    return f"{_not_remapped(off)}, so a guest with the device can raise any interrupt on the host"


def interrupts_unknown_to_iommufd(off: RemappingOff) -> str:
    """Return why it is unknown whether iommufd accepts a kernel that does not remap interrupts."""
    return (
        f"{_not_remapped(off)}, so iommufd refuses every device unless its own allow_unsafe_interrupts=1 "
        "is set. That of vfio_iommu_type1 has no effect on it. Next: read "
        "/sys/module/iommufd/parameters/allow_unsafe_interrupts on the host"
    )


def interrupts_unknown(off: RemappingOff) -> str:
    """Return why it is unknown whether VFIO accepts a kernel that does not remap interrupts."""
    return (
        f"{_not_remapped(off)}, so VFIO refuses every device unless allow_unsafe_interrupts=1 is set. "
        f"Next: {_READ_PARAMETER}"
    )
