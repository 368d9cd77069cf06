"""What a booted Xen 4.17 was seen to refuse, and dmaragent once did not know."""

from dataclasses import replace

import pytest

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.host.topology import PciFunction
from dmaragent.host.xen import XenHost
from dmaragent.inventory import take_inventory
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.guest_types import SHADOW_RULE
from dmaragent.policy.host_facts import HostFacts, facts_of
from dmaragent.policy.map_entries import MAP_RULE
from dmaragent.releases import Release
from dmaragent.remedies.hotplug import hotplug
from support.guests import answer, facts, function, guest, region, stack
from support.machines import MACHINES
from support.wording import Worded

FIRST, SECOND = SBDF.parse("00:1e.0"), SBDF.parse("03:01.0")
"""Bridges: the second is on the bus behind the first."""
DEVICE = SBDF.parse("04:02.0")
SUBTRACTIVE, PLAIN = 0x060401, 0x060400
REGION = region(0xE0000000)
"""Above all RAM of the guest, so that it meets nothing."""


def bridge(sbdf: SBDF, class_code: int, secondary: int, subordinate: int) -> PciFunction:
    return function(sbdf)._replace(
        class_code=class_code,
        header_type=1,
        secondary_bus=secondary,
        subordinate_bus=subordinate,
    )


def host(
    first: int = SUBTRACTIVE,
    device: SBDF = DEVICE,
    release: str | None = "4.17.7",
    physical: SBDF | None = None,
    *,
    owns: bool = True,
) -> HostFacts:
    """Make a host whose `device` is behind two bridges, the first of class `first`."""
    return facts(
        {device: [REGION] if owns else []},
        functions={
            FIRST: bridge(FIRST, first, 3, 4),
            SECOND: bridge(SECOND, PLAIN, 4, 4),
            device: function(device, physical)._replace(header_type=0),
        },
        release=None if release is None else Release.parse(release),
    )


@pytest.mark.parametrize("policy", ["strict", "relaxed"])
def test_a_conventional_device_behind_a_bridge_is_refused_under_any_policy(
    policy: str, worded: Worded
) -> None:
    found = answer(guest(f"04:02.0,rdm_policy={policy}", memory=400), host())

    assert found.verdict is Verdict.REFUSED
    (reason,) = found.reasons
    assert (reason.shown, reason.device) == ("EOPNOTSUPP", DEVICE)
    worded(reason.reason, "0000:04:02.0", "03", "01")


def test_it_cannot_be_attached_either() -> None:
    running = guest(memory=400, passthrough="enabled")
    found = hotplug("04:02.0,rdm_policy=relaxed", running, host(), stack("4.17"))

    assert found.verdict is Verdict.REFUSED
    assert found.decisions[0].shown == "EOPNOTSUPP"


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (host(PLAIN), Verdict.UNDECIDED),  # not device 0: probably, not certainly
        (host(PLAIN, SBDF.parse("04:00.0")), Verdict.STARTS),  # as below a root port
        (host(physical=SBDF.parse("04:00.0")), Verdict.STARTS),  # a virtual function
        (host(owns=False), Verdict.STARTS),
        (host(device=SBDF.parse("05:02.0")), Verdict.STARTS),  # on no bus of the bridges
        (host(release="4.12.4"), Verdict.STARTS),
        (host(release="4.13"), Verdict.UNDECIDED),  # XSA-400 is in 4.13.5
        *((host(release="4.13.4"), Verdict.STARTS), (host(release="4.13.5"), Verdict.REFUSED)),
        *((host(release="4.14.4"), Verdict.STARTS), (host(release="4.14.5"), Verdict.REFUSED)),
        *((host(release="4.15.2"), Verdict.STARTS), (host(release="4.15.3"), Verdict.REFUSED)),
        *((host(release="4.16.0"), Verdict.STARTS), (host(release="4.16.1"), Verdict.REFUSED)),
        (host(release="4.16"), Verdict.UNDECIDED),
        (host(release="4.17.0"), Verdict.REFUSED),
        (host(release=None), Verdict.REFUSED),
    ],
)
def test_what_is_not_certain_of_it_is_not_said(given: HostFacts, verdict: Verdict) -> None:
    device = next(iter(given.devices))

    assert answer(guest(str(device), memory=400), given).verdict is verdict


@pytest.mark.parametrize("class_code", [PLAIN, None])
def test_a_bridge_whose_class_is_not_known_to_the_end_may_be_a_conventional_one(
    class_code: int | None,
) -> None:
    device = SBDF.parse("04:00.0")
    given = host(PLAIN, device)
    functions = dict(given.functions or {})
    functions[FIRST] = functions[FIRST]._replace(class_code=class_code, interface_known=False)
    short = replace(given, functions=functions)

    assert answer(guest("04:00.0", memory=400), given).verdict is Verdict.STARTS
    assert answer(guest("04:00.0", memory=400), short).verdict is Verdict.UNDECIDED


def test_a_bridge_of_another_segment_is_above_no_device() -> None:
    given = host()
    moved = {
        replace(sbdf, segment=1): known._replace(sbdf=replace(sbdf, segment=1))
        for sbdf, known in (given.functions or {}).items()
        if sbdf != DEVICE
    }
    functions = {**moved, DEVICE: (given.functions or {})[DEVICE]}
    found = answer(guest("04:02.0", memory=400), replace(given, functions=functions))

    assert found.verdict is Verdict.STARTS


def test_virtual_functions_are_no_sign_of_a_conventional_bus() -> None:
    physical, virtual = SBDF.parse("04:00.0"), SBDF.parse("04:02.0")
    given = host(PLAIN, physical)
    beside = {**(given.functions or {}), virtual: function(virtual, physical)}

    found = answer(guest("04:00.0", memory=400), replace(given, functions=beside))

    assert found.verdict is Verdict.STARTS


def test_without_hap_a_guest_needs_a_xen_with_shadow_paging() -> None:
    without = replace(host(owns=False), hap=True, shadow=False)
    found = answer(guest(memory=400, hap=0), without)

    assert found.verdict is Verdict.REFUSED
    assert found.reasons[0].shown == "EOPNOTSUPP"
    assert answer(guest(memory=400, hap=1), without).verdict is Verdict.STARTS
    assert answer(guest(memory=400, hap=0), replace(without, shadow=True)).verdict is Verdict.STARTS
    assert answer(guest(memory=400, hap=0), replace(without, shadow=None)).verdict is Verdict.STARTS


def test_shadow_paging_that_may_be_missing_is_a_second_reason_beside_a_map_that_is_too_long() -> (
    None
):
    listed = [region(0xE0000000 + 0x2000 * number) for number in range(128)]
    given = facts({}, listed=listed, shadow=None, xen_runs=True)
    found = answer(guest(rdm="strategy=host", hap=0), given)

    assert found.verdict is Verdict.REFUSED
    assert [one.rule for one in found.reasons] == [MAP_RULE, SHADOW_RULE]


@pytest.mark.parametrize(
    ("capabilities", "shadow"),
    [
        (("hvm", "hvm_directio", "hap", "shadow"), True),
        (("hvm", "hvm_directio", "hap", "iommu_hap_pt_share"), False),
        (("hvm", "hvm_directio", "shadow"), True),
        (("hvm", "hvm_directio"), False),  # 4.13 and later name each
    ],
)
def test_shadow_paging_is_what_xl_info_shows(
    capabilities: tuple[str, ...],
    shadow: bool,  # noqa: FBT001 - a table
) -> None:
    recorded = join(collect(open_host(str(MACHINES / "xen-pv-dom0")).reader))
    assert isinstance(recorded.xen, XenHost)
    given = recorded._replace(xen=recorded.xen._replace(capabilities=capabilities))

    assert facts_of(take_inventory(given)).shadow is shadow
    old = given._replace(
        xen=recorded.xen._replace(capabilities=capabilities, release=Release.parse("4.12.4"))
    )
    lists = "hap" in capabilities or "shadow" in capabilities
    assert facts_of(take_inventory(old)).shadow is (shadow if lists else None)
