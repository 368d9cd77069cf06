"""The devices of a migrated guest on each target, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from dmaragent.fleet import move_words as words
from dmaragent.fleet.classes import folded
from dmaragent.fleet.move import Move, NoStart
from dmaragent.fleet.move_devices import DeviceMove, HostMove
from dmaragent.fleet.records import HostRecord, NoData
from dmaragent.fleet.text import MOST_CLASSES, without_text
from dmaragent.fleet.words import more_reasons
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.numbers import count

if TYPE_CHECKING:
    from dmaragent.present.json.schema import fleet as schema

_INDENT = 2
_VERDICTS = {
    Verdict.STARTS: "attached",
    Verdict.REFUSED: "refused",
    Verdict.UNDECIDED: "undecided",
}


def move_text(
    move: Move,
    records: Sequence[HostRecord],
    without: Sequence[NoData],
    *,
    details: bool,
) -> Iterator[str]:
    """Yield the answer, what decides, and the targets; those with equal answers together."""
    name = move.guest.name or move.guest.source
    head = words.headline(move, len(without))
    yield from paragraph(visible(f"{name}: {head}"), hang=_INDENT)
    for device in move.devices:
        yield from paragraph(visible(words.wanted(device.text, device.id)), indent=_INDENT, hang=8)
    kvm = isinstance(move.guest, KvmGuest)
    if isinstance(move.guest, GuestConfig) and move.guest.type is GuestType.HVM:
        ends = words.ram_ends(move.ram_ends, move.source.name)
        yield from paragraph(visible(f"{ends}."), indent=_INDENT, hang=8)
        if move.ram_unknown:
            for line in (words.why_ram_unknown(move.ram_unknown), _next_step(move)):
                yield from paragraph(visible(line), indent=_INDENT + 8, hang=_INDENT)
    models = {record.name: record.model or "" for record in records}
    for verdict in _VERDICTS:
        targets = [target for target in move.targets if target.verdict is verdict]
        if targets:
            yield ""
            yield words.hosts(verdict, len(targets))
            yield from _groups(targets, models, details=details)
    yield from without_text(without, details=details)
    yield ""
    yield from paragraph(f"{words.KVM_DECIDES if kvm else words.XEN_STEPS}.")


def _next_step(move: Move) -> str:
    """Return what to do about a guest that would not start on the source."""
    if move.no_start is NoStart.SETTING:
        return words.FIND_SETTING
    if move.no_start is NoStart.OTHER:
        return words.check_configuration(move.source.name)
    return words.resolve_on_source(move.source.name)


def _groups(
    targets: Sequence[HostMove], models: Mapping[str, str], *, details: bool
) -> Iterator[str]:
    groups: dict[object, list[HostMove]] = {}
    for target in targets:
        absent = target.devices and all(device.absent for device in target.devices)
        model = "" if absent else models.get(target.host, "")
        groups.setdefault((target.devices, target.reason, model), []).append(target)
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group[0].host))
    shown = ordered if details else ordered[:MOST_CLASSES]
    for group in shown:
        first = group[0]
        names = folded(target.host for target in group)
        own = {models.get(target.host, "") for target in group}
        model = own.pop() if len(own) == 1 else ""
        head = f"{names} ({count(len(group), 'host')})" if len(group) > 1 else names
        yield from paragraph(
            visible(f"{head}{f', {model}' if model else ''}"), indent=_INDENT, hang=_INDENT
        )
        if first.reason:
            yield from paragraph(visible(first.reason), indent=2 * _INDENT, hang=_INDENT)
        alike: dict[object, list[DeviceMove]] = {}
        for device in first.devices:
            alike.setdefault(_likeness(device), []).append(device)
        for devices in alike.values():
            yield from _device_lines(devices, details=details)
    rest = ordered[len(shown) :]
    if rest:
        yield f"  {words.more_hosts(len(rest), sum(map(len, rest)))}"


def _likeness(device: DeviceMove) -> DeviceMove:
    """Return what devices with the same lines share."""
    return device._replace(wanted=device.wanted._replace(text="", ids=None), device=None, spec="")


def _device_lines(devices: Sequence[DeviceMove], *, details: bool) -> Iterator[str]:
    """Yield the addresses and the answer of alike devices, the warnings, and the commands."""
    deep, device = 2 * _INDENT, devices[0]
    places = ", ".join(
        each.wanted.text if each.device is None else str(each.device) for each in devices
    )
    yield from paragraph(
        visible(words.device_line(places, device.verdict, absent=device.absent)),
        indent=deep,
        hang=2,
    )
    if device.harm:
        yield from paragraph(f"{words.risk(device.harm)}.", indent=deep + 2, hang=2)
    reasons = device.reasons if details else device.reasons[:1]
    for reason in reasons:
        yield from paragraph(visible(reason), indent=deep + 2, hang=2)
    if len(device.reasons) > len(reasons):
        yield f"      {more_reasons(len(device.reasons) - len(reasons))}"
    if device.relaxed is not None:
        yield from paragraph(f"{words.if_relaxed(device.relaxed)}.", indent=deep + 2, hang=2)
    if device.verdict is not Verdict.REFUSED and device.spec and device.bound is None:
        yield from paragraph(f"{words.NOT_BOUND_KNOWN}.", indent=deep + 2, hang=2)
    if device.verdict is not Verdict.REFUSED:
        for command in device.needs:
            yield from paragraph(visible(words.first_run(command)), indent=deep + 2, hang=2)


# JSON -------------------------------------------------------------------------------------


def move_object(move: Move, without: int) -> schema.FleetMove:
    """Return the answer as the fleet document has it; `without` hosts have no data."""
    return {
        "guest": move.guest.name or move.guest.source,
        "source": move.guest.source,
        "started_on": move.source.name,
        "hypervisor": "kvm" if isinstance(move.guest, KvmGuest) else "xen",
        "devices": [{"device": device.text, "id": device.id} for device in move.devices],
        "ram_ends": [f"{end:#x}" for end in move.ram_ends],
        "ram_unknown": move.ram_unknown,
        "targets": [
            {
                "host": target.host,
                "verdict": _VERDICTS[target.verdict],
                "reason": target.reason,
                "devices": [_device(device) for device in target.devices],
            }
            for target in move.targets
        ],
        "counts": {
            "attached": move.hosts(Verdict.STARTS),
            "refused": move.hosts(Verdict.REFUSED),
            "undecided": move.hosts(Verdict.UNDECIDED),
            "no_data": without,
        },
    }


def _device(device: DeviceMove) -> schema.AttachedDevice:
    relaxed = "no" if device.relaxed is None else "risk" if device.relaxed else "yes"
    return {
        "id": device.wanted.id,
        "device": None if device.device is None else str(device.device),
        "spec": device.spec,
        "verdict": _VERDICTS[device.verdict],
        "reasons": list(device.reasons),
        "shown": list(device.shown),
        "risk": device.harm > Harm.NONE,
        "bound": device.bound,
        "needs": list(device.needs),
        "relaxed": relaxed,
    }
