"""The list that Xen reports wins: whose its entries are, and what it settles."""

import pytest

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.host.xen import RdmEntry
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import facts_of
from dmaragent.xen.reserved_list.model import Origin
from support.checked import BASE, FUNCTIONS, GONE, USB, host
from support.guests import answer, guest
from support.hosts import Function, add_memory_map, fake_host
from support.ivmd_hosts import FUNCTIONS as AMD_FUNCTIONS
from support.ivmd_hosts import MEMORY, NOT_COLLECTED, amd_host, with_xen
from support.ivrs_hosts import QEMU_INFO, device, qemu
from support.ivrs_inventories import amd_host as amd_host_of
from support.ivrs_tables import alias, entry, ivhd, ivmd, ivrs, special
from support.tables import rmrr

OWN = (RdmEntry(BASE // PAGE, 16),)
OPTION = f"rmrr={BASE // PAGE:x}-{BASE // PAGE + 15:x}=0:1d.0,0:1a.0"
DEVICES = tuple(SBDF.parse(function.sbdf) for function in FUNCTIONS)
OF_OPTION = (SBDF.parse("00:1a.0"), SBDF.parse("00:1d.0"))


def intel(*structures: bytes, line: str = "", listed: tuple[RdmEntry, ...] | None = ()) -> Host:
    return with_xen(join(collect(host(*structures))), line, listed=listed)


def off(known: Host) -> Host:
    assert known.xen is not None
    return known._replace(xen=known.xen._replace(capabilities=("pv", "hvm", "hap")))


# An option with the pages of a region that Xen drops


@pytest.mark.parametrize(
    ("scope", "release"), [((), "4.17.7"), ((), "4.20.4"), ((GONE,), "4.20.4")]
)
def test_the_entry_of_a_region_that_xen_drops_is_that_of_the_option(
    scope: tuple[bytes, ...], release: str
) -> None:
    """Two devices share the range of the option: Xen refuses a strict one with EPERM."""
    joined = join(collect(host(rmrr(BASE, BASE + 0xFFFF, *scope))))
    reports = {sbdf: OWN if sbdf in OF_OPTION else () for sbdf in DEVICES}
    known = with_xen(joined, OPTION, release=release, listed=OWN)
    assert known.xen is not None
    inventory = take_inventory(
        known._replace(xen=known.xen._replace(device_reserved_memory=reports))
    )
    facts = facts_of(inventory)

    assert [(entry.origin, entry.region) for entry in inventory.xen.list.entries] == [
        (Origin.OPTION, None)
    ]
    assert [region.xen.listed for region in inventory.regions] == [False]
    assert sorted(facts.shared or ()) == sorted(OF_OPTION)
    assert answer(guest("00:1d.0", memory=1024), facts, release=release).reasons[0].shown == "EPERM"


@pytest.mark.parametrize(("scope", "shares"), [((USB, GONE), True), ((USB,), False)])
def test_a_device_that_no_scope_names_shares_a_region_that_xen_reports_for_it(
    scope: tuple[bytes, ...], *, shares: bool
) -> None:
    """Its path in the table may lead elsewhere for Xen, which compares with the whole scope."""
    known = intel(rmrr(BASE, BASE + 0xFFFF, *scope), listed=OWN)
    other = next(sbdf for sbdf in DEVICES if sbdf not in OF_OPTION)
    reports = {sbdf: OWN if sbdf in (OF_OPTION[1], other) else () for sbdf in DEVICES}
    assert known.xen is not None
    known = known._replace(xen=known.xen._replace(device_reserved_memory=reports))
    facts = facts_of(take_inventory(known))

    assert facts.shared is not None
    assert [region.sharers for region in facts.shared.get(other, ())] == ([2] if shares else [])


def test_the_predicted_entry_of_a_region_that_xen_drops_is_that_of_the_option() -> None:
    known = intel(rmrr(BASE, BASE + 0xFFFF), line=OPTION, listed=None)
    inventory = take_inventory(known)

    assert [entry.origin for entry in inventory.xen.list.entries] == [Origin.OPTION]
    assert [region.xen.listed for region in inventory.regions] == [False]


def test_of_two_regions_with_the_same_pages_the_one_that_xen_drops_is_not_listed() -> None:
    inventory = take_inventory(
        intel(rmrr(BASE, BASE + 0xFFFF), rmrr(BASE, BASE + 0xFFFF, USB), listed=OWN)
    )

    assert [region.xen.listed for region in inventory.regions] == [False, True]
    assert [entry.region for entry in inventory.xen.list.entries] == [2]


def test_a_region_that_xen_should_drop_and_lists_without_another_reason_is_listed() -> None:
    inventory = take_inventory(intel(rmrr(BASE, BASE + 0xFFFF), listed=OWN))

    assert [region.xen.listed for region in inventory.regions] == [True]


# What an empty list settles


def test_an_empty_list_settles_that_xen_did_not_accept_an_option() -> None:
    """Without a memory map, Xen's frames are unknown, and so is whether it accepts page 0x7c020."""
    known = intel(line="rmrr=7c020=0:1d.0")._replace(memory_map=NOT_COLLECTED)
    inventory = take_inventory(known)

    assert inventory.xen.unlisted_options == {}
    assert facts_of(inventory).unlisted == ""


@pytest.mark.parametrize("is_off", [False, True])
def test_an_option_that_xen_accepts_is_missing_unless_the_iommu_is_off(*, is_off: bool) -> None:
    known = intel(line="rmrr=500=0:1d.0")
    inventory = take_inventory(off(known) if is_off else known)

    assert len(inventory.xen.unlisted_options) == (not is_off)


@pytest.mark.parametrize(
    ("listed", "missing"),
    [
        ((RdmEntry(0x90100, 1),), {}),
        ((), {AddressRange(0x90100000, 0x90101000): (SBDF.parse("00:1d.0"),)}),
    ],
)
def test_a_range_of_ivmd_that_xen_accepts_is_missing_from_a_list_without_it(
    listed: tuple[RdmEntry, ...], missing: dict[AddressRange, tuple[SBDF, ...]]
) -> None:
    known = with_xen(amd_host(qemu()), "ivmd=0x90100=0:1d.0", release="4.20.1", listed=listed)

    assert take_inventory(known).xen.unlisted_options == missing
    assert take_inventory(off(known)).xen.unlisted_options == {}


@pytest.mark.parametrize("is_off", [False, True])
@pytest.mark.parametrize("vendor", ["Intel", "AMD"])
def test_nothing_is_missing_from_the_list_of_a_xen_whose_iommu_is_off(
    vendor: str, *, is_off: bool
) -> None:
    known = intel(rmrr(BASE, BASE + 0xFFFF, USB))
    if vendor == "AMD":
        known = with_xen(amd_host(), "", listed=())
    facts = facts_of(take_inventory(off(known) if is_off else known))
    strategy = guest(rdm="strategy=host")

    assert answer(strategy, facts, release="4.17.7").verdict is (
        Verdict.STARTS if is_off else Verdict.UNDECIDED
    )


def test_nothing_is_missing_that_only_some_point_releases_list_on_amd() -> None:
    """Up to 4.17.3 an IVMD in NVS memory switches AMD-Vi off."""
    data = qemu(ivmd(0x7F100000, 0x2000, flags=7, device=device("00:1d.0")))
    inventory = take_inventory(with_xen(in_nvs(data), "", release="4.17", listed=()))
    settled = take_inventory(with_xen(in_nvs(data), "", release="4.17.4", listed=()))

    assert (len(inventory.xen.unlisted), len(settled.xen.unlisted)) == (0, 1)


def in_nvs(data: bytes) -> Host:
    fake = fake_host(list(AMD_FUNCTIONS), {"DMAR": data})
    nvs = "0x7f000000 0x7fffffff ACPI Non-volatile Storage"
    add_memory_map(fake, ("0x0 0x9ffff System RAM", nvs, "0x80000000 0xfebfffff Reserved"))
    joined = join(collect(fake))
    assert joined.reading is not None
    return joined._replace(tables=(joined.reading._replace(name="IVRS", content=data),))


# AMD


def amd(
    *listed: tuple[int, int],
    line: str = "",
    blocks: tuple[bytes, ...] = (),
    release: str = "4.17.7",
) -> Inventory:
    entries = tuple(RdmEntry(*pages) for pages in listed)
    known = with_xen(amd_host(qemu(*blocks)), line, release=release, listed=entries)
    return take_inventory(known)


def test_a_listed_ivmd_is_listed_although_xen_should_refuse_it_or_not_reach_it() -> None:
    """0x70000000 is RAM by the memory map, which switches AMD-Vi off."""
    blocks = (
        ivmd(0x70000000, 0x2000, flags=7, device=device("00:1d.0")),
        ivmd(0x90010000, 0x1000, flags=7, device=device("01:00.0")),
    )
    inventory = amd((0x70000, 2), (0x90010, 1), blocks=blocks)

    assert [region.xen.listed for region in inventory.regions] == [True, True]
    assert [entry.region for entry in inventory.xen.list.entries] == [1, 2]
    assert [entry.origin for entry in inventory.xen.list.entries] == [Origin.TABLE] * 2
    assert [each.region for each in inventory.differences] == [1, 2]


def test_an_ivmd_that_xen_ignores_does_not_have_the_entry_of_an_option() -> None:
    """00:05.0 has no IOMMU, so Xen ignores its IVMD."""
    ignored = ivmd(0x90000000, 0x1000, flags=7, device=device("00:05.0"))
    alone = amd((0x90000, 1), blocks=(ignored,), release="4.20.4")
    option = amd((0x90000, 1), line="ivmd=90000=0:1d.0", blocks=(ignored,), release="4.20.4")

    assert [inventory.regions[0].xen.listed for inventory in (alone, option)] == [True, False]
    assert [entry.origin for entry in option.xen.list.entries] == [Origin.IVMD_OPTION]


def test_why_an_ivmd_was_accepted_is_not_why_the_list_is_empty() -> None:
    accepted = ivmd(0x90000000, 0x1000, flags=7, device=device("00:1d.0"))
    empty = amd(blocks=(accepted,)).xen.list.why_empty
    by_option = amd(line="ivmd=90000=0:1d.0").xen.list.why_empty
    is_off = take_inventory(off(with_xen(amd_host(qemu(accepted)), "", listed=())))

    assert len(empty) == 1
    assert empty == by_option
    assert "the reason is unknown" in empty[0]
    assert ["directio" in why for why in is_off.xen.list.why_empty] == [True]


# Lists that Xen makes by its rules, on a host with two IOMMUs

_FIRST, _SECOND = device("00:01.0"), device("00:02.0")
_OF_FIRST = ivhd(
    entry(2, device("00:00.0")),
    alias(0x42, device("02:00.0"), device("01:00.0")),
    special(1, 0, device("00:14.0")),
    entry(0, 0),
    device=_FIRST,
    flags=0xD1,
)
_OF_SECOND = ivhd(
    entry(2, device("00:1d.0")),
    entry(2, device("01:00.0")),
    entry(0, 0),
    entry(0, 0),  # Xen accepts no IVHD below 40 bytes
    device=_SECOND,
    flags=0xD1,
    base=0xFED90000,
)


@pytest.mark.parametrize(
    ("region", "owner"),
    [
        # an exclusion range for all devices of the second IOMMU is not in the whole list
        (ivmd(0x90000000, 0x1000, flags=8, kind=0x23, device=_SECOND, auxiliary=0x40), "00:1d.0"),
        # nor is one of a device ID that has an alias
        (ivmd(0x90000000, 0x1000, flags=8, device=device("02:00.0")), "02:00.0"),
        (ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0")), "01:00.0"),
    ],
    ids=["0x23 of the second", "aliased", "unity map"],
)
def test_lists_that_xen_makes_by_its_rules_contradict_nothing(region: bytes, owner: str) -> None:
    table = ivrs(_OF_FIRST, _OF_SECOND, region, iv_info=QEMU_INFO, revision=1)
    second = Function(sbdf="0000:00:02.0", class_code=0x080600)
    joined = amd_host_of(table, [*AMD_FUNCTIONS, second], memory=MEMORY)
    known = with_xen(joined, "", release="4.20.1")
    prediction = take_inventory(known).xen.ivrs
    assert known.xen is not None
    assert prediction is not None
    lists = known.xen._replace(
        reserved_memory=tuple(prediction.listed()),
        device_reserved_memory={
            sbdf: tuple(own.entry for own in prediction.ranges_of(sbdf))
            for sbdf in known.topology.known
        },
    )
    inventory = take_inventory(known._replace(xen=lists))

    assert inventory.xen.devices[SBDF.parse(owner)] == (AddressRange(0x90000000, 0x90001000),)
    assert (inventory.xen.contradicted, inventory.xen.unlisted) == ({}, frozenset())
    assert not any(each.region for each in inventory.differences)
