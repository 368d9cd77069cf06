"""Format strings filled with plausible values: the line that a program would print."""

import re

DEVICE = "0000:0a:00.0"
_ADDRESS = "7dffd000"
_HEX = r"%(?:0?\d|\.\d)?[hl]*x"
_SBDF = re.compile(
    rf"(?:{_HEX}[:-])?{_HEX}[:-]{_HEX}[.:-]%(?:0?\d|\.\d)?[hl]*[uxdi]|\b%02x:%02x\.%[dux]"
)
_CONVERSION = re.compile(
    r"%(?P<flags>[-#+ 0']*)(?P<width>\d+|\*)?(?:\.(?P<precision>\d+|\*))?"
    r"(?P<length>hh|h|ll|l|z|j|t|L|q)?(?P<kind>[diouxXscpPmfgeE%])(?P<more>[a-zA-Z]{0,3})"
)
_ERROR_BEFORE = re.compile(
    r"(?:err(?:or|no)?|ret|rc|failed|fail|code)\W{0,4}$|\) = $", re.IGNORECASE
)
_DEVICE_BEFORE = re.compile(
    r"(?:^|device|devices|dev|PCI|BDF|bdf|attach|vfio|VF|PF|\[)[ '`\[(]{0,2}$", re.IGNORECASE
)
_KNOWN = (
    (r"^%s %s: ", f"vfio-pci {DEVICE}: "),
    (r"^PCI device (%\S+) %s\?$", r"PCI device \1 already assigned to a different guest?"),
    (r"^%s(?=: (?:page at|\[%#lx))", "RMRR"),
    (r"%s(?=: reason)", "DMAR"),
    (r"does not match for %s", f"does not match for {DEVICE}"),
    (r"DMAR: Failed to map %s", "DMAR: Failed to map dmar0"),
    (r"(\[%lx-%lx\] exceeds)$", r"\1 16 pages"),
    (r"^Active %s|^Active %1\$s", f"Active {DEVICE}"),
    (r"bus with %s|bus with %2\$s", f"bus with {DEVICE}"),
    (r"^%s(?=\[VT-D\])", ""),
    (r"It's %s to assign", "It's disallowed to assign"),
    (r"\[%s(?= NO_PASID| PASID|\])", "[DMA Write"),
    (r"Couldn't enable %s", "Couldn't enable IOMMU"),
    (r'parameter "%s" has', 'parameter "rmrr" has'),
    (r"QI%s wait", "QI dev wait"),
    (r"(virtualisation|remapping) %sabled", r"\1 disabled"),
    (r"^%s; crash", "firmware did not enable IGD for VT properly; crash"),
    (r"%s; disabling ISOCH", "firmware did not enable TLB for sound device; disabling ISOCH"),
    (r"%s; disabling IGD", "passed iommu=no-igfx option; disabling IGD"),
    (r"^passed iommu=no-igfx option$", "passed iommu=no-igfx option; disabling IGD VT-d engine"),
    (r"identity %smap", "identity map"),
    (r"Failed to %smap", "Failed to map"),
    (r"PCI add %s", "PCI add device"),
    (r"%s UR signaling", "Masked UR signaling"),
    (r"assign %s\(", "assign ("),
    (r"reported at address %llx%s!", "reported at address fed90000 returns all ones!"),
    (r"Lockdown: %s: %s is", "Lockdown: swapper: modifying ACPI tables is"),
    (r"%4.4s ACPI table|\[%4.4s-", lambda found: found[0].replace("%4.4s", "DMAR")),
    (r"Failed to open VFIO group file: %s", "Failed to open VFIO group file: /dev/vfio/21"),
    (r"Cannot open %s: %s", "Cannot open /dev/vfio/21: Permission denied"),
    (r"container %s, error", "container /dev/vfio/vfio, error"),
    (r"failed to open %s", "failed to open /dev/vfio/21"),
    (r"(?<=Dev_Id )%#x|(?<=device id = )%#x", "0xa00"),
    (r"^AMD-Vi: %s: (?=domain|%pp d|%04x:%02x:%02x.%u d)", "AMD-Vi: IO_PAGE_FAULT: "),
    (r"^(AMD-Vi: )?%s (?=%08x %08x %08x %08x)", r"\1ILLEGAL_DEV_TABLE_ENTRY "),
    (r"%scompletion wait", "iotlb completion wait"),
    (r"%s: (?=Can't find iommu)", "amd_iommu_flush_iotlb: "),
    (
        r"%s (?=Try to access pdev_list|Fail to find iommu|Cannot allocate I/O)",
        "update_paging_mode ",
    ),
    (r"%s: (?=Too many IO APICs)", "parse_ivrs_ioapic: "),
    (r"^%s: (?=no (?:iommu|table) for devid)", "get_irq_table: "),
    (r"%s : (?=Failed to get)", "clone_alias : "),
    (r"%s(?=, add hid)", "ivrs"),
    (r"dev_data for 0x%x", "dev_data for 0xa00"),
    (r"Couldn't lstat %s", f"Couldn't lstat /sys/bus/pci/devices/{DEVICE}"),
    (r"device : 0x%x", "device : 0xa00"),
    (r"device%s matched", "devices matched"),
    (r"%s(?= devid_start)", "IVMD_TYPE_RANGE"),
)
"""Conversions whose values decide what a line means: the value that is on the paths."""
_POINTERS = {"p": DEVICE, "d": "d5", "v": "d5v0", "U": "0123", "R": "[mem 0x0]", "a": "0x7dffd000"}


def render(text: str, program: str = "", function: str = "") -> str:
    """Return `text`, a format string of C, with its conversions replaced by values.

    What `program` puts before its messages is put before it: libxl names the `function`.

    A conversion is filled by what stands around it: a device where devices are named, an error
    where errors are, a small number or an address else.
    """
    for pattern, value in _KNOWN:
        text = re.sub(pattern, value, text)
    line = _SBDF.sub(DEVICE, re.sub(r"%\d+\$", "%", text))
    parts: list[str] = []
    at = 0
    for match in _CONVERSION.finditer(line):
        parts.append(line[at : match.start()])
        before = "".join(parts)
        after = line[match.end() - len(match["more"]) :]
        value, used = _value(match, before, after)
        parts.append(value)
        at = match.end() - len(match["more"]) + used
    line = "".join([*parts, line[at:]]).strip()
    if program == "libxl" and function:
        return f"libxl: error: libxl_pci.c:415:{function}: Domain 5:{line}"
    return f"(XEN) {line}" if program == "Xen" else line


def _value(match: re.Match[str], before: str, after: str) -> tuple[str, int]:
    """Return the value of a conversion, and how many letters after it belong to it."""
    kind, more = match["kind"], match["more"]
    if kind == "%":
        return "%", 0
    if kind == "p":
        if more[:1] in _POINTERS and more[:2] not in {"di", "pr"}:
            return _POINTERS[more[0]], 1
        return "0x55aa", 1 if more[:1] in {"s", "S", "f", "F"} else 0
    if kind == "s":
        return _word(before, after), 0
    if kind == "m":
        return "Invalid argument", 0
    if kind in "xX":
        if match["width"] in {"2", "02", "1"}:
            return "05", 0
        return ("0x" if "#" in match["flags"] else "") + _ADDRESS, 0
    if kind == "c":
        return "A", 0
    return ("-22" if _ERROR_BEFORE.search(before) and kind in "di" else "5"), 0


def _word(before: str, after: str) -> str:
    """Return a string as it may stand between `before` and `after`."""
    if re.search(r"\(\s*$", before) and after.startswith(")"):
        return "Invalid argument"
    if re.search(r"(?:error|errno|failed|[a-z)])[:,] $", before) and not after.strip("\n .)"):
        return "Invalid argument"
    if _DEVICE_BEFORE.search(before) or re.match(r":? (?:cannot|VFIO|failed|is |not )", after):
        return DEVICE
    return "Write" if before.endswith("[DMA ") else "word"
