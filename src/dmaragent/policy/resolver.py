"""Whether a guest starts, by its toolstack and by Xen, and why: :func:`resolve`.

The toolstack's release decides how the configuration is read and how the guest is laid out. The
hypervisor's release decides the regions and the assignment: the host's facts follow it.
``outcomes.py`` builds every possible reading of the settings, and ``verdict.py`` draws the
conclusion from all of them.
"""

from dataclasses import replace

from dmaragent.guests.config import Complaint, GuestConfig
from dmaragent.guests.rdm import Policy
from dmaragent.policy.assignment import added_functions
from dmaragent.policy.binary_numbers import merge_readings, number_readings
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.outcomes import PossibleOutcome, possible_outcomes
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.settings import (
    RdmSettings,
    Toolstack,
    settle_documented,
    settle_without_rdm,
    settle_xl,
    without_unread_settings,
)
from dmaragent.policy.verdict import conclude
from dmaragent.xen.toolstack.libxl import ToolstackBehaviour, toolstack_behaviours


def resolve(guest: GuestConfig, host: HostFacts, stack: Stack) -> Resolution:
    """Return whether `guest` starts on `host`, and why."""
    readings = [
        _resolve_reading(reading, host, stack)
        for reading in number_readings(guest, stack.library_answers)
    ]
    return readings[0] if len(readings) == 1 else merge_readings(*readings)


def _resolve_reading(guest: GuestConfig, host: HostFacts, stack: Stack) -> Resolution:
    read, unread = _readable_part(guest, stack)
    settled = [
        (behaviour, _settle(guest, read, behaviour, stack))
        for behaviour in toolstack_behaviours(stack.release)
    ]
    first = settled[0][1]
    settings = first._replace(messages=(*unread, *first.messages))
    outcomes: tuple[PossibleOutcome, ...] = ()
    if not settings.refusals and stack.toolstack is not Toolstack.XAPI:
        outcomes = tuple(possible_outcomes(read, host, settled))
    verdict, reasons = conclude(host, stack, settings, outcomes)
    return Resolution(
        guest=read,
        host=host,
        stack=stack,
        verdict=verdict,
        reasons=reasons,
        settings=settings,
        readings=tuple(reading for _, reading in settled),
        outcomes=outcomes,
        prerequisites=prerequisites(read, settings, host),
    )


def _readable_part(guest: GuestConfig, stack: Stack) -> tuple[GuestConfig, tuple[Complaint, ...]]:
    """Return `guest` without settings that the toolstack does not read, and those settings."""
    if stack.toolstack is Toolstack.XL:
        return without_unread_settings(guest, stack.release)
    if stack.toolstack is Toolstack.XAPI:
        return guest, ()
    read = replace(guest, boundary=None, rdm=None, saved_rdm=None)
    if stack.toolstack is Toolstack.QUBES:  # its stub domains run Linux, and qemu-xen
        read = replace(read, stubdomain=True, traditional=bool(guest.traditional))
    return read, ()


def _settle(
    guest: GuestConfig, read: GuestConfig, behaviour: ToolstackBehaviour, stack: Stack
) -> RdmSettings:
    if stack.toolstack is not Toolstack.XL:
        return settle_without_rdm(guest, stack.toolstack)
    if stack.documented:
        return settle_documented(read, stack.release)
    return settle_xl(read, behaviour, stack.release, stack.library_answers)


def prerequisites(guest: GuestConfig, settings: RdmSettings, host: HostFacts) -> tuple[str, ...]:
    """Return the commands to run before the devices of `settings` can be added."""
    if host.assignable is None:
        return ()
    commands = []
    pairs = [(device, Policy.STRICT) for device in settings.devices]
    functions, _ = added_functions(pairs, host)
    for function in functions:
        own = function.device.pci.seize
        seize = guest.seize and settings.inherits if own is None else own
        present = host.functions is None or function.sbdf in host.functions
        if present and not seize and function.sbdf not in host.assignable:
            commands.append(f"xl pci-assignable-add {function.sbdf}")
    return tuple(commands)
