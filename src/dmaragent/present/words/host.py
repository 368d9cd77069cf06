"""A host in words: the source of its data, the machine, its table or why that is missing."""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.kinds import Absence, AbsenceKind
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux import words as sentences_on_linux
from dmaragent.linux.options import firmware_opts_out, why_iommu_unused
from dmaragent.linux.release import kernel_release
from dmaragent.linux.view import LinuxState
from dmaragent.present.escaping import identifier, visible
from dmaragent.present.words.numbers import count, rough_size_words
from dmaragent.present.words.region import (
    distinct_ids,
    distinct_owners,
    ids_in_short,
    no_device_known,
)
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import ListSource, XenList


def wrote(where: str, size: int) -> str:
    """Return that a file was written, with its size in KiB; `where` is printable."""
    return f"Wrote {where}: {-(-size >> 10)} KiB"


_HOST_WORDS = {
    "live": "This machine",
    "recorded": "Recorded machine",
    "directory": "Copied directory",
    "table": "Table file",
    "acpidump": "acpidump text",
    "iasl": "iasl text",
    "iasl-fields": "iasl text",
    "hexdump-c": "hexdump -C text",
    "hexdump": "hexdump text",
    "xxd": "xxd text",
    "od": "od text",
    "format-hex": "Format-Hex text",
    "hex-dump": "Hex dump",
    "hex": "Hexadecimal text",
    "c-source": "Source with the table's bytes",
    "base64": "base64 text",
    "uuencode": "uuencoded text",
    "bundle": "Bundle",
    "archive": "Archive",
}


def host_words(kind: str, path: str) -> str:
    """Return the kind of a host's data with its path, which is escaped."""
    return f"{_HOST_WORDS[kind]} {visible(path)}".rstrip()


_ABSENCE_WORDS = {
    AbsenceKind.DENIED: (
        "the {table} table is present, but reading it needs root: {evidence}",
        (
            "run this as root (sudo), or as a member of the group dmaragent of dmaragent.service; "
            "a recording must be made as root"
        ),
    ),
    AbsenceKind.FAILED: (
        "the {table} table could not be read: {evidence}",
        "fix the cause of that error",
    ),
    AbsenceKind.NOT_COLLECTED: (
        "the {table} table was not collected{evidence}, so the host may or may not have one",
        "copy {files} from the host as root",
    ),
    AbsenceKind.PVH_DOM0: (
        "Xen hides the {table} table from this PVH dom0: {evidence}",
        "run dmaragent as root in dom0, unless Xen's list was read: the list needs no table",
    ),
    AbsenceKind.HIDDEN: (
        "the {table} table is missing from sysfs, although the kernel found it at boot ({evidence})",
        "look for acpi= options, or for a kernel without CONFIG_ACPI's table files",
    ),
    AbsenceKind.AMD: (
        (
            "there is no IVRS table: AMD-Vi is off in the firmware setup, or the machine lacks it "
            "({evidence})"
        ),
        "set IOMMU (AMD-Vi) to Enabled in the firmware setup",
    ),
    AbsenceKind.ARM: (
        (
            "there is no DMAR or IVRS table: this is an Arm machine ({evidence}), whose reserved "
            "regions are RMR nodes of the IORT (not decoded)"
        ),
        (
            "rely on the regions that Linux reports in "
            "/sys/kernel/iommu_groups/*/reserved_regions: they are what it made of those nodes"
        ),
    ),
    AbsenceKind.VIRTUAL_MACHINE: (
        "there is no {table} table: this is a virtual machine ({evidence})",
        "run dmaragent on the host, or give this machine a virtual IOMMU",
    ),
    AbsenceKind.NO_ACPI: (
        "the {table} table is not visible: this kernel shows no ACPI tables ({evidence})",
        "boot without acpi=off; in a container, /sys/firmware may be hidden",
    ),
    AbsenceKind.VTD_OFF: (
        "there is no DMAR table: VT-d is off in the firmware setup, or the machine lacks VT-d",
        "switch on VT-d (Intel Virtualization Technology for Directed I/O) in the firmware setup",
    ),
    AbsenceKind.UNKNOWN: (
        "there is no {table} table: no {names} in /sys/firmware/acpi/tables",
        (
            "switch on {setting} in the firmware setup; virtual machines and a Xen PVH dom0 do not "
            "have the table"
        ),
    ),
}
_FILE_WORDS = {
    "DMAR": "/sys/firmware/acpi/tables/DMAR (RMAD in a Xen dom0)",
    "IVRS": "/sys/firmware/acpi/tables/IVRS",
}
_ANY_FILE = "/sys/firmware/acpi/tables/DMAR (RMAD in a Xen dom0; AMD: IVRS)"
_TABLE_NAMES = {"DMAR": "DMAR, RMAD or XMAR", "IVRS": "IVRS"}
_SETTINGS = {"DMAR": "VT-d", "IVRS": "the IOMMU (AMD-Vi)"}


def absence_words(absence: Absence) -> tuple[str, str]:
    """Return why there is no table, and the next step."""
    evidence = "; ".join(absence.evidence)
    if absence.kind is AbsenceKind.NOT_COLLECTED:
        evidence = f" ({evidence})" if evidence else ""
    elif absence.kind is AbsenceKind.NO_ACPI:
        evidence = evidence or "no acpi= option is set"
    values = {
        "table": absence.table,
        "evidence": evidence,
        "files": _FILE_WORDS.get(absence.table, _ANY_FILE),
        "names": _TABLE_NAMES.get(absence.table, "DMAR, RMAD, XMAR or IVRS"),
        "setting": _SETTINGS.get(absence.table, "VT-d (AMD: the IOMMU)"),
    }
    what, hint = _ABSENCE_WORDS[absence.kind]
    return what.format_map(values), hint.format_map(values)


OTHER_RELEASE_NEEDS_TABLE = (
    "Xen's list is that of the release that runs. For another release, boot this host with dom0=pv or "
    "without Xen, make a bundle there (dmaragent dump), and name it with --host"
)

FIND_DEVICES = "lspci -D on the host lists its functions"


def no_device_words(sbdf: SBDF) -> str:
    """Return that a host does not have a device."""
    return f"no device is present at {sbdf}, and no region names it"


def summary_facts(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Yield the facts about the host and the findings: a label and a sentence each."""
    for name, facts in (
        ("Machine", machine_words(inventory)),
        ("System", system_words(inventory)),
        ("Table", table_words(inventory)),
        ("PCI", pci_words(inventory)),
        ("Regions", regions_words(inventory)),
        ("Xen", xen_words(inventory)),
        ("Linux", linux_words(inventory)),
        ("Sources", sources_words(inventory)),
    ):
        if facts:
            yield name, facts


def short_summary_facts(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Yield the facts of a short answer; numbers without a problem are left out."""
    known = not isinstance(inventory.host.topology.functions, Missing)
    short = {"Machine": machine_name(inventory)}
    if known:
        short["PCI"] = ""
    if known and inventory.device is None and inventory.regions:
        short["Regions"] = region_count(inventory.regions)
    if inventory.linux.state is LinuxState.GROUPS:
        short["Linux"] = ""
    for name, facts in summary_facts(inventory):
        line = short.get(name, facts)
        if line:
            yield name, line


def machine_name(inventory: Inventory) -> str:
    """Return the machine's vendor and model, as far as they are known."""
    machine = inventory.host.machine
    return visible(" ".join(word for word in (machine.vendor, machine.model) if word))


def machine_words(inventory: Inventory) -> str:
    """Return the machine's name and its firmware."""
    machine = inventory.host.machine
    words = machine_name(inventory)
    firmware = f"firmware {machine.firmware}" if machine.firmware else ""
    return visible(", ".join(word for word in (words, firmware) if word))


def sources_words(inventory: Inventory) -> str:
    """Return, for a collector's report, which file has which reading; else empty."""
    files: dict[str, list[str]] = {}
    for reading, file in inventory.host.sources:
        files.setdefault(reading, []).append(file)
    return visible("; ".join(f"{reading}: {', '.join(named)}" for reading, named in files.items()))


def hypervisor_words(inventory: Inventory) -> str:
    """Return the hypervisor that the kernel runs on, or empty."""
    xen = inventory.host.xen
    if xen is None:
        return ""
    release = f"Xen {xen.version}".rstrip()
    kind = f"{xen.guest_type or ''} {'dom0' if xen.dom0 else 'guest'}".strip()
    return f"{release}, {kind}" if xen.dom0 is not None else release


def system_words(inventory: Inventory) -> str:
    """Return hypervisor, kernel, memory and boot options, as far as they are known."""
    host = inventory.host
    facts = [hypervisor_words(inventory)] if host.xen is not None else []
    if host.system.kernel_release:
        facts.append(f"Linux {host.system.kernel_release}")
    if host.system.memory_total:
        facts.append(f"{rough_size_words(host.system.memory_total)} of memory")
    if host.system.options:
        facts.append("options " + " ".join(host.system.options))
    return visible(", ".join(facts))


def table_words(inventory: Inventory) -> str:
    """Return the table's name, size, OEM, address width and units; empty if it is not decoded."""
    header = None if isinstance(inventory.iommu, Missing) else inventory.iommu.header
    if header is None:
        return ""
    reading = inventory.host.reading
    line = f"{visible(reading.name if reading else '')}, {header.length} bytes, "
    line += f"OEM {identifier(header.oem_id)} {identifier(header.oem_table_id)}, "
    line += f"{header.address_bits}-bit addresses, {count(len(inventory.units), 'unit')}"
    for other in inventory.host.other_tables:
        unread = isinstance(other.content, Missing)
        line += (
            f"; {other.name} {'could not be read' if unread else 'also exists, but is not used'}"
        )
    return line


def pci_words(inventory: Inventory) -> str:
    """Return how many PCI functions are present, or that they were not collected."""
    functions = inventory.host.topology.functions
    if isinstance(functions, Missing):
        return "not collected, so it is unknown which owners are present"
    number = count(len(functions), "function")
    virtual = sum(function.physical_function is not None for function in functions.values())
    return number + (f", {virtual} of them virtual (SR-IOV)" if virtual else "")


def regions_words(inventory: Inventory) -> str:
    """Return how many regions there are, of what size, and how many of their owners are present."""
    if isinstance(inventory.iommu, Missing) or inventory.iommu.header is None:
        return ""
    regions, device = inventory.regions, inventory.device
    if not regions and device and inventory.undetermined:
        paths = " ".join(inventory.undetermined)
        return f"none certainly names {device}, but these paths may lead to it: {paths}"
    if not regions and inventory.iommu.hides_structures:
        return "none in the decoded part of the table"
    if not regions:
        structure = iommu_vendor(inventory.host).region_structure
        return (
            f"none concerns {device}" if device else f"none: the table has no {structure} structure"
        )
    facts = [f"{region_count(regions)}, for {device} only" if device else region_count(regions)]
    shared = sum(region.xen.shared for region in regions)
    if shared:
        facts.append(f"{shared} shared by several devices")
    owners = distinct_owners(regions)
    for presence, word in (
        (Presence.PRESENT, "present"),
        (Presence.ABSENT, "absent"),
        (Presence.UNKNOWN, "possibly absent"),
    ):
        number = sum(owner.presence is presence for owner in owners)
        if number:
            facts.append(f"{count(number, 'owner')} {word}")
    return "; ".join(facts)


def region_count(regions: Sequence[Region]) -> str:
    """Return how many regions there are, and their size."""
    return f"{len(regions)}, {rough_size_words(sum(region.size for region in regions))} in all"


def xen_words(inventory: Inventory) -> str:
    """Return how many regions Xen lists or would list, the reason if none, and the assumptions."""
    listed = inventory.xen.list
    if listed.source is ListSource.UNKNOWN:
        return ""
    limits = "".join(f". {note[:1].upper()}{note[1:]}" for note in listed.notes)
    whole = isinstance(inventory.iommu, Missing) or not inventory.iommu.hides_structures
    return f"{_list_words(listed, iommu_vendor(inventory.host), whole=whole)}{limits}"


def _list_words(listed: XenList, vendor: IommuVendor, *, whole: bool) -> str:
    """Return what Xen's list has; `whole`: the table was decoded to its end."""
    own = listed.source is ListSource.HYPERVISOR
    if listed.iommu_disabled and not own:
        technology = vendor.technology
        off = f"would switch {technology} off for the whole host, so it would list no region"
        return f"{off} (predicted): {listed.iommu_disabled}"
    if not listed.entries:
        why = "; ".join(listed.why_empty)
        if not (own or whole):
            return "would list no region of the decoded part (predicted): regions may be missing"
        sentence = "lists no region (hypercall)" if own else "would list no region (predicted)"
        return f"{sentence}, so strategy=host reserves nothing" + (f": {why}" if why else "")
    number = _entries_words(listed)
    if not (own or whole):
        return f"would list {number} of the decoded part (predicted): regions may be missing"
    return f"lists {number} (hypercall)" if own else f"would list {number} (predicted)"


def _entries_words(listed: XenList, noun: str = "region") -> str:
    """Return how many regions a list has, and how many entries if it repeats some."""
    entries = sum(entry.devices for entry in listed.entries)
    repeats = any(entry.devices > 1 for entry in listed.entries)
    regions = len({entry.range for entry in listed.entries} if repeats else listed.entries)
    number = count(regions, noun)
    if entries == regions:
        return number
    return f"{number} in {entries:,} entries, one for each device ID of a region"


def linux_words(inventory: Inventory) -> str:
    """Return whether this kernel uses the IOMMU, and how many groups it has."""
    host = inventory.host
    if inventory.linux.state is LinuxState.UNDER_XEN:
        return "no IOMMU groups: Xen owns the IOMMU"
    if inventory.linux.state is LinuxState.NO_GROUPS:
        release = kernel_release(host.system.kernel_release)
        opted_out = firmware_opts_out(inventory.table_flags, release)
        unused = why_iommu_unused(host.system.options, iommu_vendor(host), opted_out=opted_out)
        return visible(sentences_on_linux.no_groups(unused))
    if inventory.linux.state is LinuxState.UNKNOWN or isinstance(host.groups, Missing):
        return ""
    return count(len(host.groups), "IOMMU group")


def host_sentence(inventory: Inventory) -> str:
    """Return the host in a sentence: machine, hypervisor, and what its firmware reserves."""
    machine = machine_words(inventory) or "A host of unknown make"
    below = hypervisor_words(inventory)
    under = f", running {below}," if below else ""
    return f"{machine}{under} {_reserves(inventory)}."


def _reserves(inventory: Inventory) -> str:
    regions, vendor = inventory.regions, iommu_vendor(inventory.host)
    if isinstance(inventory.iommu, Missing):
        sentence = f"shows no {vendor.table_name} table"
        if inventory.xen.list.entries:
            number = _entries_words(inventory.xen.list, "reserved region")
            return f"{sentence}; its hypervisor lists {number}"
        if inventory.published:
            number = count(len(inventory.published), "reserved region")
            return f"{sentence}; Linux reports {number}"
        return f"{sentence}, so the memory that its firmware reserves is unknown"
    table = f"{vendor.article} {vendor.table_name} table"
    if inventory.iommu.header is None:
        return f"has {table} that could not be decoded"
    damaged = inventory.iommu.hides_structures
    if not regions and damaged:
        return f"has {table} that is damaged, with no {vendor.region_structure} structure in its decoded part"
    if not regions:
        return (
            f"reserves no memory for devices: its {vendor.table_name} table has no "
            f"{vendor.region_structure} structure"
        )
    size = rough_size_words(sum(region.size for region in regions))
    number = count(len(regions), "memory region")
    more = " (its table is damaged, so regions may be missing)" if damaged else ""
    return f"reserves {number}, {size} in all, {_reserved_for(inventory)}{more}"


def _reserved_for(inventory: Inventory) -> str:
    """Return for whom regions are reserved: devices, or IDs of which no device is known."""
    owners = distinct_owners(inventory.regions)
    ids = distinct_ids(region for region in inventory.regions if not region.owners)
    parts = [f"for {count(len(owners), 'device')}"] if owners else []
    if ids:
        parts.append(f"for {ids_in_short(ids)} ({no_device_known(inventory)})")
    return " and ".join(parts) or "for no device"
