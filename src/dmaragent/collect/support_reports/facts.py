"""Facts in the texts of a collector's report, each with its file.

Each fact is parsed once, when it is first used.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import combinations

from dmaragent.collect.formats.packed_file import unpack
from dmaragent.collect.formats.tree import FileTree
from dmaragent.collect.ledger import DMI_ID, KERNEL_RELEASE, HostRequest, LedgerEntry, Operation
from dmaragent.collect.outputs import boot_lines
from dmaragent.collect.support_reports import identity
from dmaragent.collect.support_reports import texts as report_texts
from dmaragent.collect.support_reports.files import (
    LARGEST_TEXT,
    LOGS,
    ReportText,
    TextKind,
    is_packed,
    section_kind,
)
from dmaragent.collect.support_reports.lspci import from_lspci
from dmaragent.collect.support_reports.pci_facts import (
    PciFacts,
    agreed,
    config_address,
    from_config,
    from_proc_devices,
    from_udev_database,
)
from dmaragent.errors import HostError
from dmaragent.readings import Missing

_MAP = b"BIOS-e820: "
_FIRST_RANGE = re.compile(rb"BIOS-e820: (?:\[(?:mem|gap) 0x)?0{16}\b")
"""The first line of the map in a log: a map begins at address 0."""


_HOST = re.compile(rb"^(?:\S*[^\s:] +){1,6}kernel: ", re.MULTILINE)
"""What syslog and the journal put before a message of the kernel: the time and the host's name."""


class ReportFacts:
    """Facts in the files `texts` of `tree`."""

    def __init__(self, tree: FileTree, texts: tuple[ReportText, ...]) -> None:
        self._tree = tree
        self._texts = texts
        self._used: dict[str, dict[str, None]] = {}

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """Which readings came from which files, as far as they were used."""
        return tuple(
            (reading, path.lstrip("/"))
            for reading, paths in sorted(self._used.items())
            for path in paths
        )

    def logs(self) -> tuple[tuple[str, bytes], ...]:
        """Return the logs by their paths: the kernel's, Xen's and others."""
        whole = ((text, self._content(text)) for text in self._texts if text.kind in LOGS)
        parts = self._of_any((TextKind.KERNEL_LOG, TextKind.XEN_LOG), parts_only=True)
        return (
            *((text.path, content) for text, content in whole if content),
            *((path, body.encode()) for path, body in parts),
        )

    def cut_logs(self) -> tuple[str, ...]:
        """Return the paths of the logs whose first part alone is read."""
        logs = (text for text in self._texts if text.kind in LOGS)
        return tuple(
            text.path.lstrip("/") for text in logs if len(self._content(text)) == LARGEST_TEXT
        )

    @property
    def tell_the_host(self) -> bool:
        """Whether they identify the host by more than its boot options or its kernel release."""
        return bool(self.functions or self.machine or self.on_xen or self.boot_log)

    @cached_property
    def functions(self) -> dict[str, PciFacts]:
        """The PCI functions in the texts."""
        configs = {
            address: from_config(content)
            for text in self._texts
            if text.kind is TextKind.PROC_CONFIG
            and (address := config_address(text.path))
            and (content := self._content(text))
        }
        if configs:
            self.use("PCI functions", "/proc/bus/pci")
        sources = [configs]
        for kind, parse in (
            (TextKind.PROC_DEVICES, lambda text: from_proc_devices(text, configs)),
            (TextKind.UDEV_DATABASE, from_udev_database),
        ):
            for path, text in self._of(kind):
                facts = parse(text)
                if facts:
                    self.use("PCI functions", path)
                    sources.append(facts)
        for path, listed in self._listings.items():
            self.use("PCI functions", path)
            sources.append(listed)
        return agreed(sources)

    @cached_property
    def _listings(self) -> dict[str, dict[str, PciFacts]]:
        """The facts in each output of lspci that lists a function, by its path."""
        parsed = {path: from_lspci(text) for path, text in self._of(TextKind.LSPCI)}
        return {path: facts for path, facts in parsed.items() if facts}

    def different_listings(self) -> tuple[str, str] | None:
        """Return two outputs of lspci of which each has functions that the other lacks; else None.

        They are not from one host at one time. A listing that was cut off lacks functions only.
        """
        for (path, facts), (other, more) in combinations(self._listings.items(), 2):
            if facts.keys() - more.keys() and more.keys() - facts.keys():
                return path, other
        return None

    def contradiction(self) -> tuple[str, str, str] | None:
        """Return two files that are not from one host, and what they differ in; else None."""
        kernels = [*self._kernels(), *self._logged_kernels()]
        for what, named in (
            ("PCI functions", None),
            ("kernels", kernels),
            ("hosts", self._names()),
        ):
            paths = self.different_listings() if named is None else _different(named)
            if paths is not None:
                return (*paths, what)
        machines = list(self._machines())
        paths = _different(machines)
        for path, logged in self._logged_machines():
            for other, machine in machines:
                if not identity.is_logged_machine(machine, logged):
                    paths = other, path
        return (*paths, "machines") if paths else None

    def other_tables_logged(self, tables: Iterable[bytes]) -> str:
        """Return the log that lists tables of IOMMUs other than `tables`; empty if none does."""
        path, lines = self._boot_log
        logged = identity.logged_tables(lines.decode("utf-8", "backslashreplace"))
        given = set(identity.table_names(tables))
        return path if logged and given and not logged & given else ""

    def _kernels(self) -> Iterator[tuple[str, str]]:
        """Yield the kernel's release in each file besides logs."""
        copied = self._copied(KERNEL_RELEASE)
        if copied:
            yield KERNEL_RELEASE.path, copied.decode("utf-8", "replace").strip()
        for path, text in self._of(TextKind.KERNEL_RELEASE):
            release = report_texts.kernel_release(text)
            if release is not None:
                yield path, release.decode().strip()
        for path, text in self._of(TextKind.XEN_INFO):
            release_of_xl = identity.of_xl_info(text).get("release")
            if release_of_xl:
                yield path, release_of_xl

    def _logged_kernels(self) -> Iterator[tuple[str, str]]:
        """Yield the release in each log of the kernel; one in /var/log can be of an earlier boot."""
        for path, text in self._of(TextKind.KERNEL_LOG):
            release = report_texts.kernel_release(text) if "Linux version " in text else None
            if release is not None and not path.startswith("/var/log/"):
                yield path, release.decode().strip()

    def _names(self) -> list[tuple[str, str]]:
        """Return the host's name in each file; a log with one map has that of the first file."""
        names = []
        for path, text in self._of(TextKind.KERNEL_RELEASE):
            names += [(path, name) for name in identity.name_in_uname(text)]
        for path, text in self._of(TextKind.XEN_INFO):
            name = identity.of_xl_info(text).get("host", "").partition(".")[0].lower()
            names += [(path, name)] if name else []
        source, _ = self._boot_log
        for path, text in self._of(TextKind.OTHER_LOG):
            if path != source:
                continue
            mapped = sorted(identity.names_in_map(_last_boot(text)))
            names += [(path, name) for name in mapped if len(mapped) > 1]
            logged = identity.names_in_log(_last_boot(text))
            own = {name for _, name in names}
            names += [(path, name) for name in sorted(logged & own or logged)[:1]]
        return names

    def _machines(self) -> Iterator[tuple[str, str]]:
        """Yield vendor and product in each file besides logs."""
        copied = {name: self._copied(DMI_ID, name) for name in ("sys_vendor", "product_name")}
        named = [(DMI_ID.request("sys_vendor").path, copied)]
        named += [(path, report_texts.dmi_names(text)) for path, text in self._of(TextKind.DMI)]
        for path, names in named:
            machine = identity.machine_of(names)
            if machine:
                yield path, machine

    def _logged_machines(self) -> Iterator[tuple[str, str]]:
        """Yield the machine in the boot log and in each log of the kernel outside /var/log."""
        source, _ = self._boot_log
        for path, text in self._of_any((TextKind.KERNEL_LOG, TextKind.OTHER_LOG)):
            of_kernel = any(path == log for log, _ in self._of(TextKind.KERNEL_LOG))
            if path == source or (of_kernel and not path.startswith("/var/log/")):
                logged = identity.logged_machine(_last_boot(text))
                if logged:
                    yield path, logged

    def _copied(self, entry: LedgerEntry, name: str = "") -> bytes:
        """Return a file that the report has as a copy; empty if it has none."""
        request = entry.request(name) if name else entry.request()
        try:
            content = self._tree.read(request.path, request)
        except HostError:
            return b""
        return b"" if isinstance(content, Missing) else content

    @cached_property
    def groups(self) -> dict[int, list[str]]:
        """The functions in each IOMMU group, from lspci."""
        groups: dict[int, list[str]] = {}
        for name, facts in sorted(self.functions.items()):
            if facts.group is not None:
                groups.setdefault(facts.group, []).append(name)
        return groups

    @cached_property
    def slots(self) -> dict[str, str]:
        """A function in each physical slot, from lspci."""
        return {facts.slot: name for name, facts in self.functions.items() if facts.slot}

    @cached_property
    def boot_log(self) -> bytes:
        """The lines of this boot's log that the collector keeps, preferably with the memory map.

        A log that lost its beginning has only a part of the map. That part is left out, because the
        rest could be RAM. The name of the host is left out, as a bundle keeps these lines.
        """
        source, lines = self._boot_log
        if source:
            self.use("boot log", source)
        return lines

    @cached_property
    def _boot_log(self) -> tuple[str, bytes]:
        """The file of :attr:`boot_log`, and its lines."""
        best, source = b"", ""
        for path, text in self._of_any((TextKind.KERNEL_LOG, TextKind.OTHER_LOG)):
            if self._is_old(path, text):
                continue
            lines = _HOST.sub(b"", boot_lines(report_texts.this_boot(text.encode())))
            whole = _FIRST_RANGE.search(lines) is not None
            if not whole:
                lines = b"".join(
                    line for line in lines.splitlines(keepends=True) if _MAP not in line
                )
            if lines and (whole or not best):
                best, source = lines, path
            if whole:
                break
        return source, best

    def _is_old(self, path: str, log: str) -> bool:
        """Return whether a log in /var/log is from an earlier boot, of another kernel."""
        if not path.startswith("/var/log/"):
            return False
        release = report_texts.kernel_release(log) if "Linux version " in log else None
        known = {kernel for _, kernel in self._kernels()}
        return release is not None and bool(known) and release.decode().strip() not in known

    @cached_property
    def machine(self) -> dict[str, bytes]:
        """The files of /sys/class/dmi/id, by their names."""
        files: dict[str, bytes] = {}
        for path, text in self._of(TextKind.DMI):
            named = report_texts.dmi_names(text)
            if named.keys() - files.keys():
                self.use("machine", path)
            files = {**named, **files}
        return files

    @cached_property
    def smbios_slots(self) -> tuple[bytes, ...]:
        """The SMBIOS structures of type 9, raw."""
        for path, text in self._of(TextKind.DMI):
            slots = report_texts.dmi_slots(text)
            if slots:
                self.use("SMBIOS slots", path)
                return slots
        return ()

    @cached_property
    def memory(self) -> tuple[tuple[bytes, bytes, bytes], ...]:
        """The memory map of /proc/iomem, unless the boot log has the firmware's own."""
        if _MAP in self.boot_log:
            return ()
        for path, text in self._of(TextKind.IOMEM):
            entries = report_texts.memory_entries(text)
            if entries:
                self.use("memory map", path)
                return entries
        return ()

    @cached_property
    def xen(self) -> tuple[str, str]:
        """The output of ``xl info`` and Xen's own log, or empty texts."""
        info = ring = ""
        for path, text in self._of(TextKind.XEN_INFO):
            if not info and report_texts.is_xl_info(text):
                info = text
                self.use("Xen", path)
        for path, text in self._of(TextKind.XEN_LOG):
            if not ring and "(XEN)" in text:
                ring = report_texts.this_xen(text)
                self.use("Xen's log", path)
        return info, ring

    @property
    def on_xen(self) -> bool:
        """Whether it is a Xen dom0: xl works only there."""
        return any(self.xen)

    @cached_property
    def kernel_release(self) -> bytes | None:
        """The kernel's release."""
        kinds = (TextKind.KERNEL_RELEASE, TextKind.KERNEL_LOG, TextKind.OTHER_LOG)
        for path, text in self._of_any(kinds):
            release = report_texts.kernel_release(text)
            if release is not None:
                self.use("kernel release", path)
                return release
        return None

    @cached_property
    def options(self) -> bytes | None:
        """The kernel's options."""
        for path, text in self._of(TextKind.COMMAND_LINE):
            if text.strip() and len(text.splitlines()) == 1:
                self.use("kernel options", path)
                return text.encode()
        for path, text in self._of_any((TextKind.KERNEL_LOG, TextKind.OTHER_LOG)):
            log = report_texts.this_boot(text.encode())
            options = report_texts.boot_options(log.decode("utf-8", "surrogateescape"))
            if options is not None:
                self.use("kernel options", path)
                return options
        return None

    @cached_property
    def processor(self) -> bytes | None:
        """The supported lines of /proc/cpuinfo."""
        for path, text in self._of(TextKind.CPUINFO):
            if "vendor_id" in text or "CPU implementer" in text:
                self.use("processor", path)
                return text.encode()
        for path, text in self._of(TextKind.CPU):
            facts = report_texts.cpu_facts(text)
            if facts is not None:
                self.use("processor", path)
                return facts
        return None

    def _of(self, kind: TextKind) -> list[tuple[str, str]]:
        """Return path and text of each file, or part of a text, of `kind`."""
        whole = [
            (text.path, content.decode("utf-8", "backslashreplace"))
            for text in self._texts
            if text.kind is kind and (content := self._content(text))
        ]
        return whole + self._sections(kind)

    def _of_any(
        self, kinds: Iterable[TextKind], *, parts_only: bool = False
    ) -> list[tuple[str, str]]:
        return [
            text
            for kind in kinds
            for text in (self._sections(kind) if parts_only else self._of(kind))
        ]

    def _sections(self, kind: TextKind) -> list[tuple[str, str]]:
        return [part for part, part_kind in self._split if part_kind is kind]

    @cached_property
    def _split(self) -> list[tuple[tuple[str, str], TextKind]]:
        """The parts of supportconfig's texts, with their kinds."""
        parts_and_kinds = []
        for text in self._texts:
            content = self._content(text) if text.kind is TextKind.SECTIONS else b""
            parts = report_texts.sections(content.decode("utf-8", "backslashreplace"))
            for name, body in parts.items():
                kind = section_kind(name)
                if kind is not None and body.strip():
                    parts_and_kinds.append(((f"{text.path} ({name})", body), kind))
        return parts_and_kinds

    def _content(self, text: ReportText) -> bytes:
        """Return the bytes of a file; empty if it cannot be read or is too large."""
        window = LARGEST_TEXT if text.kind in LOGS else None
        request = HostRequest(
            operation=Operation.READ, path=text.path, limit=LARGEST_TEXT, window=window
        )
        try:
            content = self._tree.read(text.path, request)
            if isinstance(content, Missing) or text.kind is TextKind.PROC_CONFIG:
                return b"" if isinstance(content, Missing) else content
            if is_packed(text.path):
                content = unpack(text.path, content).content[:LARGEST_TEXT]
        except HostError:
            return b""  # a link out of the copy, which is not followed, or packed and damaged
        return _as_utf8(content)

    def use(self, reading: str, path: str) -> None:
        """Note that `reading` came from the file `path`."""
        self._used.setdefault(reading, {})[path] = None


def _different(named: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Return the first two files that name something different; else None."""
    for (path, name), (other, more) in combinations(named, 2):
        if name != more:
            return path, other
    return None


def _last_boot(log: str) -> str:
    return report_texts.this_boot(log.encode()).decode()


def _as_utf8(content: bytes) -> bytes:
    """Return a text as UTF-8: editors and shells of Windows write UTF-16, or a mark before UTF-8."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode()
    return content.removeprefix(BOM_UTF8)
