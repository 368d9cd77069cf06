"""The answers about a fleet as docs/schema/fleet.v1.json, and each host as a line of NDJSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dmaragent.fleet.classes import hosts_by_errors
from dmaragent.policy.decisions import Verdict
from dmaragent.present.json.common import TOOL

if TYPE_CHECKING:
    from dmaragent.fleet.classes import HostClass, OddHost
    from dmaragent.fleet.devices import DevicesOfHost
    from dmaragent.fleet.diff import FleetDifference
    from dmaragent.fleet.fleet import Fleet
    from dmaragent.fleet.guests import GuestOnFleet
    from dmaragent.fleet.records import HostRecord, NoData
    from dmaragent.present.json.schema import fleet as schema


def fleet_document(
    answer: schema.FleetAnswer, folders: Sequence[str], fleet: Fleet
) -> schema.FleetDocument:
    """Return the document of `answer` about `fleet`, which was read from `folders`."""
    return {
        "format": "dmaragent.fleet",
        "version": 1,
        "origin": {
            "tool": TOOL,
            "folders": list(folders),
            "documents": fleet.documents,
            "expected": fleet.expected,
            "left_out": [{"path": other.path, "why": other.why.value} for other in fleet.left_out],
        },
        "answer": answer,
    }


def base_answer(classes: Sequence[HostClass], without: Sequence[NoData]) -> schema.FleetAnswer:
    """Return what every answer about a fleet has: its classes, and the hosts without data."""
    return {
        "classes": [_class(of) for of in classes],
        "no_data": [
            {
                "host": host.name,
                "why": host.why.value,
                "detail": host.detail,
                "next": host.next_step,
            }
            for host in sorted(without, key=lambda host: (host.name, host.why.value, host.detail))
        ],
    }


def _class(of: HostClass) -> schema.FleetClass:
    first = of.first
    return {
        "label": of.label,
        "digest": of.digest,
        "hosts": list(of.names),
        "machine": {
            "vendor": first.vendor,
            "model": first.model,
            "firmware": first.firmware,
        },
        "xen": first.xen,
        "linux": first.linux,
        "list_source": first.list_source,
        "table": first.table,
        "regions": first.regions,
    }


def class_objects(classes: Sequence[HostClass]) -> list[schema.FleetClass]:
    """Return classes as objects."""
    return [_class(of) for of in classes]


def odd_objects(odd: Sequence[OddHost]) -> list[schema.Odd]:
    """Return the hosts that differ from most of their model."""
    return [
        {"host": each.host.name, "differs": each.differs, "value": each.value, "usual": each.usual}
        for each in odd
    ]


def error_objects(records: Sequence[HostRecord]) -> list[schema.HostsWithErrors]:
    """Return the hosts whose table has errors, by the IDs of these."""
    return [
        {"hosts": list(hosts), "findings": list(errors)}
        for errors, hosts in hosts_by_errors(records)
    ]


def guest_objects(guests: Sequence[GuestOnFleet], without: int) -> list[schema.FleetGuest]:
    """Return the verdict on each guest by class; `without` hosts have no data."""
    return [
        {
            "guest": guest.name,
            "source": guest.source,
            "verdicts": [
                {
                    "label": of.label,
                    "hosts": list(of.names),
                    "verdict": found.verdict.value,
                    "reasons": list(found.reasons),
                    "risk": found.risk,
                    "remedies": None if found.remedies is None else list(found.remedies),
                    "remedy_lines": None
                    if found.remedies is None
                    else [list(lines) for lines in found.lines],
                }
                for of, found in guest.verdicts
            ],
            "counts": {
                "starts": guest.hosts(Verdict.STARTS),
                "refused": guest.hosts(Verdict.REFUSED),
                "undecided": guest.hosts(Verdict.UNDECIDED),
                "no_data": without,
            },
        }
        for guest in guests
    ]


def add_devices(answer: schema.FleetAnswer, answers: Sequence[DevicesOfHost]) -> None:
    """Add the devices of each host to `answer`, and the hosts without one."""
    answer["devices"] = [
        {
            "host": host.host,
            "device": device.sbdf,
            "verdict": device.verdict,
            "can": device.can.value,
            "decides": list(device.decides),
            "driver": device.driver,
            "regions": device.regions,
            "step": device.remedy,
            "reasons": list(device.reasons),
        }
        for host in answers
        for device in host.devices
    ]
    answer["without_device"] = [
        host.host for host in answers if not host.devices and not host.unknown
    ]
    answer["functions_unknown"] = [host.host for host in answers if host.unknown]


def add_difference(
    answer: schema.FleetAnswer, difference: FleetDifference, without_before: Sequence[NoData]
) -> None:
    """Add what changed to `answer`, which is about the later state."""
    answer["no_data_before"] = base_answer((), without_before)["no_data"]
    answer["changed"] = [
        {
            "hosts": list(entry.hosts),
            "model": entry.model,
            "changes": [
                {"what": fact.what, "before": fact.before, "after": fact.after}
                for fact in entry.changes
            ],
            "guests": [
                {
                    "guest": guest.guest,
                    "before": guest.before.value,
                    "after": guest.after.value,
                }
                for guest in entry.guests
            ],
        }
        for entry in difference.changed
    ]
    answer["same"] = difference.same
    answer["only_before"] = list(difference.only_before)
    answer["only_after"] = list(difference.only_after)
    answer["not_compared"] = list(difference.not_compared)


EXPORTED = (
    "name",
    "vendor",
    "model",
    "firmware",
    "xen",
    "linux",
    "list_source",
    "table",
    "regions",
    "shape",
    "xen_class",
    "linux_class",
    "errors",
    "warnings",
    "incomplete",
    "made",
    "no_data",
    "no_data_detail",
)
"""The columns of an export, and the keys of each line of NDJSON, in their order; docs/fleet.md explains
each."""


def export_rows(
    records: Sequence[HostRecord], without: Sequence[NoData]
) -> Iterator[dict[str, object]]:
    """Yield each host as an object with the keys of `EXPORTED`, by name; no data comes last."""
    for record in sorted(records, key=lambda record: (record.name, record.where)):
        errors: int | None
        warnings: int | None
        errors, warnings = record.findings
        own = {name: getattr(record, name) for name in EXPORTED if hasattr(record, name)}
        if not record.table:
            errors, warnings = None, None
        own |= {"errors": errors, "warnings": warnings, "no_data": "", "no_data_detail": ""}
        yield {name: own[name] for name in EXPORTED}
    for host in sorted(without, key=lambda host: (host.name, host.why.value)):
        lost = {"name": host.name, "no_data": host.why.value, "no_data_detail": host.detail}
        yield {**dict.fromkeys(EXPORTED), **lost}
