"""What a report's texts say about the host that they are from: machine, kernel, name, table. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping

from dmaragent.collect.support_reports import texts as report_texts

_SPACE = re.compile(r"\s+")
_UNPRINTED = re.compile(r"\\x[0-9a-f]{2}|[^\x20-\x7e]")
"""What the kernel (drivers/firmware/dmi_scan.c, ``print_filtered``) and dmidecode print differently."""
_LOGGED_MACHINE = re.compile(r"\bDMI: (.+), BIOS ")
"""drivers/firmware/dmi_scan.c, ``dmi_format_ids``: vendor, product/board, and the firmware's version."""
_LOGGED_HOST = re.compile(r"^(?:\S*[^\s:] +){0,5}([\w.-]+) kernel: ", re.MULTILINE)
_UNAME = re.compile(r"Linux (\S+) \d")
_XL_INFO = re.compile(r"^(host|release)\s*: *(\S+)", re.MULTILINE)
_LOGGED_TABLE = re.compile(
    r"ACPI: (?:DMAR|RMAD|XMAR|IVRS) (?:0x)?[0-9A-Fa-f]{8,16} ([0-9A-Fa-f]{5,6}) "
    r"\(v\d{2,3} (.{6}) (.{8})"
)
"""drivers/acpi/acpica/tbprint.c, ``acpi_tb_print_table_header``: length and the two names of the OEM."""
_NO_NAMES = frozenset({"localhost", "(none)", "linux", "fedora", "archlinux"})
"""What a host is called before it gets its own name; some are the distribution's (systemd, fallback-hostname)."""

TableName = tuple[int, str, str]
"""Length, OEM ID and OEM table ID of an ACPI table."""


def machine_of(names: Mapping[str, bytes]) -> str:
    """Return vendor and product in files of /sys/class/dmi/id; empty if one is unknown."""
    values = [names.get(name, b"").decode("utf-8", "replace").strip() for name in _MACHINE]
    return _same_spelling(" ".join(values)) if all(values) else ""


_MACHINE = ("sys_vendor", "product_name")


def logged_machine(log: str) -> str:
    """Return the machine in the last boot of the kernel's log, as ``vendor product/board``."""
    logged = _LOGGED_MACHINE.findall(log)
    return _same_spelling(logged[-1]) if logged else ""


def is_logged_machine(machine: str, logged: str) -> bool:
    """Return whether `logged` is the kernel's line of that `machine`."""
    return logged.startswith(machine) and logged[len(machine) :].lstrip()[:1] in ("", "/")


def _same_spelling(name: str) -> str:
    return _SPACE.sub(" ", _UNPRINTED.sub(".", name)).strip().lower()


def name_in_uname(text: str) -> set[str]:
    """Return the host's name in the output of ``uname -a``."""
    match = _UNAME.match(text)
    return _short_names([match[1]] if match else [])


def names_in_log(log: str) -> set[str]:
    """Return the names of hosts that syslog or the journal put before the kernel's messages."""
    return _short_names(_LOGGED_HOST.findall(log))


def names_in_map(log: str) -> set[str]:
    """Return the names of hosts before the memory map: with several, the log is of several hosts."""
    return names_in_log("\n".join(line for line in log.splitlines() if "BIOS-e820: " in line))


def _short_names(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0].lower() for name in names} - _NO_NAMES


def of_xl_info(text: str) -> dict[str, str]:
    """Return ``host`` and ``release``, the kernel's, in the output of ``xl info``."""
    return dict(_XL_INFO.findall(text)) if report_texts.is_xl_info(text) else {}


def logged_tables(log: str) -> set[TableName]:
    """Return the tables of IOMMUs that the kernel listed at boot."""
    return {
        (int(length, 16), oem.rstrip(), table.rstrip())
        for length, oem, table in _LOGGED_TABLE.findall(log)
    }


def table_names(tables: Iterable[bytes]) -> Iterator[TableName]:
    """Yield what the kernel logs of each table (ACPICA tbprint.c, ``acpi_tb_fix_string``)."""
    for table in tables:
        oem, name = (_printed(table[10:16]), _printed(table[16:24]))
        yield int.from_bytes(table[4:8], "little"), oem, name


def _printed(name: bytes) -> str:
    text = name.split(b"\0")[0]
    return "".join(chr(code) if 32 <= code < 127 else "?" for code in text).rstrip()
