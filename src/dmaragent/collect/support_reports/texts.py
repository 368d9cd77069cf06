"""Convert the texts of a collector's report to the form of the ledger's readings.

Pure. Each function takes a tool's text and returns the bytes of the files or of the call that the
collector requests. The result contains only what the text has.
"""

import re
from collections.abc import Mapping

_DMI_TYPE = re.compile(r"(?:Handle 0x[0-9A-Fa-f]+,?\s*)?DMI type (\d{1,3}), \d+ bytes\.?")
_DMI_NAMES = {
    ("0", "Vendor"): "bios_vendor",
    ("0", "Version"): "bios_version",
    ("0", "Release Date"): "bios_date",
    ("1", "Manufacturer"): "sys_vendor",
    ("1", "Product Name"): "product_name",
    ("2", "Product Name"): "board_name",
}
"""The strings of SMBIOS structures and the kernel's names for them (drivers/firmware/dmi_scan.c,
``dmi_decode``); the first structure of a type counts."""
_NO_VALUE = ("", "Not Specified", "<BAD INDEX>", "<OUT OF SPEC>", "Unknown")
_DMI_FILE = re.compile(r"(?:\S*/)?((?:sys|product|board|bios)_[a-z]+)\s*:\s?(.*\S)\s*")
_SLOT_ADDRESS = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{2}):([0-9A-Fa-f]{2})\.([0-7])")
_IOMEM = re.compile(r"\s*([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.+\S)\s*")
_FIRMWARE_TYPES = {
    "system ram": b"System RAM\n",
    "reserved": b"Reserved\n",
    "acpi tables": b"ACPI Tables\n",
    "acpi non-volatile storage": b"ACPI Non-volatile Storage\n",
    "unusable memory": b"Unusable memory\n",
    "persistent memory": b"Persistent Memory\n",
    "soft reserved": b"Soft Reserved\n",
}
"""The kernel's names for the ranges of the firmware's map in /proc/iomem (arch/x86/kernel/e820.c,
``e820_type_to_string``; "reserved" before Linux 5.2)."""
_PAGE_0 = 0xFFF
"""The last byte of page 0. Linux changes its type from RAM to reserved: arch/x86/kernel/setup.c,
``trim_bios_range``."""
_KERNEL = re.compile(r"Linux version (\d+\.\d\S*)")
_UNAME = re.compile(r"Linux \S+ (\d+\.\d\S*) ")
_RELEASE = re.compile(r"(\d+\.\d+[-.]\S*|\d+\.\d+)")
_OPTIONS = re.compile(r"(?:Kernel c|\bC)ommand line: (.*)")
_LONGEST_MESSAGE = 1024 - 48 - 1 - 2
"""The fewest bytes at which printk cuts a message: LOG_LINE_MAX with CONFIG_PRINTK_CALLER, without
the final zero and the level (kernel/printk/printk.c, ``vprintk_store``; newer kernels keep more). A
line of several (init/main.c, ``print_kernel_cmdline``) ends with a backslash."""
_XEN_BANNER = re.compile(r"\(XEN\).{0,80}? Xen version (\d{1,3})\.(\d{1,3})(\S*) \(")
_XEN_OPTIONS = re.compile(r"\(XEN\)(?: \[[^]]{0,80}\])? Command line: (.*)")
_LONGEST_OF_XEN = 1023
"""The bytes at which Xen cuts a message: xen/drivers/char/console.c, ``vprintk_common``.  The newline is cut
too, so the next message is on the same line."""
_XEN_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(\S*)")
_SECTION = re.compile(r"#==\[ ([A-Za-z ]{1,40}) \]={0,200}#")


def dmi_names(text: str) -> dict[str, bytes]:
    """Return the files of /sys/class/dmi/id whose values are in the output of dmidecode.

    Lines ``sys_vendor: ...`` (hw-probe's dmi_id, ``grep . /sys/class/dmi/id/*``) count too.
    """
    files: dict[str, bytes] = {}
    kind, seen = "", set[str]()
    for line in text.splitlines():
        start = _DMI_TYPE.search(line)
        if start:
            kind = "" if start[1] in seen else start[1]
            seen.add(start[1])
            continue
        label, value = _dmi_field(line)
        name = _DMI_NAMES.get((kind, label))
        if name and value not in _NO_VALUE:
            files.setdefault(name, _line(value))
        copied = _DMI_FILE.fullmatch(line)
        if copied and copied[1] in _DMI_NAMES.values():
            files.setdefault(copied[1], _line(copied[2]))
    return files


def _dmi_field(line: str) -> tuple[str, str]:
    """Return name and value of an indented line of dmidecode's output."""
    label, colon, value = line.strip().partition(": ")
    return (label, value.strip()) if colon and line[:1] in "\t " else ("", "")


def dmi_slots(text: str) -> tuple[bytes, ...]:
    """Return the SMBIOS structures of type 9 in the output of dmidecode, raw.

    They contain only name and address: SMBIOS 3.6, 7.10, offsets 4, 0Dh, 0Fh and 10h.
    """
    slots, name, inside = [], "", False
    for line in text.splitlines():
        start = _DMI_TYPE.search(line)
        if start:
            name, inside = "", start[1] == "9"
        label, value = _dmi_field(line) if inside else ("", "")
        if label == "Designation" and value not in _NO_VALUE:
            name = value
        place = _SLOT_ADDRESS.fullmatch(value) if label == "Bus Address" else None
        if place and name and int(place[3], 16) < 32:
            devfn = int(place[3], 16) << 3 | int(place[4])
            address = int(place[1], 16).to_bytes(2, "little") + bytes([int(place[2], 16), devfn])
            strings = name.encode("latin-1", "replace") + b"\0\0"
            slots.append(bytes([9, 17, 0, 0, 1]) + bytes(8) + address + strings)
    return tuple(slots)


def memory_entries(iomem: str) -> tuple[tuple[bytes, bytes, bytes], ...]:
    """Return start, end and type of the firmware's ranges in /proc/iomem.

    Page 0 has a type of its own if it is reserved: in the firmware's map it is usually RAM.

    Without CAP_SYS_ADMIN the kernel shows all addresses as 0 (kernel/resource.c, ``r_show``). Such
    a copy has no ranges.
    """
    ranges = []
    for line in iomem.splitlines():
        pair = _IOMEM.fullmatch(line)
        words = _FIRMWARE_TYPES.get(pair[3].lower()) if pair else None
        if pair and int(pair[2], 16) == 0:
            return ()
        if pair and words:
            begin, last = pair[1], int(pair[2], 16)
            if not int(begin, 16) and last >= _PAGE_0 and words == b"Reserved\n":
                ranges.append((b"0x0\n", f"{_PAGE_0:#x}\n".encode(), b"Reserved by Linux\n"))
                begin = f"{_PAGE_0 + 1:x}"
            if int(begin, 16) <= last:
                ranges.append((f"0x{begin}\n".encode(), f"0x{pair[2]}\n".encode(), words))
    return tuple(ranges)


def kernel_release(text: str) -> bytes | None:
    """Return the release in the output of uname -a or -r, in /proc/version or in a boot log."""
    banners = _KERNEL.findall(text)
    if banners:
        return _line(banners[-1])
    uname = _UNAME.match(text)
    if uname:
        return _line(uname[1])
    alone = _RELEASE.fullmatch(text.strip())
    return _line(alone[1]) if alone else None


def boot_options(log: str) -> bytes | None:
    """Return the kernel's options in a boot log (``Command line:``).

    None if the kernel may have cut the line: then the last options are unknown.
    """
    for line in log.split("\n"):
        match = _OPTIONS.search(line)
        if match and "(XEN)" not in line:
            message = match[0].encode("utf-8", "surrogateescape")
            is_cut = len(message) >= _LONGEST_MESSAGE or match[1].rstrip().endswith(" \\")
            return None if is_cut else _line(match[1])
    return None


def this_boot(log: bytes) -> bytes:
    """Return the part of a log since its last boot: from the last ``Linux version``."""
    at = log.rfind(b"Linux version ")
    return log if at < 0 else log[log.rfind(b"\n", 0, at) + 1 :]


def this_xen(ring: str) -> str:
    """Return the part of Xen's log since its last boot: from the last banner."""
    at = ring.rfind(" Xen version ")
    return ring if at < 0 else ring[ring.rfind("\n", 0, at) + 1 :]


def cpu_facts(lscpu: str) -> bytes | None:
    """Return the lines of /proc/cpuinfo whose values are in the output of lscpu.

    An Arm processor has neither a vendor_id nor flags, and lscpu names many vendors of such.
    """
    pairs = _pairs(lscpu)
    if pairs.get("Architecture", "").startswith(("aarch64", "arm")):
        return f"CPU implementer\t: {pairs.get('Vendor ID', '')}\n".encode()
    lines = []
    if "Vendor ID" in pairs:
        lines.append(f"vendor_id\t: {pairs['Vendor ID']}\n")
    if "Flags" in pairs:
        lines.append(f"flags\t\t: {pairs['Flags']}\n")
    return "".join(lines).encode() or None


def is_xl_info(text: str) -> bool:
    """Return whether `text` is the output of ``xl info``, which only works in dom0."""
    pairs = _pairs(text)
    return "xen_caps" in pairs or "xen_version" in pairs or "xen_major" in pairs


def xen_version(info: str, ring: str) -> dict[str, bytes]:
    """Return the files of /sys/hypervisor/version, from ``xl info`` or from Xen's own log."""
    pairs = _pairs(info)
    if "xen_major" in pairs and "xen_minor" in pairs:
        parts = [pairs["xen_major"], pairs["xen_minor"], pairs.get("xen_extra", "")]
    else:
        match = _XEN_VERSION.fullmatch(pairs.get("xen_version", "")) or _XEN_BANNER.search(ring)
        parts = [match[1], match[2], match[3]] if match else []
    named = zip(("major", "minor", "extra"), parts, strict=False)
    return {name: _line(value) for name, value in named}


def info_from_ring(ring: str) -> bytes | None:
    """Return the line of ``xl info`` that is also in Xen's own log: its command line.

    None if Xen cut the message: then the last options are unknown.
    """
    match = _XEN_OPTIONS.search(ring)
    if match is None or len(f"Command line: {match[1]}".encode()) >= _LONGEST_OF_XEN:
        return None
    return f"xen_commandline        : {match[1].strip()}\n".encode()


def sections(text: str) -> dict[str, str]:
    """Split a text of supportconfig: output by the name of the command or file.

    A section begins with ``#==[ Command ]===#`` and a line ``# /usr/bin/dmesg -T``.
    """
    outputs: dict[str, str] = {}
    parts = _SECTION.split(text)
    for body in parts[2::2]:
        head, _, rest = body.lstrip("\n").partition("\n")
        if head.startswith("# /"):
            outputs.setdefault(head[2:].strip(), rest)
    return outputs


def _pairs(text: str) -> Mapping[str, str]:
    """Parse lines ``name : value``; the first line of a name counts."""
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            pairs.setdefault(name.strip(), value.strip())
    return pairs


def _line(value: str) -> bytes:
    return f"{value.strip()}\n".encode()
