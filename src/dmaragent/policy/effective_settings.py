"""The settings that are in effect for a guest, and where each comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dmaragent.addresses import SBDF
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.rdm import DEFAULT_BOUNDARY, MIB, Policy, Strategy
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.layout import PlacedRegion
from dmaragent.policy.resolver import PossibleOutcome, Resolution, possible_scenarios
from dmaragent.policy.settings import GuestDevice, RdmSettings, Toolstack, settle_documented
from dmaragent.policy.simulate import build
from dmaragent.xen.toolstack.libxl import toolstack_behaviours


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One setting: its name as in xl.cfg, its value in words, and its origin."""

    name: str
    value: str
    origin: str


def effective_settings(resolution: Resolution) -> tuple[EffectiveSetting, ...]:
    """Give the settings that decided, in the order in which they are read."""
    binary = resolution.guest.binary
    found = _effective(resolution)
    if binary is None:
        return found
    settings = {setting.name: setting for setting in found}
    for other in _effective(replace(resolution, guest=binary)):
        plain = settings.get(other.name)
        value = "unset" if plain is None else plain.value
        if value != other.value:
            settings[other.name] = replace(other, value=f"{value} or {other.value}")
    return tuple(settings.values())


def _effective(resolution: Resolution) -> tuple[EffectiveSetting, ...]:
    guest = resolution.guest
    if not guest.readable or guest.refusals or guest.type_refusals:
        return ()
    found = list(_memory(guest))
    if resolution.stack.toolstack is Toolstack.XAPI:
        return tuple(found)
    if guest.type is GuestType.HVM:
        found += _layout(resolution)
    found += _rdm(resolution)
    found += [_device(resolution, number) for number in range(len(resolution.settings.devices))]
    return tuple(found)


def region_policies(
    resolution: Resolution, outcome: PossibleOutcome, placed: PlacedRegion
) -> tuple[str, ...]:
    """Name the policies that a region may be under in this case: those of all its readings."""
    entry = placed.reservation
    own = entry.decided_by
    if len(outcome.policies) == 1 or not (own is None or own in _inheriting(resolution)):
        return (entry.policy.value,)
    settles = toolstack_behaviours(resolution.stack.release)[0].layout.settles_device_policy
    unset = Policy.RELAXED if own is None else Policy.STRICT if settles else Policy.INVALID
    found = (unset if one is Policy.INVALID else one for one in outcome.policies)
    return tuple(dict.fromkeys(one.value for one in found))


def _inheriting(resolution: Resolution) -> set[SBDF]:
    return {one.asked for one in resolution.settings.devices if one.policy is None}


def _mib(size: int) -> str:
    return f"{size // MIB} MiB" if size % MIB == 0 else f"{size // 1024} KiB"


def _memory(guest: GuestConfig) -> Iterator[EffectiveSetting]:
    place = guest.places
    kind = place.get("type") or place.get("builder") or (guest.saved_rdm and guest.source)
    yield EffectiveSetting("type", guest.type.value, kind or "default of xl")
    given = place.get("memory") or place.get("maxmem")
    yield EffectiveSetting("memory", _mib(guest.most_memory), given or "default of libxl")
    if guest.memory is not None and guest.memory != guest.most_memory:
        yield EffectiveSetting("memory at start", _mib(guest.memory), place.get("memory", ""))


def _layout(resolution: Resolution) -> Iterator[EffectiveSetting]:
    guest, place = resolution.guest, resolution.guest.places
    origin = place.get("videoram") or f"default of {guest.vga.value}"
    yield EffectiveSetting("videoram", _mib(guest.video), origin)
    if guest.mmio_hole:
        yield EffectiveSetting("mmio_hole", _mib(guest.mmio_hole), place.get("mmio_hole", ""))
    boundary = guest.boundary
    if boundary is None or resolution.stack.toolstack is not Toolstack.XL:
        yield EffectiveSetting("rdm_mem_boundary", _mib(DEFAULT_BOUNDARY), "default of libxl")
    else:
        origin = place.get("rdm_mem_boundary") or guest.source
        yield EffectiveSetting("rdm_mem_boundary", _mib(boundary), origin)
    hap = guest.hap
    if hap is not None:
        yield EffectiveSetting("hap", _yes(hap), place.get("hap") or guest.source)
    elif resolution.host.hap is None:
        yield EffectiveSetting("hap", "yes", "assumed: what the host can do is not known")
    else:
        yield EffectiveSetting("hap", _yes(resolution.host.hap), "what the host can do")
    if guest.stubdomain:
        origin = place.get("device_model_stubdomain_override") or guest.source
        yield EffectiveSetting("device model", "in a stub domain: no effect", origin)
    if guest.gfx_passthru is not None:
        origin = place.get("gfx_passthru") or guest.source
        yield EffectiveSetting("gfx_passthru", f"{guest.gfx_passthru}: no effect", origin)


def _yes(value: bool) -> str:  # noqa: FBT001 - private, named by its place
    return "yes" if value else "no"


def _rdm(resolution: Resolution) -> Iterator[EffectiveSetting]:
    guest, settings = resolution.guest, resolution.settings
    if guest.saved_rdm is not None:
        origin = guest.source
    elif guest.rdm is None:
        origin = "default"
    elif settings.rdm_taken:
        origin = guest.places.get("rdm") or guest.source
    else:
        origin = f"default: {guest.places.get('rdm', 'rdm=')} is not taken"
    strategies = settings.strategies
    words = strategies[0].value if len(strategies) == 1 else "ignore or host: never written"
    yield EffectiveSetting("strategy", words, origin)
    if Strategy.HOST in strategies:
        policies = settings.policies
        if len(policies) > 1:
            yield EffectiveSetting("policy", "any: never written", origin)
        elif policies[0] is Policy.INVALID:
            yield EffectiveSetting("policy", "relaxed", "default of libxl")
        else:
            yield EffectiveSetting("policy", policies[0].value, origin)


def _device(resolution: Resolution, number: int) -> EffectiveSetting:
    """Give the policy of the device at `number` of the settings."""
    device = resolution.settings.devices[number]
    pci = device.pci
    name = f"name={pci.name}" if pci.sbdf is None else str(pci.sbdf)
    name = f"{name[:-1]}*" if pci.all_functions else name
    if device.explicit and device.policy is not None:
        word = "strict" if device.policy is Policy.INVALID else device.policy.value
        return EffectiveSetting(name, word, device.place)
    found = [_inherited(one, one.devices[number]) for one in resolution.readings]
    values = " or ".join(dict.fromkeys(value for value, _ in found))
    origins = " or ".join(dict.fromkeys(origin for _, origin in found))
    return EffectiveSetting(name, values, f"{origins} ({device.place})")


def _inherited(settings: RdmSettings, device: GuestDevice) -> tuple[str, str]:
    """Give the policy of a device that names none, and its origin."""
    if device.policy is None:
        policies = settings.policies
        return ("any: never written" if len(policies) > 1 else policies[0].value), "from rdm="
    if device.policy is Policy.INVALID:
        return "strict", "default of libxl"
    return device.policy.value, "default"


# Where the manual pages differ ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """What the manual pages promise a guest."""

    settings: RdmSettings
    outcome: PossibleOutcome | None
    """None where they do not allow the configuration."""


def documented(resolution: Resolution) -> Documented:
    """Resolve the guest of `resolution` as its release's manual pages have it."""
    guest, release = resolution.guest, resolution.stack.release
    settings = settle_documented(guest, release)
    if settings.refusals:
        return Documented(settings=settings, outcome=None)
    _, scenario = next(possible_scenarios(settings))
    built = build(guest, scenario, resolution.host, toolstack_behaviours(release)[-1].layout)
    outcome = PossibleOutcome(
        assumed=(), policies=(scenario.policy,), scenario=scenario, built=built
    )
    return Documented(settings=settings, outcome=outcome)


_VERDICTS = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "does not start",
    Verdict.UNDECIDED: "may or may not start",
}


def documented_differences(resolution: Resolution) -> Iterator[str]:
    """Yield what the manual pages promise and the release does otherwise, a sentence each.

    Nothing where there is nothing to compare: a saved configuration, another toolstack, numbers
    that may be binary or not.
    """
    stack, guest = resolution.stack, resolution.guest
    if guest.binary is not None:
        return
    if stack.documented or stack.toolstack is not Toolstack.XL or guest.saved_rdm is not None:
        return
    promised = documented(resolution)
    refused = frozenset(resolution.settings.refusals)
    for complaint in promised.settings.refusals:
        if complaint not in refused:
            yield f"{complaint.place}: the manual pages do not allow {complaint.text}"
    if promised.outcome is None:
        if not resolution.settings.refusals:
            yield f"the release reads it all the same, and the guest {_VERDICTS[resolution.verdict]}"
    elif resolution.settings.refusals:
        yield "the manual pages allow it, and the release refuses it"
    else:
        yield from _readings(resolution, promised.settings, promised.outcome)
        verdict = promised.outcome.built.verdict
        if verdict is not resolution.verdict:
            shipped = _VERDICTS[resolution.verdict]
            yield f"the guest: documented {_VERDICTS[verdict]}, shipped {shipped}"


def _readings(
    resolution: Resolution, theirs: RdmSettings, promised: PossibleOutcome
) -> Iterator[str]:
    """Compare strategy and the devices' policies."""
    ours = resolution.settings
    if theirs.strategies != ours.strategies:
        words = " or ".join(one.value for one in ours.strategies)
        yield f"strategy: documented {theirs.strategies[0].value}, shipped {words}"
    if not resolution.outcomes:
        return
    for place, device in enumerate(ours.devices):
        hoped = _word(promised.scenario.device_policies[place])
        found = {_word(one.scenario.device_policies[place]) for one in resolution.outcomes}
        if found != {hoped}:
            yield f"{device.text}: documented {hoped}, shipped {' or '.join(sorted(found))}"


def _word(policy: Policy) -> str:
    """Name a policy as it is in the end: an unset one is strict."""
    return Policy.STRICT.value if policy is Policy.INVALID else policy.value


# What was reported ----------------------------------------------------------------------

_ONE_DEVICE = (4, 15)


def reported_problems(resolution: Resolution) -> Iterator[str]:
    """Yield what was reported of the release of `resolution` and may concern its guest.

    No verdict depends on it.  Source: reports on xen-devel of xl 4.15; the cause is not known.
    """
    stack, devices = resolution.stack, resolution.settings.devices
    with_policy = sum(one.explicit for one in devices)
    if stack.toolstack is Toolstack.XL and stack.release.series == _ONE_DEVICE and with_policy > 1:
        yield (
            f"Of xl 4.15 it was reported that of several entries with rdm_policy (here: "
            f"{with_policy}) only one device appears in the guest, and that `xl pci-attach` adds "
            "the others. Count them with `xl pci-list`, and tell pci-attach the policy again."
        )
