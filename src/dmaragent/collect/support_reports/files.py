"""The kinds of files in a collector's report, recognised by name.

Sources: sos (sos/report/plugins/{pci,hardware,kernel,processor,logs,xen,devices}.py), xen-bugtool
(xenserver/status-report), hw-probe (linuxhw/hw-probe), supportconfig (SUSE), apport's package hooks
for the kernel, Dasharo's HCL report. Most collectors name a file after the command.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from dmaragent.collect.formats.tree import FileTree
from dmaragent.errors import HostError
from dmaragent.readings import Missing

LARGEST_TEXT = 1 << 24
"""The bytes of a file that are read: the beginning of a log. Other larger files are not read."""
MOST_TEXTS = 256
"""How many files of a report are read."""
MOST_FUNCTIONS = 1 << 16
"""How many configuration spaces of a report are read: a whole segment."""
PLUGINS = "sos_commands"


class TextKind(Enum):
    """The kind of a report's file."""

    LSPCI = "PCI functions"
    UDEV_DATABASE = "udev's database"
    PROC_DEVICES = "/proc/bus/pci/devices"
    PROC_CONFIG = "configuration space"
    DMI = "SMBIOS strings"
    KERNEL_LOG = "the kernel's log"
    OTHER_LOG = "a log"
    XEN_INFO = "xl info"
    XEN_LOG = "Xen's log"
    KERNEL_RELEASE = "the kernel's release"
    IOMEM = "/proc/iomem"
    CPU = "the processor"
    CPUINFO = "/proc/cpuinfo"
    COMMAND_LINE = "the kernel's options"
    SECTIONS = "texts of supportconfig"


class ReportText(NamedTuple):
    """One file of a report that is read: its path and its kind."""

    path: str
    kind: TextKind


LOGS = frozenset({TextKind.KERNEL_LOG, TextKind.OTHER_LOG, TextKind.XEN_LOG})
"""The kinds of which a part is useful."""
_END = r"(?:\.(?:txt|log|out))?"
_OPTIONS = r"(?:[-_. ][-\w=:,.*]*?)?"
_FILTERED = r"(?!(?-i:.*-[A-Za-z]{0,3}[sd](?![A-Za-z])))"
_NAMES: tuple[tuple[str, TextKind], ...] = (
    # A listing with -s or -d shows only some functions: the others need not be absent.
    (rf"lspci{_FILTERED}(?:_all|{_OPTIONS}){_END}", TextKind.LSPCI),
    (rf"(?:udev-?db|udevadm_info_(?:--export-db|-e)){_END}", TextKind.UDEV_DATABASE),
    (rf"(?:dmidecode{_OPTIONS}|dmi_id|dmi){_END}", TextKind.DMI),
    (
        rf"(?:current|boot)?[-_]?dmesg(?:_now|[-_ ]-[TtHkxPL]{{1,4}}|[-_ ]--[a-z=-]+|-[TtHkx])*{_END}",
        TextKind.KERNEL_LOG,
    ),
    (r"boot\.msg", TextKind.KERNEL_LOG),
    (
        r"journalctl(?![-\w]*(?:disk-usage|unit|list|last|boot_-\d))[-\w]*(?:\.txt|\.log|\.out)?",
        TextKind.OTHER_LOG,
    ),
    (r"(?:messages|syslog|kern\.log|kernel\.log|dmesg\.1)", TextKind.OTHER_LOG),
    (rf"x[lm][-_ ]info(?:[-_ ]-?n)?{_END}", TextKind.XEN_INFO),
    (rf"(?:x[lm]|xen)[-_ ]dmesg(?:[-_ ]-?c)?{_END}|hypervisor\.log", TextKind.XEN_LOG),
    (rf"uname(?:[-_ ]-?[ar])?{_END}", TextKind.KERNEL_RELEASE),
    (rf"(?:proc[-_]?)?iomem{_END}", TextKind.IOMEM),
    (rf"lscpu{_END}", TextKind.CPU),
    (rf"(?:proc[-_]?)?cpuinfo{_END}", TextKind.CPUINFO),
    (rf"(?:proc[-_]?)?(?:kernel)?cmdline{_END}", TextKind.COMMAND_LINE),
    (
        r"(?:basic-environment|hardware|pci|boot|messages|proc|xen|memory|sysfs|env)\.txt",
        TextKind.SECTIONS,
    ),
)
_BEGINS = (
    *("lspci", "udev", "dmi", "curr", "boot", "dmesg", "jour", "mess", "sysl", "kern", "xl", "xm"),
    *("xen", "hyper", "uname", "vers", "proc", "iomem", "lscpu", "cpui", "cmdl", "basic", "hardw"),
    *("pci", "memo", "sysfs", "env", "devi", "-dmes", "_dmes"),
)
"""The prefixes of the names in `_NAMES` and in /proc."""
_FOLDERS = ("logs", "log", "commands", "command", "cmds", "data", "system", "hardware", "pci")
"""The directories of a report, besides its top, that contain output of commands."""
_PLUGIN = re.compile(rf"/{PLUGINS}/[^/]+/([^/]+)")
_PROC_PCI = re.compile(
    r"/proc/bus/pci/(?:(devices)|(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}/[01][0-9a-f]\.[0-7])"
)
_PROC = ("/proc/iomem", "/proc/version")
_PACKED = re.compile(r"\.(?:gz|bz2|xz|zst)$", re.IGNORECASE)
_VAR_LOGS = re.compile(r"/var/log/(?:xen/)?([^/]+)")
_PATTERN = re.compile("|".join(f"({pattern})" for pattern, _ in _NAMES), re.IGNORECASE)
_SPECIAL = re.compile(
    rf"/({'|'.join(_FOLDERS)})/([^/]+)", re.IGNORECASE
)  # for DIRECTORY/NAME in a report

_COLLECTORS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (
        frozenset({"logs"}),
        frozenset({"devices", "host"}),
        "hw-probe collects ACPI tables only with -dump-acpi",
    ),
    (frozenset({PLUGINS}), frozenset({PLUGINS}), "this sosreport contains none"),
    (
        frozenset({"qubes-release"}),
        frozenset({"qubes-release"}),
        "a Qubes HCL report never contains ACPI tables",
    ),
    (
        frozenset({"basic-environment.txt"}),
        frozenset({"basic-environment.txt"}),
        "supportconfig collects no ACPI tables",
    ),
    (
        frozenset(),
        frozenset({"xl-info.out", "xl-dmesg.out", "xapi-db.xml"}),
        "this xen-bugtool report has no acpidump.out",
    ),
)
"""Collectors by names at the top of a report, all of the first set and one of the second; then why
it has no table."""
_MARKERS = frozenset(name for every, some, _ in _COLLECTORS for name in every | some)


def may_be_text(name: str) -> bool:
    """Return whether a file called `name` can have a `text_kind`: a quick check for most."""
    return name[:5].lower().startswith(_BEGINS) or name[2:3] == "."


def text_kind(path: str) -> TextKind | None:
    """Return the kind of the file at the absolute `path` of a report; None if it is not read."""
    proc = _PROC_PCI.fullmatch(path)
    if proc:
        return TextKind.PROC_DEVICES if proc[1] else TextKind.PROC_CONFIG
    if path in _PROC:
        return TextKind.IOMEM if path.endswith("iomem") else TextKind.KERNEL_RELEASE
    logged = _VAR_LOGS.fullmatch(path)
    if logged:
        kind = _by_name(logged[1])
        return kind if kind in LOGS else None
    path = _PACKED.sub("", path)
    plugin = _PLUGIN.fullmatch(path)
    if plugin:
        return _by_name(plugin[1])
    special = _SPECIAL.fullmatch(path)
    return _by_name(special[2] if special else path[1:])


def _by_name(name: str) -> TextKind | None:
    match = _PATTERN.fullmatch(name)
    return None if match is None else _NAMES[(match.lastindex or 1) - 1][1]


def is_packed(path: str) -> bool:
    """Return whether the file at `path` of a report has the name of a packed one."""
    return _PACKED.search(path) is not None


def section_kind(head: str) -> TextKind | None:
    """Return the kind of a section of supportconfig, from its command line or file name."""
    if text_kind(head) is not None:
        return text_kind(head)
    command, _, options = head.partition(" - ")[0].partition(" ")  # "... - Last 500 Lines"
    name = command.rpartition("/")[2]
    return _by_name(f"{name} {options}".strip())


def find_texts(tree: FileTree) -> tuple[ReportText, ...]:
    """Return the files of the report `tree` that are read, in the order of their kinds.

    A directory that cannot be listed counts as empty.
    """
    texts = []
    for folder in _text_folders(tree):
        for name in names_in(tree, folder):
            path = f"{folder}/{name}"
            kind = text_kind(path)
            if kind is not None and not is_link(tree, path):  # sos: lspci, of sos_commands/pci/
                texts.append(ReportText(path, kind))
    configs = [text for text in texts if text.kind is TextKind.PROC_CONFIG]
    others = [text for text in texts if text.kind is not TextKind.PROC_CONFIG]
    return (*others[:MOST_TEXTS], *configs[:MOST_FUNCTIONS])


def _text_folders(tree: FileTree) -> Iterator[str]:
    yield ""
    for name in names_in(tree, ""):
        if name.lower() in _FOLDERS:
            yield f"/{name}"
    yield from (f"/{PLUGINS}/{name}" for name in names_in(tree, f"/{PLUGINS}"))
    yield from ("/proc", "/proc/bus/pci", "/var/log", "/var/log/xen")
    yield from (f"/proc/bus/pci/{name}" for name in names_in(tree, "/proc/bus/pci"))


def names_in(tree: FileTree, folder: str) -> tuple[str, ...]:
    """Return the names in a directory of a report; empty if it cannot be listed."""
    try:
        names = tree.list(folder)
    except HostError:
        return ()  # a link out of the report
    return () if isinstance(names, Missing) else names


def is_link(tree: FileTree, path: str) -> bool:
    """Return whether there is a symbolic link at `path` of a report."""
    try:
        return not isinstance(tree.link(path), Missing)
    except HostError:
        return True


def is_marker(path: str) -> bool:
    """Return whether the name at the absolute `path` of a report identifies its collector."""
    return path[1:] in _MARKERS


def why_no_tables(tree: FileTree) -> str:
    """Return why the report `tree` contains no table; empty if its collector is unknown."""
    names = set(names_in(tree, ""))
    return next(
        (words for every, some, words in _COLLECTORS if every <= names and some & names), ""
    )
