"""The sentences of a comparison, a function for each.

Reasons are clauses in lower case; values of facts are words.
"""

from collections.abc import Iterable, Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.iommu.model import Access
from dmaragent.linux.regions import Hold
from dmaragent.xen.reserved_list.model import ListSource, Origin

NOT_LISTED = "not listed"
"""The value of an entry on the side whose list of Xen lacks it."""
_SOURCE_WORDS = {
    ListSource.HYPERVISOR: "reported by Xen",
    ListSource.PREDICTED: "predicted",
    ListSource.UNKNOWN: "unknown",
}
_ORIGIN_WORDS = {
    Origin.TABLE: "",
    Origin.OPTION: " (by an option on Xen's command line)",
    Origin.IVMD_OPTION: " (by an option on Xen's command line)",
    Origin.UNEXPLAINED: " (not explained by the table)",
    Origin.UNKNOWN: "",
}

_FACT_NAMES = {
    "xen": "Xen",
    "xen-point": "Xen's point release",
    "xen-options": "Xen's options",
    "xen-dom0": "kind of dom0",
    "xen-iommu": "Xen's IOMMU",
    "linux": "Linux",
    "linux-iommu": "Linux's IOMMU",
    "vt-d": "VT-d",
    "amd-vi": "AMD-Vi",
    "list-order": "order",
    "table-bytes": "other bytes of the table",
    "table-oem": "table OEM",
    "table-oem-revision": "table OEM revision",
    "include-pci-all": "INCLUDE_PCI_ALL",
    "proximity-domain": "NUMA node",
}


def fact_name(what: str) -> str:
    """Return the name of a fact for people; programs use its id."""
    return _FACT_NAMES.get(what, what.replace("-", " "))


def access(granted: Access) -> str:
    """Return the accesses that firmware grants in a region."""
    names = [flag.name.lower() for flag in Access if flag in granted and flag.name]
    return " and ".join(names) or "none"


# Why something is not compared.


def neither_has_a_table() -> str:
    """Return why nothing is compared if both hosts are known to have no table."""
    return "neither host has a DMAR or IVRS table"


def table_not_decoded() -> str:
    """Return why a table is not compared if its bytes are not a table."""
    return "nothing of its table can be decoded"


def table_not_known(kind: str) -> str:
    """Return why a table is not compared if it was not read; `kind` is the reason in documents."""
    return f"its table is unknown ({kind})"


def table_may_be_hidden() -> str:
    """Return why a table is not compared if Xen may keep it from its dom0."""
    return "its table is unknown, because Xen can hide it from its dom0"


def table_damaged() -> str:
    """Return a warning that structures of a side's table could not be read."""
    return "its table is damaged, and may contain what seems to be missing"


def functions_not_collected() -> str:
    """Return what is not compared if a side, or both, lack the PCI functions."""
    return "the PCI functions were not collected, so the presence of devices is not compared"


def memory_map_not_known() -> str:
    """Return what is not compared if a side lacks the memory map."""
    return "the memory map is unknown, so the memory types of regions are not compared"


def memory_types_not_known(regions: Sequence[int]) -> str:
    """Return that a side's memory map lacks the types of `regions`, which the other side knows."""
    one = len(regions) == 1
    types = "type" if one else "types"
    return f"the memory {types} of {_regions(regions)} {'is' if one else 'are'} unknown"


def listings_not_known(regions: Sequence[int]) -> str:
    """Return that it is unknown on a side whether Xen lists `regions`, which the other knows."""
    return f"it is unknown whether Xen lists {_regions(regions)}"


def _regions(ascending: Sequence[int]) -> str:
    """Return the numbers of regions as words, with runs as ranges: ``regions 1-3, 5``."""
    runs: list[list[int]] = []
    for number in ascending:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    names = ", ".join("-".join(map(str, run)) for run in runs)
    return f"region{'s' if len(ascending) > 1 else ''} {names}"


def list_not_certain(doubt: str) -> str:
    """Return that a side's predicted list of Xen may be another one, and why."""
    return f"Xen's list is not certain, so it is not compared: {doubt}"


def linux_under_xen() -> str:
    """Return what is not compared if only one side runs under Xen."""
    return "it runs under Xen, which owns the IOMMU, so Linux's view of regions is not compared"


def holds_predicted(devices: Sequence[SBDF]) -> str:
    """Return what is not compared if only the other side's kernel publishes the type of a region."""
    names = " ".join(map(str, devices))
    return (
        f"how Linux applies the regions of {names} is predicted here and published by the other "
        "side's kernel, so it is not compared"
    )


def lists_of_other_kinds(a: ListSource, b: ListSource) -> str:
    """Return what is not compared if the lists of Xen have different sources."""
    return (
        f"Xen's list is {_SOURCE_WORDS[a]} on A and {_SOURCE_WORDS[b]} on B, so it is not compared"
    )


def predictions_from_other_facts() -> str:
    """Return what is not compared if the predictions depend on different kinds of facts."""
    return (
        "Xen's list is predicted, and one side lacks the PCI functions or the memory map that decide "
        "it, so it is not compared"
    )


def facts_not_known(names: Iterable[str]) -> str:
    """Return the facts that only the other side knows."""
    return f"unknown on this side: {', '.join(map(fact_name, names))}"


# Why it is unknown whether the other side has a finding.


def needs_not_known(needs: Iterable[str]) -> str:
    """Return what the rule needs and the other side lacks."""
    return _with_verb(list(needs), "unknown")


def needs_known_on_one_side(needs: Iterable[str]) -> str:
    """Return what the rule uses and only one side knows."""
    return _with_verb(list(needs), "known on one side only")


def other_table_damaged() -> str:
    """Return that structures of the other side's table could not be read."""
    return "the table is damaged"


def _with_verb(names: list[str], state: str) -> str:
    several = len(names) > 1 or names[0].endswith("s")
    return f"{' and '.join(names)} {'are' if several else 'is'} {state}"


# Values that changed.


def sharing(sharers: int, *, shared: bool) -> str:
    """Return how many devices share a region."""
    return f"shared by {sharers}" if shared else "not shared"


def listing(*, listed: bool, reason: str) -> str:
    """Return whether Xen lists a region, and if not, the `reason` if it is known."""
    if listed:
        return "listed"
    return f"{NOT_LISTED}: {reason}" if reason else NOT_LISTED


def hold(sbdf: SBDF, held: Hold | None) -> str:
    """Return how Linux applies a region to a device; None: it does not."""
    return f"{sbdf} not applied" if held is None else f"{sbdf} {held.word}"


def iommu_state(iommu_disabled: str, doubt: str) -> str:
    """Return whether Xen uses VT-d, or why not; with a `doubt`, it may not use it."""
    if iommu_disabled:
        return f"off for the whole host: {iommu_disabled}"
    return "in use, not certain" if doubt else "in use"


def list_entry(entry: AddressRange, origin: Origin) -> str:
    """Return an entry of Xen's list with its origin."""
    return f"{span(entry)}{_ORIGIN_WORDS[origin]}"
