"""How xl of a release reads a guest's settings: xl_parse.c, ``parse_config_data``."""

import re
from dataclasses import replace
from functools import lru_cache

from dmaragent.errors import entry_excerpt, excerpt
from dmaragent.guests.config import Complaint, GuestConfig, GuestType, PciEntry
from dmaragent.guests.pci_model import PciRefusal, PciText, PciUndefined
from dmaragent.guests.pci_text import read_pci_shipped
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.guests.rdm_text import RdmRefusal, read_shipped
from dmaragent.policy.evidence import LibraryAnswers
from dmaragent.policy.settings import (
    ANY_POLICY,
    POLICY_OF,
    DeviceSetting,
    Gathered,
    Settings,
    refusals_of,
)
from dmaragent.releases import Release
from dmaragent.xen.toolstack.libxl import LibxluBehaviour, ToolstackBehaviour

_NOT_A_NUMBER = re.compile(r"(?:msitranslate|power_mgmt|permissive|seize)=[A-Za-z][^,]*")
PVH_AND_TYPE = (4, 10)
"""The first release that reads ``type=`` and has PVH guests: c7dfe4ac58."""
PASSTHROUGH = (4, 13)
"""The first that reads ``passthrough=``."""


@lru_cache(maxsize=1024)
def _read_pci(text: str, parser: LibxluBehaviour) -> PciText | PciRefusal | PciUndefined:
    """Read an entry once: the guests of a host name the same devices."""
    return read_pci_shipped(text, parser)


def as_read(guest: GuestConfig, release: Release) -> tuple[GuestConfig, tuple[Complaint, ...]]:
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


def settle(
    guest: GuestConfig,
    behaviour: ToolstackBehaviour,
    release: Release,
    evidence: LibraryAnswers | None = None,
) -> Settings:
    """Read `guest` as xl of `release` does; `evidence` wins over what is known of a release."""
    out = Gathered(refusals=refusals_of(guest), undefined=list(guest.undecidable))
    strategies, policies, taken = _rdm(guest, behaviour, release, evidence, out)
    unset = Policy.INVALID if guest.type is GuestType.HVM else Policy.STRICT  # a union reads 0
    devices = []
    for number, entry in enumerate(guest.pci):
        pci = entry.read or _pci(entry, behaviour, release, evidence, out)
        if pci is None:
            continue
        policy = entry.policy or (POLICY_OF[pci.policy] if pci.policy else None)
        inherits = policy is None and taken and behaviour.devices_inherit
        devices.append(
            DeviceSetting(
                number=number,
                place=entry.place,
                text=entry.text,
                pci=pci,
                policy=None if inherits else policy or unset,
                explicit=pci.policy is not None,
            )
        )
    return Settings(
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
    evidence: LibraryAnswers | None,
    out: Gathered,
) -> tuple[tuple[Strategy, ...], tuple[Policy, ...], bool]:
    """Give the possible strategies and policies, and whether ``rdm=`` was taken."""
    if guest.saved_rdm is not None:
        return (guest.saved_rdm.strategy,), (guest.saved_rdm.policy,), False
    if guest.rdm is None:
        return (Strategy.IGNORE,), (Policy.INVALID,), False
    place = guest.places.get("rdm", guest.source)
    read = expected = read_shipped(guest.rdm, behaviour.parser)
    told = f"xl {release}"
    if evidence is not None and guest.rdm in evidence.rdm:
        read = evidence.rdm[guest.rdm]
        told = f"libxlutil {evidence.release}, asked on this host,"
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
    evidence: LibraryAnswers | None,
    out: Gathered,
) -> PciText | None:
    read = _read_pci(entry.text, behaviour.parser)
    taken = None if evidence is None else evidence.pci.get(entry.text)
    if evidence is not None and taken is (not isinstance(read, PciText)):
        does = "takes" if taken else "refuses"
        said = f"libxlutil {evidence.release}, asked on this host, {does} '{entry_excerpt(entry.text)}' unexpectedly"
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
