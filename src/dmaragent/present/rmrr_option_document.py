"""Xen's ``rmrr=`` option as docs/schema/rmrr-option.v1.json."""

from collections.abc import Sequence
from typing import Any

from dmaragent.addresses import SBDF
from dmaragent.boot_option.boot_loaders import grub_default, one_word, several_words
from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    Judged,
    OptionHost,
    Refused,
    WrittenOption,
)
from dmaragent.platforms.rmrr_writer import Written
from dmaragent.present.documents import range_object


def checked_document(found: CheckedOption) -> dict[str, Any]:
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


def written_document(found: WrittenOption) -> dict[str, Any]:
    """Give the answer where an option was written."""
    return {"mode": "write", **_written(found)}


def faults_document(found: FaultOption) -> dict[str, Any]:
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


def _host(on: OptionHost) -> dict[str, Any]:
    return {
        "xen": None if on.release is None else str(on.release),
        "table": on.table is not None,
    }


def _written(found: WrittenOption) -> dict[str, Any]:
    return {
        **_host(found.on),
        "option": _option(found) if found.ranges else None,
        "regions": [_region(one) for one in found.written],
        "refused": [_refused(one) for one in found.refused],
        "present": found.present,
        "notes": list(found.notes),
    }


def _option(found: WrittenOption) -> dict[str, Any]:
    ranges = found.ranges
    together = one_word(ranges, found.on.longest_word)
    return {
        "words": several_words(ranges),
        "one_word": together,
        "grub": grub_default(several_words(ranges)),
        "grub_one_word": None if together is None else grub_default(together),
    }


def _region(one: Written) -> dict[str, Any]:
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


def _refused(one: Refused) -> dict[str, Any]:
    return {
        "base": f"0x{one.wanted.base:x}",
        "limit": f"0x{one.wanted.limit:x}",
        "devices": _devices(one.wanted.devices),
        "reason": one.reason,
    }


def _judged(one: Judged) -> dict[str, Any]:
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
