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
from dmaragent.passthrough.region_coverage import HostCoverage
from dmaragent.present.json.common import TOOL, range_object, region_range
from dmaragent.present.words.device import class_name
from dmaragent.present.words.messages import advice_words, means_words

if TYPE_CHECKING:
    from dmaragent.present.json.schema import why as schema
    from dmaragent.present.json.schema.common import Host, LongRange


def why_document(why: Why, source: str, host: Host) -> schema.WhyDocument:
    """Return the document of ``dmaragent why``; `source` is what was read, `host` which it is."""
    answer: schema.Answer = {
        "source": source,
        "lines": why.recognition.line_count,
        "table_known": why.table_known,
        "regions_doubt": why.regions_doubt,
        "recognised": [_tie(match) for match in why.matches],
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
        "regions_doubt": "",
        "recognised": [],
        "left_out": 0,
        "known": [_known(message) for message in messages],
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
            {"template": wording.template.text, "releases": wording.releases}
            for wording in message.wordings
        ],
    }


def _tie(match: HostMatch) -> schema.Recognised:
    recognised = match.recognised
    return {
        **_message(recognised.message),
        "meaning": means_words(match),
        "advice": advice_words(match),
        "text": recognised.text,
        "count": recognised.count,
        "line_numbers": list(recognised.lines),
        "split": recognised.split,
        "cut": recognised.cut,
        "vendor": recognised.vendor or None,
        "names": _names(recognised.names),
        "more_addresses": recognised.more_spans,
        "here": {
            "fits": match.fits,
            "decided_by_xen": match.decided_by_xen,
            "vtd_off": match.vtd_off,
            "devices": [_device(device) for device in match.devices],
            "addresses": [_span(place) for place in match.spans],
            "group": (
                None
                if match.group is None
                else {
                    "number": match.group.number,
                    "devices": [
                        {
                            "sbdf": str(sbdf),
                            "driver": driver,
                            "locked_to": list(dict(match.locked).get(sbdf, ())),
                        }
                        for sbdf, driver in match.drivers
                    ],
                }
            ),
            "coverage": _coverage(match.coverage),
            "iommu": None if match.iommu is None else _iommu(match.iommu),
            "dma": [_dma(address) for address in match.dma],
            "translated": match.translated,
            "forgotten": None if match.forgotten is None else range_object(match.forgotten),
        },
        "findings": list(match.findings),
        "next": list(match.commands),
    }


def _coverage(coverage: HostCoverage) -> schema.Coverage | None:
    if not coverage.coverages:
        return None
    return {
        "blocks": [
            {
                "regions": [region.number for region in one.regions],
                "offsets": [region.entry.offset for region in one.regions],
                "devices": one.devices,
                "present": one.present,
                "blocked": one.blocked,
            }
            for one in coverage.coverages
        ],
        "functions": coverage.coverages[0].functions,
        "free": [str(sbdf) for sbdf in coverage.free],
        "unknown": [str(sbdf) for sbdf in coverage.unknown],
        "preboot": coverage.preboot,
        "board": coverage.board,
    }


def _iommu(state: IommuState) -> schema.Iommu:
    return {
        "groups": state.groups,
        "under_xen": state.under_xen,
        "switched_off_by": state.off_by,
        "switched_on_by": state.on_by,
        "firmware_opts_out": state.opted_out,
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
            {
                "base": f"0x{reserved.base:x}",
                "limit": f"0x{reserved.limit:x}",
                "type": reserved.type,
            }
            for reserved in address.reserved
        ],
    }


def _names(names: Names) -> schema.Names:
    return {
        "devices": [str(sbdf) for sbdf in names.devices],
        "addresses": [_span_object(span) for span in names.spans],
        "domain": names.domain,
        "quarantine": names.domain == QUARANTINE,
        "group": names.group,
        "error": None if names.error is None else error_name(names.error),
        "result": names.result,
        "fault_reason": names.reason,
        "word": names.word,
    }


def _span_object(span: Span) -> LongRange:
    return {"base": f"0x{span.first:x}", "limit": f"0x{max(span.last, 0):x}"}


def _device(device: DeviceMatch) -> schema.Device:
    function = device.function
    return {
        "sbdf": str(device.sbdf),
        "presence": device.presence.value,
        "class": None if function is None or function.class_code is None else class_name(function),
        "driver": None if function is None else function.driver,
        "slot": None if function is None else function.slot,
        "iommu_group": None if function is None else function.iommu_group,
        "regions": [_region(region) for region in device.owned],
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


def _span(match: RangeMatch) -> schema.Place:
    return {
        **_span_object(match.span),
        "regions": [_region(region) for region in match.regions],
        "xen_entries": [
            {**range_object(entry.range), "origin": entry.origin.value} for entry in match.entries
        ],
        "units": list(match.units),
        "memory_map": match.memory,
    }


def _region(region: Region) -> schema.Region:
    return {
        "number": region.number,
        **region_range(region),
        "offset": region.entry.offset,
        "sharers": region.xen.sharers,
        "owners": [None if owner.sbdf is None else str(owner.sbdf) for owner in region.owners],
    }
