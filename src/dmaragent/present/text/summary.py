"""The head of an inventory for people: the host in a few lines, what limits the answer first."""

from collections.abc import Iterator

from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory
from dmaragent.iommu.vendor import iommu_vendor
from dmaragent.linux.options import unused_words
from dmaragent.linux.view import LinuxState
from dmaragent.present.escaping import identifier, visible
from dmaragent.present.text.tables import paragraph
from dmaragent.present.wording import absence_words, count, rough_size_words
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import ListSource

_HANG = 9


def summary_text(inventory: Inventory) -> Iterator[str]:
    """Give the lines that say what host this is and what was found."""
    yield from limits_text(inventory)
    for name, facts in summary_facts(inventory):
        yield from paragraph(
            f"{name:{_HANG}}".replace(" ", "\N{NO-BREAK SPACE}") + facts, hang=_HANG
        )


def summary_facts(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Give what is known of the host and of what was found: a name and a sentence each."""
    for name, facts in (
        ("Machine", machine_words(inventory)),
        ("System", _system(inventory)),
        ("Table", _table(inventory)),
        ("PCI", _pci(inventory)),
        ("Regions", _regions(inventory)),
        ("Xen", _xen(inventory)),
        ("Linux", _linux(inventory)),
        ("Sources", sources_words(inventory)),
    ):
        if facts:
            yield name, facts


def limits_text(inventory: Inventory) -> Iterator[str]:
    """Begin with what may make the answer short, if anything does."""
    if inventory.absence is not None:
        what, hint = absence_words(inventory.absence)
        yield from paragraph(visible(what[:1].upper() + what[1:]) + ".")
        yield from paragraph(f"Next: {hint}.")
    elif not isinstance(inventory.iommu, Missing) and inventory.iommu.damage:
        nothing = inventory.iommu.header is None
        yield f"THE TABLE IS DAMAGED: {'nothing could be decoded' if nothing else 'regions may be missing'}"
        for damage in inventory.iommu.damage:
            yield from paragraph(str(damage), indent=2, hang=2)


def machine_name(inventory: Inventory) -> str:
    """Name the machine's maker and model, as far as they are known."""
    machine = inventory.host.machine
    return visible(" ".join(word for word in (machine.vendor, machine.model) if word))


def machine_words(inventory: Inventory) -> str:
    """Name the machine and its firmware."""
    machine = inventory.host.machine
    words = machine_name(inventory)
    firmware = f"firmware {machine.firmware}" if machine.firmware else ""
    return visible(", ".join(word for word in (words, firmware) if word))


def sources_words(inventory: Inventory) -> str:
    """Name the files of a collector's report that readings are from, if it is one."""
    files: dict[str, list[str]] = {}
    for reading, file in inventory.host.sources:
        files.setdefault(reading, []).append(file)
    return visible("; ".join(f"{reading}: {', '.join(named)}" for reading, named in files.items()))


def hypervisor_words(inventory: Inventory) -> str:
    """Name the hypervisor that the kernel runs on, or nothing."""
    xen = inventory.host.xen
    if xen is None:
        return ""
    release = "Xen" if xen.release is None else "Xen {}.{}".format(*xen.release.series)
    kind = f"{xen.guest_type or ''} {'dom0' if xen.dom0 else 'guest'}".strip()
    return f"{release}{xen.extra or ''}, {kind}" if xen.dom0 is not None else release


def _system(inventory: Inventory) -> str:
    host = inventory.host
    told = [hypervisor_words(inventory)] if host.xen is not None else []
    if host.system.kernel_release:
        told.append(f"Linux {host.system.kernel_release}")
    if host.system.memory_total:
        told.append(f"{rough_size_words(host.system.memory_total)} of memory")
    if host.system.options:
        told.append("options " + " ".join(host.system.options))
    return visible(", ".join(told))


def _table(inventory: Inventory) -> str:
    header = None if isinstance(inventory.iommu, Missing) else inventory.iommu.header
    if header is None:
        return ""
    reading = inventory.host.reading
    told = f"{visible(reading.name if reading else '')}, {header.length} bytes, "
    told += f"OEM {identifier(header.oem_id)} {identifier(header.oem_table_id)}, "
    told += f"{header.address_bits}-bit addresses, {count(len(inventory.units), 'unit')}"
    for other in inventory.host.other_tables:
        unread = isinstance(other.content, Missing)
        told += f"; {other.name} {'could not be read' if unread else 'is there too, not used'}"
    return told


def _pci(inventory: Inventory) -> str:
    functions = inventory.host.topology.functions
    if isinstance(functions, Missing):
        return "not collected: whether the owners are there cannot be said"
    told = count(len(functions), "function")
    virtual = sum(one.physical_function is not None for one in functions.values())
    return told + (f", {virtual} of them virtual (SR-IOV)" if virtual else "")


def _regions(inventory: Inventory) -> str:
    if isinstance(inventory.iommu, Missing) or inventory.iommu.header is None:
        return ""
    regions, device = inventory.regions, inventory.device
    if not regions and device and inventory.undetermined:
        paths = " ".join(inventory.undetermined)
        return f"none names {device} for certain; these paths could lead to it: {paths}"
    if not regions and inventory.iommu.damage:
        return "none in what could be decoded"
    if not regions:
        return f"none concerns {device}" if device else "none: the table has no RMRR structure"
    told = [f"only those that concern {device}"] if device else []
    told += [f"{len(regions)}, {rough_size_words(sum(region.size for region in regions))} in all"]
    shared = sum(region.xen.shared for region in regions)
    if shared:
        told.append(f"{shared} shared by several devices")
    owners = {(owner.sbdf, owner.hops): owner for region in regions for owner in region.owners}
    for presence, word in (
        (Presence.PRESENT, "present"),
        (Presence.ABSENT, "absent"),
        (Presence.UNKNOWN, "not looked for"),
    ):
        number = sum(owner.presence is presence for owner in owners.values())
        if number:
            told.append(f"{count(number, 'owner')} {word}")
    return "; ".join(told)


def _xen(inventory: Inventory) -> str:
    listed = inventory.xen.list
    if listed.source is ListSource.UNKNOWN:
        return ""
    own = listed.source is ListSource.HYPERVISOR
    limits = "".join(f"; {note}" for note in listed.notes)
    if listed.iommu_disabled and not own:
        off = "would switch VT-d off for the whole host, and list no region"
        return f"{off} (predicted{limits}): {listed.iommu_disabled}"
    if not listed.entries:
        why = "; ".join(listed.why_empty)
        said = "lists no region (hypercall)" if own else f"would list no region (predicted{limits})"
        return f"{said}, so strategy=host reserves nothing" + (f": {why}" if why else "")
    number = count(len(listed.entries), "region")
    return f"lists {number} (hypercall)" if own else f"would list {number} (predicted{limits})"


def _linux(inventory: Inventory) -> str:
    host = inventory.host
    if inventory.linux.state is LinuxState.UNDER_XEN:
        return "IOMMU groups are not applicable under Xen, which owns the IOMMU"
    if inventory.linux.state is LinuxState.NO_GROUPS:
        why = unused_words(host.system.options, iommu_vendor(host))
        return f"no IOMMU groups: this kernel does not use the IOMMU{visible(why)}"
    if inventory.linux.state is LinuxState.UNKNOWN or isinstance(host.groups, Missing):
        return ""
    return count(len(host.groups), "IOMMU group")
