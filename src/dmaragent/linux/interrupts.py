"""Whether Linux remaps interrupts.  If not, VFIO refuses every device, whatever its regions.

Pure.  Sources in Linux:

* drivers/iommu/irq_remapping.c, ``setup_irqremap`` and ``setup_nointremap``: the last one counts;
* arch/x86/kernel/apic/apic.c, ``enable_IR_x2apic``: not without I/O APICs, which ``parse_noapic`` and
  ``arch_disable_smp_support`` (``nosmp``, ``maxcpus=0``) switch off, and ``setup_nolapic`` too;
* drivers/iommu/intel/dmar.c, ``dmar_ir_support``: VT-d needs the table's flag;
* drivers/iommu/intel/irq_remapping.c, ``intel_prepare_irq_remapping`` (not on chipsets with an
  erratum, not if a unit or an I/O APIC lacks it) and ``intel_cleanup_irq_remapping``;
* drivers/iommu/amd/init.c, ``check_ioapic_information``: AMD-Vi needs each I/O APIC in the table;
* drivers/vfio/vfio_iommu_type1.c, ``vfio_iommu_type1_attach_group``: EPERM, unless
  ``allow_unsafe_interrupts`` is set.  A file in /etc/modprobe.d can set it too, so the loaded
  module's own value counts before the command line.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

REMAPPING_FLAG = "INTR_REMAP"
"""The flag of a DMAR table by which firmware offers interrupt remapping."""
UNSAFE_PARAMETER = "vfio_iommu_type1.allow_unsafe_interrupts"
"""VFIO's parameter, as written on the kernel's command line."""
_LOGGED_OFF = re.compile(
    r"AMD-Vi: Disabling interrupt remapping"
    r"|DMAR-IR: (?:This system BIOS has enabled interrupt remapping|Not enabling interrupt remapping)"
    r"|DMAR-IR: Failed to enable irq remapping"
    r"|Not init interrupt remapping due to skipped IO-APIC setup"
)
"""The line about the BIOS goes on with "interrupt remapping is being disabled"."""
_LOGGED_ON = re.compile(r"DMAR-IR: Enabled IRQ remapping|AMD-Vi: Interrupt remapping enabled")
_WITHOUT_APIC = ("noapic", "nolapic", "disableapic", "nosmp")
"""Options with which the kernel uses no I/O APIC, and remaps no interrupt."""
TRUE = ("y", "Y", "t", "T", "1", "on", "oN", "On", "ON")
"""How a true value starts: lib/kstrtox.c, ``kstrtobool``."""


class OffBy(Enum):
    """What keeps Linux from remapping interrupts."""

    OPTION = "option"
    """An option on its command line."""
    IVRS = "ivrs"
    """AMD's table, which lacks an I/O APIC."""
    FIRMWARE = "firmware"
    """Intel's table, a remapping unit or the chipset."""


class RemappingOff(NamedTuple):
    """That Linux does not remap interrupts."""

    by: OffBy
    shown: str
    """The option as written, or what shows it."""


def remapping_off_option(options: Sequence[str]) -> str:
    """Return the option that switches interrupt remapping off, as written; empty if none does."""
    off = ""
    for option in options:
        name, _, value = option.partition("=")
        if name in _WITHOUT_APIC or option == "maxcpus=0":  # no later option turns it on again
            return option
        if name == "nointremap":
            off = option
        elif name == "intremap":
            for word in value.split(","):
                if word.startswith(("on", "off")):  # the kernel compares with strncmp
                    off = option if word.startswith("off") else ""
    return off


def remapping_off_in_log(log: Sequence[str]) -> str:
    """Return what the kernel logged when it switched interrupt remapping off; empty if it did not."""
    found = (_LOGGED_OFF.search(line) for line in log)
    return next((match[0] for match in found if match), "")


def is_remapping_unknown(options: Sequence[str] | None, log: Sequence[str] | None) -> bool:
    """Return whether nothing shows if Linux remaps interrupts, on a host that offers it.

    None for `options` or `log`: they could not be read.  Without options that switch it off, it is on.
    """
    return options is None and not any(_LOGGED_ON.search(line) for line in log or ())


def unsafe_interrupts(options: Sequence[str]) -> bool | None:
    """Return whether the command line sets VFIO's parameter; None if it does not have it."""
    found: bool | None = None
    for option in options:
        name, equals, value = option.partition("=")
        if name.replace("-", "_") == UNSAFE_PARAMETER:
            found = not equals or value.startswith(TRUE)
    return found
