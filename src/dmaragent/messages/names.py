"""From the values in a message's text to what it names."""

from collections.abc import Mapping

from dmaragent.addresses import PAGE, SBDF
from dmaragent.messages.model import QUARANTINE, Names, Span
from dmaragent.messages.numbers import error_number


def names_of(values: Mapping[str, str | None]) -> Names:
    """Say what the `values` of a template name; a value that is none is left out."""
    given = {name: text for name, text in values.items() if text is not None}
    return Names(
        devices=_devices(given),
        spans=_spans(given),
        domain=_domain(given),
        group=_decimal(given.get("group")),
        error=_error(given),
        result=_decimal(given.get("result")),
        reason=_reason(given),
        segment_named=given.get("sbdf", "::").count(":") > 1,
        word=given.get("word", "").strip(),
    )


def _devices(given: Mapping[str, str]) -> tuple[SBDF, ...]:
    text = given.get("sbdf", "").replace("0x", "")
    if "nodedev" in given:  # libvirt's name of a device: pci_0000_0a_00_0
        segment, bus, device, function = given["nodedev"].split("_")[1:]
        text = f"{segment}:{bus}:{device}.{function}"
    text = text or given.get("bdf", "").replace("_", ":")  # Qubes' name: 0a_00.0
    try:
        return (SBDF.parse(text),)
    except ValueError:  # a device number above 1f is no address
        return ()


def _spans(given: Mapping[str, str]) -> tuple[Span, ...]:
    """Give the addresses: single ones, ranges, and those that are told as page numbers."""
    found = []
    if "address" in given:
        address = int(given["address"], 16)
        found.append(Span(address, address))
    found += [
        Span(int(given[f"base{number}"], 16), int(given[f"limit{number}"], 16))
        for number in ("", "2")
        if f"limit{number}" in given
    ]
    if "size" in given:
        base = int(given["base"], 16)
        found.append(Span(base, base + max(int(given["size"], 16), 1) - 1))
    for first, last in (("page", "page1"), ("page2", "page3")):
        if first in given:
            begin = int(given[first], 16) * PAGE
            found.append(Span(begin, int(given.get(last, given[first]), 16) * PAGE + PAGE - 1))
    return tuple(found)


def _domain(given: Mapping[str, str]) -> int | None:
    if given.get("domain", "").endswith("[IO]"):
        return QUARANTINE
    return _decimal(given.get("domid") or given.get("domain", "").lstrip("Ddom"))


def _error(given: Mapping[str, str]) -> int | None:
    number = _decimal(given.get("errno"))
    if number is not None:
        return abs(number)
    return error_number(given.get("error", ""))


def _reason(given: Mapping[str, str]) -> int | None:
    if "hexreason" in given:
        return int(given["hexreason"], 16)
    return _decimal(given.get("reason"))


def _decimal(text: str | None) -> int | None:
    return int(text) if text else None
