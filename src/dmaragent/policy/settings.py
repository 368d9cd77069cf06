"""How a toolstack reads a guest's configuration: strategy, policies, devices.

One section each: xl of a release (xl_parse.c, ``parse_config_data``), the manual pages, toolstacks
without ``rdm=``. If xl uses uninitialized memory, all possible values are returned.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.errors import entry_excerpt
from dmaragent.guests.config import Complaint, GuestConfig, GuestType, PciEntry
from dmaragent.guests.pci import read_pci_documented, read_pci_shipped
from dmaragent.guests.pci_text import PciRefusal, PciText, PciUndefined, PolicyWord
from dmaragent.guests.rdm import Policy, RdmRefusal, Strategy, read_rdm_documented, read_rdm_shipped
from dmaragent.policy.library_answers import LibraryAnswers
from dmaragent.policy.words import settings as words
from dmaragent.releases import Release
from dmaragent.xen.toolstack.libxl import LibxluBehaviour, ToolstackBehaviour


class Toolstack(Enum):
    """The program that reads the configuration and builds the guest."""

    XL = "xl"
    LIBVIRT = "libvirt"
    """Its libxl driver builds with libxl and sets no policy."""
    QUBES = "qubes"
    """libvirt with a patch: no-strict-reset makes a device relaxed."""
    XAPI = "xapi"
    """Builds guests without libxl, by its own rules (xenopsd, xenguest)."""


ANY_POLICY = (Policy.STRICT, Policy.RELAXED, Policy.INVALID, Policy.NEITHER)
"""The values that uninitialized memory may contain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDevice:
    """A device of the guest; a policy of None is the guest's own policy."""

    number: int = 0
    """Its place in the guest's list, from 0."""
    place: str
    text: str
    pci: PciText
    policy: Policy | None
    explicit: bool
    """Whether the configuration sets the policy; otherwise it is inherited or a default."""
    managed: bool = False
    """Whether the toolstack makes it assignable itself: libvirt's ``managed='yes'``."""

    @property
    def asked(self) -> SBDF:
        """The address that libxl queries before it knows the device of a name."""
        return self.pci.sbdf or SBDF(0, 0, 0, 0)


class RdmSettings(NamedTuple):
    """A configuration as a toolstack reads it. If there are several values, any is possible."""

    strategies: tuple[Strategy, ...] = (Strategy.IGNORE,)
    policies: tuple[Policy, ...] = (Policy.INVALID,)
    """The guest's own policy, as read; INVALID: unset, before the default."""
    devices: tuple[GuestDevice, ...] = ()
    refusals: tuple[Complaint, ...] = ()
    """Why the toolstack refuses the configuration."""
    undefined: tuple[Complaint, ...] = ()
    """Settings with an unknown effect."""
    messages: tuple[Complaint, ...] = ()
    """Settings that it reads differently than they are written."""
    rdm_taken: bool = False
    """Whether it accepted ``rdm=``."""
    inherits: bool = True
    """Whether devices begin with the policies of ``rdm=`` and the ``pci_*`` settings."""
    ignored_settings: tuple[str, ...] = ()
    """Settings that it ignores, each in a few words."""


POLICY_OF = {
    PolicyWord.STRICT: Policy.STRICT,
    PolicyWord.RELAXED: Policy.RELAXED,
    PolicyWord.INVALID: Policy.INVALID,
}
"""The policy that each word of ``rdm_policy=`` stands for."""


@dataclass(slots=True)
class _Complaints:
    """Complaints that are collected while a configuration is read."""

    refusals: list[Complaint]
    undefined: list[Complaint]
    ignored_settings: list[str] = field(default_factory=list)
    messages: list[Complaint] = field(default_factory=list)


def _complaints(guest: GuestConfig) -> _Complaints:
    """Return the complaints about `guest` that hold for every reader, given its type."""
    of_type = guest.hvm_refusals if guest.type is GuestType.HVM else ()
    return _Complaints(
        refusals=[*guest.type_refusals, *guest.refusals, *of_type],
        undefined=list(guest.undecidable),
    )


def _device(
    number: int, entry: PciEntry, pci: PciText, policy: Policy | None, *, explicit: bool
) -> GuestDevice:
    return GuestDevice(
        number=number,
        place=entry.place,
        text=entry.text,
        pci=pci,
        policy=policy,
        explicit=explicit,
        managed=entry.managed,
    )


# By a release of xl -----------------------------------------------------------------------

_NOT_A_NUMBER = re.compile(r"(?:msitranslate|power_mgmt|permissive|seize)=[A-Za-z][^,]*")
PVH_AND_TYPE = (4, 10)
"""The first release that reads ``type=`` and has PVH guests: c7dfe4ac58."""
PASSTHROUGH = (4, 13)
"""The first that reads ``passthrough=``."""
GRAPHICS_KIND = (4, 7)
"""The first that reads words of ``gfx_passthru=``, and looks for the graphics: 488508b49a."""
STUB_DOMAIN_OF_QEMU_XEN = (4, 14)
"""The first that runs qemu-xen in a stub domain; before, libxl__domain_build_info_setdefault refuses."""
WITHOUT_TRADITIONAL = (4, 21)
"""The first without qemu-xen-traditional: 19ab8356ab."""


def with_device_model(guest: GuestConfig, release: Release) -> GuestConfig:
    """Return `guest` with the device model that libxl of `release` gives to a stub domain."""
    if release.series >= WITHOUT_TRADITIONAL and guest.stubdomain and guest.traditional is None:
        return replace(guest, traditional=False)
    return guest


def _as_refused(guest: GuestConfig, release: Release) -> GuestConfig:
    """Return `guest` with the refusals of xl of `release`: not those of settings it does not read."""
    unread = set()
    if release.series < PVH_AND_TYPE:  # any word but hvm is a PV guest
        unread.add("builder")
    if release.series < PASSTHROUGH:
        unread.add("passthrough")
    if release.series < GRAPHICS_KIND:
        unread.add("gfx_passthru")
    guest = replace(
        guest,
        refusals=tuple(one for one in guest.refusals if one.setting not in unread),
        hvm_refusals=tuple(one for one in guest.hvm_refusals if one.setting not in unread),
    )
    model = "device_model_version"
    place = guest.places.get(model, guest.source)
    if release.series >= WITHOUT_TRADITIONAL and guest.traditional and guest.saved_rdm is None:
        refusal = Complaint(place, words.device_model_removed(release), model)
        return replace(guest, refusals=tuple(dict.fromkeys((*guest.refusals, refusal))))
    if release.series < STUB_DOMAIN_OF_QEMU_XEN and guest.stubdomain and guest.traditional is False:
        stub_domain = "device_model_stubdomain_override"
        refusal = Complaint(place, words.stub_domain_needs_traditional(release), stub_domain)
        return replace(guest, hvm_refusals=tuple(dict.fromkeys((*guest.hvm_refusals, refusal))))
    return guest


def without_unread_settings(
    guest: GuestConfig, release: Release
) -> tuple[GuestConfig, tuple[Complaint, ...]]:
    """Return `guest` without settings that xl of `release` does not read, and those settings."""
    messages, ignored_settings = [], []
    guest = _as_refused(guest.by_release(release.series), release)
    if release.series < PVH_AND_TYPE and guest.saved_rdm is None and "type" in guest.places:
        guest = replace(guest, type_refusals=())
        kind = guest.builder or GuestType.PV
        if kind is not guest.type:
            message = words.type_not_read(release, kind.value)
            messages.append(Complaint(guest.places["type"], message))
            ignored_settings.append(words.TYPE_IGNORED)
            guest = replace(guest, type=kind)
    if release.series < PASSTHROUGH and guest.passthrough is not None:
        place = guest.places.get("passthrough", guest.source)
        messages.append(Complaint(place, words.passthrough_not_read(release)))
        ignored_settings.append(words.PASSTHROUGH_IGNORED)
        guest = replace(guest, passthrough=None)
    ignored_settings += guest.ignored_settings
    return replace(guest, ignored_settings=tuple(ignored_settings)), tuple(messages)


def settle_xl(
    guest: GuestConfig,
    behaviour: ToolstackBehaviour,
    release: Release,
    library_answers: LibraryAnswers | None = None,
) -> RdmSettings:
    """Read `guest` as xl of `release` does; the answers of the host's library take precedence."""
    complaints = _complaints(guest)
    strategies, policies, taken = _rdm(guest, behaviour, release, library_answers, complaints)
    unset = Policy.INVALID if guest.type is GuestType.HVM else Policy.STRICT  # a union reads 0
    devices = []
    for number, entry in enumerate(guest.pci):
        pci = entry.read or _pci(entry, behaviour, release, library_answers, complaints)
        if pci is None:
            continue
        policy = entry.policy or (POLICY_OF[pci.policy] if pci.policy else None)
        inherits = policy is None and taken and behaviour.devices_inherit
        settled = None if inherits else policy or unset
        devices.append(_device(number, entry, pci, settled, explicit=pci.policy is not None))
    ignored_settings = dict.fromkeys([*guest.ignored_settings, *complaints.ignored_settings])
    return RdmSettings(
        strategies=strategies,
        policies=policies,
        devices=tuple(devices),
        refusals=tuple(complaints.refusals),
        undefined=tuple(complaints.undefined),
        messages=(*guest.warnings, *complaints.messages),
        rdm_taken=taken,
        inherits=behaviour.devices_inherit,
        ignored_settings=tuple(ignored_settings),
    )


def _rdm(
    guest: GuestConfig,
    behaviour: ToolstackBehaviour,
    release: Release,
    library_answers: LibraryAnswers | None,
    complaints: _Complaints,
) -> tuple[tuple[Strategy, ...], tuple[Policy, ...], bool]:
    """Return the possible strategies and policies, and whether ``rdm=`` was accepted."""
    if guest.saved_rdm is not None:
        return (guest.saved_rdm.strategy,), (guest.saved_rdm.policy,), False
    if guest.rdm is None:
        return (Strategy.IGNORE,), (Policy.INVALID,), False
    place = guest.places.get("rdm", guest.source)
    reading = expected = read_rdm_shipped(guest.rdm, behaviour.parser)
    reader = f"xl {release}"
    if library_answers is not None and guest.rdm in library_answers.rdm:
        reading = library_answers.rdm[guest.rdm]
        reader = words.library_reader(library_answers.release)
    if isinstance(reading, RdmRefusal):
        known = expected if isinstance(expected, RdmRefusal) else None
        message = words.rdm_dropped(reader, guest.rdm, reading, known)
        complaints.messages.append(Complaint(place, message))
        complaints.ignored_settings.append(words.RDM_IGNORED)
        return (Strategy.IGNORE,), (Policy.INVALID,), False
    unwritten = [name for name in ("strategy", "policy") if getattr(reading, name) is None]
    if unwritten:
        message = words.rdm_partly_unwritten(reader, guest.rdm, unwritten)
        complaints.messages.append(Complaint(place, message))
    strategies = tuple(Strategy) if reading.strategy is None else (reading.strategy,)
    return strategies, ANY_POLICY if reading.policy is None else (reading.policy,), True


@lru_cache(maxsize=1024)
def _read_pci(text: str, parser: LibxluBehaviour) -> PciText | PciRefusal | PciUndefined:
    """Read an entry once: the guests of a host name the same devices."""
    return read_pci_shipped(text, parser)


def _pci(
    entry: PciEntry,
    behaviour: ToolstackBehaviour,
    release: Release,
    library_answers: LibraryAnswers | None,
    complaints: _Complaints,
) -> PciText | None:
    """Return an entry of ``pci=`` as xl reads it; None, with a complaint, if xl does not accept it."""
    reading = _read_pci(entry.text, behaviour.parser)
    if library_answers is not None:
        taken = library_answers.pci.get(entry.text)
        if taken is (not isinstance(reading, PciText)):
            shown = entry_excerpt(entry.text)
            message = words.pci_answer_unexpected(library_answers.release, shown, taken=taken)
            complaints.undefined.append(Complaint(entry.place, message))
            return None
    if isinstance(reading, PciRefusal):
        message = words.pci_refused(release, entry.text, reading)
        complaints.refusals.append(Complaint(entry.place, message))
        return None
    if isinstance(reading, PciUndefined):
        message = words.pci_undefined(release, entry.text, reading)
        complaints.undefined.append(Complaint(entry.place, message))
        return None
    for key in reading.ignored:
        message = words.pci_key_ignored(release, key, entry.text)
        complaints.messages.append(Complaint(entry.place, message))
        complaints.ignored_settings.append(words.key_ignored(key))
    for word in _NOT_A_NUMBER.findall(entry.text):
        message = words.pci_flag_is_no(release, word, entry.text)
        complaints.messages.append(Complaint(entry.place, message))
    return reading


# By the manual pages ----------------------------------------------------------------------

STRICT_DOCUMENTED = (4, 15)
"""From this release on, the pages document strict as a device's default, before that relaxed:
3085930e2f."""


def documented_default(release: Release) -> Policy:
    """Return the documented policy of a device without ``rdm_policy``, for `release`."""
    return Policy.STRICT if release.series >= STRICT_DOCUMENTED else Policy.RELAXED


def settle_documented(guest: GuestConfig, release: Release) -> RdmSettings:
    """Read `guest` as the manual pages of `release` describe.

    An unset policy of a device is the guest's policy if ``rdm=`` sets one; otherwise it is the
    pages' default.
    """
    complaints = _complaints(guest)
    strategy, policy = Strategy.IGNORE, Policy.INVALID
    if guest.saved_rdm is not None:
        strategy, policy = guest.saved_rdm.strategy, guest.saved_rdm.policy
    elif guest.rdm is not None:
        rdm = read_rdm_documented(guest.rdm)
        if isinstance(rdm, RdmRefusal):
            place = guest.places.get("rdm", guest.source)
            message = words.rdm_not_documented(guest.rdm, rdm)
            complaints.refusals.append(Complaint(place, message))
        else:
            strategy = rdm.strategy or Strategy.IGNORE
            policy = rdm.policy or Policy.INVALID
    unset = documented_default(release) if policy is Policy.INVALID else policy
    devices = []
    for number, entry, pci in _documented_entries(guest, complaints.refusals):
        own = POLICY_OF[pci.policy] if pci.policy else None
        devices.append(_device(number, entry, pci, own or unset, explicit=own is not None))
    return RdmSettings(
        strategies=(strategy,),
        policies=(policy,),
        devices=tuple(devices),
        refusals=tuple(complaints.refusals),
        undefined=tuple(complaints.undefined),
        rdm_taken=guest.rdm is not None,
    )


def _documented_entries(
    guest: GuestConfig, wrong: list[Complaint]
) -> Iterator[tuple[int, PciEntry, PciText]]:
    """Yield the documented entries of ``pci=``; complaints about the others go to `wrong`."""
    for number, entry in enumerate(guest.pci):
        pci = entry.read or read_pci_documented(entry.text)
        if isinstance(pci, PciRefusal):
            wrong.append(Complaint(entry.place, words.pci_not_documented(entry.text, pci)))
        else:
            yield number, entry, pci


# By toolstacks without rdm= ---------------------------------------------------------------


def settle_without_rdm(guest: GuestConfig, toolstack: Toolstack) -> RdmSettings:
    """Read `guest` as libvirt's libxl driver or Qubes' does: neither sets anything of ``rdm=``.

    For Qubes an entry's rdm_policy=relaxed represents the device's option no-strict-reset. XAPI is
    not modelled: the result is empty.
    """
    complaints = _complaints(guest)
    if toolstack is Toolstack.XAPI:
        return RdmSettings(messages=guest.warnings)
    for name, value in (("rdm", guest.rdm), ("rdm_mem_boundary", guest.boundary)):
        if value is not None:
            message = words.setting_left_out(toolstack.value, name)
            complaints.messages.append(Complaint(guest.places.get(name, guest.source), message))
            complaints.ignored_settings.append(words.setting_ignored(name))
    devices = []
    for number, entry, pci in _documented_entries(guest, complaints.undefined):
        relaxed = toolstack is Toolstack.QUBES and (
            pci.policy is PolicyWord.RELAXED or entry.no_strict_reset
        )
        if toolstack is Toolstack.LIBVIRT and entry.no_strict_reset:
            message = words.LIBVIRT_IGNORES_NO_STRICT_RESET
            complaints.messages.append(Complaint(entry.place, message))
        if toolstack is Toolstack.LIBVIRT and pci.policy is not None:
            message = words.libvirt_ignores_policy(entry.text)
            complaints.messages.append(Complaint(entry.place, message))
            complaints.ignored_settings.append(words.POLICY_IGNORED)
        policy = Policy.RELAXED if relaxed else Policy.INVALID
        devices.append(_device(number, entry, pci, policy, explicit=relaxed))
    return RdmSettings(
        devices=tuple(devices),
        refusals=tuple(complaints.refusals),
        undefined=tuple(complaints.undefined),
        messages=(*guest.warnings, *complaints.messages),
        ignored_settings=tuple(dict.fromkeys(complaints.ignored_settings)),
    )
