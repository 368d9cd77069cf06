"""The sentences about a comparison: one function each, under the sentence's name.

Reasons are clauses that begin in lower case where they can; values of facts are words.
"""

from collections.abc import Iterable

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.linux.regions import Hold
from dmaragent.xen.reserved_list.model import ListSource, Origin

NOT_LISTED = "not listed"
"""The value of an entry on the side whose list of Xen lacks it."""
_SOURCE_WORDS = {
    ListSource.HYPERVISOR: "the hypervisor's own",
    ListSource.PREDICTED: "predicted",
    ListSource.UNKNOWN: "not known",
}
_ORIGIN_WORDS = {
    Origin.TABLE: "",
    Origin.OPTION: " (by rmrr= on Xen's command line)",
    Origin.UNEXPLAINED: " (not explained by the table)",
    Origin.UNKNOWN: "",
}

# Why something is not compared.


def neither_has_a_table() -> str:
    """Return why nothing is compared if both hosts are known to have no table."""
    return "neither has a DMAR table"


def table_not_decoded() -> str:
    """Return why a table is not compared: its bytes are no table."""
    return "nothing of its table can be decoded"


def table_not_known(kind: str) -> str:
    """Return why a table is not compared: it was not read, for the `kind` of reason in answers."""
    return f"its table is not known ({kind})"


def table_damaged() -> str:
    """Warn that structures of a side's table could not be read."""
    return "its table is damaged: what it seems to lack may be there"


def functions_not_collected() -> str:
    """Return what is left out if a side, or both, lack the PCI functions."""
    return "the PCI functions were not collected: whether owners are there is not compared"


def memory_map_not_known() -> str:
    """Return what is left out if a side lacks the memory map."""
    return "the firmware's memory map is not known: where regions lie in it is not compared"


def linux_under_xen() -> str:
    """Return what is left out if one side alone runs on Xen."""
    return "it runs on Xen, which owns the IOMMU: what Linux holds is not compared"


def lists_of_other_kinds(a: ListSource, b: ListSource) -> str:
    """Return what is left out if one list is Xen's own and the other a prediction or none."""
    return (
        f"Xen's list is {_SOURCE_WORDS[a]} on A and {_SOURCE_WORDS[b]} on B: "
        "what Xen lists is not compared"
    )


def predictions_from_other_facts() -> str:
    """Return what is left out if both lists are predicted, but not from the same kinds of facts."""
    return (
        "Xen's list is predicted, and on one side without the PCI functions or the memory "
        "map that decide it: what Xen lists is not compared"
    )


def facts_not_known(names: Iterable[str]) -> str:
    """Name the facts that the other side alone knows."""
    return f"not known there: {', '.join(name.replace('-', ' ') for name in names)}"


# Why it is not known whether the other side has a finding.


def needs_not_known(needs: Iterable[str]) -> str:
    """Name what the rule needs and the other side lacks."""
    return f"{' and '.join(needs)} not known"


def needs_known_on_one_side(needs: Iterable[str]) -> str:
    """Name what the rule uses and one side alone knows."""
    return f"{' and '.join(needs)} known on one side alone"


def other_table_damaged() -> str:
    """Blame structures of the other side's table that could not be read."""
    return "the table damaged"


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
    """Return how Linux holds a device to a region; None: it does not."""
    return f"{sbdf} not held" if held is None else f"{sbdf} {held.word}"


def vtd_state(vtd_disabled: str) -> str:
    """Return whether Xen uses VT-d, or why not."""
    return f"off for the whole host: {vtd_disabled}" if vtd_disabled else "in use"


def list_entry(entry: AddressRange, origin: Origin) -> str:
    """Write an entry of Xen's list with what it comes from."""
    return f"{span(entry)}{_ORIGIN_WORDS[origin]}"
