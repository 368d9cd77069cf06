"""What becomes of a guest: the worked table, releases, kinds of guests and hosts, properties.

The rows and their numbers are those of the Xen reference the project rests on.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import GIB, MIB, SBDF, AddressRange
from dmaragent.guests.rdm import Policy
from dmaragent.guests.xl_guest import guest_from_options
from dmaragent.host.memory_map import MemoryType
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.policy.decisions import Decider, Verdict
from dmaragent.policy.layout import Placement
from dmaragent.policy.resolver import resolve
from dmaragent.releases import Release
from dmaragent.remedies.hotplug import hotplug
from support.guests import (
    DEVICE_A,
    DEVICE_B,
    E2,
    HOST_RELAXED,
    HOST_STRICT,
    A,
    B,
    answer,
    ends_of,
    facts,
    function,
    guest,
    region,
    reserved_in,
    stack,
    who_decided,
)
from support.wording import Worded

# The worked table ------------------------------------------------------------------------


@pytest.mark.parametrize("rdm", [HOST_STRICT, HOST_RELAXED])
def test_the_base_example_moves_ram_below_both_regions(rdm: str) -> None:
    found = answer(guest(rdm=rdm), release=E2)

    assert found.verdict is Verdict.STARTS
    assert found.reasons == ()
    assert ends_of(found) == (0xAC600000, 0x102200000)
    assert reserved_in(found) == [B, A]


@pytest.mark.parametrize(
    ("settings", "ends", "reserved"),
    [
        ({"hap": 0}, (0xAC6D3000, 0x10212D000), [B, A]),
        ({"memory": 4096}, (0xAC600000, 0x153200000), [B, A]),
        ({"memory": 2048}, (0x7F800000, 0), [B, A]),
        ({"vga": "stdvga"}, (0xAC600000, 0x101A00000), [B, A]),
        ({"vga": "none"}, (0xAC600000, 0x102A00000), [B, A]),
    ],
    ids=str,
)
def test_the_worked_table_under_strategy_host(
    settings: dict[str, object], ends: tuple[int, int], reserved: list[AddressRange]
) -> None:
    texts = {"type": "hvm", "memory": 2800, "rdm": HOST_STRICT, **settings}
    one = guest_from_options({name: str(value) for name, value in texts.items()}, ())
    found = answer(one, release=E2)

    assert (found.verdict, ends_of(found), reserved_in(found)) == (Verdict.STARTS, ends, reserved)


@pytest.mark.parametrize("policy", ["strict", "relaxed"])
def test_only_device_a_leaves_the_other_region_out(policy: str) -> None:
    found = answer(guest(f"00:14.0,rdm_policy={policy}"))

    assert (ends_of(found), reserved_in(found)) == ((0xAC600000, 0x102200000), [A])


def test_only_device_b_leaves_plain_ram_in_the_other_region() -> None:
    found = answer(guest("00:02.0"))

    assert (ends_of(found), reserved_in(found)) == ((0xAD800000, 0x101000000), [B])


def test_a_strict_host_at_a_boundary_above_the_regions_does_not_build() -> None:
    found = answer(guest(rdm=HOST_STRICT, rdm_mem_boundary=2800), release=E2)

    assert found.verdict is Verdict.REFUSED
    assert ends_of(found) == (0xAE800000, 0)
    assert found.reasons[0].region == B  # the first of Xen's list, the table's last
    assert found.reasons[0].shown == "RDM conflict at 0xad800000"


def test_a_relaxed_host_at_that_boundary_starts_with_two_warnings() -> None:
    found = answer(guest(rdm=HOST_RELAXED, rdm_mem_boundary=2800), release=E2)

    assert (found.verdict, ends_of(found), reserved_in(found)) == (
        Verdict.STARTS,
        (0xAE800000, 0),
        [],
    )
    assert [one.region for one in found.reasons] == [B, A]


def test_a_boundary_between_the_regions_moves_one_and_hides_the_other() -> None:
    found = answer(guest(rdm=HOST_RELAXED, rdm_mem_boundary=2760), release=E2)

    assert (ends_of(found), reserved_in(found)) == ((0xAD800000, 0x101000000), [B])
    assert [one.region for one in found.reasons] == [A]


# Releases --------------------------------------------------------------------------------


def test_up_to_4_13_a_device_without_a_policy_hides_its_region_and_still_starts() -> None:
    found = answer(guest("00:14.0"), release="4.12")

    assert found.verdict is Verdict.STARTS
    assert ends_of(found) == (0xAC6D3000, 0x10212D000)
    assert reserved_in(found) == []
    assert found.outcome is not None
    assert found.outcome.built.layout is not None
    assert found.outcome.built.layout.placed[0].placement is Placement.HIDDEN


def test_up_to_4_13_a_conflict_of_such_a_device_is_found_by_xen_and_not_by_libxl() -> None:
    one = guest("00:14.0", rdm_mem_boundary=2800)

    assert who_decided(answer(one, release="4.13")) is Decider.XEN
    assert who_decided(answer(one, release="4.14")) is Decider.LIBXL


def test_up_to_4_13_only_the_first_region_of_a_device_is_reserved() -> None:
    host = facts({DEVICE_A: [A, region(0xA0000000)]})
    one = guest("00:14.0,rdm_policy=strict")

    assert reserved_in(answer(one, host, "4.14")) == [A, region(0xA0000000)]
    found = answer(one, host, "4.13")
    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.XEN)
    assert found.reasons[0].region == region(0xA0000000)


@pytest.mark.parametrize(
    ("release", "policies"),
    [
        ("4.12", {Policy.RELAXED}),
        ("4.13.5", {Policy.INVALID}),
        ("4.14.4", {Policy.INVALID}),
        ("4.14.5", {Policy.RELAXED}),
        ("4.14", {Policy.INVALID, Policy.RELAXED}),
    ],
)
def test_devices_inherit_by_point_release_and_both_ways_where_it_is_not_known(
    release: str, policies: set[Policy]
) -> None:
    found = answer(guest("00:14.0", rdm=HOST_RELAXED, rdm_mem_boundary=2800), release=release)

    assert {case.scenario.device_policies[0] for case in found.outcomes} == policies


def test_where_the_point_release_decides_the_answer_says_so() -> None:
    found = answer(guest("00:14.0", rdm=HOST_RELAXED, rdm_mem_boundary=2800), release="4.14")

    assert found.verdict is Verdict.UNDECIDED
    assert "before 4.14.5" in found.reasons[0].reason


def test_toolstack_and_hypervisor_may_be_of_two_releases() -> None:
    mixed = stack("4.14", hypervisor=Release(4, 17))
    found = resolve(guest(rdm=HOST_STRICT), facts(), mixed)

    assert found.settings.rdm_taken


# Guests of other kinds -------------------------------------------------------------------


def test_a_pvh_guest_cannot_have_devices() -> None:
    found = answer(guest("00:14.0", type="pvh"))

    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.LIBXL)


def test_a_pvh_guest_without_devices_starts_and_with_strategy_host_cannot_be_said() -> None:
    assert answer(guest(type="pvh")).verdict is Verdict.STARTS
    assert answer(guest(type="pvh", rdm="strategy=host")).verdict is Verdict.UNDECIDED


def test_a_pv_guest_is_not_laid_out_and_is_refused_shared_regions_alone() -> None:
    plain = answer(guest("00:14.0", type="pv", rdm_mem_boundary=2800))
    shared = answer(guest("00:14.0", type="pv"), facts(shared={DEVICE_A: [A]}))

    assert plain.verdict is Verdict.STARTS
    assert plain.outcome is not None
    assert plain.outcome.built.layout is None
    assert (shared.verdict, shared.reasons[0].shown) == (Verdict.REFUSED, "EPERM")


def test_populate_on_demand_does_not_go_with_devices() -> None:
    assert answer(guest("00:14.0", maxmem=4096)).verdict is Verdict.REFUSED
    assert answer(guest(maxmem=4096)).verdict is Verdict.STARTS


def test_a_stub_domain_changes_the_video_memory_and_nothing_else() -> None:
    found = answer(guest("00:14.0", device_model_stubdomain_override=1), release="4.20")

    assert found.guest.video == 4 * MIB
    assert found.verdict is Verdict.STARTS


def test_too_little_video_memory_is_refused() -> None:
    assert answer(guest(videoram=4)).verdict is Verdict.REFUSED
    assert answer(guest(videoram=8)).verdict is Verdict.STARTS
    assert answer(guest(vga="qxl", videoram=64)).verdict is Verdict.REFUSED


def test_devices_with_passthrough_disabled_are_refused() -> None:
    assert answer(guest("00:14.0", passthrough="disabled")).verdict is Verdict.REFUSED


# Hosts -----------------------------------------------------------------------------------


def test_a_device_that_does_not_answer_is_refused(worded: Worded) -> None:
    found = answer(guest("00:15.0"))

    assert found.verdict is Verdict.REFUSED
    worded(found.reasons[0].reason, "0000:00:15.0")


def test_a_device_without_regions_starts() -> None:
    free = SBDF(0, 0, 0x15, 0)
    host = facts(functions={free: function(free)})

    assert answer(guest("00:15.0"), host).verdict is Verdict.STARTS


def test_without_a_working_iommu_devices_are_refused_and_others_start() -> None:
    host = facts(iommu_off="VT-d is off")

    assert answer(guest("00:14.0"), host).verdict is Verdict.REFUSED
    assert answer(guest(), host).verdict is Verdict.STARTS


def test_an_incomplete_inventory_leaves_what_depends_on_it_undecided() -> None:
    host = facts(incomplete="the table is damaged")

    assert answer(guest("00:14.0"), host).verdict is Verdict.UNDECIDED
    assert answer(guest(rdm="strategy=host"), host).verdict is Verdict.UNDECIDED
    assert answer(guest(), host).verdict is Verdict.STARTS


def test_a_path_that_could_lead_to_the_device_leaves_it_undecided() -> None:
    behind = SBDF(0, 1, 0, 0)
    host = facts(
        functions={one: function(one) for one in (DEVICE_A, behind)},
        undetermined=("0000:00:1c.0>00.0",),
    )

    assert answer(guest("01:00.0"), host).verdict is Verdict.UNDECIDED
    assert answer(guest("00:14.0"), host).verdict is Verdict.STARTS
    known = replace(host, devices={behind: (region(0xE0000000),)})
    assert answer(guest("01:00.0"), known).verdict is Verdict.UNDECIDED  # it may have more


@pytest.mark.parametrize(
    ("class_code", "verdict"),
    [
        (0x080600, Verdict.UNDECIDED),
        (0x060000, Verdict.UNDECIDED),
        (0x060400, Verdict.UNDECIDED),
        (0x020000, Verdict.STARTS),
    ],
)
def test_without_amds_table_a_host_bridge_and_an_iommu_are_undecided(
    class_code: int, verdict: Verdict
) -> None:
    functions = {DEVICE_A: function(DEVICE_A)._replace(class_code=class_code)}
    host = replace(facts({DEVICE_A: []}, functions=functions), vendor=IommuVendor.AMD)

    assert answer(guest("00:14.0"), host).verdict is verdict


def test_without_a_table_nobody_knows_whether_a_region_is_shared() -> None:
    unknown = replace(facts(), shared=None)
    assert answer(guest("00:14.0"), unknown).verdict is Verdict.UNDECIDED
    assert answer(guest("00:14.0,rdm_policy=relaxed"), unknown).verdict is Verdict.STARTS


def test_a_device_that_xen_cannot_be_asked_about_is_undecided() -> None:
    host = replace(facts(), devices={DEVICE_A: None})
    assert answer(guest("00:14.0"), host).verdict is Verdict.UNDECIDED


def test_what_is_not_bound_to_pciback_has_to_be_made_assignable_first() -> None:
    host = facts(assignable=frozenset({DEVICE_B}))

    found = answer(guest("00:14.0", "00:02.0"), host)
    assert found.prerequisites == ("xl pci-assignable-add 0000:00:14.0",)
    assert answer(guest("00:14.0,seize=1"), host).prerequisites == ()


@pytest.mark.parametrize(
    ("driver", "known", "needed"),
    [
        ("nvme", True, True),
        ("nvme", False, True),
        (None, True, True),
        (None, False, False),
        ("pciback", True, False),
    ],
    ids=["a host driver", "a name of it", "no driver", "unknown", "pciback"],
)
def test_the_driver_decides_if_the_host_is_not_known_to_run_xen(
    driver: str | None,
    known: bool,  # noqa: FBT001 - a column
    needed: bool,  # noqa: FBT001 - a column
) -> None:
    own = function(DEVICE_A)._replace(driver=driver, driver_known=known)
    host = facts(assignable=None, functions={DEVICE_A: own})
    command = "xl pci-assignable-add 0000:00:14.0"

    assert (command in answer(guest("00:14.0"), host).prerequisites) is needed
    attached = hotplug("00:14.0", guest(memory=2048), host, stack())
    assert (command in attached.prerequisites) is needed
    assert answer(guest("00:14.0,seize=1"), host).prerequisites == ()


@pytest.mark.parametrize(("entry", "seized"), [("00:14.0", True), ("00:14.0,seize=0", False)])
def test_the_guests_seize_is_for_entries_without_their_own(
    entry: str,
    seized: bool,  # noqa: FBT001 - a column
) -> None:
    own = function(DEVICE_A)._replace(driver="xhci_hcd", driver_known=True)
    host = facts(assignable=None, functions={DEVICE_A: own})
    seizing = replace(guest(entry), seize=True)

    assert (answer(seizing, host).prerequisites == ()) is seized


def test_the_vga_hole_holds_no_ram_when_a_device_is_assigned() -> None:
    host = facts({DEVICE_A: [region(0xA0000, 0x20000)], DEVICE_B: [region(0x90000)]})
    hole = answer(guest("00:14.0,rdm_policy=relaxed"), host)
    beside = answer(guest("00:02.0,rdm_policy=relaxed"), host)

    assert [one.decider for one in hole.reasons] == [Decider.LIBXL]
    assert [one.decider for one in beside.reasons] == [Decider.LIBXL, Decider.XEN]


@pytest.mark.parametrize("start", [0xFEFF0000, 0xFEFF7000, 0xFEFF8000])
def test_the_special_pages_of_an_hvm_guest_are_ram_to_xen(start: int) -> None:
    """Of libxc, ioreq_server_pfn(0) is page 0xfeff0, special_pfn(0) is page 0xfeff8."""
    found = answer(guest("00:14.0"), facts({DEVICE_A: [region(start)]}))

    assert (found.verdict, found.reasons[0].shown) == (Verdict.REFUSED, "EBUSY")


def test_the_page_below_the_special_pages_is_no_ram() -> None:
    found = answer(guest("00:14.0"), facts({DEVICE_A: [region(0xFEFEF000)]}))

    assert found.verdict is Verdict.STARTS


# Properties ------------------------------------------------------------------------------

_REGIONS = st.lists(
    st.builds(
        lambda start, pages: AddressRange(start << 12, (start + pages) << 12),
        st.integers(1, 0x140000),
        st.integers(1, 0x2000),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.start,
)


@given(
    regions=_REGIONS,
    memory=st.integers(64, 6000),
    boundary=st.integers(0, 4096),
    hap=st.booleans(),
)
def test_relaxed_never_refuses_what_strict_accepts_and_order_does_not_matter(
    regions: list[AddressRange],
    memory: int,
    boundary: int,
    hap: bool,  # noqa: FBT001
) -> None:
    devices = {SBDF(0, 0, n, 0): [one] for n, one in enumerate(regions)}
    host = facts(devices)
    texts = [str(sbdf) for sbdf in devices]
    settings = {"memory": memory, "rdm_mem_boundary": boundary, "hap": int(hap)}
    strict = answer(guest(*texts, **settings), host)
    relaxed = answer(guest(*(f"{one},rdm_policy=relaxed" for one in texts), **settings), host)
    turned = answer(guest(*reversed(texts), **settings), host)

    if strict.verdict is Verdict.STARTS:
        assert relaxed.verdict is Verdict.STARTS
    assert turned.verdict is strict.verdict
    if strict.outcome is not None and strict.outcome.built.layout is not None:
        assert ends_of(strict) == ends_of(turned) == ends_of(relaxed)
    for found in (strict, relaxed):
        assert found.outcome is not None
        ram = [one.range for one in found.outcome.built.memory_map if one.type is MemoryType.RAM]
        for held in reserved_in(found):
            assert not any(one.overlaps(held) for one in ram)


def test_ram_above_four_gibibytes_is_never_moved() -> None:
    host = facts({DEVICE_A: [region(4 * GIB)]})

    assert answer(guest("00:14.0", memory=4096), host).verdict is Verdict.REFUSED
