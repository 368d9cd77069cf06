"""Xen's ``rmrr=`` option as docs/schema/rmrr-option.v1.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.addresses import SBDF
from dmaragent.boot_option.boot_loaders import grub_default, one_word, several_words
from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    JudgedRange,
    OptionHost,
    RefusedRegion,
    WrittenOption,
)
from dmaragent.boot_option.rmrr_writer import RmrrText
from dmaragent.present.json.envelope import TOOL
from dmaragent.present.json.inventory import range_object

if TYPE_CHECKING:
    from dmaragent.present.json.schema import rmrr_option as schema
    from dmaragent.present.json.schema.common import Host


def option_document(
    answer: schema.Write | schema.FromLog | schema.Check, host: Host
) -> schema.RmrrOptionDocument:
    """Return the document of ``dmaragent rmrr-option``."""
    return {
        "format": "dmaragent.rmrr-option",
        "version": 1,
        "origin": {"tool": TOOL, "host": host},
        "answer": answer,
    }


def checked_document(found: CheckedOption) -> schema.Check:
    """Give the answer of a check."""
    return {
        "mode": "check",
        **_host(found.on),
        "text": found.text,
        "own_command_line": found.own,
        "taken": found.taken,
        "ranges": [_judged(one) for one in found.ranges],
        "notes": list(found.notes),
    }


def written_document(found: WrittenOption) -> schema.Write:
    """Give the answer where an option was written."""
    return {"mode": "write", **_written(found)}


def faults_document(found: FaultOption) -> schema.FromLog:
    """Give the answer where an option was written for the faults of a log."""
    return {
        "mode": "from-log",
        **_written(found.option),
        "faults": {
            "by_xen": found.by_xen,
            "by_linux": found.by_linux,
            "given": list(found.given),
            "dropped": list(found.dropped),
        },
    }


def _host(on: OptionHost) -> schema.Target:
    return {
        "xen": None if on.release is None else str(on.release),
        "table": on.table is not None,
    }


def _written(found: WrittenOption) -> schema.Written:
    return {
        **_host(found.on),
        "option": _option(found) if found.ranges else None,
        "regions": [_region(one) for one in found.written],
        "refused": [_refused(one) for one in found.refused],
        "present": found.present,
        "notes": list(found.notes),
    }


def _option(found: WrittenOption) -> schema.Option:
    ranges = found.ranges
    together = one_word(ranges, found.on.longest_word)
    return {
        "words": several_words(ranges),
        "one_word": together,
        "grub": grub_default(several_words(ranges)),
        "grub_one_word": None if together is None else grub_default(together),
    }


def _region(one: RmrrText) -> schema.Region:
    return {
        "base": f"0x{one.wanted.base:x}",
        "limit": f"0x{one.wanted.limit:x}",
        "devices": _devices(one.wanted.devices),
        "ranges": [
            {
                "text": each.text,
                "start_page": f"0x{each.start_pfn:x}",
                "end_page": f"0x{each.end_pfn:x}",
            }
            for each in one.ranges
        ],
    }


def _refused(one: RefusedRegion) -> schema.Refused:
    return {
        "base": f"0x{one.wanted.base:x}",
        "limit": f"0x{one.wanted.limit:x}",
        "devices": _devices(one.wanted.devices),
        "reason": one.reason,
    }


def _judged(one: JudgedRange) -> schema.Judged:
    pages = one.read.range
    return {
        "text": one.read.text,
        "taken": one.taken,
        "mistaken": one.mistaken,
        "reason": one.reason,
        "range": None if pages is None else range_object(pages),
        "pages": None if pages is None else pages.size >> 12,
        "devices": _devices(one.read.devices),
        "advice": list(one.advice),
    }


def _devices(devices: Sequence[SBDF]) -> list[str]:
    return [str(one) for one in devices]
