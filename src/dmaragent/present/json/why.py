"""Recognised messages as docs/schema/why.v1.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dmaragent.inventory import Region
from dmaragent.messages.dma_address import DmaAddress
from dmaragent.messages.host_match import DeviceMatch, HostMatch, RangeMatch, Why
from dmaragent.messages.iommu_state import IommuState
from dmaragent.messages.model import QUARANTINE, Message, Names, Span
from dmaragent.messages.numbers import error_name
from dmaragent.present.json.envelope import TOOL
from dmaragent.present.json.inventory import range_object
from dmaragent.present.text.device_card import class_name
from dmaragent.present.text.why import advice_words, means_words

if TYPE_CHECKING:
    from dmaragent.present.json.schema import why as schema
    from dmaragent.present.json.schema.common import Host, LongRange


def why_document(why: Why, source: str, host: Host) -> schema.WhyDocument:
    """Return the document of ``dmaragent why``; `source` is what was read, `host` which it is."""
    answer: schema.Answer = {
        "source": source,
        "lines": why.recognition.line_count,
        "table_known": why.table_known,
        "recognised": [_tie(each) for each in why.matches],
        "left_out": why.recognition.left_out,
        "known": None,
    }
    return _document(host, answer)


def known_document(messages: Iterable[Message]) -> schema.WhyDocument:
    """Return the document of ``dmaragent why --list``."""
    answer: schema.Answer = {
        "source": "list",
        "lines": 0,
        "table_known": None,
        "recognised": [],
        "left_out": 0,
        "known": [_known(each) for each in messages],
    }
    return _document(None, answer)


def _document(host: Host | None, answer: schema.Answer) -> schema.WhyDocument:
    return {
        "format": "dmaragent.why",
        "version": 1,
        "origin": {"tool": TOOL, "host": host},
        "answer": answer,
    }


def _message(message: Message) -> schema.Message:
    return {
        "id": message.id,
        "printer": message.printer.value,
        "weight": message.weight.value,
        "title": message.title,
        "releases": message.releases,
        "source": message.source,
    }


def _known(message: Message) -> schema.Known:
    return {
        **_message(message),
        "meaning": message.meaning,
        "advice": message.advice,
        "wordings": [
            {"template": one.template.text, "releases": one.releases} for one in message.wordings
        ],
    }


def _tie(each: HostMatch) -> schema.Recognised:
    found = each.recognised
    return {
        **_message(found.message),
        "meaning": means_words(found),
        "advice": advice_words(found),
        "text": found.text,
        "count": found.count,
        "line_numbers": list(found.lines),
        "split": found.split,
        "cut": found.cut,
        "vendor": found.vendor or None,
        "names": _names(found.names),
        "more_addresses": found.more_spans,
        "here": {
            "fits": each.fits,
            "decided_by_xen": each.decided_by_xen,
            "vtd_off": each.vtd_off,
            "devices": [_device(one) for one in each.devices],
            "addresses": [_span(one) for one in each.spans],
            "group": (
                None
                if each.group is None
                else {
                    "number": each.group.number,
                    "devices": [
                        {
                            "sbdf": str(sbdf),
                            "driver": driver,
                            "locked_to": list(dict(each.locked).get(sbdf, ())),
                        }
                        for sbdf, driver in each.drivers
                    ],
                }
            ),
            "iommu": None if each.iommu is None else _iommu(each.iommu),
            "dma": [_dma(address) for address in each.dma],
            "translated": each.translated,
            "forgotten": None if each.forgotten is None else range_object(each.forgotten),
        },
        "findings": list(each.findings),
        "next": list(each.commands),
    }


def _iommu(state: IommuState) -> schema.Iommu:
    return {
        "groups": state.groups,
        "under_xen": state.under_xen,
        "switched_off_by": state.off_by,
        "switched_on_by": state.on_by,
        "options_known": state.options_known,
        "xen_switched_off_by": state.xen_off_by,
        "table": state.table,
    }


def _dma(address: DmaAddress) -> schema.Dma:
    return {
        **_span_object(address.span),
        "address_bits": address.bits,
        "host_address_bits": address.width,
        "reserved": [
            {"base": f"0x{one.base:x}", "limit": f"0x{one.limit:x}", "type": one.type}
            for one in address.reserved
        ],
    }


def _names(names: Names) -> schema.Names:
    return {
        "devices": [str(sbdf) for sbdf in names.devices],
        "addresses": [_span_object(one) for one in names.spans],
        "domain": names.domain,
        "quarantine": names.domain == QUARANTINE,
        "group": names.group,
        "error": None if names.error is None else error_name(names.error),
        "result": names.result,
        "fault_reason": names.reason,
        "word": names.word,
    }


def _span_object(span: Span) -> LongRange:
    return {"base": f"0x{span.first:x}", "limit": f"0x{span.last:x}"}


def _device(device: DeviceMatch) -> schema.Device:
    function = device.function
    return {
        "sbdf": str(device.sbdf),
        "presence": device.presence.value,
        "class": None if function is None or function.class_code is None else class_name(function),
        "driver": None if function is None else function.driver,
        "slot": None if function is None else function.slot,
        "iommu_group": None if function is None else function.iommu_group,
        "regions": [_region(one) for one in device.owned],
        "linux": [
            {
                "region": region.number,
                "type": held.hold.value,
                "through": None if held.through is None else str(held.through),
                "by_kernel": held.by_kernel,
            }
            for region, held in device.held
        ],
    }


def _span(one: RangeMatch) -> schema.Place:
    return {
        **_span_object(one.span),
        "regions": [_region(each) for each in one.regions],
        "xen_entries": [
            {**range_object(each.range), "origin": each.origin.value} for each in one.entries
        ],
        "units": list(one.units),
        "memory_map": one.memory,
    }


def _region(region: Region) -> schema.Region:
    return {
        "number": region.number,
        "base": f"0x{region.base:x}",
        "limit": f"0x{region.limit:x}",
        "offset": region.offset,
        "sharers": region.sharers,
        "owners": [None if owner.sbdf is None else str(owner.sbdf) for owner in region.owners],
    }
