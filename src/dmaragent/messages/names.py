"""From the values in a message's text to devices, addresses and numbers."""

import re
from collections.abc import Mapping

from dmaragent.addresses import PAGE, SBDF
from dmaragent.messages.model import QUARANTINE, Names, Span
from dmaragent.messages.numbers import error_number

_REASON_BELOW = re.compile(
    r"DMAR:(?: reason (?P<xen>[0-9a-f]{2}) -|"
    r"\[fault reason (?:(?P<linux>\d{2,3})|(?P<old_xen>[0-9a-f]{2})h)\])"
)
"""The reason of a fault in a separate line, as Xen and older kernels print it."""
_ADDRESSES = 1 << 64
_SPECIAL_DOMAINS = {"IO]": QUARANTINE, "XEN]": 0x7FF2, "COW]": 0x7FF3, "IDLE]": 0x7FFF}
"""Xen's own domains by the names that it prints.  Source: Xen common/vsprintf.c, print_domain;
include/public/xen.h."""


def reason_below(line: str) -> int | None:
    """Return the VT-d fault reason in `line`, the one below a fault; None: none."""
    match = _REASON_BELOW.search(line)
    if match is None:
        return None
    return int(match["linux"]) if match["linux"] else int(match["xen"] or match["old_xen"], 16)


def names_of(values: Mapping[str, str | None]) -> Names:
    """Return what the `values` of a template name; None values are left out."""
    given = {name: text for name, text in values.items() if text is not None}
    return Names(
        devices=_devices(given),
        spans=_spans(given),
        domain=_domain(given),
        group=_decimal(given.get("group")),
        error=_error(given),
        result=_decimal(given.get("result")),
        reason=_reason(given),
        flags=(int(given["flags"], 16),) if "flags" in given else (),
        segment_named="rid" not in given and given.get("sbdf", "::").count(":") > 1,
        word=(given.get("word") or given.get("written") or "").strip(),
    )


def _devices(given: Mapping[str, str]) -> tuple[SBDF, ...]:
    """Return the device from its address or its requester ID (bus, device and function in bits)."""
    if "rid" in given:
        rid = int(given["rid"], 16)
        return (SBDF(0, rid >> 8, rid >> 3 & 31, rid & 7),)
    text = given.get("sbdf", "").replace("0x", "")
    if "nodedev" in given:  # libvirt's name of a device: pci_0000_0a_00_0
        segment, bus, device, function = given["nodedev"].split("_")[1:]
        text = f"{segment}:{bus}:{device}.{function}"
    text = text or given.get("bdf", "").replace("_", ":")  # Qubes' name: 0a_00.0
    try:
        return (SBDF.parse(text),)
    except ValueError:  # a device number above 1f is not an address
        return ()


def _spans(given: Mapping[str, str]) -> tuple[Span, ...]:
    """Return the addresses: single ones, ranges, and those given as page numbers."""
    spans = []
    for name in ("address", "bare"):  # with or without 0x, or without it only
        if name in given:
            address = int(given[name], 16)
            spans.append(Span(address, address))
    spans += [
        Span(int(given[base], 16), _last(given, base, limit, end))
        for base, limit, end in (("base", "limit", "end"), ("base2", "limit2", "end2"))
        if base in given and "size" not in given
    ]
    if "size" in given:
        base = int(given["base"], 16)
        spans.append(Span(base, base + max(int(given["size"], 16), 1) - 1))
    for first, last in (("page", "page1"), ("page2", "page3")):
        if first in given:
            begin = int(given[first], 16) * PAGE
            end = int(given.get(last, given[first]), 16) * PAGE + PAGE
            if "stop" in given:  # the first page after the range
                end = int(given["stop"], 16) * PAGE or _end_of_memory(begin)
            spans.append(Span(begin, end - 1))
    return tuple(spans)


def _last(given: Mapping[str, str], base: str, limit: str, end: str) -> int:
    """Return the last byte of the range: `end` is the first after it."""
    if end in given:
        return (int(given[end], 16) or _end_of_memory(int(given[base], 16))) - 1
    return int(given.get(limit, given[base]), 16)


def _end_of_memory(first: int) -> int:
    """Return the end of a range from `first` that is printed as 0: it wraps, or it is empty."""
    return _ADDRESSES if first else 0


def _domain(given: Mapping[str, str]) -> int | None:
    special = _SPECIAL_DOMAINS.get(given.get("domain", "").upper().partition("[")[2])
    if special is not None:
        return special
    return _decimal(given.get("domid") or given.get("domain", "").lstrip("DdOoMm"))


def _error(given: Mapping[str, str]) -> int | None:
    number = _decimal(given.get("errno"))
    if number is not None:
        return abs(number)
    return error_number(given.get("error", ""))


def _reason(given: Mapping[str, str]) -> int | None:
    if "hexreason" in given:
        return int(given["hexreason"], 16)
    reason = given.get("reason")
    return (
        int(reason, 16) if reason is not None and reason[:2] in ("0x", "0X") else _decimal(reason)
    )


def _decimal(text: str | None) -> int | None:
    return int(text) if text else None
