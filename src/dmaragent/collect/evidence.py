"""What a bundle holds for people besides: the clock, Xen's log, the guests, xenstore.

No answer uses it, but `dmaragent why` looks for messages in Xen's log.  Of what can hold
secrets only the parts named here are kept, from the moment that it is read.  Source: Xen tools/xl/xl_list.c; tools/libs/light/libxl_types.idl;
tools/libs/light/libxl_pci.c, ``libxl_create_pci_backend``, for the keys in xenstore.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from dmaragent.collect import ledger
from dmaragent.collect.reader import HostReader
from dmaragent.readings import Missing, MissingKind

_XEN_WROTE = re.compile(rb"\(XEN\)(?! ?(?:\[[^]]*\] )?(?:\(d\d+|HVM\d+:))")
"""Old releases of Xen have HVM1: where later ones have (d1)."""
_PCI_KEYS = re.compile(
    rb"/[^ =]*/(?:(?:dev|key|vdevfn|opts|state)-\d+|state|online|num_devs|frontend|frontend-id) = "
)
_WHOLE: Mapping[str, Any] = {}


def _each(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _WHOLE)


_GUEST: Mapping[str, Any] = {
    "domid": _WHOLE,
    "config": {
        "c_info": _each("type", "name", "hap", "passthrough"),
        "b_info": {
            **_each("max_memkb", "target_memkb", "video_memkb", "shadow_memkb"),
            **_each("device_model_version", "device_model_stubdomain"),
            "type.hvm": {
                **_each("bios", "mmio_hole_memkb", "rdm_mem_boundary_memkb"),
                "gfx_passthru": _WHOLE,
                "vga": {"kind": _WHOLE},
                "rdm": _each("strategy", "policy"),
            },
            "type.pv": {"e820_host": _WHOLE},
        },
        "pcidevs": _WHOLE,
        "rdms": _WHOLE,
    },
}
"""What is kept of a guest: these members and what is below them, and no other."""


def collect_evidence(host: HostReader) -> None:
    """Ask `host`, which keeps its answers, for what a bundle holds besides."""
    host.call(ledger.CLOCK.request())
    host.read(ledger.HOST_NAME.request())
    kind = host.read(ledger.HYPERVISOR_TYPE.request())
    if kind == b"xen\n" or (isinstance(kind, Missing) and kind.kind is not MissingKind.ABSENT):
        for entry in (ledger.XL_DMESG, ledger.XL_LIST, ledger.XENSTORE_PCI):
            host.call(entry.request())


def xens_lines(log: bytes) -> bytes:
    """Give Xen's own lines of ``xl dmesg``: not what a guest wrote to it."""
    lines = log.splitlines(keepends=True)
    return b"".join(line for line in lines if _XEN_WROTE.match(line))


def guests_parts(listing: bytes) -> bytes | Missing:
    """Give what matters of the guests in ``xl list -l``, in the same form."""
    try:
        guests = json.loads(listing)
    except (ValueError, RecursionError):
        return Missing(MissingKind.FAILED, "xl list -l gave something else than JSON")
    kept = [_parts(each, _GUEST) for each in guests] if isinstance(guests, list) else []
    return json.dumps(kept, indent=1).encode("ascii") + b"\n"


def backends_lines(listing: bytes) -> bytes:
    """Give the keys of xenstore's PCI backends that say which device is whose."""
    lines = listing.splitlines(keepends=True)
    return b"".join(line for line in lines if _PCI_KEYS.match(line))


def _parts(value: object, wanted: Mapping[str, Any]) -> object:
    """Give the members of `value` that are in `wanted`, and of these the same."""
    if not wanted:
        return value
    if not isinstance(value, dict):
        return {}
    return {name: _parts(value[name], below) for name, below in wanted.items() if name in value}
