"""A guest's settings by the manual pages, and by toolstacks that have no ``rdm=``."""

from dmaragent.platforms.releases import Release
from dmaragent.policy.guest import Complaint, GuestConfig
from dmaragent.policy.model import Policy, Strategy
from dmaragent.policy.pci_model import PciRefusal, PolicyWord
from dmaragent.policy.pci_text import read_pci_documented
from dmaragent.policy.rdm_text import RdmRefusal, read_documented
from dmaragent.policy.settings import (
    POLICY_OF,
    DeviceSetting,
    Gathered,
    Settings,
    Toolstack,
    refusals_of,
)


def settle_documented(guest: GuestConfig, release: Release) -> Settings:
    """Read `guest` as the manual pages of `release` have it.

    An unset policy of a device is the guest's where ``rdm=`` sets one, and else "relaxed"
    in the pages up to 4.14 and "strict" from 4.15 on (3085930e2f).
    """
    out = Gathered(refusals=refusals_of(guest), undefined=list(guest.undecidable))
    strategy, policy = Strategy.IGNORE, Policy.INVALID
    if guest.saved_rdm is not None:
        strategy, policy = guest.saved_rdm.strategy, guest.saved_rdm.policy
    elif guest.rdm is not None:
        rdm = read_documented(guest.rdm)
        if isinstance(rdm, RdmRefusal):
            said = f"rdm = '{guest.rdm}': character {rdm.position + 1} should be {rdm.expected}"
            out.refusals.append(Complaint(guest.places.get("rdm", guest.source), said))
        else:
            strategy = rdm.strategy or Strategy.IGNORE
            policy = rdm.policy or Policy.INVALID
    default = Policy.RELAXED if release.series < (4, 15) else Policy.STRICT
    devices = []
    for number, entry in enumerate(guest.pci):
        pci = entry.read or read_pci_documented(entry.text)
        if isinstance(pci, PciRefusal):
            said = f"'{entry.text}': character {pci.position + 1} should be {pci.expected}"
            out.refusals.append(Complaint(entry.place, said))
            continue
        own = POLICY_OF[pci.policy] if pci.policy else None
        unset = default if policy is Policy.INVALID else policy
        devices.append(
            DeviceSetting(
                number=number,
                place=entry.place,
                text=entry.text,
                pci=pci,
                policy=own or unset,
                explicit=own is not None,
            )
        )
    return Settings(
        strategies=(strategy,),
        policies=(policy,),
        devices=tuple(devices),
        refusals=tuple(out.refusals),
        undefined=tuple(out.undefined),
        rdm_taken=guest.rdm is not None,
    )


def settle_libvirt(guest: GuestConfig, toolstack: Toolstack) -> Settings:
    """Read `guest` as libvirt's libxl driver or Qubes' does: by its devices alone.

    XAPI's is not read at all.  Neither sets anything of ``rdm=``.  For Qubes an entry's rdm_policy=relaxed stands for
    the device's option no-strict-reset.
    """
    out = Gathered(refusals=refusals_of(guest), undefined=list(guest.undecidable))
    if toolstack is Toolstack.XAPI:
        return Settings(refusals=tuple(out.refusals), messages=guest.warnings)
    lost = [("rdm", guest.rdm), ("rdm_mem_boundary", guest.boundary)]
    for name, value in lost:
        if value is not None:
            said = f"{toolstack.value} has no such setting: {name} is left out"
            out.messages.append(Complaint(guest.places.get(name, guest.source), said))
    devices = []
    for number, entry in enumerate(guest.pci):
        pci = entry.read or read_pci_documented(entry.text)
        if isinstance(pci, PciRefusal):
            said = (
                f"which device '{entry.text}' is cannot be read: character {pci.position + 1} "
                f"should be {pci.expected}"
            )
            out.undefined.append(Complaint(entry.place, said))
            continue
        relaxed = toolstack is Toolstack.QUBES and pci.policy is PolicyWord.RELAXED
        if toolstack is Toolstack.LIBVIRT and pci.policy is not None:
            said = f"libvirt has no such setting: rdm_policy of '{entry.text}' is left out"
            out.messages.append(Complaint(entry.place, said))
        devices.append(
            DeviceSetting(
                number=number,
                place=entry.place,
                text=entry.text,
                pci=pci,
                policy=Policy.RELAXED if relaxed else Policy.INVALID,
                explicit=relaxed,
            )
        )
    return Settings(
        devices=tuple(devices),
        refusals=tuple(out.refusals),
        undefined=tuple(out.undefined),
        messages=(*guest.warnings, *out.messages),
    )
