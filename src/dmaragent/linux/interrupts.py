"""Whether Linux remaps interrupts.  If not, VFIO refuses every device, whatever its regions.

Pure.  Sources in Linux:

* drivers/iommu/irq_remapping.c, ``setup_irqremap`` and ``setup_nointremap``: the last one counts;
* drivers/iommu/intel/dmar.c, ``dmar_ir_support``: VT-d needs the table's flag;
* drivers/vfio/vfio_iommu_type1.c, ``vfio_iommu_type1_attach_group``: EPERM, unless
  ``allow_unsafe_interrupts`` is set.  A file in /etc/modprobe.d can set it too.
"""

from collections.abc import Sequence

REMAPPING_FLAG = "INTR_REMAP"
"""The flag of a DMAR table by which firmware offers interrupt remapping."""
UNSAFE_PARAMETER = "vfio_iommu_type1.allow_unsafe_interrupts"
"""VFIO's parameter, as written on the kernel's command line."""
_TRUE = ("y", "Y", "t", "T", "1", "on", "oN", "On", "ON")
"""How a true value starts: lib/kstrtox.c, ``kstrtobool``."""


def remapping_off_option(options: Sequence[str]) -> str:
    """Return the option that switches interrupt remapping off, as written; empty if none does."""
    off = ""
    for option in options:
        name, _, value = option.partition("=")
        if name == "nointremap":
            off = option
        elif name == "intremap":
            for word in value.split(","):
                if word.startswith(("on", "off")):  # the kernel compares with strncmp
                    off = option if word.startswith("off") else ""
    return off


def unsafe_interrupts(options: Sequence[str]) -> bool | None:
    """Return whether the command line sets VFIO's parameter; None if it does not have it."""
    found: bool | None = None
    for option in options:
        name, equals, value = option.partition("=")
        if name.replace("-", "_") == UNSAFE_PARAMETER:
            found = not equals or value.startswith(_TRUE)
    return found
