"""The guests that dom0 creates, and what xl, Xen and hvmloader were seen to do with each.

All have 400 MiB, so 392 MiB (to 0x18800000) besides the video memory: above all regions of the
host.  At a boundary of 64 MiB all regions lie above it, at 272 MiB two lie below, and at 273 MiB
one begins.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dmaragent.addresses import AddressRange
from vm.machine import Booted

_ABOVE, _ACROSS, _AT = (f"rdm_mem_boundary = {mib}" for mib in (64, 272, 273))
_HOST = 'rdm = "strategy=host"'
_HOLE, _ENABLED = "mmio_hole = 3840", 'passthrough = "enabled"'
"""The largest hole: RAM ends at 256 MiB, below most regions of the host."""
_COMMON = ('type = "hvm"', "memory = 400", "vcpus = 1")
GUESTS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "host": (_HOST,),
    "host-above": (_HOST, _ABOVE),
    "host-across": (_HOST, _ACROSS),
    "host-at": (_HOST, _AT),
    "documented": ('rdm = "strategy=host,policy=strict"', _ABOVE),
    "rdm-space": ('rdm = "strategy=host, policy=relaxed"', _ABOVE),
    "host-device": (_HOST, _ACROSS, "pci = ['00:1a.0,rdm_policy=strict']"),
    "strict": ("pci = ['00:1a.0,rdm_policy=strict']",),
    "strict-above": ("pci = ['00:1a.0,rdm_policy=strict']", _ABOVE),
    "relaxed": ("pci = ['00:1a.0,rdm_policy=relaxed']",),
    "unset": ("pci = ['00:1a.0']", _ACROSS),
    "shared-strict": ("pci = ['01:00.0,rdm_policy=strict']", _ABOVE),
    "shared-relaxed": ("pci = ['01:00.0,rdm_policy=relaxed']", _ABOVE),
    "two": ("pci = ['00:1a.0,rdm_policy=relaxed', '81:00.0,rdm_policy=strict']", _ACROSS),
    "two-turned": ("pci = ['81:00.0,rdm_policy=strict', '00:1a.0,rdm_policy=relaxed']", _ACROSS),
    "two-strict": ("pci = ['00:1a.0,rdm_policy=strict', '81:00.0,rdm_policy=strict']",),
    "two-strict-turned": ("pci = ['81:00.0,rdm_policy=strict', '00:1a.0,rdm_policy=strict']",),
    "videoram": ('vga = "stdvga"', "videoram = 32", "pci = ['81:00.0']", _ABOVE),
    "hap-off": ("hap = 0", "pci = ['00:1a.0']", _ABOVE),
    "hap-off-bare": ("hap = 0",),
    "pci-space": ("pci = ['00:1a.0, rdm_policy=strict']", _ABOVE),
    "behind-bridge": ("pci = ['04:02.0']", _ABOVE),
    "hotplug": (_ENABLED,),
    "hotplug-bare": (),
    "hole": (_HOLE, _ENABLED),
    "hole-host": (_HOLE, _HOST, _ABOVE, _ENABLED),
    "hole-strict": (_HOLE, "pci = ['00:1a.0,rdm_policy=strict']"),
    "hole-videoram": ('vga = "stdvga"', "videoram = 32", _HOLE, _ENABLED),
}
"""By name, what a configuration has besides."""
ATTACHED: Mapping[str, tuple[str, ...]] = {
    "hotplug": (
        "00:1a.0,rdm_policy=strict",
        "81:00.0,rdm_policy=relaxed",
        "01:00.0",
        "00:1a.0,rdm_policy",
    ),
    "hotplug-bare": ("81:00.0,rdm_policy=relaxed",),
    "hole": ("00:1a.0,rdm_policy=relaxed", "81:00.0,rdm_policy=strict"),
    "hole-host": ("00:1a.0,rdm_policy=strict", "81:00.0,rdm_policy=strict"),
    "hole-videoram": ("00:1a.0,rdm_policy=strict", "81:00.0,rdm_policy=relaxed"),
}
"""What is attached to those that run.  Not the device behind bridges: when Xen has refused it once,
its context is left with a guest that is gone, and the next error is another (ESRCH)."""
ERRORS = {
    "EPERM": "Operation not permitted",
    "EBUSY": "Device or resource busy",
    "EOPNOTSUPP": "Operation not supported",
    "EADDRINUSE": "Address already in use",
}
"""The C library's words, which libxl prints."""
_HVMLOADERS = 0xFC000000
"""From here to 4 GiB hvmloader adds what is its own."""
_TYPES = {"RAM": "System RAM", "RESERVED": "Reserved", "NVS": "ACPI Non-volatile Storage"}
_ENTRY = re.compile(r"\(d\d+\)  \[\d+\]: ([\da-f:]+) - ([\da-f:]+): (\w+)")
_BAR = re.compile(r"\(d\d+\) pci dev [\da-f]+:\d bar [\da-f]+ size ([\da-f]+): ([\da-f]+)")
_RDM = re.compile(r"(?:Ignoring )?RDM conflict at 0x[\da-f]+")
_IDENTITY = re.compile(r"Cannot setup identity map d\d+:([\da-f]+)")
_SHARED = re.compile(r"It's risky to assign \S+ with shared RMRR at ([\da-f]+)")
_ERROR = re.compile(r"libxl: error: (.+)")
"""Whatever else libxl refuses for: nothing is predicted of it, but a failure then says what it was."""
_FAILED = re.compile(r"domain creation fail: (.+)|xc_assign_device failed: (.+)|(no IOMMU\?)")


def files(
    guests: Mapping[str, tuple[str, ...]] = GUESTS,
    attached: Mapping[str, tuple[str, ...]] = ATTACHED,
) -> dict[str, bytes]:
    """Give the configurations, and what is attached, as files of the share."""
    found = {}
    for name, lines in guests.items():
        text = "\n".join((f'name = "{name}"', *_COMMON, *lines, ""))
        found[f"guests/{name}.cfg"] = text
    for name, specs in attached.items():
        found[f"guests/{name}.attach"] = "".join(f"{spec}\n" for spec in specs)
    return {path: text.encode() for path, text in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a guest or a device, as seen or as one of the answers says."""

    starts: bool
    words: tuple[str, ...]
    """What is printed of regions, and the error that ends it."""
    map: tuple[str, ...] = ()
    """RAM from 1 MiB on and what is reserved, sorted; empty where hvmloader did not run."""

    def __str__(self) -> str:
        return "; ".join(("starts" if self.starts else "refused", *self.words))


def seen(booted: Booted, name: str, usual: int) -> Outcome:
    """Give what xl, Xen and hvmloader did with guest `name`, or a device attached to it.

    `usual` is the status that xl gives for whatever libxl refuses.
    """
    status = int(booted.text(f"guests/{name}.status"))
    stderr, xen = booted.text(f"guests/{name}.stderr"), booted.text(f"guests/{name}.xen")
    conflicts = _RDM.findall(stderr)
    if status:
        errors = [each for each in conflicts if not each.startswith("Ignoring")]
        errors += [next(filter(None, each)) for each in _FAILED.findall(stderr)]
        errors = errors or _ERROR.findall(stderr)[-2:]
        return Outcome(
            starts=False, words=tuple(errors) if status == usual else (f"exit {status}",)
        )
    skipped = [f"no identity map at {int(page, 16) << 12:#x}" for page in _IDENTITY.findall(xen)]
    risky = [f"risky at {int(base, 16):#x}" for base in _SHARED.findall(xen)]
    return Outcome(starts=True, words=(*conflicts, *risky, *skipped), map=memory_map(xen))


def memory_map(log: str) -> tuple[str, ...]:
    """Give hvmloader's table without what is its own."""
    found = []
    for start, end, kind in _ENTRY.findall(log):
        base, after = (int(each.replace(":", ""), 16) for each in (start, end))
        if base >= 0x100000 and not _HVMLOADERS <= base < 1 << 32:
            found.append((base, f"{base:#x}-{after - 1:#x} {_TYPES[kind]}"))
    return tuple(text for _, text in sorted(found))


def bars(log: str) -> list[AddressRange]:
    """Return the memory BARs that hvmloader placed, in its order."""
    found = []
    for size, address in _BAR.findall(log):
        base = int(address, 16)
        if not base & 1:  # that of an I/O range
            found.append(AddressRange(base & ~0xF, (base & ~0xF) + int(size, 16)))
    return found


def said(answer: Mapping[str, Any]) -> list[Outcome]:
    """Give the outcomes that an answer of `resolve` or `hotplug` allows."""
    alone = {
        "verdict": answer["verdict"],
        "decisions": [each for each in answer["reasons"] if each["effect"] != "warning"],
        "warnings": [each for each in answer["reasons"] if each["effect"] == "warning"],
        "memory_map": [],
    }
    found: list[Outcome] = []
    for case in answer.get("cases") or [alone]:
        if case["verdict"] != "refused":
            found.append(_starting(case))
        if case["verdict"] not in ("starts", "attached"):
            found.append(Outcome(starts=False, words=(_word(case["decisions"][0]),)))
    return found


def _starting(case: Mapping[str, Any]) -> Outcome:
    entries = sorted(case["memory_map"], key=lambda each: int(each["base"], 16))
    return Outcome(
        starts=True,
        words=tuple(word for each in case["warnings"] for word in _warning(each)),
        map=tuple(f"{each['base']}-{each['limit']} {each['type']}" for each in entries),
    )


def _warning(decision: Mapping[str, Any]) -> list[str]:
    """Give what is printed for a warning: of skipped pages a line for each."""
    first, last = (int(decision["region"][end], 16) for end in ("base", "limit"))
    if "iommu_identity_mapping" in decision["rule"]:
        return [f"no identity map at {page:#x}" for page in range(first, last, 4096)]
    if "intel_iommu_assign_device" in decision["rule"]:
        return [f"risky at {first:#x}"]
    return [decision["shown"]] if decision["shown"] else []


def _word(decision: Mapping[str, Any]) -> str:
    """Give what is printed for a refusal."""
    if code := re.search(r"exits with (\d+)", decision["reason"]):
        return f"exit {code[1]}"
    if "iommu_do_pci_domctl" in decision["rule"]:
        return "no IOMMU?"
    shown: str = decision["shown"]
    return ERRORS.get(shown, shown)
