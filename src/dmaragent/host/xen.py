"""The facts about Xen: release, options, capabilities, and its list of reserved memory."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.boot_words import XEN_REPORTS, xen_words
from dmaragent.host import words
from dmaragent.host.parse import (
    MOST_OF_A_KIND,
    Problems,
    functions_among,
    known_word,
    lines_of,
    text,
    whole_line,
    whole_number,
)
from dmaragent.readings import NOT_COLLECTED, Missing, MissingKind, XenReading
from dmaragent.releases import Release

_MOST = 1 << 52
"""Pages of 4 KiB in 64 bits of address."""
_LONGEST_EXTRA = 64
"""More than any build has.  Linux has at most 15 (Xen include/public/version.h,
``xen_extraversion_t``), ``xl info`` of Xen 4.18 and later has all (``XENVER_extraversion2``)."""
_DETECTED = re.compile(rb"\bHypervisor detected: Xen (PVH|PV|HVM)\s*$", re.MULTILINE)
_LONGEST_TYPE = 8
"""More than any guest type has: Linux drivers/xen/sys-hypervisor.c, ``guest_type_show``."""


class RdmEntry(NamedTuple):
    """One entry of the hypervisor's list (XENMEM_reserved_device_memory_map), in pages."""

    start_pfn: int
    nr_pages: int

    @property
    def range(self) -> AddressRange:
        """The addresses it covers."""
        return AddressRange(self.start_pfn * PAGE, (self.start_pfn + self.nr_pages) * PAGE)


class XenHost(NamedTuple):
    """The facts that Xen and dom0 report.  None: unknown."""

    dom0: bool | None
    guest_type: str | None
    """The guest type of this kernel: PV, PVH or HVM."""
    release: Release | None
    """Without a point release, unless `extra` has one."""
    extra: str | None
    """What follows major and minor, as Xen reports it: ``.7``, ``.8-pre``, ``-unstable``."""
    command_line: str | None
    """Xen's own boot options, limited to those in :mod:`dmaragent.boot_words`."""
    capabilities: tuple[str, ...] | None
    """``virt_caps`` of ``xl info``: hvm_directio and pv_directio mean that the IOMMU works."""
    reserved_memory: tuple[RdmEntry, ...] | Missing
    """The list of reserved device memory that strategy=host uses, in the hypervisor's order."""
    device_reserved_memory: Mapping[SBDF, tuple[RdmEntry, ...] | None] | Missing
    """The same for each function; None if the hypercall does not cover it."""
    assignable: tuple[SBDF, ...] | Missing
    """The functions bound to pciback."""

    @property
    def version(self) -> str:
        """The release as Xen reports it, such as ``4.17.3_02``; empty if it is unknown."""
        if self.release is None:
            return ""
        return "{}.{}".format(*self.release.series) + (self.extra or "")

    @property
    def iommu_enabled(self) -> bool | None:
        """Whether Xen's IOMMU works, by ``xl info``."""
        if self.capabilities is None:
            return None
        return any(capability.endswith("directio") for capability in self.capabilities)


def _is_dom0(capabilities: bytes | Missing) -> bool | None:
    """Return whether /proc/xen/capabilities is dom0's; None: it was not read, or is cut.

    Another domain has an empty file: Linux drivers/xen/xenfs/super.c, ``capabilities_read``.
    """
    if isinstance(capabilities, Missing):
        return None
    if b"control_d" in capabilities:
        return True
    return None if capabilities.strip() else False


def is_xen_unread(reading: XenReading) -> bool:
    """Return whether a file that would show that the kernel runs on Xen could not be read."""
    return any(
        isinstance(each, Missing) and each.kind in (MissingKind.DENIED, MissingKind.FAILED)
        for each in (reading.hypervisor_type, reading.capabilities)
    )


def _logged_type(log: bytes | Missing) -> str | None:
    """Return the kind of guest of Xen that the kernel's log reports it to be; None: no guest of Xen.

    Linux arch/x86/kernel/cpu/hypervisor.c, ``detect_hypervisor_vendor``: the kernel prints it whether
    or not it has /sys/hypervisor.  A PVH guest can have the name of an HVM guest.
    """
    match = None if isinstance(log, Missing) else _DETECTED.search(log)
    return match[1].decode() if match else None


def join_xen(
    reading: XenReading, problems: Problems, boot_log: bytes | Missing = NOT_COLLECTED
) -> XenHost | None:
    """Return the facts about Xen; None if no reading shows that the kernel runs on Xen."""
    kind, logged = text(reading.hypervisor_type), _logged_type(boot_log)
    if kind != "xen" and not _answers(reading) and logged is None:
        return None
    dom0 = _is_dom0(reading.capabilities)
    if kind != "xen" and not isinstance(reading.hypervisor_type, Missing):
        problems.add(words.hypervisor_kind_cut(kind or ""))
    info = _info(reading.info)
    for what, answer in (
        ("`xl info`, with Xen's boot options", reading.info),
        ("the hypervisor's reserved device memory", reading.reserved_memory),
        ("the hypervisor's reserved device memory for each device", reading.device_reserved_memory),
    ):
        if isinstance(answer, Missing) and (kind == "xen" or dom0):
            problems.missing(what, answer, quiet=answer.kind is MissingKind.NOT_COLLECTED)
    options, line = info.get("virt_caps"), info.get("xen_commandline")
    if line is not None and len(line.encode()) >= XEN_REPORTS:
        problems.add(words.options_cut(XEN_REPORTS))
    extra = known_word(_extra(reading, info), _LONGEST_EXTRA, words.XENS_VERSION, problems)
    guest_type = whole_line(reading.guest_type) or ("PV" if logged == "PV" else None)
    return XenHost(
        dom0=dom0,
        guest_type=known_word(guest_type, _LONGEST_TYPE, words.GUEST_TYPE, problems),
        release=_release(reading, info, extra),
        extra=extra,
        command_line=None if line is None else " ".join(xen_words(line)),
        capabilities=None if options is None else tuple(options.split()),
        reserved_memory=_entries(reading.reserved_memory, problems),
        device_reserved_memory=_device_entries(reading.device_reserved_memory, problems),
        assignable=(
            reading.assignable
            if isinstance(reading.assignable, Missing)
            else functions_among(reading.assignable)
        ),
    )


def _answers(reading: XenReading) -> bool:
    """Return whether any reading other than the kind of hypervisor comes from Xen."""
    readings = (reading.reserved_memory, reading.info, reading.capabilities, *reading.version)
    return not all(isinstance(answer, Missing) for answer in readings)


def _info(output: bytes | Missing) -> dict[str, str]:
    """Parse the lines ``name : value`` of ``xl info``."""
    if isinstance(output, Missing):
        return {}
    whole = output[: output.rfind(b"\n") + 1]  # a last line without newline was cut short
    lines = lines_of(whole.decode("utf-8", "backslashreplace"))
    pairs = (line.partition(":") for line in lines)
    info = {name.strip(): value for name, colon, value in pairs if colon}
    # A blank at the end of Xen's options counts: it can be the last byte that Xen reports.
    return {
        name: value.removeprefix(" ") if name == "xen_commandline" else value.strip()
        for name, value in info.items()
    }


def _extra(reading: XenReading, info: Mapping[str, str]) -> str | None:
    """Return what follows major and minor; that of ``xl info`` if Linux has only its begin."""
    by_linux, by_xl = whole_line(reading.version[2]) or "", info.get("xen_extra") or ""
    return (by_xl if by_xl.startswith(by_linux) else by_linux) or None


def _release(reading: XenReading, info: Mapping[str, str], extra: str | None) -> Release | None:
    major = whole_line(reading.version[0]) or info.get("xen_major") or ""
    minor = whole_line(reading.version[1]) or info.get("xen_minor") or ""
    match = re.fullmatch(r"([0-9]{1,3}) ([0-9]{1,3})", f"{major} {minor}")
    return Release.running((int(match[1]), int(match[2])), extra) if match else None


def _entries(output: bytes | Missing, problems: Problems) -> tuple[RdmEntry, ...] | Missing:
    if isinstance(output, Missing):
        return output
    try:
        entries = _parse(_document(output)["entries"])
    except (ValueError, TypeError, KeyError, RecursionError):
        problems.add(words.XENS_LIST_NOT_UNDERSTOOD)
        return Missing(MissingKind.FAILED, words.NOT_THE_JSON)
    # On AMD, Xen repeats an entry for each device ID.
    different = len(set(entries))
    return _too_many("the hypervisor's reserved device memory", different, problems) or entries


def _too_many(what: str, number: int, problems: Problems) -> Missing | None:
    """Return why a list with this `number` of entries is not examined; None if it is."""
    if number <= MOST_OF_A_KIND:
        return None
    why = words.too_many_entries(number, MOST_OF_A_KIND)
    problems.add(words.part_of(what, why))
    return Missing(MissingKind.FAILED, why)


def _device_entries(
    output: bytes | Missing, problems: Problems
) -> Mapping[SBDF, tuple[RdmEntry, ...] | None] | Missing:
    if isinstance(output, Missing):
        return output
    try:
        devices = _document(output)["devices"]
        known = {
            SBDF.parse(name): None if own is None else _parse(own) for name, own in devices.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        problems.add(words.DEVICE_LISTS_NOT_UNDERSTOOD)
        return Missing(MissingKind.FAILED, words.NOT_THE_JSON)
    if len(known) < len(devices):
        problems.add(words.DEVICE_LISTED_TWICE)
        return Missing(MissingKind.FAILED, words.LISTED_TWICE)
    most = max((len(own) for own in known.values() if own is not None), default=0)
    return _too_many("the reserved device memory of a device", most, problems) or known


def _document(output: bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it is not JSON, or has a name twice, so that readers may differ.

    """
    import json  # noqa: PLC0415 - 1 ms, and only Xen hosts have a list

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError(words.NAME_TWICE)
        return dict(pairs)

    return json.loads(output, object_pairs_hook=once)


def _parse(entries: object) -> tuple[RdmEntry, ...]:
    if not isinstance(entries, list):
        raise TypeError(words.NO_LIST)
    return tuple(
        RdmEntry(start_pfn=whole_number(start, _MOST), nr_pages=whole_number(pages, _MOST))
        for start, pages in entries
    )
