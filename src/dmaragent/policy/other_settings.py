"""A guest's settings by the manual pages, and by toolstacks that have no ``rdm=``."""

from collections.abc import Iterator

from dmaragent.errors import entry_excerpt
from dmaragent.guests.config import Complaint, GuestConfig, PciEntry
from dmaragent.guests.pci_model import PciRefusal, PciText, PolicyWord
from dmaragent.guests.pci_text import read_pci_documented
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.guests.rdm_text import RdmRefusal, read_documented
from dmaragent.policy.settings import (
    POLICY_OF,
    DeviceSetting,
    Gathered,
    Settings,
    Toolstack,
    refusals_of,
)
from dmaragent.releases import Release

STRICT_DOCUMENTED = (4, 15)
"""From here on the pages say that a device is strict by default, before relaxed: 3085930e2f."""


def documented_default(release: Release) -> Policy:
    """Give the policy that the manual pages of `release` promise a device that names none."""
    return Policy.STRICT if release.series >= STRICT_DOCUMENTED else Policy.RELAXED


def settle_documented(guest: GuestConfig, release: Release) -> Settings:
    """Read `guest` as the manual pages of `release` have it.

    An unset policy of a device is the guest's where ``rdm=`` sets one, else the pages' default.
    """
    out = Gathered(refusals=refusals_of(guest), undefined=list(guest.undecidable))
    strategy, policy = Strategy.IGNORE, Policy.INVALID
    if guest.saved_rdm is not None:
        strategy, policy = guest.saved_rdm.strategy, guest.saved_rdm.policy
    elif guest.rdm is not None:
        rdm = read_documented(guest.rdm)
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
    return Settings(
        strategies=(strategy,),
        policies=(policy,),
        devices=tuple(devices),
        refusals=tuple(out.refusals),
        undefined=tuple(out.undefined),
        rdm_taken=guest.rdm is not None,
    )


def settle_without_rdm(guest: GuestConfig, toolstack: Toolstack) -> Settings:
    """Read `guest` as libvirt's libxl driver or Qubes' does: neither sets anything of ``rdm=``.

    For Qubes an entry's rdm_policy=relaxed stands for the device's option no-strict-reset.
    What XAPI reads is not modelled: nothing is.
    """
    out = Gathered(refusals=refusals_of(guest), undefined=list(guest.undecidable))
    if toolstack is Toolstack.XAPI:
        return Settings(messages=guest.warnings)
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
    return Settings(
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
) -> DeviceSetting:
    return DeviceSetting(
        number=number,
        place=entry.place,
        text=entry.text,
        pci=pci,
        policy=policy,
        explicit=explicit,
    )
