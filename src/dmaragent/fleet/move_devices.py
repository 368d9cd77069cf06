"""The devices of a guest on the host on which it was started, and on another host.

Pure.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.fleet import move_words as words
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.guests.pci_text import PolicyWord
from dmaragent.guests.rdm import Policy
from dmaragent.policy.assignment import added_functions
from dmaragent.policy.decisions import Decision, Effect, Harm, Verdict, residual_risk
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.hotplug import Hotplug, attach_migrated
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.settings import GuestDevice, Toolstack
from dmaragent.present.words.guest import reason_words
from dmaragent.remedies.xlcfg_lines import entry_text

_ID = re.compile(r"(?:0x)?([0-9a-f]{4}):(?:0x)?([0-9a-f]{4})", re.IGNORECASE)
_WORDS = {Policy.STRICT: PolicyWord.STRICT, Policy.RELAXED: PolicyWord.RELAXED}
_RELAXED = f"rdm_policy={PolicyWord.RELAXED.value}"
_ORDER = (Verdict.STARTS, Verdict.UNDECIDED, Verdict.REFUSED)
"""The verdicts, the best first."""


class WantedDevice(NamedTuple):
    """A device that the guest needs on the target."""

    text: str
    """Its address on the source, or the ID that was given."""
    ids: tuple[int, int] | None
    """Vendor and device; None: unknown."""
    settings: str = ""
    """The settings of its entry for xl pci-attach, with the comma before them."""
    unknown: str = ""
    """Why its ID is unknown; or empty."""

    @property
    def id(self) -> str:
        """Vendor and device as text; empty if they are unknown."""
        return "" if self.ids is None else "{:04x}:{:04x}".format(*self.ids)


class MovedFrom(NamedTuple):
    """What decides on the host on which the guest was started, or on a target."""

    facts: HostFacts
    stack: Stack


class DeviceMove(NamedTuple):
    """A device of the guest on a target."""

    wanted: WantedDevice
    device: SBDF | None
    """Its address there; None: there is none, or that is unknown."""
    spec: str
    """What is given to xl pci-attach; empty for a KVM guest, or without a device."""
    verdict: Verdict
    """STARTS: it is attached."""
    reasons: tuple[str, ...]
    """Why not, or its warnings."""
    shown: tuple[str, ...] = ()
    """What Xen or a tool prints if it is refused: the name of an error, or a message."""
    harm: Harm = Harm.NONE
    """What the guest or the host is exposed to, if it is attached."""
    bound: bool | None = None
    """Whether it is bound to pciback, or to a driver for guests; None: unknown."""
    needs: tuple[str, ...] = ()
    """The commands to run first."""
    relaxed: Harm | None = None
    """If it is refused only because it is strict: the harm if it is relaxed; None: no help."""

    @property
    def absent(self) -> bool:
        """Whether the target has no such device, or no other one."""
        return self.verdict is Verdict.REFUSED and self.device is None


class HostMove(NamedTuple):
    """The guest's devices on a target."""

    host: str
    verdict: Verdict
    """STARTS: all are attached; REFUSED: one is not."""
    devices: tuple[DeviceMove, ...]
    reason: str = ""
    """Why nothing is known about the devices, or what the answer depends on; or empty."""

    @property
    def at_risk(self) -> bool:
        """Whether all devices are attached, and one of them with memory at risk."""
        starts = self.verdict is Verdict.STARTS
        return starts and any(device.harm for device in self.devices)


# The devices that the guest needs ---------------------------------------------------------


def named_devices(texts: Iterable[str]) -> tuple[WantedDevice, ...]:
    """Return the devices of IDs with settings, such as ``8086:1521,rdm_policy=relaxed``.

    Raises:
        DmaragentError: a text does not begin with an ID.

    """
    devices = []
    for text in texts:
        name, comma, settings = text.partition(",")
        match = _ID.fullmatch(name)
        if match is None:
            raise words.not_an_id(text)
        ids = int(match[1], 16), int(match[2], 16)
        devices.append(WantedDevice(name.lower(), ids, f"{comma}{settings}"))
    return tuple(devices)


def devices_of(resolution: Resolution) -> tuple[WantedDevice, ...]:
    """Return the functions that a Xen guest has on the host on which it was started."""
    facts, wanted = resolution.host, []
    for device in resolution.settings.devices:
        functions, _ = added_functions([(device, Policy.STRICT)], facts)
        if not functions:
            wanted.append(WantedDevice(device.text, None, "", words.NOT_FOUND_ON_SOURCE))
        for function in functions:
            ids, unknown = ids_on_source(function.sbdf, facts)
            settings = _settings_of(device, function.sbdf)
            wanted.append(WantedDevice(str(function.sbdf), ids, settings, unknown))
    return tuple(wanted)


def kvm_devices_of(guest: KvmGuest, facts: HostFacts) -> tuple[WantedDevice, ...]:
    """Return the functions that a KVM guest has on the host on which it was started."""
    wanted = []
    for device in guest.devices:
        slot = facts.siblings(device.sbdf) if device.all_functions else (device.sbdf,)
        for sbdf in sorted(slot):
            ids, unknown = ids_on_source(sbdf, facts)
            wanted.append(WantedDevice(str(sbdf), ids, "", unknown))
    return tuple(wanted)


def ids_on_source(sbdf: SBDF, facts: HostFacts) -> tuple[tuple[int, int] | None, str]:
    """Return vendor and device of a function; or None, and why they are unknown."""
    if facts.functions is None:
        return None, words.SOURCE_FUNCTIONS_UNKNOWN
    function = facts.functions.get(sbdf)
    if function is None:
        return None, words.NOT_FOUND_ON_SOURCE
    if function.vendor_id is None or function.device_id is None:
        return None, words.SOURCE_ID_UNKNOWN
    return (function.vendor_id, function.device_id), ""


def _settings_of(device: GuestDevice, sbdf: SBDF) -> str:
    """Return the settings of an entry for one function, with the comma before them."""
    word = _WORDS.get(device.policy or Policy.INVALID) if device.explicit else None
    slot = 0 if device.pci.all_functions else device.pci.vslot
    pci = replace(
        device.pci, sbdf=sbdf, name=None, all_functions=False, vslot=0, policy=word, ignored=()
    )
    _, comma, settings = entry_text(pci, "").partition(",")
    return (f"@{slot:x}" if slot else "") + comma + settings


# The devices on a target ------------------------------------------------------------------


def candidates(wanted: WantedDevice, facts: HostFacts) -> tuple[SBDF, ...]:
    """Return the functions of a target with the ID of `wanted`."""
    return tuple(sorted(sbdf for sbdf, fits in _fits(wanted, facts) if fits))


def _fits(wanted: WantedDevice, facts: HostFacts) -> Iterator[tuple[SBDF, bool | None]]:
    """Yield each function of a target, and whether it has the ID of `wanted`; None: unknown."""
    if wanted.ids is not None:
        for function in (facts.functions or {}).values():
            yield function.sbdf, function.has_ids(wanted.ids)


def unless_another(move: DeviceMove, facts: HostFacts) -> DeviceMove:
    """Return the answer about a device; unknown if another one may be meant that is not refused."""
    others = sorted(sbdf for sbdf, fits in _fits(move.wanted, facts) if fits is None)
    if move.verdict is not Verdict.REFUSED or not others:
        return move
    why = words.may_be_wanted(move.wanted.id, others[0], len(others) - 1)
    reasons = move.reasons if move.device is not None else ()
    return DeviceMove(move.wanted, None, "", Verdict.UNDECIDED, (why, *reasons))


def without_other(wanted: WantedDevice, facts: HostFacts) -> DeviceMove:
    """Return the answer about a device if all of its kind are used."""
    reason = words.no_other_device(wanted.id)
    return unless_another(DeviceMove(wanted, None, "", Verdict.REFUSED, (reason,)), facts)


def without_device(wanted: WantedDevice, facts: HostFacts) -> DeviceMove | None:
    """Return the answer about a device that cannot be looked for on a target, or is not there."""
    if wanted.ids is None:
        return DeviceMove(wanted, None, "", Verdict.UNDECIDED, (wanted.unknown,))
    if facts.functions is None:
        return DeviceMove(wanted, None, "", Verdict.UNDECIDED, (words.FUNCTIONS_UNKNOWN,))
    if not candidates(wanted, facts):
        reason = words.no_such_device(wanted.id)
        return unless_another(DeviceMove(wanted, None, "", Verdict.REFUSED, (reason,)), facts)
    return None


def shown_by(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Return what Xen or a tool prints for the refusals among `decisions`."""
    refusals = (decision for decision in decisions if decision.effect is Effect.REFUSED)
    return tuple(dict.fromkeys(decision.shown for decision in refusals if decision.shown))


def host_move(host: str, devices: Sequence[DeviceMove]) -> HostMove:
    """Return the answer of a target from those about each device."""
    verdict = max((device.verdict for device in devices), key=_ORDER.index, default=Verdict.STARTS)
    return HostMove(host, verdict, tuple(devices))


def best_of(moves: Iterable[DeviceMove]) -> DeviceMove:
    """Return the device that is best attached: with the least harm, bound already."""
    return min(
        moves,
        key=lambda move: (_ORDER.index(move.verdict), move.harm, not move.bound, str(move.device)),
    )


class Migration(NamedTuple):
    """A Xen guest that runs on a target with the memory layout of its source."""

    guest: GuestConfig
    source: MovedFrom
    target: MovedFrom

    def attach(self, spec: str, present: Sequence[SBDF]) -> Hotplug:
        """Return the answer about a device, if the guest got the functions `present` before."""
        return attach_migrated(spec, self.guest, self.source, self.target, present)


def move_xen(host: str, migration: Migration, devices: Sequence[WantedDevice]) -> HostMove:
    """Return whether the devices of a Xen guest can be attached on a target, each in turn.

    If not, the relaxed ones are tried after the others: of two devices of one ID, they can get the
    one whose region conflicts.
    """
    found = _moved_in_turn(host, migration, devices)
    relaxed_last = sorted(devices, key=lambda wanted: _RELAXED in "".join(wanted.settings.split()))
    if found.verdict is Verdict.STARTS or relaxed_last == list(devices):
        return found
    other = _moved_in_turn(host, migration, relaxed_last)
    return min(found, other, key=lambda move: _ORDER.index(move.verdict))


def _moved_in_turn(host: str, migration: Migration, devices: Sequence[WantedDevice]) -> HostMove:
    moved: list[DeviceMove] = []
    facts = migration.target.facts
    for wanted in devices:
        missing = without_device(wanted, facts)
        if missing is not None:
            moved.append(missing)
            continue
        present = tuple(move.device for move in moved if move.device is not None)
        free = [sbdf for sbdf in candidates(wanted, facts) if sbdf not in present]
        if not free:
            moved.append(without_other(wanted, facts))
            continue
        best = best_of(_attached(wanted, sbdf, migration, present) for sbdf in free)
        moved.append(unless_another(best, facts))
    return host_move(host, moved)


def _attached(
    wanted: WantedDevice, sbdf: SBDF, migration: Migration, present: Sequence[SBDF]
) -> DeviceMove:
    spec = f"{sbdf}{wanted.settings}"
    found = migration.attach(spec, present)
    bound = migration.target.facts.assignable
    starts = found.verdict is Verdict.STARTS
    worst_first = sorted(found.warnings, key=lambda warning: -warning.harm)
    reasons = worst_first if starts else found.decisions
    return DeviceMove(
        wanted=wanted,
        device=sbdf,
        spec=spec,
        verdict=found.verdict,
        reasons=tuple(dict.fromkeys(map(reason_words, reasons))),
        shown=shown_by(reasons),
        harm=residual_risk(found.warnings).harm if starts else Harm.NONE,
        bound=None if bound is None else sbdf in bound,
        needs=found.prerequisites,
        relaxed=_if_relaxed(found, migration, present),
    )


def _if_relaxed(found: Hotplug, migration: Migration, present: Sequence[SBDF]) -> Harm | None:
    """Return the harm if a refused device is attached relaxed; None if it is refused then, too."""
    strict = found.policy is Policy.STRICT and migration.target.stack.toolstack is Toolstack.XL
    if found.verdict is not Verdict.REFUSED or found.pci is None or not strict:
        return None
    text = entry_text(replace(found.pci, policy=PolicyWord.RELAXED), "")
    after = migration.attach(text, present) if text else None
    if after is None or after.verdict is not Verdict.STARTS:
        return None
    return residual_risk(after.warnings).harm


def ram_ends(resolution: Resolution) -> Iterator[int]:
    """Yield where the RAM of the guest below 4 GiB can end."""
    for outcome in resolution.outcomes:
        if outcome.built.verdict is not Verdict.REFUSED and outcome.built.layout is not None:
            yield outcome.built.layout.after.lowmem_end
