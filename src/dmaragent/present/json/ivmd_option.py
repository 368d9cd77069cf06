"""Xen's ``ivmd=`` option as docs/schema/ivmd-option.v1.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.boot_option.ivmd_advice import devices_of, pages_of
from dmaragent.boot_option.ivmd_model import (
    CheckedIvmd,
    DeviceSpan,
    FaultIvmd,
    JudgedIvmd,
    WantedIvmd,
    WrittenIvmd,
)
from dmaragent.boot_option.ivmd_writer import one_word
from dmaragent.present.json.boot_option import faults_object, option_forms, target
from dmaragent.present.json.common import TOOL, range_object

if TYPE_CHECKING:
    from dmaragent.present.json.schema import ivmd_option as schema
    from dmaragent.present.json.schema.common import Host


def ivmd_option_document(
    answer: schema.Write | schema.FromLog | schema.Check, host: Host
) -> schema.IvmdOptionDocument:
    """Return the document of ``dmaragent boot-option`` for ``ivmd=``."""
    return {
        "format": "dmaragent.ivmd-option",
        "version": 1,
        "origin": {"tool": TOOL, "host": host},
        "answer": answer,
    }


def checked_ivmd(option: CheckedIvmd) -> schema.Check:
    """Return the answer of a check."""
    return {
        "mode": "check",
        **target(option.on, option.on.ivrs),
        "text": option.text,
        "own_command_line": option.own,
        "taken": option.taken,
        "iommu_disabled": option.iommu_disabled or None,
        "ranges": [_judged(judged) for judged in option.ranges],
        "notes": list(option.notes),
    }


def written_ivmd(option: WrittenIvmd) -> schema.Write:
    """Return the answer with a written option."""
    return {"mode": "write", **_written(option)}


def faults_ivmd(found: FaultIvmd) -> schema.FromLog:
    """Return the answer with an option for the faults of a log."""
    return {
        "mode": "from-log",
        **_written(found.option),
        "faults": faults_object(found.faults),
    }


def _written(option: WrittenIvmd) -> schema.Written:
    return {
        **target(option.on, option.on.ivrs),
        "option": option_forms(option.words, one_word(option.words)) if option.words else None,
        "regions": [{**_wanted(text.wanted), "words": list(text.words)} for text in option.written],
        "refused": [
            {**_wanted(refused.wanted), "reason": refused.reason} for refused in option.refused
        ],
        "taken": option.taken,
        "present": option.present,
        "notes": list(option.notes),
    }


def _wanted(wanted: WantedIvmd) -> schema.Wanted:
    return {
        "base": f"0x{wanted.base:x}",
        "limit": f"0x{wanted.limit:x}",
        "devices": [_span(span) for span in wanted.devices] or None,
    }


def _span(span: DeviceSpan) -> schema.DeviceSpan:
    return {"first": str(span.first), "last": str(span.last)}


def _judged(judged: JudgedIvmd) -> schema.Judged:
    pages = pages_of(judged.read)
    devices = None if judged.read.ivmd is None else devices_of(judged.read)
    return {
        "text": judged.read.text,
        "position": judged.read.position + 1,
        "taken": judged.taken,
        "effect": judged.effect.value,
        "mistaken": judged.mistaken,
        "reason": judged.reason,
        "range": None if pages is None else range_object(pages),
        "pages": None if pages is None else pages.size >> 12,
        "devices": None if devices is None else _span(DeviceSpan(*devices)),
        "advice": [*judged.warnings, *judged.advice],
    }
