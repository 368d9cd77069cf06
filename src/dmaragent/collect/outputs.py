"""Reduce the output of a command to what is kept, as soon as it is read. Pure.

Logs, guests and xenstore can contain secrets; only the lines and members listed here are kept.
Source: Xen tools/xl/xl_list.c; tools/libs/light/libxl_types.idl; tools/libs/light/libxl_pci.c,
``libxl_create_pci_backend``, for the keys in xenstore.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from dmaragent.readings import Missing, MissingKind

_BOOT_LINE = re.compile(
    rb"BIOS-e820: |ACPI: (?:DMAR|RMAD|XMAR|IVRS)\b|\b(?:DMAR|IVRS|IOMMU)\b|\bdmar\d*:|DMAR-IR:|"
    rb"AMD-Vi:|Booting paravirtualized kernel|Hypervisor detected"
)
"""A line of the kernel's log about the memory map, the IOMMU or the hypervisor."""
_LEVEL = re.compile(rb"^<[0-7]>")
_OF_OTHERS = re.compile(rb"<(?:[89]|[0-9]{2,})>")
_XEN_WROTE = re.compile(rb"\(XEN\)(?! ?(?:\[[^]]*\] )?(?:\(d\d+|HVM\d+:))")
"""A line that Xen wrote and no guest: old releases print HVM1:, later ones (d1)."""
_PCI_KEYS = re.compile(
    rb"/[^ =]*/(?:(?:dev|key|vdevfn|opts|state)-\d+|state|online|num_devs|frontend|frontend-id) = "
)
_WHOLE: Mapping[str, Any] = {}
_GIVEN: Mapping[str, Any] = {"": None}
"""Of a member that may contain anything, only whether it is there and not empty."""


def _all_of(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _WHOLE)


_GUEST: Mapping[str, Any] = {
    "domid": _WHOLE,
    "config": {
        "c_info": _all_of("type", "name", "hap", "passthrough"),
        "b_info": {
            **_all_of("max_memkb", "target_memkb", "video_memkb", "shadow_memkb"),
            **_all_of("device_model_version", "device_model_stubdomain", "vnuma_nodes"),
            **dict.fromkeys(("extra", "extra_hvm", "device_model"), _GIVEN),
            "type.hvm": {
                **_all_of("bios", "mmio_hole_memkb", "rdm_mem_boundary_memkb"),
                **_all_of("gfx_passthru", "gfx_passthru_kind"),
                **_all_of("xen_platform_pci", "xen_platform_pci_bar_uc"),
                **dict.fromkeys(("firmware", "system_firmware"), _GIVEN),
                "vga": {"kind": _WHOLE},
                "rdm": _all_of("strategy", "policy"),
            },
            "type.pv": {"e820_host": _WHOLE},
        },
        "pcidevs": _WHOLE,
        "rdms": _WHOLE,
    },
}
"""The members of a guest that are kept."""


def boot_lines(log: bytes) -> bytes:
    """Return the lines of `log` about the memory map, the IOMMU and the hypervisor."""
    return b"".join(line for line in _lines(log) if _BOOT_LINE.search(line))


def kernels_lines(raw: bytes) -> bytes:
    """Return the lines of ``dmesg -r`` that the kernel wrote, without their level.

    The number before a line is its level and eight times its facility, which is 0 for the kernel.
    """
    return b"".join(_LEVEL.sub(b"", line) for line in _lines(raw) if not _OF_OTHERS.match(line))


def xens_lines(log: bytes) -> bytes:
    """Return the lines of ``xl dmesg`` that Xen wrote, without those of guests."""
    return b"".join(line for line in _lines(log) if _XEN_WROTE.match(line))


def guests_parts(listing: bytes) -> bytes | Missing:
    """Return the kept members of the guests in ``xl list -l``, in the same form."""
    try:
        guests = json.loads(listing)
    except (ValueError, RecursionError):
        return Missing(MissingKind.FAILED, "the output of xl list -l is not JSON")
    if not isinstance(guests, list):
        return Missing(MissingKind.FAILED, "the output of xl list -l is not a list of guests")
    kept = [_parts(guest, _GUEST) for guest in guests]
    return json.dumps(kept, indent=1).encode("ascii") + b"\n"


def backends_lines(listing: bytes) -> bytes:
    """Return the keys of xenstore's PCI backends: each guest's devices and their state."""
    return b"".join(line for line in _lines(listing) if _PCI_KEYS.match(line))


def _lines(output: bytes) -> list[bytes]:
    """Return the lines with their ends. A guest can write a carriage return within a line."""
    return re.findall(rb"[^\n]*\n|[^\n]+", output)


def _parts(value: object, wanted: Mapping[str, Any]) -> object:
    """Return the members of `value` that are in `wanted`, recursively."""
    if wanted is _GIVEN:
        return bool(value)
    if not wanted:
        return value
    if not isinstance(value, dict):
        return {}
    return {name: _parts(value[name], below) for name, below in wanted.items() if name in value}
