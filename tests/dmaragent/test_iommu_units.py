"""Which remapping unit serves which device."""

from dmaragent.addresses import SBDF
from dmaragent.iommu.vtd import RemappingUnits
from fwtables import Decoded
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
    assert isinstance(inventory.table, Decoded)
    units = RemappingUnits(inventory.table.table, inventory.host.topology)

    def base(text: str) -> int:
        unit = units.of(SBDF.parse(text))
        assert unit is not None
        return unit.drhd.register_base_address

    assert base("00:02.0") == 0xFED80000
    assert base("00:1c.0") == 0xFED81000
    assert base("01:00.0") == base("02:00.0") == 0xFED81000
    assert base("01:00.1") == 0xFED81000
    assert base("00:14.0") == base("05:00.0") == 0xFED82000
    assert units.of(SBDF.parse("0001:00:00.0")) is None
    assert [unit.proximity_domain for unit in units.units] == [None, 1, None]
    assert inventory.capabilities.translation_cached == {SBDF.parse("01:00.0")}
    assert inventory.capabilities.ats_root_ports == {SBDF.parse("00:1c.0")}
    assert inventory.capabilities.ats_segments == {3}
    assert inventory.capabilities.namespace_names == {7: "\\_SB.I2C0"}


def _bases(*units: bytes) -> list[int]:
    """Give which units serve a device behind two bridges and one behind the first alone."""
    served = inventory_of(*units).unit_of
    return [served[SBDF.parse(one)].drhd.register_base_address for one in ("02:00.0", "01:00.0")]


def test_of_the_units_above_a_device_the_last_in_the_table_serves() -> None:
    outer = drhd(0xFED80000, scope(2, 0, (0x1C, 0)))
    inner = drhd(0xFED81000, scope(2, 0, (0x1C, 0), (1, 0)))

    assert _bases(outer, inner) == [0xFED81000, 0xFED80000]
    assert _bases(inner, outer) == [0xFED80000, 0xFED80000]


def test_of_the_units_that_name_a_device_the_last_in_the_table_serves() -> None:
    first, last = (drhd(base, scope(1, 0, (2, 0))) for base in (0xFED80000, 0xFED81000))
    every = drhd(0xFED82000, flags=1)

    inventory = inventory_of(every, first, last)

    assert inventory.unit_of[SBDF.parse("00:02.0")].drhd.register_base_address == 0xFED81000


def test_only_pci_scopes_make_a_unit_serve_a_device() -> None:
    inventory = inventory_of(drhd(0xFED80000, scope(3, 0, (2, 0))), UNIT)

    assert inventory.unit_of[SBDF.parse("00:02.0")].drhd.register_base_address == 0xFED91000


def test_a_virtual_function_is_served_with_its_physical_one() -> None:
    inventory = inventory_of(drhd(0xFED80000, scope(1, 1, (0, 0))), UNIT)
    assert isinstance(inventory.table, Decoded)
    unit = RemappingUnits(inventory.table.table, inventory.host.topology).of(SBDF.parse("01:00.1"))

    assert unit is not None
    assert unit.drhd.register_base_address == 0xFED80000
