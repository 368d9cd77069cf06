"""Which remapping unit serves which device."""

from dmaragent.addresses import SBDF
from dmaragent.iommu.coverage import UnitCoverage
from support.inventories import UNIT, inventory_of
from support.tables import andd, atsr, drhd, rhsa, satc, scope


def test_a_device_is_served_by_the_unit_that_names_it_or_a_bridge_above_else_by_the_rest() -> None:
    inventory = inventory_of(
        drhd(0xFED80000, scope(1, 0, (2, 0))),
        drhd(0xFED81000, scope(2, 0, (0x1C, 0))),
        drhd(0xFED82000, scope(1, 0x1C, (0, 0)), scope(3, 0xF0, (0x1F, 0)), flags=1),
        rhsa(0xFED81000, 1),
        satc(scope(1, 1, (0, 0))),
        atsr(scope(2, 0, (0x1C, 0))),
        atsr(flags=1, segment=3),
        andd(7, b"\\_SB.I2C0\0"),
    )
    coverage = UnitCoverage(inventory.units, inventory.host.topology)

    def base(text: str) -> int:
        (unit,) = coverage.by_linux([SBDF.parse(text)]).values()
        return unit.registers

    assert base("00:02.0") == 0xFED80000
    assert base("00:1c.0") == 0xFED81000
    assert base("01:00.0") == base("02:00.0") == 0xFED81000
    assert base("01:00.1") == 0xFED81000
    assert base("00:14.0") == base("05:00.0") == 0xFED82000
    assert not coverage.by_linux([SBDF.parse("0001:00:00.0")])
    assert [unit.proximity_domain for unit in inventory.units] == [None, 1, None]
    assert inventory.capabilities.translation_cached == {SBDF.parse("01:00.0")}
    assert inventory.capabilities.ats_root_ports == {SBDF.parse("00:1c.0")}
    assert inventory.capabilities.ats_segments == {3}
    assert inventory.capabilities.namespace_names == {7: "\\_SB.I2C0"}


def _bases(*units: bytes) -> list[int]:
    """Give which units serve a device behind two bridges and one behind the first alone."""
    served = inventory_of(*units).linux.unit_of
    return [served[SBDF.parse(one)].registers for one in ("02:00.0", "01:00.0")]


def test_of_the_units_above_a_device_the_last_in_the_table_serves() -> None:
    outer = drhd(0xFED80000, scope(2, 0, (0x1C, 0)))
    inner = drhd(0xFED81000, scope(2, 0, (0x1C, 0), (1, 0)))

    assert _bases(outer, inner) == [0xFED81000, 0xFED80000]
    assert _bases(inner, outer) == [0xFED80000, 0xFED80000]


def test_of_the_units_that_name_a_device_the_last_in_the_table_serves() -> None:
    first, last = (drhd(base, scope(1, 0, (2, 0))) for base in (0xFED80000, 0xFED81000))
    every = drhd(0xFED82000, flags=1)

    inventory = inventory_of(every, first, last)

    assert inventory.linux.unit_of[SBDF.parse("00:02.0")].registers == 0xFED81000


def test_only_pci_scopes_make_a_unit_serve_a_device() -> None:
    inventory = inventory_of(drhd(0xFED80000, scope(3, 0, (2, 0))), UNIT)

    assert inventory.linux.unit_of[SBDF.parse("00:02.0")].registers == 0xFED91000


def test_a_virtual_function_is_served_with_its_physical_one() -> None:
    inventory = inventory_of(drhd(0xFED80000, scope(1, 1, (0, 0))), UNIT)
    coverage = UnitCoverage(inventory.units, inventory.host.topology)

    (unit,) = coverage.by_linux([SBDF.parse("01:00.1")]).values()

    assert unit.registers == 0xFED80000


def test_of_the_units_that_serve_the_rest_linux_takes_the_first_and_xen_the_last() -> None:
    first, last = (drhd(base, flags=1, segment=1) for base in (0xFED80000, 0xFED81000))
    device = SBDF.parse("0001:00:02.0")
    inventory = inventory_of(UNIT, first, last)

    coverage = UnitCoverage(inventory.units, inventory.host.topology)

    assert coverage.by_linux([device])[device].registers == 0xFED80000
    assert coverage.by_xen([device])[device].registers == 0xFED81000


def test_a_unit_that_names_a_bridge_above_serves_if_it_is_after_one_that_names_the_device() -> None:
    device = drhd(0xFED80000, scope(1, 1, (0, 0)))
    above = drhd(0xFED81000, scope(2, 0, (0x1C, 0)))

    for units, registers in ((device, above), 0xFED81000), ((above, device), 0xFED80000):
        served = inventory_of(*units).linux.unit_of
        assert served[SBDF.parse("01:00.0")].registers == registers


def test_an_entry_whose_device_is_unknown_leaves_the_later_entries_of_its_unit() -> None:
    lost, named = scope(1, 0, (5, 0), (0, 0)), scope(1, 0, (2, 0))

    served = inventory_of(UNIT, drhd(0xFED80000, lost, named)).linux.unit_of
    assert served[SBDF.parse("00:02.0")].registers == 0xFED80000
