"""The settings in effect for a guest, and what the manual pages and reports say of them.

None of it decides: the verdict is verdict.py's.
"""

from collections.abc import Iterator
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.rdm import DEFAULT_BOUNDARY, Policy, Strategy
from dmaragent.policy import words
from dmaragent.policy.layout import PlacedRegion
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.settings import GuestDevice, RdmSettings, Toolstack
from dmaragent.xen.toolstack.libxl import toolstack_behaviours


class EffectiveSetting(NamedTuple):
    """One setting: its name as in xl.cfg, its value in words, and its origin."""

    name: str
    value: str
    origin: str


def effective_settings(resolution: Resolution) -> tuple[EffectiveSetting, ...]:
    """Return the settings that decided, in the order in which they are read."""
    binary = resolution.guest.binary
    plain = tuple(_settings(resolution))
    if binary is None:
        return plain
    settings = {setting.name: setting for setting in plain}
    for other in _settings(resolution._replace(guest=binary)):
        former = settings.get(other.name)
        value = "unset" if former is None else former.value
        if value != other.value:
            settings[other.name] = other._replace(value=f"{value} or {other.value}")
    return tuple(settings.values())


def _settings(resolution: Resolution) -> Iterator[EffectiveSetting]:
    guest = resolution.guest
    if not guest.readable or guest.refusals or guest.type_refusals:
        return
    yield from _memory_settings(guest)
    if resolution.stack.toolstack is Toolstack.XAPI:
        return
    if guest.type is GuestType.HVM:
        yield from _layout_settings(resolution)
    yield from _rdm_settings(resolution)
    for number in range(len(resolution.settings.devices)):
        yield _device_setting(resolution, number)


def region_policies(
    resolution: Resolution, outcome: PossibleOutcome, placed: PlacedRegion
) -> tuple[str, ...]:
    """Return the policies that a region may be under in this outcome: those of all its readings."""
    entry = placed.reservation
    own = entry.decided_by
    if len(outcome.policies) == 1 or not (own is None or own in _inheriting_devices(resolution)):
        return (entry.policy.value,)
    settles = toolstack_behaviours(resolution.stack.release)[0].layout.settles_device_policy
    unset = Policy.RELAXED if own is None else Policy.STRICT if settles else Policy.INVALID
    policies = (unset if policy is Policy.INVALID else policy for policy in outcome.policies)
    return tuple(dict.fromkeys(policy.value for policy in policies))


def _inheriting_devices(resolution: Resolution) -> set[SBDF]:
    return {device.asked for device in resolution.settings.devices if device.policy is None}


def _memory_settings(guest: GuestConfig) -> Iterator[EffectiveSetting]:
    place = guest.places
    kind = place.get("type") or place.get("builder") or (guest.saved_rdm and guest.source)
    yield EffectiveSetting("type", guest.type.value, kind or words.XL_DEFAULT)
    given = place.get("memory") or place.get("maxmem")
    yield EffectiveSetting("memory", words.size(guest.most_memory), given or words.LIBXL_DEFAULT)
    if guest.memory is not None and guest.memory != guest.most_memory:
        yield EffectiveSetting("memory at start", words.size(guest.memory), place.get("memory", ""))


def _layout_settings(resolution: Resolution) -> Iterator[EffectiveSetting]:
    guest, place = resolution.guest, resolution.guest.places
    origin = place.get("videoram") or words.adapter_default(guest.vga)
    yield EffectiveSetting("videoram", words.size(guest.video), origin)
    if guest.mmio_hole:
        yield EffectiveSetting("mmio_hole", words.size(guest.mmio_hole), place.get("mmio_hole", ""))
    boundary = guest.boundary
    if boundary is None or resolution.stack.toolstack is not Toolstack.XL:
        yield EffectiveSetting(
            "rdm_mem_boundary", words.size(DEFAULT_BOUNDARY), words.LIBXL_DEFAULT
        )
    else:
        origin = place.get("rdm_mem_boundary") or guest.source
        yield EffectiveSetting("rdm_mem_boundary", words.size(boundary), origin)
    hap = guest.hap
    if hap is not None:
        yield EffectiveSetting("hap", _yes_or_no(hap), place.get("hap") or guest.source)
    elif resolution.host.hap is None:
        yield EffectiveSetting("hap", "yes", words.HAP_ASSUMED)
    else:
        yield EffectiveSetting("hap", _yes_or_no(resolution.host.hap), words.HAP_OF_HOST)
    if guest.stubdomain:
        origin = place.get("device_model_stubdomain_override") or guest.source
        yield EffectiveSetting("device model", words.IN_STUB_DOMAIN, origin)
    if guest.gfx_passthru is not None:
        origin = place.get("gfx_passthru") or guest.source
        yield EffectiveSetting("gfx_passthru", words.without_effect(guest.gfx_passthru), origin)


def _yes_or_no(value: bool) -> str:  # noqa: FBT001 - private, named by its place
    return "yes" if value else "no"


def _rdm_settings(resolution: Resolution) -> Iterator[EffectiveSetting]:
    guest, settings = resolution.guest, resolution.settings
    if guest.saved_rdm is not None:
        origin = guest.source
    elif guest.rdm is None:
        origin = words.DEFAULT
    elif settings.rdm_taken:
        origin = guest.places.get("rdm") or guest.source
    else:
        origin = words.rdm_not_taken(guest.places.get("rdm", "rdm="))
    strategies = settings.strategies
    value = strategies[0].value if len(strategies) == 1 else words.STRATEGY_NEVER_WRITTEN
    yield EffectiveSetting("strategy", value, origin)
    if Strategy.HOST in strategies:
        policies = settings.policies
        if len(policies) > 1:
            yield EffectiveSetting("policy", words.POLICY_NEVER_WRITTEN, origin)
        elif policies[0] is Policy.INVALID:
            yield EffectiveSetting("policy", "relaxed", words.LIBXL_DEFAULT)
        else:
            yield EffectiveSetting("policy", policies[0].value, origin)


def _device_setting(resolution: Resolution, number: int) -> EffectiveSetting:
    """Return the policy of the device at `number` of the settings."""
    device = resolution.settings.devices[number]
    pci = device.pci
    name = f"name={pci.name}" if pci.sbdf is None else str(pci.sbdf)
    name = f"{name[:-1]}*" if pci.all_functions else name
    if device.explicit and device.policy is not None:
        return EffectiveSetting(name, policy_word(device.policy), device.place)
    inherited = [
        _inherited_policy(settings, settings.devices[number]) for settings in resolution.readings
    ]
    values = " or ".join(dict.fromkeys(value for value, _ in inherited))
    origins = [*dict.fromkeys(origin for _, origin in inherited)]
    return EffectiveSetting(name, values, words.origin_of_device(origins, device.place))


def _inherited_policy(settings: RdmSettings, device: GuestDevice) -> tuple[str, str]:
    """Return the policy of a device that names none, and its origin."""
    if device.policy is None:
        policies = settings.policies
        value = words.POLICY_NEVER_WRITTEN if len(policies) > 1 else policies[0].value
        return value, words.FROM_RDM
    if device.policy is Policy.INVALID:
        return "strict", words.LIBXL_DEFAULT
    return device.policy.value, words.DEFAULT


def policy_word(policy: Policy) -> str:
    """Return the policy of a device as it is in the end: an unset one is strict."""
    return Policy.STRICT.value if policy is Policy.INVALID else policy.value
