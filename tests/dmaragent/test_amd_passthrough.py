"""Whether a device under an IVMD block can be passed through, by Linux and by Xen."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from dmaragent.addresses import MIB, SBDF
from dmaragent.answers.devices import device_rows
from dmaragent.answers.explain import Explanation
from dmaragent.guests.config import EmulatedDevices, GuestConfig, GuestType, PciEntry
from dmaragent.host import Host
from dmaragent.host.xen import RdmEntry
from dmaragent.inventory import take_inventory
from dmaragent.linux.vfio import ONE_TO_ONE_MESSAGE
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough.model import Can, CaseKind
from dmaragent.policy.added_function import EARLIER_MAP_RULE, IDENTITY_RULE
from dmaragent.policy.amd_assignment import ALIASED_RULE, EXCLUSION_RULE, NO_IOMMU_RULE, OFF_RULE
from dmaragent.policy.decisions import SourceRule, Verdict
from dmaragent.policy.host_facts import facts_of
from dmaragent.policy.hotplug import Hotplug, attach
from dmaragent.policy.map_entries import MAP_RULE
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.present.words.numbers import numbered_regions
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.spans import MOST_SPANS
from support.amd_hosts import host_of, table_alone
from support.explained import told
from support.ivmd_hosts import amd_host, with_xen
from support.ivrs_hosts import IOMMU, device, predict, qemu
from support.ivrs_tables import entry, ivhd, ivmd, ivrs
from support.kvm import MSI

USB, NIC, VGA = "0000:00:1d.0", "0000:01:00.0", "0000:02:00.0"
UNITY, EXCLUSION = 7, 8
BLOCKED = "0x0000000090000000 0x0000000090000fff direct\n"


def under(flags: int, *, start: int = 0x90000000, covers: str = NIC, kernel: str = "") -> Host:
    """Return a host whose table reserves a page at `start` for one device."""
    data = qemu(ivmd(start, 0x1000, flags=flags, device=device(covers[5:])))
    host = host_of(data, {covers: BLOCKED.encode()} if flags else {})
    return host._replace(system=host.system._replace(kernel_release=kernel or None))


def on_linux(host: Host, sbdf: str = NIC) -> Explanation:
    return told(host, sbdf[5:], "4.20.4")


@pytest.mark.parametrize(("start", "risk"), [(0xFEFF8000, True), (0xE0000000, False)], ids=hex)
def test_an_exclusion_range_over_pages_of_a_guest_is_a_risk_under_strict(
    start: int, *, risk: bool
) -> None:
    """A guest has Xen's special pages at 0xfeff8000: DMA there reaches host memory."""
    xen = told(under(EXCLUSION, start=start, kernel="6.12.57"), NIC[5:], "4.20.4").xen
    strict = next(case for case in xen.cases if case.kind is CaseKind.STRICT)

    assert (strict.can, xen.can) == (Can.YES, Can.YES)
    assert xen.risk is strict.risk is risk


@pytest.mark.parametrize(
    ("kernel", "can"),
    [("6.12.57", Can.NO), ("6.6.0", Can.NO), ("6.1.0", Can.CONDITIONS), ("", Can.UNKNOWN)],
)
@pytest.mark.parametrize("flags", [UNITY, EXCLUSION])
def test_linux_refuses_the_device_from_6_6_on(flags: int, kernel: str, can: Can) -> None:
    linux = on_linux(under(flags, kernel=kernel)).linux

    assert linux.can is can
    assert {case.message for case in linux.cases if case.can is Can.NO} == (
        set() if can is Can.CONDITIONS else {ONE_TO_ONE_MESSAGE}
    )


def test_before_6_6_guest_ram_decides_and_the_device_has_no_other_risk() -> None:
    linux = on_linux(under(UNITY, kernel="6.1.0")).linux

    assert (linux.can, linux.risk) == (Can.CONDITIONS, False)
    assert [case.rule.error for case in linux.cases if case.rule is not None][:1] == ["EINVAL"]


def test_a_region_without_length_blocks_whatever_the_groups_list_has() -> None:
    host = host_of(qemu(ivmd(0x90000000, 0, device=device(NIC[5:]))), {NIC: MSI.encode()})
    host = host._replace(system=host.system._replace(kernel_release="6.12.57"))

    assert on_linux(host).linux.can is Can.NO


def test_no_class_is_exempt_and_other_devices_are_allowed() -> None:
    host = under(UNITY, covers=USB, kernel="6.12.0")

    assert on_linux(host, USB).linux.can is Can.NO
    assert on_linux(host, NIC).linux.can is Can.YES


def test_a_bare_table_covers_devices_though_no_function_is_known() -> None:
    alone = table_alone(qemu(ivmd(0x90000000, 0x1000, kind=0x22, device=0, auxiliary=0x0FFF)))
    linux = on_linux(alone, NIC).linux

    assert linux.can is Can.UNKNOWN  # the kernel's release decides
    assert [case.can for case in linux.cases][:2] == [Can.NO, Can.CONDITIONS]
    assert len(take_inventory(alone).of_device(SBDF.parse(NIC)).regions) == 1


def test_a_mate_of_the_group_blocks_from_6_6_on_and_not_before() -> None:
    data = qemu(ivmd(0x90000000, 0x1000, device=device("01:00.0")))
    host = host_of(data, {NIC: BLOCKED.encode(), VGA: BLOCKED.encode()})
    assert not isinstance(host.groups, tuple) or host.groups
    groups = tuple(
        group._replace(devices=(SBDF.parse(NIC), SBDF.parse(VGA)))
        for group in host.groups  # type: ignore[union-attr]
        if SBDF.parse(NIC) in group.devices
    )
    host = host._replace(groups=groups)
    found: Mapping[str, Can] = {
        kernel: on_linux(
            host._replace(system=host.system._replace(kernel_release=kernel)), VGA
        ).linux.can
        for kernel in ("6.12.0", "6.1.0")
    }

    assert found == {"6.12.0": Can.NO, "6.1.0": Can.CONDITIONS}


# Xen --------------------------------------------------------------------------------------


def stack(release: str) -> Stack:
    known = Release.parse(release)
    return Stack(
        release=known,
        hypervisor=known,
    )


def guest(text: str = "", boundary: int = 2048, rdm: str | None = None) -> GuestConfig:
    return GuestConfig(
        source="guest",
        name="guest",
        type=GuestType.HVM,
        builder=GuestType.HVM,
        typed=GuestType.HVM,
        memory=4096 * MIB,
        boundary=boundary * MIB,
        emulated=EmulatedDevices(),
        pci=(PciEntry("", text),) if text else (),
        rdm=rdm,
        passthrough="enabled",
    )


def resolved(host: Host, config: GuestConfig, release: str = "4.20.4") -> Resolution:
    taken = take_inventory(host, Release.parse(release))
    return resolve(config, facts_of(taken, Release.parse(release)), stack(release))


def attached(host: Host, text: str, release: str = "4.20.4") -> Hotplug:
    taken = take_inventory(host, Release.parse(release))
    return attach(text, guest(), facts_of(taken, Release.parse(release)), stack(release))


def test_a_unity_map_in_guest_ram_refuses_a_strict_device_and_warns_of_a_relaxed_one() -> None:
    host = under(UNITY)
    strict, relaxed = attached(host, NIC), attached(host, f"{NIC},rdm_policy=relaxed")

    assert strict.verdict is Verdict.REFUSED
    assert [decision.rule for decision in strict.decisions] == [IDENTITY_RULE]
    assert relaxed.verdict is Verdict.STARTS
    assert [warning.rule for warning in relaxed.warnings] == [IDENTITY_RULE]


@pytest.mark.parametrize("policy", ["strict", "relaxed"])
def test_an_exclusion_range_in_guest_ram_is_a_warning_under_either_policy(policy: str) -> None:
    found = attached(under(EXCLUSION), f"{NIC},rdm_policy={policy}")

    assert found.verdict is Verdict.STARTS
    assert [warning.rule for warning in found.warnings] == [EXCLUSION_RULE]


def test_libxl_still_refuses_a_strict_guest_whose_ram_stays_there() -> None:
    host, relaxed = under(EXCLUSION), f"{NIC},rdm_policy=relaxed"

    assert resolved(host, guest(NIC, boundary=3000)).verdict is Verdict.REFUSED
    assert resolved(host, guest(relaxed, boundary=3000)).verdict is Verdict.STARTS
    assert resolved(host, guest(NIC)).verdict is Verdict.STARTS


def test_a_device_without_an_iommu_is_refused() -> None:
    own = "0000:00:01.0"  # the IOMMU itself
    found = resolved(under(UNITY), guest(own))

    assert found.verdict is Verdict.REFUSED
    assert found.reasons[0].rule == NO_IOMMU_RULE


def test_amd_vi_off_refuses_every_device() -> None:
    host = under(0)  # neither unity nor exclusion

    assert told(host, VGA[5:], "4.20.4").xen.can is Can.NO
    assert "AMD-Vi" in facts_of(take_inventory(host, Release.parse("4.20.4"))).iommu_off


@pytest.mark.parametrize(
    ("listed", "verdict", "rule"),
    [((), Verdict.REFUSED, OFF_RULE), ((RdmEntry(0x90000, 1),), Verdict.UNDECIDED, None)],
)
def test_a_running_xen_that_lists_regions_may_have_amd_vi_on_against_its_rules(
    listed: tuple[RdmEntry, ...], verdict: Verdict, rule: SourceRule | None
) -> None:
    off = ivmd(0x90000000, 0x1000, flags=0, device=device("01:00.0"))
    host = with_xen(amd_host(qemu(off)), "", listed=listed)
    found = resolve(guest(NIC), facts_of(take_inventory(host)), stack("4.17.7"))

    assert found.verdict is verdict
    assert [reason.rule for reason in found.reasons] == [rule]


@pytest.mark.parametrize(
    ("page", "unknown"),
    [(0x20000, True), (0x90000, False), (0x90010, False), (0xF8000, False)],
    ids=["in RAM", "a unity map", "an exclusion range", "beside RAM"],
)
def test_a_region_of_the_device_that_the_table_lacks_is_unknown_if_ram_overlaps_it(
    page: int, *, unknown: bool
) -> None:
    """The guest has RAM up to 0xf0000000: it stays there, as the boundary is at 3000 MiB."""
    table = qemu(
        ivmd(0x90000000, 0x1000, flags=UNITY, device=device("01:00.0")),
        ivmd(0x90010000, 0x1000, flags=EXCLUSION, device=device("01:00.0")),
    )
    listed = (RdmEntry(0x90000, 1), RdmEntry(0x90010, 1), RdmEntry(page, 1))
    host = with_xen(amd_host(table), "", listed=listed)
    assert host.xen is not None
    own = {SBDF.parse(NIC): listed}
    host = host._replace(xen=host.xen._replace(device_reserved_memory=own))
    found = resolve(
        guest(f"{NIC},rdm_policy=relaxed", 3000), facts_of(take_inventory(host)), stack("4.17.7")
    )

    assert (found.verdict is Verdict.UNDECIDED) is unknown
    if unknown:
        assert [reason.region for reason in found.reasons] == [RdmEntry(page, 1).range]


def test_an_aliased_device_with_a_unity_map_is_refused_from_4_16_1_on() -> None:
    host = host_of(qemu(ivmd(0x90000000, 0x1000, flags=UNITY, device=device("00:1e.0"))))
    aliased = SBDF.parse("03:00.0")
    known = host.topology.known
    function = next(iter(known.values()))._replace(sbdf=aliased, class_code=0x020000)
    host = host._replace(topology=type(host.topology)({**known, aliased: function}))
    found = resolved(host, guest(str(aliased)))

    assert found.verdict is Verdict.REFUSED
    assert found.reasons[0].rule == ALIASED_RULE


EQUAL, BESIDE = (0x90000000, 0x2000, UNITY), (0x90002000, 0x1000, UNITY)
OVERLAPS, READ_ONLY = (0x90001000, 0x2000, UNITY), (0x90000000, 0x2000, 3)


@pytest.mark.parametrize(
    ("other", "refused"), [(EQUAL, False), (BESIDE, False), (OVERLAPS, True), (READ_ONLY, True)]
)
@pytest.mark.parametrize("kind", [GuestType.HVM, GuestType.PV])
def test_a_guest_has_two_devices_only_if_their_unity_maps_are_equal_or_apart(
    other: tuple[int, int, int], kind: GuestType, *, refused: bool
) -> None:
    start, length, flags = other
    host = host_of(
        qemu(
            ivmd(0x90000000, 0x2000, flags=UNITY, device=device("01:00.0")),
            ivmd(start, length, flags=flags, device=device("02:00.0")),
        )
    )
    typed = replace(guest(NIC), type=kind, builder=kind, typed=kind)
    entries = {text: PciEntry("", text) for text in (NIC, VGA)}
    rules = {
        order: [each.rule for each in resolved(host, replace(typed, pci=order)).reasons]
        for order in ((entries[NIC], entries[VGA]), (entries[VGA], entries[NIC]))
    }

    assert all((EARLIER_MAP_RULE in found) is refused for found in rules.values())
    taken = facts_of(take_inventory(host, Release.parse("4.20.4")), Release.parse("4.20.4"))
    found = attach(f"{VGA},rdm_policy=relaxed", typed, taken, stack("4.20.4"))
    assert (EARLIER_MAP_RULE in [decision.rule for decision in found.decisions]) is refused


def test_before_4_16_what_xen_does_is_unknown() -> None:
    assert resolved(under(UNITY), guest(NIC), "4.15.5").verdict is Verdict.UNDECIDED
    pv = replace(guest(NIC), type=GuestType.PV, builder=GuestType.PV, typed=GuestType.PV)
    assert resolved(under(UNITY), pv, "4.15.5").verdict is Verdict.UNDECIDED


def test_strategy_host_has_an_entry_for_each_device_id_and_128_are_too_many() -> None:
    every = ivmd(0x90000000, 0x1000, kind=0x22, flags=UNITY, device=0x0100, auxiliary=0x0107)
    wide = (
        ivmd(
            0x90000000 + 0x1000 * page,
            0x1000,
            kind=0x22,
            flags=UNITY,
            device=0x100,
            auxiliary=0x107,
        )
        for page in range(16)
    )
    eight = resolved(host_of(qemu(every)), guest(rdm="strategy=host"))
    many = resolved(host_of(qemu(*wide)), guest(rdm="strategy=host"))

    assert len(eight.host.listed) == 8
    assert eight.verdict is Verdict.STARTS
    assert len(many.host.listed) == 128
    assert many.verdict is Verdict.REFUSED
    assert many.reasons[0].rule == MAP_RULE


def test_xen_has_its_own_units_though_linux_uses_no_iommu() -> None:
    data = qemu(ivmd(0x90000000, 0x1000, flags=1, device=device("01:00.0")))
    host = host_of(data)
    host = host._replace(system=host.system._replace(kernel_release="6.12.57", options=()))
    inventory = take_inventory(host, Release.parse("4.20.4"))
    own = inventory.linux.ivrs

    assert own is not None
    assert own.error
    assert inventory.linux.unit_of == {}
    assert SBDF.parse(NIC) in inventory.xen.served
    assert SBDF.parse("0000:00:01.0") not in inventory.xen.served  # the IOMMU itself
    assert told(host, VGA[5:], "4.20.4").xen.can is Can.YES


def test_blocks_that_only_linux_reads_serve_no_device_in_xen() -> None:
    only_nic = ivhd(entry(2, device(NIC[5:])), kind=0x11, device=IOMMU)
    all_devices = ivhd(
        entry(2, device(NIC[5:])), entry(2, device(VGA[5:])), kind=0x40, device=IOMMU
    )
    inventory = take_inventory(host_of(ivrs(only_nic, all_devices)), Release.parse("4.20.4"))

    assert {str(sbdf) for sbdf in inventory.linux.unit_of} == {NIC, VGA}
    assert set(inventory.xen.served) == {SBDF.parse(NIC)}


@pytest.mark.parametrize("read", [True, False])
def test_groups_refute_that_linux_uses_no_iommu(*, read: bool) -> None:
    data = qemu(ivmd(0x90000000, 0x1000, flags=1, device=device("01:00.0")))
    host = host_of(data, {})
    assert not isinstance(host.groups, Missing)
    if not read:
        unread = tuple(group._replace(regions=None, regions_whole=False) for group in host.groups)
        host = host._replace(groups=unread)
    host = host._replace(system=host.system._replace(kernel_release="6.12.57"))

    taken = take_inventory(host)
    assert taken.linux.state is LinuxState.GROUPS
    assert [gap.refusals for gap in taken.gaps.linux] == ([] if read else [True])
    assert on_linux(host, VGA).linux.can is (Can.YES if read else Can.UNKNOWN)


def test_xen_applies_a_region_of_another_segment_to_segment_0() -> None:
    other = ivmd(0x90000000, 0x1000, flags=7, device=device(NIC[5:]), reserved=b"\x01" + bytes(7))
    inventory = take_inventory(host_of(qemu(other), {}), Release.parse("4.20.4"))
    nic = SBDF.parse(NIC)

    assert [region.segment for region in inventory.of_device(nic).regions] == [1]
    assert inventory.of_device(SBDF.parse(VGA)).regions == ()
    assert len(inventory.of_device(SBDF(1, 1, 0, 0)).regions) == 1  # what Linux applies
    release = Release.parse("4.20.4")
    stack = Stack(toolstack=Toolstack.XL, release=release, hypervisor=release)
    rows = device_rows(inventory, facts_of(inventory), stack)
    assert {row.sbdf: row.regions for row in rows if row.sbdf in (nic, SBDF.parse(VGA))} == {
        nic: (1,),
        SBDF.parse(VGA): (),
    }


def test_a_sentence_has_few_of_many_region_numbers() -> None:
    numbers = range(1, 601, 2)
    shown = numbered_regions(numbers)
    listed = [int(number) for number in re.findall(r"\d+", shown)]

    assert listed[:-1] == list(numbers[: len(listed) - 1])
    assert listed[-1] == len(numbers) - len(listed) + 1
    assert len(listed) <= MOST_SPANS
    assert numbered_regions([1, 2, 3, 7]) == "regions 1-3, 7"


def test_a_region_at_0_without_length_has_no_negative_end() -> None:
    inventory = take_inventory(host_of(qemu(ivmd(0, 0, device=device(NIC[5:])))))

    assert "-" not in inventory.all_regions[0].reserved.place


@pytest.mark.parametrize("stops", [True, False])
def test_a_table_on_which_xen_stops_does_not_only_switch_amd_vi_off(*, stops: bool) -> None:
    last = ivmd((1 << 64) - 0x1000, 0x1000, flags=7, device=device(NIC[5:]))
    inventory = take_inventory(
        host_of(qemu(last if stops else ivmd(0x90000000, 0x1000, flags=0))),
        Release.parse("4.20.4"),
    )
    prediction = inventory.xen.ivrs

    assert prediction is not None
    assert prediction.iommu_disabled
    assert prediction.stops is stops
    assert ("AMD-Vi off" in facts_of(inventory).iommu_off) is not stops


@pytest.mark.parametrize(("line", "stops"), [("", True), ("iommu=off", False)])
def test_with_amd_vi_off_by_an_option_no_table_stops_xen(line: str, *, stops: bool) -> None:
    last = ivmd((1 << 64) - 0x1000, 0x1000, flags=7, device=device(NIC[5:]))
    found = predict(qemu(last), "4.20.4", command_line=line)

    assert found.iommu_disabled
    assert found.stops is stops


@pytest.mark.parametrize(
    ("flags", "goes"),
    [(UNITY, "reaches guest RAM"), (EXCLUSION, "not translated and reaches host")],
)
def test_before_5_4_dma_to_an_exclusion_range_reaches_host_memory(flags: int, goes: str) -> None:
    (case,) = (
        case
        for case in on_linux(under(flags, kernel="5.3.0")).linux.cases
        if case.kind is CaseKind.UNCHECKED
    )

    assert goes in case.explanation
    assert ("guest RAM, or faults" in case.explanation) is (flags == UNITY)


def test_a_running_guest_cannot_move_for_a_device_whose_list_is_unknown() -> None:
    """Xen maps its region 1:1 in any case; only a guest that is not built yet can have room."""
    table = qemu(ivmd(0x90000000, 0x1000, flags=UNITY, device=device("01:00.0")))
    host = with_xen(amd_host(table), "", listed=(RdmEntry(0x90000, 1),))
    assert host.xen is not None
    own = dict.fromkeys(host.topology.known, ()) | {SBDF.parse(NIC): None}
    host = host._replace(xen=host.xen._replace(device_reserved_memory=own))
    facts, running = facts_of(take_inventory(host)), stack("4.17.7")

    assert attach(NIC, guest(USB), facts, running).verdict is Verdict.REFUSED
    assert resolve(guest(NIC), facts, running).verdict is Verdict.UNDECIDED
