"""The devices of a KVM guest on another host: Linux decides there, whatever the memory layout is.

Pure.
"""

from collections.abc import Iterable, Sequence

from dmaragent.addresses import SBDF
from dmaragent.fleet.move_devices import (
    DeviceMove,
    HostMove,
    MovedFrom,
    WantedDevice,
    best_of,
    candidates,
    host_move,
    shown_by,
    unless_another,
    without_device,
    without_other,
)
from dmaragent.guests.kvm_guest import KvmDevice, KvmGuest
from dmaragent.inventory import Inventory
from dmaragent.linux.vfio import is_vfio_driver
from dmaragent.passthrough.kvm import resolve_kvm
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Harm, Verdict, residual_risk
from dmaragent.present.words.guest import reason_words


def move_kvm(
    host: str,
    guest: KvmGuest,
    inventory: Inventory,
    target: MovedFrom,
    devices: Iterable[WantedDevice],
) -> HostMove:
    """Return whether VFIO opens the devices of a KVM guest on a target."""
    found: list[DeviceMove] = []
    for wanted in devices:
        missing = without_device(wanted, target.facts)
        if missing is not None:
            found.append(missing)
            continue
        chosen = [move.device for move in found if move.device is not None]
        free = [sbdf for sbdf in candidates(wanted, target.facts) if sbdf not in chosen]
        if not free:
            found.append(without_other(wanted, target.facts))
            continue
        found.append(
            best_of(
                _opened(wanted, sbdf, resolution)
                for sbdf in free
                for resolution in [_resolved(guest, [*chosen, sbdf], inventory, target)]
            )
        )
    return host_move(host, _together(guest, found, inventory, target))


def _together(
    guest: KvmGuest, found: Sequence[DeviceMove], inventory: Inventory, target: MovedFrom
) -> list[DeviceMove]:
    """Return the answers again with all devices, because a group is opened as a whole."""
    chosen = [move.device for move in found if move.device is not None]
    resolution = _resolved(guest, chosen, inventory, target)
    together = (
        move if move.device is None else _opened(move.wanted, move.device, resolution)
        for move in found
    )
    return [unless_another(move, target.facts) for move in together]


def _resolved(
    guest: KvmGuest, devices: Sequence[SBDF], inventory: Inventory, target: MovedFrom
) -> KvmResolution:
    """Return the guest on the target with these devices."""
    managed = bool(guest.devices) and all(device.managed for device in guest.devices)
    own = tuple(KvmDevice(sbdf, "", str(sbdf), managed=managed) for sbdf in devices)
    return resolve_kvm(guest._replace(devices=own), inventory, target.facts, target.stack)


def _opened(wanted: WantedDevice, sbdf: SBDF, resolution: KvmResolution) -> DeviceMove:
    own = tuple(reason for reason in resolution.reasons if reason.device in (sbdf, None))
    assigned = next(each for each in resolution.functions if each.sbdf == sbdf)
    verdict = assigned.verdict
    if verdict is Verdict.STARTS and resolution.verdict is not Verdict.STARTS:
        of_guest = [reason for reason in resolution.reasons if reason.device is None]
        verdict = resolution.verdict if of_guest else verdict
    function = (resolution.host.functions or {}).get(sbdf)
    known = function is not None and function.driver_known
    driver = None if function is None else function.driver
    return DeviceMove(
        wanted=wanted,
        device=sbdf,
        spec="",
        verdict=verdict,
        reasons=tuple(dict.fromkeys(map(reason_words, own))),
        shown=shown_by(own),
        harm=residual_risk(own).harm if verdict is Verdict.STARTS else Harm.NONE,
        bound=driver is not None and is_vfio_driver(driver) if known else None,
        needs=(assigned.prerequisite,) if assigned.prerequisite else (),
    )
