"""A collector's report as a host: copied files, and the same readings from its texts.

A copied file has priority. Only what was not copied is read elsewhere: configuration space from
/proc/bus/pci, the machine's names from dmidecode, and so on.
"""

import json
import re
from collections.abc import Callable

from dmaragent.collect import ledger
from dmaragent.collect.ledger import HostRequest, LedgerEntry
from dmaragent.collect.outputs import xens_lines
from dmaragent.collect.reader import HostReader
from dmaragent.collect.support_reports import texts as report_texts
from dmaragent.collect.support_reports.facts import ReportFacts
from dmaragent.collect.support_reports.pci_facts import PciFacts, full_address
from dmaragent.readings import Missing, MissingKind

_STAMP = re.compile(
    r"(?:.{0,120}? kernel: )?(?:<\d{1,3}>)?(?:\[[ \d.]+\] |\[[A-Z][a-z]{2} [^]]{8,30}\] )?"
)
"""The prefix of a kernel message in dmesg, dmesg -T, syslog and the journal."""
_ATTRIBUTE = re.compile(r"/sys/(?:.*/)?([^/]+)/([a-z_]+)")
_DRIVERS = ledger.PCIBACK.path.rpartition("/")[0]
_CONTRADICTED = Missing(MissingKind.FAILED, "files of the report name different drivers")
_NO_DRIVER = Missing(MissingKind.ABSENT, "lspci names no driver")
_FILES: dict[str, Callable[[ReportFacts], bytes | None]] = {
    ledger.KERNEL_RELEASE.path: lambda facts: facts.kernel_release,
    ledger.COMMAND_LINE.path: lambda facts: facts.options,
    ledger.CPU.path: lambda facts: facts.processor,
    ledger.HYPERVISOR_TYPE.path: lambda facts: b"xen\n" if facts.on_xen else None,
    # xl works only in dom0.
    ledger.XEN_CAPABILITIES.path: lambda facts: b"control_d\n" if facts.on_xen else None,
}
"""Files that the texts contain; those within a directory are in ``ReportHost._directory_file``."""
_DIRECTORIES: dict[str, Callable[[ReportFacts], tuple[str, ...]]] = {
    ledger.IOMMU_GROUPS.path: lambda facts: tuple(map(str, sorted(facts.groups))),
    ledger.PCI_SLOTS.path: lambda facts: tuple(sorted(facts.slots)),
    ledger.MEMORY_MAP.path: lambda facts: tuple(map(str, range(len(facts.memory)))),
    ledger.DMI_ENTRIES.path: lambda facts: tuple(
        f"9-{number}" for number in range(len(facts.smbios_slots))
    ),
    ledger.PCIBACK.path: lambda facts: tuple(
        sorted(name for name, function in facts.functions.items() if function.driver == "pciback")
    ),
}
"""The names in a directory that the texts contain."""
_CALLS: dict[str, Callable[[ReportFacts], bytes | None]] = {
    ledger.BOOT_LOG.path: lambda facts: facts.boot_log or None,
    ledger.XL_DMESG.path: lambda facts: xens_lines(facts.xen[1].encode()) or None,
    ledger.XL_INFO.path: lambda facts: (
        facts.xen[0].encode() or report_texts.info_from_ring(facts.xen[1])
    ),
}
"""Outputs of calls that the texts contain."""


class ReportHost:
    """A copied root, completed by the facts in the texts of a report."""

    def __init__(self, copied: HostReader, facts: ReportFacts, no_table: str = "") -> None:
        """Use `copied` and `facts` as one host; `no_table` is the reason for missing ACPI tables."""
        self._copied = copied
        self._facts = facts
        self._no_table = Missing(MissingKind.NOT_COLLECTED, no_table, by_collector=bool(no_table))

    def read(self, request: HostRequest) -> bytes | Missing:
        """Return the copied file, or its content from the texts."""
        copied = self._copied.read(request)
        answer = self._file(request.path) if _is_gap(copied) else None
        if answer is None:
            return copied
        return answer if request.window is None else answer[: request.window]

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """Return the copied names, or those from the texts."""
        copied = self._copied.list(request)
        if request.path == ledger.PCI_DEVICES.path:
            known = () if isinstance(copied, Missing) else copied
            if isinstance(copied, Missing) and not _is_gap(copied):
                return copied
            return tuple(sorted({*known, *self._facts.functions})) or copied
        if request.path == ledger.ACPI_TABLES.path and _is_gap(copied):
            return self._no_table
        return (self._names(request.path) or copied) if _is_gap(copied) else copied

    def link(self, request: HostRequest) -> str | Missing:
        """Return the copied link, or the driver or physical function from the texts."""
        copied = self._copied.link(request)
        facts, name = self._function(request.path) if _is_gap(copied) else (None, "")
        if facts is None:
            return copied
        if name == "driver" and facts.driver_contradicted:
            return _CONTRADICTED
        if name == "driver" and facts.driver is not None:
            return f"{_DRIVERS}/{facts.driver}" if facts.driver else _NO_DRIVER
        if name == "physfn" and facts.physical_function is not None:
            physical = facts.physical_function
            return f"../{physical}" if physical else Missing(MissingKind.ABSENT)
        return copied

    def call(self, request: HostRequest) -> bytes | Missing:
        """Return the output of a call from the texts."""
        copied = self._copied.call(request)
        answer = self._output(request) if _is_gap(copied) else None
        return copied if answer is None else answer[: request.limit]

    def sources(self) -> tuple[tuple[str, str], ...]:
        """Return which readings came from which files of the report, as far as they were used."""
        return self._facts.sources

    def logs(self) -> tuple[tuple[str, bytes], ...]:
        """Return the logs of the report by their paths."""
        return self._facts.logs()

    def cut_logs(self) -> tuple[str, ...]:
        """Return the paths of the logs whose first part alone is read."""
        return self._facts.cut_logs()

    def _file(self, path: str) -> bytes | None:
        """Return the file at `path` of the host from the texts."""
        if path in _FILES:
            return _FILES[path](self._facts)
        version = _part(path, ledger.XEN_VERSION.path)
        if version is not None:
            return report_texts.xen_version(*self._facts.xen).get(version)
        name = _part(path, ledger.DMI_ID.path)
        if name is not None:
            return self._facts.machine.get(name)
        return self._directory_file(path)

    def _directory_file(self, path: str) -> bytes | None:
        """Return a file of a directory from the texts: a range, a slot, an attribute."""
        entry = _part(path, ledger.MEMORY_MAP_ENTRY.path)
        if entry is not None and self._was_not_copied(ledger.MEMORY_MAP):
            number, _, part = entry.partition("/")
            return self._facts.memory[int(number)][("start", "end", "type").index(part)]
        raw = _part(path, ledger.DMI_SLOT.path)
        if raw is not None and self._was_not_copied(ledger.DMI_ENTRIES):
            return self._facts.smbios_slots[int(raw.removeprefix("9-"))]
        slot = _part(path, ledger.PCI_SLOT.path)
        if slot is not None:
            place = self._facts.slots.get(slot)
            return None if place is None else place.partition(".")[0].encode() + b"\n"
        facts, attribute = self._function(path)
        return None if facts is None else _attribute(facts, attribute)

    def _was_not_copied(self, directory: LedgerEntry) -> bool:
        """Return whether `directory` was not copied, so that its names come from the texts."""
        return _is_gap(self._copied.list(directory.request()))

    def _names(self, path: str) -> tuple[str, ...]:
        """Return the names in the directory `path` of the host from the texts."""
        if path in _DIRECTORIES:
            return _DIRECTORIES[path](self._facts)
        group = _part(path, ledger.IOMMU_GROUP_DEVICES.path)
        if group is None or not group.isdecimal():
            return ()
        return tuple(self._facts.groups.get(int(group), ()))

    def _function(self, path: str) -> tuple[PciFacts | None, str]:
        """Return the facts about the function at `path`, and the name of the attribute there."""
        match = _ATTRIBUTE.fullmatch(path)
        address = full_address(match[1]) if match else None
        if match is None or address is None:
            return None, ""
        return self._facts.functions.get(address), match[2]

    def _output(self, request: HostRequest) -> bytes | None:
        """Return the output of a call from the texts."""
        if request.path == ledger.UDEV_PCI.path:
            return self._enumeration()
        return _CALLS[request.path](self._facts) if request.path in _CALLS else None

    def _enumeration(self) -> bytes | None:
        """Return the functions in the form of udev's list, if the report has udev's database."""
        functions = self._facts.functions
        if not any(function.names for function in functions.values()):
            return None
        listed = self.list(ledger.PCI_DEVICES.request())
        names = () if isinstance(listed, Missing) else listed
        devices = [
            {
                "name": name,
                "path": ledger.PCI_DEVICE.request(name).path,
                "names": dict(functions[name].names or ()) if name in functions else {},
            }
            for name in names
        ]
        return json.dumps(devices).encode()


def _is_gap(answer: object) -> bool:
    """Return whether nothing was copied, so that the texts are used."""
    return isinstance(answer, Missing) and answer.kind is MissingKind.NOT_COLLECTED


def _part(path: str, pattern: str) -> str | None:
    """Return the part of `path` that matches ``{}`` in `pattern`; None if it does not match."""
    before, _, after = pattern.partition("{}")
    fits = len(path) > len(before) + len(after)
    if fits and path.startswith(before) and path.endswith(after):
        return path[len(before) : len(path) - len(after)]
    return None


def _attribute(facts: PciFacts, name: str) -> bytes | None:
    """Return the file `name` of a function's directory in sysfs, as the kernel writes it."""
    if name == "class" and facts.class_number is not None:
        # Four digits: the programming interface is unknown.
        interface = "" if facts.interface is None else f"{facts.interface:02x}"
        return f"0x{facts.class_number:04x}{interface}\n".encode()
    if name in ("vendor", "device"):
        value = facts.vendor if name == "vendor" else facts.device
        return None if value is None else f"0x{value:04x}\n".encode()
    if name == "config":
        return facts.config
    if name == "secondary_bus_number" and facts.secondary_bus is not None:
        return f"{facts.secondary_bus}\n".encode()
    if name == "sriov_totalvfs" and facts.total_vfs is not None:
        return f"{facts.total_vfs}\n".encode()
    return None


def report_logs(host: HostReader) -> list[str]:
    """Return the logs of `host` if it is a collector's report; empty for other hosts.

    dmesg, its journal and syslog contain the same messages with different time stamps. A line that
    an earlier log has is left out of a later one.
    """
    if not isinstance(host, ReportHost):
        return []
    texts = []
    known: set[str] = set()
    for _, content in host.logs():
        lines = content.decode("utf-8", "backslashreplace").splitlines()
        bare = [_without_stamp(line) for line in lines]
        fresh = [line for line, text in zip(lines, bare, strict=True) if text not in known]
        known.update(bare)
        if fresh:
            texts.append("\n".join(fresh))
    return texts


def _without_stamp(line: str) -> str:
    """Return a line without its time stamp."""
    stamp = _STAMP.match(line)
    return line[stamp.end() :] if stamp else line
