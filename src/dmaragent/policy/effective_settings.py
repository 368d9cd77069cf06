"""The settings in effect for a guest.

They do not decide: resolver.py has the verdict.
"""

from collections.abc import Iterator
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.rdm import DEFAULT_BOUNDARY, Policy, Strategy
from dmaragent.policy.layout import PlacedRegion
from dmaragent.policy.resolution import PossibleOutcome, Resolution
from dmaragent.policy.settings import GuestDevice, RdmSettings, Toolstack
from dmaragent.policy.words import settings as words
from dmaragent.policy.words import size_words
from dmaragent.xen.toolstack.libxl import toolstack_behaviours


class EffectiveSetting(NamedTuple):
    """One setting in effect."""

    name: str
    """As in xl.cfg, or a device."""
    value: str
    """In words."""
    default: str = ""
    """Whose default or decision the value is; empty: the configuration sets it."""
    place: str = ""
    """The place in the configuration that sets it or lists the device; empty: none."""

    @property
    def origin(self) -> str:
        """The default and the place in one text."""
        place = f" ({self.place})" if self.default and self.place else self.place
        return f"{self.default}{place}"


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
    """Return the policies that a region may have in this outcome: those of all its readings."""
    entry = placed.reservation
    own = entry.decided_by
    inheriting = [_inheriting_devices(reading) for reading in resolution.readings]
    if len(outcome.policies) == 1 or not (own is None or any(own in some for some in inheriting)):
        return (entry.policy.value,)
    possible = outcome.policies
    if own is not None and not all(own in some for some in inheriting):
        # It is strict if it does not inherit. If it does, this value has an outcome of its own.
        possible = tuple(policy for policy in possible if policy is not Policy.NEITHER)
    settles = toolstack_behaviours(resolution.stack.release)[0].layout.settles_device_policy
    unset = Policy.RELAXED if own is None else Policy.STRICT if settles else Policy.INVALID
    policies = (unset if policy is Policy.INVALID else policy for policy in possible)
    return tuple(dict.fromkeys(policy.value for policy in policies))


def _inheriting_devices(settings: RdmSettings) -> set[SBDF]:
    return {device.asked for device in settings.devices if device.policy is None}


def _memory_settings(guest: GuestConfig) -> Iterator[EffectiveSetting]:
    place = guest.places
    kind = place.get("type") or place.get("builder") or (guest.saved_rdm and guest.source)
    yield _setting("type", guest.type.value, kind, words.XL_DEFAULT)
    given = place.get("memory") or place.get("maxmem")
    yield _setting("memory", size_words(guest.most_memory), given, words.LIBXL_DEFAULT)
    if guest.memory is not None and guest.memory != guest.most_memory:
        yield _setting("memory at start", size_words(guest.memory), place.get("memory"))


def _layout_settings(resolution: Resolution) -> Iterator[EffectiveSetting]:
    guest, place = resolution.guest, resolution.guest.places
    default = words.adapter_default(guest.vga)
    yield _setting("videoram", size_words(guest.video), place.get("videoram"), default)
    if guest.mmio_hole:
        yield _setting("mmio_hole", size_words(guest.mmio_hole), place.get("mmio_hole"))
    boundary = guest.boundary
    if boundary is None or resolution.stack.toolstack is not Toolstack.XL:
        yield EffectiveSetting(
            "rdm_mem_boundary", size_words(DEFAULT_BOUNDARY), words.LIBXL_DEFAULT
        )
    else:
        origin = place.get("rdm_mem_boundary") or guest.source
        yield _setting("rdm_mem_boundary", size_words(boundary), origin)
    hap = guest.hap
    if hap is not None:
        yield _setting("hap", _yes_or_no(hap), place.get("hap") or guest.source)
    elif resolution.host.hap is None:
        yield EffectiveSetting("hap", "yes", words.HAP_ASSUMED)
    else:
        yield EffectiveSetting("hap", _yes_or_no(resolution.host.hap), words.HAP_OF_HOST)
    if guest.stubdomain:
        origin = place.get("device_model_stubdomain_override") or guest.source
        yield _setting("device model", words.IN_STUB_DOMAIN, origin)
    if guest.gfx_passthru is not None:
        origin = place.get("gfx_passthru") or guest.source
        yield _setting("gfx_passthru", words.without_effect(guest.gfx_passthru), origin)


def _setting(name: str, value: str, place: str | None, default: str = "") -> EffectiveSetting:
    """Return a setting of the configuration at `place`; if that is empty, its `default`."""
    return (
        EffectiveSetting(name, value, place=place)
        if place
        else EffectiveSetting(name, value, default)
    )


def _yes_or_no(value: bool) -> str:  # noqa: FBT001 - private, named by its place
    return "yes" if value else "no"


def _rdm_settings(resolution: Resolution) -> Iterator[EffectiveSetting]:
    guest, settings = resolution.guest, resolution.settings
    default, place = "", guest.places.get("rdm", "")
    if guest.saved_rdm is not None:
        place = guest.source
    elif guest.rdm is None:
        default = words.DEFAULT
    elif settings.rdm_taken:
        place = place or guest.source
    else:
        default = words.RDM_NOT_READ
    strategies = settings.strategies
    value = strategies[0].value if len(strategies) == 1 else words.STRATEGY_NEVER_WRITTEN
    yield EffectiveSetting("strategy", value, default, place)
    if Strategy.HOST in strategies:
        policies = settings.policies
        if len(policies) > 1:
            yield EffectiveSetting("policy", words.POLICY_NEVER_WRITTEN, default, place)
        elif policies[0] is Policy.INVALID:
            yield EffectiveSetting("policy", "relaxed", words.LIBXL_DEFAULT)
        else:
            yield EffectiveSetting("policy", policies[0].value, default, place)


def _device_setting(resolution: Resolution, number: int) -> EffectiveSetting:
    """Return the policy of the device with index `number` in the settings."""
    device = resolution.settings.devices[number]
    pci = device.pci
    name = f"name={pci.name}" if pci.sbdf is None else str(pci.sbdf)
    name = f"{name[:-1]}*" if pci.all_functions else name
    if device.explicit and device.policy is not None:
        return EffectiveSetting(name, policy_word(device.policy), place=device.place)
    inherited = [
        _inherited_policy(settings, settings.devices[number]) for settings in resolution.readings
    ]
    values = " or ".join(dict.fromkeys(value for value, _ in inherited))
    defaults = " or ".join(dict.fromkeys(default for _, default in inherited))
    return EffectiveSetting(name, values, defaults, device.place)


def _inherited_policy(settings: RdmSettings, device: GuestDevice) -> tuple[str, str]:
    """Return the policy of a device without ``rdm_policy``, and what sets it."""
    if device.policy is None:
        policies = settings.policies
        value = words.POLICY_NEVER_WRITTEN if len(policies) > 1 else policies[0].value
        return value, words.FROM_RDM
    if device.policy is Policy.INVALID:
        return "strict", words.LIBXL_DEFAULT
    return device.policy.value, words.DEFAULT


def policy_word(policy: Policy) -> str:
    """Return the policy that a device finally has: an unset one is strict."""
    return Policy.STRICT.value if policy is Policy.INVALID else policy.value
