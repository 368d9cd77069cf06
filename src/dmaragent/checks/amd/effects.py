"""The effect of a wrong IVMD on Xen, by release, and the sentences that several rules share."""

from collections.abc import Callable
from typing import NamedTuple

from dmaragent.checks.amd.facts import Ivmd, IvrsFacts
from dmaragent.checks.common.model import Severity
from dmaragent.xen.hypervisor.ivrs_behaviour import IvrsBehaviour
from dmaragent.xen.hypervisor.ivrs_blocks import stops_xen, wraps_around

XEN_OFF = "Xen switches AMD-Vi off (ENODEV): no device can be passed through."
NO_PASSTHROUGH = "no passthrough at all"
XEN_OFF_IVMD = f"Xen 4.16 and later switch AMD-Vi off (ENODEV): {NO_PASSTHROUGH}."
CUT = (
    "Turn off pre-boot DMA protection in the firmware setup, or leave the region out (dmaragent encode "
    "--without)."
)
CUT_WITHOUT_PREBOOT = "Leave the region out (dmaragent encode --without). Pre-boot DMA protection was not in use (IVinfo)."
"""The same if the firmware did not use the IOMMU before boot: there is nothing to turn off."""
LOAD = (
    "Firmware with pre-boot (kernel) DMA protection adds such blocks; some setups show the option "
    "only if the IOMMU is set to Enabled, not Auto. No option of Linux or Xen leaves a region out. "
    "docs/override.md has the risks of another table and how to load it: Linux from an initrd, Xen from "
    "GRUB with `acpi --exclude=IVRS`."
)
FIRMWARE = "Update the firmware, or load a corrected table: dmaragent encode."
LOAD_TABLE = (
    "Edit the output of `dmaragent decode --json`, raise the OEM revision and run `dmaragent encode "
    "--seal`. docs/override.md has the risks of another table and how to load it: Linux from an initrd, "
    "Xen from GRUB with `acpi --exclude=IVRS`."
)
WALK = "Xen amd/iommu_acpi.c, parse_ivmd_block"
LINUX_IVMD = "Linux amd/init.c, init_unity_map_range"


class XenCase(NamedTuple):
    """The effect of one case on Xen and its severity; empty and None: those of the rule."""

    xen: str
    severity: Severity | None
    advice: str = ""


def unknown_memory(facts: IvrsFacts, ivmd: Ivmd) -> str:
    """Return that an IVMD may be in RAM, unless the running Xen lists it; empty: that is known."""
    checked = facts.memory_checks.get(ivmd.region.number)
    tested = [one for one in facts.behaviours if one.lists_regions and not one.memory_test_inverted]
    if checked is None or not checked.doubt or facts.kept_by_xen(ivmd.region) or not tested:
        return ""
    return f"Unknown: {checked.doubt} (4.17.4, 4.18.1, 4.19 and later)."


def off_case(
    facts: IvrsFacts,
    ivmd: Ivmd,
    is_off: Callable[[IvrsBehaviour], bool] | None = None,
    *,
    errno: str = "ENODEV",
    kept: str = "",
) -> XenCase:
    """Return the effect of an IVMD that switches AMD-Vi off, by the release of this host.

    `is_off` decides for a release, and None is all of them from 4.16 on; `kept` is what the others
    do with the IVMD, as the predicate of a sentence.
    """
    if facts.ignored_by_xen(ivmd):
        why = f", which needs over {facts.address_bits} bits"
        if not facts.address_bits:
            why = "; IVinfo has 0 address bits"
        return XenCase(f"No effect: Xen ignores the region{why}.", Severity.WARNING)
    if wraps_around(ivmd.block) and not stops_xen(ivmd.block):
        return XenCase("Unknown: the end of the region wraps around.", Severity.WARNING)
    if not all(behaviour.lists_regions for behaviour in facts.behaviours):
        return XenCase(
            f"Unknown for Xen {facts.release}: before 4.16, an IVMD is treated otherwise.",
            Severity.WARNING,
        )
    off = [is_off is None or is_off(behaviour) for behaviour in facts.behaviours]
    severity = Severity.CRITICAL if any(off) else Severity.WARNING
    if facts.release is None or is_off is None:
        return XenCase("", severity)
    name = f"Xen {facts.release}"
    if all(off):
        return XenCase(f"{name} switches AMD-Vi off ({errno}): {NO_PASSTHROUGH}.", severity)
    if any(off):
        return XenCase(f"Some point releases of {name} switch AMD-Vi off ({errno}).", severity)
    return XenCase(f"{name} {kept}", severity)
