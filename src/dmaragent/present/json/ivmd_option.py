"""Xen's ``ivmd=`` option as docs/schema/ivmd-option.v1.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.boot_option.boot_loaders import grub_default
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
from dmaragent.present.json.common import TOOL, range_object

if TYPE_CHECKING:
    from dmaragent.boot_option.model import OptionHost
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
        **_host(option.on),
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
    faults = found.faults
    return {
        "mode": "from-log",
        **_written(found.option),
        "faults": {
            "by_xen": faults.by_xen,
            "by_linux": faults.by_linux,
            "given": list(faults.given),
            "dropped": list(faults.dropped),
        },
    }


def _written(option: WrittenIvmd) -> schema.Written:
    return {
        **_host(option.on),
        "option": _option(option.words) if option.words else None,
        "regions": [{**_wanted(text.wanted), "words": list(text.words)} for text in option.written],
        "refused": [
            {**_wanted(refused.wanted), "reason": refused.reason} for refused in option.refused
        ],
        "present": option.present,
        "notes": list(option.notes),
    }


def _host(on: OptionHost) -> schema.Target:
    return {
        "xen": None if on.release is None else str(on.release),
        "table": on.ivrs is not None,
    }


def _option(words: tuple[str, ...]) -> schema.Option:
    together = one_word(words)
    return {
        "words": " ".join(words),
        "one_word": together,
        "grub": grub_default(" ".join(words)),
        "grub_one_word": None if together is None else grub_default(together),
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
        "advice": list(judged.advice),
    }
