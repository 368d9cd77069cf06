"""Whether Xen can create a guest of a type: PV, PVH or HVM, with which paging.

Sources: tools libxl_create.c, ``libxl__domain_create_info_setdefault``; Xen arch/x86/domain.c,
``arch_sanitise_domain_config``.
"""

from collections.abc import Iterator

from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.policy.decisions import Decider, Decision, SourceRule, refused, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.words import building as words
from dmaragent.releases import Release

CREATE_RULE = SourceRule("libxl_create.c, libxl__domain_create_info_setdefault", of_regions=False)
TYPE_RULE = SourceRule("Xen x86/domain.c, arch_sanitise_domain_config", "EINVAL", of_regions=False)
_OLD_TYPE_RULE = SourceRule("Xen x86/hvm/hvm.c, hvm_domain_initialise", "EINVAL", of_regions=False)
"""The same before 4.12, which has PV guests always."""
_FIRST_WITH_TYPE_RULE = (4, 12)
SHADOW_RULE = SourceRule(
    "Xen x86/mm/shadow/none.c, shadow_domain_init", "EOPNOTSUPP", of_regions=False
)
HAP_RULE = TYPE_RULE
"""From 4.13 on; before, Xen uses shadow paging instead: x86/domain.c, ``arch_domain_create``."""
_FIRST_WITH_PAGING_RULES = (4, 13)
_CHECKS_SHADOW_FIRST = (4, 22)
"""From this release on ``arch_sanitise_domain_config`` refuses what SHADOW_RULE refused before."""


def creation_refusals(guest: GuestConfig, host: HostFacts, release: Release) -> Iterator[Decision]:
    """Yield why libxl of `release` or Xen cannot create a guest of this type, whatever it has."""
    pv = guest.type is GuestType.PV
    if not pv and host.without_paging and release.series >= _FIRST_WITH_PAGING_RULES:
        reason = words.HVM_MISSING if host.hvm is False else words.NO_PAGING
        shown = "neither hap nor shadow paging available"
        decision = refused(Decider.LIBXL, reason, CREATE_RULE)
        yield decision._replace(shown=shown, place=guest.places.get("type", ""))
        return
    if host.pv is False and (pv or guest.stubdomain):
        reason = words.PV_MISSING if pv else words.PV_MISSING_FOR_STUB_DOMAIN
        yield refused(Decider.XEN, reason, _type_rule(host))
    if pv:
        return
    if host.hvm is False:
        yield refused(Decider.XEN, words.HVM_MISSING, _type_rule(host))
    elif host.shadow is False and (guest.hap is False or host.without_paging):
        reason = words.SHADOW_MISSING if guest.hap is False else words.NO_PAGING
        yield refused(Decider.XEN, reason, _shadow_rule(host))
    elif guest.hap and host.hap is False and _refuses_hap(host.release):
        yield refused(Decider.XEN, words.HAP_MISSING, HAP_RULE)


def creation_unknown(guest: GuestConfig, host: HostFacts) -> Iterator[Decision]:
    """Yield why it is unknown whether Xen can create a guest of this type.

    On a host without Xen the prediction is that it can: CONFIG_PV, CONFIG_HVM and
    CONFIG_SHADOW_PAGING are on by default.
    """
    pv = guest.type is GuestType.PV
    if host.pv is None and (pv or guest.stubdomain):
        yield undecided(words.PV_UNKNOWN, rule=TYPE_RULE)
    if pv or host.hvm is False:
        return
    if host.hvm is None:
        yield undecided(words.HVM_UNKNOWN, rule=TYPE_RULE)
    elif host.shadow is None and host.xen_runs and guest.hap is False:
        yield undecided(words.SHADOW_UNKNOWN, rule=SHADOW_RULE, place=guest.places.get("hap", ""))
    elif host.may_lack_paging:
        yield undecided(words.PAGING_UNKNOWN, rule=CREATE_RULE)


def _type_rule(host: HostFacts) -> SourceRule:
    old = host.release is not None and host.release.series < _FIRST_WITH_TYPE_RULE
    return _OLD_TYPE_RULE if old else TYPE_RULE


def _shadow_rule(host: HostFacts) -> SourceRule:
    new = host.release is not None and host.release.series >= _CHECKS_SHADOW_FIRST
    return TYPE_RULE if new else SHADOW_RULE


def _refuses_hap(hypervisor: Release | None) -> bool:
    """Return whether the `hypervisor` refuses a guest that sets hap=1 if it has no HAP.

    One of unknown release does: only 4.13 and later report whether they have HAP.
    """
    return hypervisor is None or hypervisor.series >= _FIRST_WITH_PAGING_RULES
