"""Guests of a type that the running Xen cannot create: by virt_caps of `xl info`."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import explain
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.guests.config import GuestConfig
from dmaragent.host import Host, join
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Decider, Verdict
from dmaragent.policy.hotplug import attach
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.question.context import Context, Question, context_of
from dmaragent.releases import Release
from dmaragent.remedies import words
from dmaragent.remedies.guests import guest_remedies
from support.guests import guest
from support.machines import MACHINES
from support.wording import Worded

FREE = "0000:02:00.0"
"""A device of xen-pv-dom0 that no region names."""
EVERY_TYPE = "pv hvm hvm_directio pv_directio"
RELEASES = ("4.13", "4.14.6", "4.15", "4.16", "4.17.7", "4.18", "4.19", "4.20", "4.21", "4.22")
"""Each prints hap and shadow: xl_info.c."""


def dom0(caps: str | None, release: str | None = "4.17.7", **more: Any) -> Host:
    """Return the PV dom0 of testdata with other `caps` of another release."""
    host = join(collect(open_host(str(MACHINES / "xen-pv-dom0")).reader))
    assert host.xen is not None
    xen = host.xen._replace(
        capabilities=None if caps is None else tuple(caps.split()),
        release=None if release is None else Release.parse(release),
        extra=None,
        **more,
    )
    return host._replace(xen=xen)


def asked(host: Host) -> Context:
    return context_of(host, Question())


def answer(one: GuestConfig, host: Host, question: Question | None = None) -> Resolution:
    known = context_of(host, question or Question())
    return resolve(one, known.facts, known.stack)


def verdicts(host: Host, types: Iterable[str] = ("hvm", "pvh", "pv")) -> list[Verdict]:
    """Return the verdicts on guests of these types; a PVH guest has no device."""
    return [
        answer(guest(*([] if kind == "pvh" else [FREE]), type=kind, memory=512), host).verdict
        for kind in types
    ]


STARTS, REFUSED, UNKNOWN = Verdict.STARTS, Verdict.REFUSED, Verdict.UNDECIDED


@pytest.mark.parametrize("release", RELEASES)
def test_without_hap_and_shadow_paging_only_pv_guests_start(release: str) -> None:
    assert verdicts(dom0(EVERY_TYPE, release)) == [REFUSED, REFUSED, STARTS]
    for paging in ("hap", "shadow", "hap shadow"):
        assert verdicts(dom0(f"{EVERY_TYPE} {paging}", release)) == [STARTS, STARTS, STARTS]


@pytest.mark.parametrize("hap", [None, 0, 1])
def test_libxl_refuses_a_guest_without_paging_whatever_it_asks_for(hap: int | None) -> None:
    one = guest(memory=512, **({} if hap is None else {"hap": hap}))
    found = answer(one, dom0(EVERY_TYPE))

    (first,) = found.reasons
    assert (found.verdict, first.decider) == (REFUSED, Decider.LIBXL)
    assert first.shown == "neither hap nor shadow paging available"
    assert guest_remedies(found).why_none == words.NO_PAGING


def test_tools_before_4_13_leave_that_to_xen() -> None:
    found = answer(guest(memory=512), dom0(EVERY_TYPE), Question(toolstack_release="4.12"))

    assert [(one.decider, one.shown) for one in found.reasons] == [(Decider.XEN, "EOPNOTSUPP")]


def test_xl_info_before_4_13_names_no_paging() -> None:
    assert verdicts(dom0("pv hvm hvm_directio pv_directio", "4.12.4")) == [STARTS, STARTS, STARTS]
    assert verdicts(dom0("hvm hvm_directio", "4.11.4")) == [STARTS, STARTS, STARTS]


@pytest.mark.parametrize(
    ("release", "shown"), [("4.13", "EOPNOTSUPP"), ("4.21", "EOPNOTSUPP"), ("4.22", "EINVAL")]
)
@pytest.mark.parametrize("kind", ["hvm", "pvh"])
def test_hap_0_is_refused_for_both_types_without_shadow_paging(
    release: str, shown: str, kind: str
) -> None:
    found = answer(guest(type=kind, memory=512, hap=0), dom0(f"{EVERY_TYPE} hap", release))

    assert (found.verdict, found.reasons[0].shown) == (REFUSED, shown)


@pytest.mark.parametrize("release", ["4.12", *RELEASES])
def test_without_hvm_only_pv_guests_start(release: str) -> None:
    host = dom0("pv pv_directio shadow", release)  # shadow: as a Xen of Debian 11

    assert verdicts(host) == [REFUSED, REFUSED, STARTS]
    found = answer(guest(FREE, memory=512), host)
    assert (found.reasons[0].decider, found.reasons[0].shown) == (Decider.XEN, "EINVAL")
    assert guest_remedies(found).why_none == words.NO_HVM_GUESTS


def test_without_hvm_before_4_12_only_pv_guests_start() -> None:
    (old,) = (answer(guest(FREE, memory=512), dom0("", "4.11.4")).reasons)[:1]

    assert old.rule is not None
    assert "hvm_domain_initialise" in old.rule.source
    assert verdicts(dom0("", "4.11.4"), ["hvm", "pvh"]) == [REFUSED, REFUSED]


@pytest.mark.parametrize("release", ["4.12", *RELEASES])
def test_without_pv_no_pv_guest_starts(release: str) -> None:
    host = dom0("hvm hvm_directio hap", release)

    assert verdicts(host) == [STARTS, STARTS, REFUSED]
    found = answer(guest(FREE, type="pv", memory=512), host)
    assert (found.reasons[0].decider, found.reasons[0].shown) == (Decider.XEN, "EINVAL")
    assert guest_remedies(found).why_none == words.NO_PV_GUESTS


def test_a_stub_domain_is_a_pv_guest() -> None:
    one = replace(guest(memory=512), stubdomain=True)

    assert answer(one, dom0("hvm hvm_directio hap")).verdict is REFUSED
    assert answer(one, dom0(f"{EVERY_TYPE} hap")).verdict is STARTS


def test_why_a_type_cannot_run_in_words(worded: Worded) -> None:
    hvm, pv = guest(memory=512), guest(type="pv", memory=512)
    stub_domain = replace(hvm, stubdomain=True)
    no_release = dom0("hvm hvm_directio", None, guest_type=None)
    for one, host in (
        (hvm, dom0(EVERY_TYPE)),
        (hvm, dom0("pv pv_directio shadow")),
        (pv, dom0("hvm hvm_directio hap")),
        (stub_domain, dom0("hvm hvm_directio hap")),
        (hvm, dom0(None)),
        (pv, dom0(None, guest_type=None)),
        (hvm, no_release),
    ):
        worded(answer(one, host).reasons[0].reason)
    for one, caps in ((hvm, EVERY_TYPE), (hvm, "pv"), (pv, "hvm hvm_directio hap")):
        worded(guest_remedies(answer(one, dom0(caps))).why_none)


def test_what_is_not_read_is_unknown() -> None:
    assert verdicts(dom0(None)) == [UNKNOWN, UNKNOWN, STARTS]  # dom0 is PV
    assert verdicts(dom0(None, guest_type="PVH"), ["pvh", "pv"]) == [STARTS, UNKNOWN]
    assert verdicts(dom0(None, guest_type=None), ["hvm", "pv"]) == [UNKNOWN, UNKNOWN]
    assert verdicts(dom0("hvm hvm_directio", None, guest_type=None)) == [UNKNOWN] * 3
    assert verdicts(dom0("hvm hvm_directio", None, guest_type="PV")) == [UNKNOWN, UNKNOWN, STARTS]


def test_what_is_refused_for_another_reason_stays_refused() -> None:
    shared = guest("00:1d.0", memory=512)

    assert answer(shared, dom0(None)).verdict is REFUSED


# The other verbs --------------------------------------------------------------------------


def told(host: Host, device: str = FREE) -> Any:
    known = asked(host)
    return explain(known.inventory, known.facts, known.stack, SBDF.parse(device))


def test_explain_is_about_pv_guests_if_xen_runs_no_others(worded: Worded) -> None:
    for host in (dom0(EVERY_TYPE), dom0("pv pv_directio shadow")):
        found = told(host)
        assert found.xen.can is Can.CONDITIONS
        worded(found.xen.explanation)
        assert found.xen.cases[-1].can is Can.NO
        shared = told(host, "0000:00:1d.0")
        assert (shared.xen.can, shared.xen.risk) == (Can.CONDITIONS, True)
    assert told(dom0(f"{EVERY_TYPE} hap")).xen.can is Can.YES
    assert told(dom0("hvm hvm_directio hap")).xen.can is Can.YES
    assert told(dom0("directio")).xen.can is Can.NO
    assert told(dom0(None)).xen.can is Can.UNKNOWN


def test_a_guest_that_cannot_run_gets_no_device() -> None:
    for caps, kind in ((EVERY_TYPE, "hvm"), ("hvm hvm_directio hap", "pv"), (None, "hvm")):
        known = asked(dom0(caps))
        running = guest(type=kind, memory=512, passthrough="enabled")
        assert attach(FREE, running, known.facts, known.stack).verdict is UNKNOWN
