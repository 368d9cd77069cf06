"""How Xen assigns the devices of a guest, and what is unknown about the host."""

from collections.abc import Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.errors import excerpt
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.policy.words import capitalized

# How devices are assigned -----------------------------------------------------------------


def function_there_already(sbdf: SBDF) -> str:
    return f"{sbdf} cannot be added: the guest already has it"


def function_given_twice(sbdf: SBDF) -> str:
    return f"{sbdf} cannot be added: the configuration lists it twice"


def name_unknown(name: str) -> str:
    return f"unknown which device name={excerpt(name)} means: only xenstore has the name"


def all_functions_without_slot(entry: str) -> str:
    return f"{entry}: all functions (*) need a slot in the guest, written @VSLOT"


def function_absent(sbdf: SBDF) -> str:
    return f"no device is present at {sbdf}"


def host_bridge(sbdf: SBDF) -> str:
    return f"{sbdf} is a host bridge, which Xen never assigns"


def bridge(sbdf: SBDF) -> str:
    return (
        f"{sbdf} is a bridge of the chipset, which the host needs: dmaragent does not judge bridges"
    )


def no_unit(sbdf: SBDF) -> str:
    return f"no remapping unit (DRHD) of the table covers {sbdf}, so Xen finds no IOMMU for it"


def unit_of_virtual_unknown(sbdf: SBDF) -> str:
    return (
        f"no remapping unit (DRHD) of the table names {sbdf}. It may be a virtual function, which has "
        "the unit of its physical function: the link to that was not read"
    )


def used_by_xen(sbdf: SBDF, option: str) -> str:
    return f"Xen uses {sbdf} itself, and assigns it to no guest: remove {option} to free it"


def may_be_used_by_xen(sbdf: SBDF, option: str) -> str:
    return f"Xen may use {sbdf} itself ({option}), and then assigns it to no guest"


def unit_unknown(sbdf: SBDF) -> str:
    return (
        f"no remapping unit (DRHD) of the table names {sbdf}. It may be behind a bridge that one names: "
        "the PCI functions are unknown"
    )


def without_iommu(sbdf: SBDF) -> str:
    return (
        f"Xen uses no IOMMU, and up to 4.12 a PV guest can have {sbdf} all the same. By DMA the guest "
        "can then read and overwrite all memory of the host"
    )


def untranslated(sbdf: SBDF, option: str) -> str:
    """Return that `option` on Xen's command line leaves the unit of a graphics device off."""
    return (
        f"{option} on Xen's command line switches VT-d off for {sbdf}. By DMA the guest can then read "
        "and overwrite all memory of the host, and a driver in an HVM guest does so"
    )


def inherits_no_policy(sbdf: SBDF) -> str:
    return f"{sbdf} inherits a policy that is neither strict nor relaxed"


def _shared(region: AddressRange, sbdf: SBDF, sharers: int) -> str:
    return f"firmware names {sharers} devices for region {span(region)} of {sbdf}"


def shared_and_strict(region: AddressRange, sbdf: SBDF, sharers: int) -> str:
    shared = _shared(region, sbdf, sharers)
    return f"{shared}, and the device is strict. Xen counts all of them, present or not"


def shared_and_relaxed(region: AddressRange, sbdf: SBDF, sharers: int) -> str:
    shared = _shared(region, sbdf, sharers)
    return f"{shared}. The device is relaxed, so Xen assigns it and logs that this is risky"


def _ram_in_region(region: AddressRange, sbdf: SBDF, ram: AddressRange) -> str:
    at = "" if ram == region else f" at {span(ram)}"
    return f"guest RAM overlaps region {span(region)} of {sbdf}{at}"


def ram_in_strict_region(region: AddressRange, sbdf: SBDF, ram: AddressRange) -> str:
    overlap = _ram_in_region(region, sbdf, ram)
    return f"{overlap}, and the device is strict, so the region cannot be mapped"


def ram_in_relaxed_region(region: AddressRange, sbdf: SBDF, ram: AddressRange) -> str:
    overlap = _ram_in_region(region, sbdf, ram)
    return f"{overlap}. Xen does not map those pages, and DMA to the region can overwrite guest RAM"


_BRIDGED = "Since XSA-400, Xen does not assign such a device if it has a region"


def conventional_pci(sbdf: SBDF, bridge: SBDF) -> str:
    return f"{sbdf} is a conventional PCI device behind bridge {bridge}. {_BRIDGED}"


def conventional_pci_possible(sbdf: SBDF, bridge: SBDF) -> str:
    return f"{sbdf} may be a conventional PCI device behind bridge {bridge}. {_BRIDGED}"


def conventional_pci_by_point_release(sbdf: SBDF, bridge: SBDF) -> str:
    return (
        f"{conventional_pci(sbdf, bridge)}. The first point releases of this series do not have "
        "that change"
    )


def host_gap(sbdf: SBDF, unknown: str, next_step: str) -> str:
    """Return what is `unknown` about the host, on which the answer about a device depends."""
    return f"{sbdf}: {unknown}. {capitalized(next_step)}"


def regions_unknown(sbdf: SBDF) -> str:
    return f"the regions of {sbdf} are unknown: Xen cannot report them"


def regions_may_be_more(sbdf: SBDF, paths: Sequence[str]) -> str:
    return f"unknown whether {sbdf} has more regions. Paths that may lead to it: {', '.join(paths)}"


def sharing_unknown_without_table(sbdf: SBDF) -> str:
    return f"unknown whether other devices share the regions of {sbdf}: there is no table"


def sharing_unknown_of_structure(sbdf: SBDF) -> str:
    why = "no structure of the table describes them"
    return f"unknown whether other devices share the regions of {sbdf}: {why}"


# On AMD -----------------------------------------------------------------------------------

AMD_LIST_CONTRADICTS = (
    "unknown whether AMD-Vi is on: Xen lists regions, although its rules switch AMD-Vi off"
)


def no_iommu(sbdf: SBDF) -> str:
    return f"{sbdf} has no IOMMU: no IVHD block that Xen uses names it"


def aliased(sbdf: SBDF, requester: SBDF) -> str:
    return (
        f"the IOMMU sees {sbdf} as {requester}, which has a region. Xen does not assign such a "
        "device"
    )


def unknown_without_ivrs(sbdf: SBDF) -> str:
    return f"unknown how Xen assigns {sbdf}: the IVRS table decides it, and was not read"


def amd_unknown(sbdf: SBDF, why: str) -> str:
    return f"unknown how Xen assigns {sbdf}: {why}"


def ram_in_exclusion(region: AddressRange, sbdf: SBDF, ram: AddressRange) -> str:
    overlap = _ram_in_region(region, sbdf, ram)
    return (
        f"{overlap}. It is an exclusion range: DMA of the device there is not translated and reaches "
        "host memory, with either policy"
    )


def overlaps_earlier_map(
    region: AddressRange, sbdf: SBDF, earlier: AddressRange, other: SBDF
) -> str:
    if region == earlier:
        return (
            f"{sbdf} and {other} have region {span(region)} with different access rights, so a guest "
            "cannot have both devices"
        )
    return (
        f"region {span(region)} of {sbdf} overlaps region {span(earlier)} of {other}, which the guest "
        "has already. Xen maps both only if they are equal"
    )


def kind_of_region_unknown(region: AddressRange, sbdf: SBDF, ram: AddressRange) -> str:
    overlap = _ram_in_region(region, sbdf, ram)
    return f"{overlap}, and the table does not explain whether Xen maps or excludes it"


# What the host decides --------------------------------------------------------------------

XENS_IOMMU_OFF = "Xen's IOMMU is off: `xl info` lists no directio among virt_caps"


def xen_stops(why: str) -> str:
    return f"Xen does not boot with this table: {why}"


def iommu_off_by_xen(why: str, vendor: IommuVendor) -> str:
    return f"Xen switches {vendor.technology} off for the whole host, because {why}"


XENS_LIST_LACKS_REGIONS = (
    "Xen's list lacks regions that Xen should accept by its rules, for an unknown reason"
)
TABLE_UNDECODED = "the table cannot be decoded, and there is no hypervisor to report regions"
NO_TABLE_NOR_HYPERVISOR = "there is neither a table nor a hypervisor to report regions"
TABLE_DAMAGED = "the table is damaged, so regions may be missing"
