"""What a toolstack makes of a guest's configuration: strategy, policies, devices.

Where xl goes on with memory it never wrote, several values are possible, and all are given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache

from dmaragent.addresses import SBDF
from dmaragent.errors import entry_excerpt, excerpt
from dmaragent.guests.config import Complaint, GuestConfig, GuestType, PciEntry
from dmaragent.guests.pci import (
    PciRefusal,
    PciText,
    PciUndefined,
    PolicyWord,
    read_pci_documented,
    read_pci_shipped,
)
from dmaragent.guests.rdm import Policy, RdmRefusal, Strategy, read_rdm_documented, read_rdm_shipped
from dmaragent.policy.library_answers import LibraryAnswers
from dmaragent.releases import Release
from dmaragent.xen.toolstack.libxl import LibxluBehaviour, ToolstackBehaviour


class Toolstack(Enum):
    """Who reads the configuration and builds the guest."""

    XL = "xl"
    LIBVIRT = "libvirt"
    """Its libxl driver builds with libxl and sets no policy at all."""
    QUBES = "qubes"
    """libvirt with a patch: no-strict-reset makes a device relaxed."""
    XAPI = "xapi"
    """Builds guests without libxl, by rules of its own (xenopsd, xenguest)."""


ANY_POLICY = (Policy.STRICT, Policy.RELAXED, Policy.INVALID, Policy.NEITHER)
"""What memory that was never written may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDevice:
    """A device of the guest; a policy of None is the guest's own, whatever that becomes."""

    number: int = 0
    """Its place in the guest's list, from 0."""
    place: str
    text: str
    pci: PciText
    policy: Policy | None
    explicit: bool
    """Whether the configuration says so; else it is inherited or a default."""

    @property
    def asked(self) -> SBDF:
        """What libxl asks Xen about before it knows what a name stands for."""
        return self.pci.sbdf or SBDF(0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RdmSettings:
    """What a toolstack makes of a configuration.  Several values: any of them is possible."""

    strategies: tuple[Strategy, ...] = (Strategy.IGNORE,)
    policies: tuple[Policy, ...] = (Policy.INVALID,)
    """The guest's own, as read; INVALID is unset, before the default."""
    devices: tuple[GuestDevice, ...] = ()
    refusals: tuple[Complaint, ...] = ()
    """For what the toolstack refuses the configuration."""
    undefined: tuple[Complaint, ...] = ()
    """Where what it does cannot be said at all."""
    messages: tuple[Complaint, ...] = ()
    """What it reads otherwise than it stands there."""
    rdm_taken: bool = False
    """Whether it took ``rdm=``."""
    inherits: bool = True
    """Whether devices begin with what ``rdm=`` and the ``pci_*`` settings say."""
    ignored_settings: tuple[str, ...] = ()
    """What of the configuration is lost on the way, each in a few words."""


POLICY_OF = {
    PolicyWord.STRICT: Policy.STRICT,
    PolicyWord.RELAXED: Policy.RELAXED,
    PolicyWord.INVALID: Policy.INVALID,
}
"""The policy that each word of ``rdm_policy=`` stands for."""


@dataclass(slots=True)
class Gathered:
    """What is found while a configuration is read."""

    ignored_settings: list[str] = field(default_factory=list)
    refusals: list[Complaint] = field(default_factory=list)
    undefined: list[Complaint] = field(default_factory=list)
    messages: list[Complaint] = field(default_factory=list)


def refusals_of(guest: GuestConfig) -> list[Complaint]:
    """Give for what the configuration is refused, given the type that the guest has."""
    of_type = guest.hvm_refusals if guest.type is GuestType.HVM else ()
    return [*guest.type_refusals, *guest.refusals, *of_type]


# By a release of xl ---------------------------------------------------------------------

_NOT_A_NUMBER = re.compile(r"(?:msitranslate|power_mgmt|permissive|seize)=[A-Za-z][^,]*")
PVH_AND_TYPE = (4, 10)
"""The first release that reads ``type=`` and has PVH guests: c7dfe4ac58."""
PASSTHROUGH = (4, 13)
"""The first that reads ``passthrough=``."""


@lru_cache(maxsize=1024)
def _read_pci(text: str, parser: LibxluBehaviour) -> PciText | PciRefusal | PciUndefined:
    """Read an entry once: the guests of a host name the same devices."""
    return read_pci_shipped(text, parser)


def without_unread_settings(
    guest: GuestConfig, release: Release
) -> tuple[GuestConfig, tuple[Complaint, ...]]:
    """Leave out what xl of `release` does not read; say what that was."""
    told, ignored_settings = [], []
    guest = guest.by_release(release.series)
    if release.series < PVH_AND_TYPE and guest.saved_rdm is None and "type" in guest.places:
        guest = replace(guest, type_refusals=())
        kind = guest.builder or GuestType.PV
        if kind is not guest.type:
            said = f"xl {release} does not read type=, only builder=: the guest is {kind.value}"
            told.append(Complaint(guest.places["type"], said))
            ignored_settings.append("type= is not read")
            guest = replace(guest, type=kind)
    if release.series < PASSTHROUGH and guest.passthrough is not None:
        said = f"xl {release} does not read passthrough="
        told.append(Complaint(guest.places.get("passthrough", guest.source), said))
        ignored_settings.append("passthrough= is not read")
        guest = replace(guest, passthrough=None)
    return replace(guest, ignored_settings=(*ignored_settings, *guest.ignored_settings)), tuple(
        told
    )


def settle_xl(
    guest: GuestConfig,
    behaviour: ToolstackBehaviour,
    release: Release,
    library_answers: LibraryAnswers | None = None,
) -> RdmSettings:
    """Read `guest` as xl of `release` does; `evidence` wins over what is known of a release."""
    out = Gathered(refusals=refusals_of(guest), undefined=list(guest.undecidable))
    strategies, policies, taken = _rdm(guest, behaviour, release, library_answers, out)
    unset = Policy.INVALID if guest.type is GuestType.HVM else Policy.STRICT  # a union reads 0
    devices = []
    for number, entry in enumerate(guest.pci):
        pci = entry.read or _pci(entry, behaviour, release, library_answers, out)
        if pci is None:
            continue
        policy = entry.policy or (POLICY_OF[pci.policy] if pci.policy else None)
        inherits = policy is None and taken and behaviour.devices_inherit
        devices.append(
            GuestDevice(
                number=number,
                place=entry.place,
                text=entry.text,
                pci=pci,
                policy=None if inherits else policy or unset,
                explicit=pci.policy is not None,
            )
        )
    return RdmSettings(
        strategies=strategies,
        policies=policies,
        devices=tuple(devices),
        refusals=tuple(out.refusals),
        undefined=tuple(out.undefined),
        messages=(*guest.warnings, *out.messages),
        rdm_taken=taken,
        inherits=behaviour.devices_inherit,
        ignored_settings=tuple(dict.fromkeys([*guest.ignored_settings, *out.ignored_settings])),
    )


def _rdm(
    guest: GuestConfig,
    behaviour: ToolstackBehaviour,
    release: Release,
    library_answers: LibraryAnswers | None,
    out: Gathered,
) -> tuple[tuple[Strategy, ...], tuple[Policy, ...], bool]:
    """Give the possible strategies and policies, and whether ``rdm=`` was taken."""
    if guest.saved_rdm is not None:
        return (guest.saved_rdm.strategy,), (guest.saved_rdm.policy,), False
    if guest.rdm is None:
        return (Strategy.IGNORE,), (Policy.INVALID,), False
    place = guest.places.get("rdm", guest.source)
    read = expected = read_rdm_shipped(guest.rdm, behaviour.parser)
    told = f"xl {release}"
    if library_answers is not None and guest.rdm in library_answers.rdm:
        read = library_answers.rdm[guest.rdm]
        told = f"libxlutil {library_answers.release}, asked on this host,"
    if isinstance(read, RdmRefusal):
        loud = "without a word" if read.silent else "with a message that does not stop it"
        said = f"{told} drops rdm = '{entry_excerpt(guest.rdm, read.position)}' {loud}, as if it were not there"
        if isinstance(expected, RdmRefusal):
            said += f" (at character {expected.position + 1}; it expects {expected.expected})"
        out.messages.append(Complaint(place, said))
        out.ignored_settings.append("rdm= is dropped")
        return (Strategy.IGNORE,), (Policy.INVALID,), False
    left = [name for name in ("strategy", "policy") if getattr(read, name) is None]
    if left:
        said = (
            f"{told} takes rdm = '{entry_excerpt(guest.rdm)}' and leaves the {' and '.join(left)} to memory "
            "that it never wrote: any value is possible"
        )
        out.messages.append(Complaint(place, said))
    strategies = tuple(Strategy) if read.strategy is None else (read.strategy,)
    return strategies, ANY_POLICY if read.policy is None else (read.policy,), True


def _pci(
    entry: PciEntry,
    behaviour: ToolstackBehaviour,
    release: Release,
    library_answers: LibraryAnswers | None,
    out: Gathered,
) -> PciText | None:
    read = _read_pci(entry.text, behaviour.parser)
    taken = None if library_answers is None else library_answers.pci.get(entry.text)
    if library_answers is not None and taken is (not isinstance(read, PciText)):
        does = "takes" if taken else "refuses"
        said = f"libxlutil {library_answers.release}, asked on this host, {does} '{entry_excerpt(entry.text)}' unexpectedly"
        out.undefined.append(Complaint(entry.place, said))
        return None
    if isinstance(read, PciRefusal):
        said = (
            f"xl {release} refuses '{entry_excerpt(entry.text, read.position)}' and exits with {read.exit_status}"
            f" (at character {read.position + 1}; it expects {read.expected})"
        )
        out.refusals.append(Complaint(entry.place, said))
        return None
    if isinstance(read, PciUndefined):
        said = f"what xl {release} makes of '{entry_excerpt(entry.text, read.position)}' cannot be said: {read.why}"
        out.undefined.append(Complaint(entry.place, said))
        return None
    for key in read.ignored:
        said = f"xl {release} ignores '{excerpt(key)}' in '{entry_excerpt(entry.text)}' with a message: no such key"
        blank = key.strip() != key
        said += ", for the blank in it" if blank else ""
        out.messages.append(Complaint(entry.place, said))
        out.ignored_settings.append(f"{excerpt(key.strip())} is ignored")
    for word in _NOT_A_NUMBER.findall(entry.text):
        said = f"xl {release} reads {excerpt(word)} in '{entry_excerpt(entry.text, entry.text.find(word))}' as no: only a number other than 0 is yes"
        out.messages.append(Complaint(entry.place, said))
    return read


# By the manual pages, and by other toolstacks -------------------------------------------

STRICT_DOCUMENTED = (4, 15)
"""From here on the pages say that a device is strict by default, before relaxed: 3085930e2f."""


def documented_default(release: Release) -> Policy:
    """Give the policy that the manual pages of `release` promise a device that names none."""
    return Policy.STRICT if release.series >= STRICT_DOCUMENTED else Policy.RELAXED


def settle_documented(guest: GuestConfig, release: Release) -> RdmSettings:
    """Read `guest` as the manual pages of `release` have it.

    An unset policy of a device is the guest's where ``rdm=`` sets one, else the pages' default.
    """
    out = Gathered(refusals=refusals_of(guest), undefined=list(guest.undecidable))
    strategy, policy = Strategy.IGNORE, Policy.INVALID
    if guest.saved_rdm is not None:
        strategy, policy = guest.saved_rdm.strategy, guest.saved_rdm.policy
    elif guest.rdm is not None:
        rdm = read_rdm_documented(guest.rdm)
        if isinstance(rdm, RdmRefusal):
            said = f"rdm = '{entry_excerpt(guest.rdm, rdm.position)}': character {rdm.position + 1} should be {rdm.expected}"
            out.refusals.append(Complaint(guest.places.get("rdm", guest.source), said))
        else:
            strategy = rdm.strategy or Strategy.IGNORE
            policy = rdm.policy or Policy.INVALID
    unset = documented_default(release) if policy is Policy.INVALID else policy
    devices = []
    for number, entry, pci in _entries(guest, out.refusals):
        own = POLICY_OF[pci.policy] if pci.policy else None
        devices.append(_device(number, entry, pci, own or unset, explicit=own is not None))
    return RdmSettings(
        strategies=(strategy,),
        policies=(policy,),
        devices=tuple(devices),
        refusals=tuple(out.refusals),
        undefined=tuple(out.undefined),
        rdm_taken=guest.rdm is not None,
    )


def settle_without_rdm(guest: GuestConfig, toolstack: Toolstack) -> RdmSettings:
    """Read `guest` as libvirt's libxl driver or Qubes' does: neither sets anything of ``rdm=``.

    For Qubes an entry's rdm_policy=relaxed stands for the device's option no-strict-reset.
    What XAPI reads is not modelled: nothing is.
    """
    out = Gathered(refusals=refusals_of(guest), undefined=list(guest.undecidable))
    if toolstack is Toolstack.XAPI:
        return RdmSettings(messages=guest.warnings)
    for name, value in (("rdm", guest.rdm), ("rdm_mem_boundary", guest.boundary)):
        if value is not None:
            said = f"{toolstack.value} has no such setting: {name} is left out"
            out.messages.append(Complaint(guest.places.get(name, guest.source), said))
            out.ignored_settings.append(f"{name}= is left out")
    devices = []
    for number, entry, pci in _entries(guest, out.undefined):
        relaxed = toolstack is Toolstack.QUBES and (
            pci.policy is PolicyWord.RELAXED or entry.no_strict_reset
        )
        if toolstack is Toolstack.LIBVIRT and entry.no_strict_reset:
            said = (
                "libvirt ignores nostrictreset, so the device is strict. Qubes' libvirt alone reads "
                "it, and makes the device relaxed (--toolstack qubes)"
            )
            out.messages.append(Complaint(entry.place, said))
        if toolstack is Toolstack.LIBVIRT and pci.policy is not None:
            said = f"libvirt has no such setting: rdm_policy of '{entry_excerpt(entry.text)}' is left out"
            out.messages.append(Complaint(entry.place, said))
            out.ignored_settings.append("rdm_policy is left out")
        policy = Policy.RELAXED if relaxed else Policy.INVALID
        devices.append(_device(number, entry, pci, policy, explicit=relaxed))
    return RdmSettings(
        devices=tuple(devices),
        refusals=tuple(out.refusals),
        undefined=tuple(out.undefined),
        messages=(*guest.warnings, *out.messages),
        ignored_settings=tuple(dict.fromkeys(out.ignored_settings)),
    )


def _entries(guest: GuestConfig, wrong: list[Complaint]) -> Iterator[tuple[int, PciEntry, PciText]]:
    """Yield the entries of ``pci=`` as documented, and put into `wrong` what is none."""
    for number, entry in enumerate(guest.pci):
        pci = entry.read or read_pci_documented(entry.text)
        if isinstance(pci, PciRefusal):
            said = f"'{entry_excerpt(entry.text, pci.position)}': character {pci.position + 1} should be {pci.expected}"
            wrong.append(Complaint(entry.place, said))
        else:
            yield number, entry, pci


def _device(
    number: int, entry: PciEntry, pci: PciText, policy: Policy, *, explicit: bool
) -> GuestDevice:
    return GuestDevice(
        number=number,
        place=entry.place,
        text=entry.text,
        pci=pci,
        policy=policy,
        explicit=explicit,
    )
