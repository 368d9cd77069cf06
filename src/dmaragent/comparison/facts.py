"""The facts of two hosts besides regions: machine, software, the table's header and damage."""

from collections.abc import Iterator

from dmaragent.comparison import words
from dmaragent.comparison.comparability import TableState, damage_of, table_state
from dmaragent.comparison.model import Changed, NotCompared, Side
from dmaragent.inventory import Inventory
from dmaragent.iommu import words as iommu_words
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.linux.view import LinuxState
from dmaragent.readings import Missing

_LINUX_WORDS = {
    LinuxState.GROUPS: "IOMMU groups",
    LinuxState.UNDER_XEN: "under Xen, which owns the IOMMU",
    LinuxState.NO_GROUPS: "no IOMMU groups",
}
_NO_XEN = "none"
_NONE_WORDS = {
    AbsenceKind.AMD: iommu_words.AMD_VI_OFF,
    AbsenceKind.ARM: "an Arm machine",
    AbsenceKind.VIRTUAL_MACHINE: "a virtual machine",
    AbsenceKind.VTD_OFF: iommu_words.VTD_OFF,
    AbsenceKind.UNKNOWN: "reason unknown",
}
TABLE_FACTS = frozenset(
    {
        "table-signature",
        "table-length",
        "table-revision",
        "table-oem",
        "table-oem-revision",
        "table-creator",
        "address-width",
        "table-flags",
        "damage",
    }
)
"""The facts that only the bytes of the table decide."""


def changed_facts(a: Inventory, b: Inventory) -> Iterator[Changed]:
    """Yield the facts that both sides know and that differ."""
    point = not _lacks_point(a) and not _lacks_point(b)
    ours, theirs = _facts(a, point=point), _facts(b, point=point)
    for name, old in ours.items():
        new = theirs.get(name)
        if old is not None and new is not None and old != new:
            yield Changed(name, old, new)


def _lacks_point(inventory: Inventory) -> bool:
    """Return whether only the series of its Xen is known."""
    xen = inventory.host.xen
    return xen is not None and xen.release is not None and xen.extra is None


def _knows_point(inventory: Inventory) -> bool:
    """Return whether the full release of its Xen is known."""
    xen = inventory.host.xen
    return xen is not None and xen.release is not None and xen.extra is not None


def unknown_facts(a: Inventory, b: Inventory) -> Iterator[NotCompared]:
    """Yield the facts that only one side knows."""
    ours, theirs = _system_facts(a), _system_facts(b)
    for side, own, others in ((Side.A, ours, theirs), (Side.B, theirs, ours)):
        names = [name for name, value in own.items() if value is None and others[name] is not None]
        mine, other = (a, b) if side is Side.A else (b, a)
        if _lacks_point(mine) and _knows_point(other):
            names.append("xen-point")
        if own["xen"] == _NO_XEN:
            names = [name for name in names if not name.startswith("xen")]
        if names:
            yield NotCompared("facts", side, words.facts_not_known(names))


def _facts(inventory: Inventory, *, point: bool) -> dict[str, str | None]:
    return {**_system_facts(inventory, point=point), **_table_facts(inventory)}


def _system_facts(inventory: Inventory, *, point: bool = True) -> dict[str, str | None]:
    """Return the host's facts by their names in documents; None: unknown.

    `point`: the release of Xen is to have its point release.
    """
    machine, system = inventory.host.machine, inventory.host.system
    return {
        "vendor": machine.vendor,
        "model": machine.model,
        "board": machine.board,
        "firmware": machine.firmware,
        "processor": system.cpu_vendor,
        **_xen_facts(inventory, point=point),
        "kernel": system.kernel_release,
        "kernel-options": None if system.options is None else " ".join(system.options) or "none",
        "linux-iommu": _LINUX_WORDS.get(inventory.linux.state),
    }


def _xen_facts(inventory: Inventory, *, point: bool) -> dict[str, str | None]:
    """Return the facts about Xen: if Linux has IOMMU groups, the host does not run Xen."""
    xen = inventory.host.xen
    if xen is None:
        none = _NO_XEN if inventory.linux.state is LinuxState.GROUPS else None
        return {"xen": none, "xen-options": None, "xen-dom0": None, "xen-iommu": None}
    enabled = xen.iommu_enabled
    release = None if xen.release is None else "{}.{}".format(*xen.release.series)
    extra = (xen.extra or "") if point else ""
    return {
        "xen": None if release is None else f"{release}{extra}",
        "xen-options": xen.command_line,
        "xen-dom0": xen.guest_type,
        "xen-iommu": None if enabled is None else "on" if enabled else "off",
    }


def _table_facts(inventory: Inventory) -> dict[str, str | None]:
    """Return the fields of the table's header, and the table's damage."""
    state = table_state(inventory)
    facts: dict[str, str | None] = {
        "table": {
            TableState.THERE: "there",
            TableState.NONE: f"none: {_absence_words(inventory)}",
            TableState.UNKNOWN: None,
        }[state]
    }
    header = None if isinstance(inventory.iommu, Missing) else inventory.iommu.header
    if header is None:
        return facts
    return facts | {
        "table-signature": _identifier(header.signature),
        "table-length": f"{header.length} bytes",
        "table-revision": str(header.revision),
        "table-oem": f"{_identifier(header.oem_id)} {_identifier(header.oem_table_id)}",
        "table-oem-revision": f"{header.oem_revision:#x}",
        "table-creator": f"{_identifier(header.creator_id)} {header.creator_revision:#x}",
        "address-width": f"{header.address_bits} bits",
        "table-flags": " ".join(header.flags) or "none",
        "damage": "; ".join(map(str, damage_of(inventory))) or "none",
    }


def _absence_words(inventory: Inventory) -> str:
    return "" if inventory.absence is None else _NONE_WORDS.get(inventory.absence.kind, "")


def _identifier(raw: bytes) -> str:
    return raw.rstrip(b"\0 ").decode("latin-1")
