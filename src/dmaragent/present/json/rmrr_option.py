"""Xen's ``rmrr=`` option as docs/schema/rmrr-option.v1.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.addresses import SBDF
from dmaragent.boot_option.boot_loaders import one_word
from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    JudgedRange,
    RefusedRegion,
    WrittenOption,
)
from dmaragent.boot_option.rmrr_writer import RmrrText
from dmaragent.present.json.boot_option import faults_object, option_forms, target
from dmaragent.present.json.common import TOOL, range_object

if TYPE_CHECKING:
    from dmaragent.present.json.schema import rmrr_option as schema
    from dmaragent.present.json.schema.common import Host


def option_document(
    answer: schema.Write | schema.FromLog | schema.Check, host: Host
) -> schema.RmrrOptionDocument:
    """Return the document of ``dmaragent boot-option``."""
    return {
        "format": "dmaragent.rmrr-option",
        "version": 1,
        "origin": {"tool": TOOL, "host": host},
        "answer": answer,
    }


def checked_document(option: CheckedOption) -> schema.Check:
    """Return the answer of a check."""
    return {
        "mode": "check",
        **target(option.on, option.on.table),
        "text": option.text,
        "own_command_line": option.own,
        "taken": option.taken,
        "ranges": [_judged(checked) for checked in option.ranges],
        "notes": list(option.notes),
    }


def written_document(option: WrittenOption) -> schema.Write:
    """Return the answer with a written option."""
    return {"mode": "write", **_written(option)}


def faults_document(faults: FaultOption) -> schema.FromLog:
    """Return the answer with an option for the faults of a log."""
    return {
        "mode": "from-log",
        **_written(faults.option),
        "faults": faults_object(faults.faults),
    }


def _written(option: WrittenOption) -> schema.Written:
    together = one_word(option.ranges, option.on.longest_word)
    return {
        **target(option.on, option.on.table),
        "option": option_forms(option.words, together) if option.words else None,
        "regions": [_region(text) for text in option.written],
        "refused": [_refused(region) for region in option.refused],
        "taken": option.taken,
        "present": option.present,
        "notes": list(option.notes),
    }


def _region(written: RmrrText) -> schema.Region:
    return {
        "base": f"0x{written.wanted.base:x}",
        "limit": f"0x{written.wanted.limit:x}",
        "devices": _devices(written.wanted.devices),
        "ranges": [
            {
                "text": page_range.text,
                "start_page": f"0x{page_range.start_pfn:x}",
                "end_page": f"0x{page_range.end_pfn:x}",
            }
            for page_range in written.ranges
        ],
    }


def _refused(refused: RefusedRegion) -> schema.Refused:
    return {
        "base": f"0x{refused.wanted.base:x}",
        "limit": f"0x{refused.wanted.limit:x}",
        "devices": _devices(refused.wanted.devices),
        "reason": refused.reason,
    }


def _judged(judged: JudgedRange) -> schema.Judged:
    pages = judged.read.range
    return {
        "text": judged.read.text,
        "taken": judged.taken,
        "mistaken": judged.mistaken,
        "reason": judged.reason,
        "range": None if pages is None else range_object(pages),
        "pages": None if pages is None else pages.size >> 12,
        "devices": _devices(judged.read.devices),
        "advice": list(judged.advice),
    }


def _devices(devices: Sequence[SBDF]) -> list[str]:
    return [str(sbdf) for sbdf in devices]
