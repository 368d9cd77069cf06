"""``iommu=no-igfx``: Xen leaves the unit of the graphics off, so its DMA is not restricted."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.model import Can
from dmaragent.policy.host_facts import facts_of
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.command_line import graphics_option
from support.explained import told
from support.hosts import FakeHost, Function, fake_host
from support.tables import drhd, scope, table

_VGA = Function(sbdf="0000:00:02.0", class_code=0x030000, driver="i915")
_SOUND = Function(sbdf="0000:00:03.0", class_code=0x040300)
_NIC = Function(sbdf="0000:00:19.0", class_code=0x020000)
_CARD = Function(sbdf="0000:00:05.0", class_code=0x030000)
_FOR_VGA = scope(1, 0, (2, 0))
_FOR_SOUND = scope(1, 0, (3, 0))


def _host(options: str, scopes: bytes = _FOR_VGA) -> FakeHost:
    units = (drhd(0xFED90000, scopes), drhd(0xFED91000, flags=1))
    host = fake_host([_VGA, _SOUND, _CARD, _NIC], {"RMAD": table(*units, signature=b"RMAD")})
    host.files["/sys/hypervisor/type"] = b"xen\n"
    host.files["/proc/xen/capabilities"] = b"control_d\n"
    info = f"xen_major : 4\nxen_minor : 17\nxen_extra : .2\nxen_commandline : {options}\n"
    info += "virt_caps : pv hvm hvm_directio pv_directio hap\n"
    host.calls["xl-info"] = info.encode()
    return host


@pytest.mark.parametrize(
    ("line", "release", "option"),
    [
        ("iommu=no-igfx", "4.17", "iommu=no-igfx"),
        ("iommu=force,no-igfx", "4.8", "iommu=no-igfx"),
        ("iommu=igfx=0", "4.17", "iommu=igfx=0"),
        ("iommu=igfx=0", "4.8", ""),
        ("iommu=no-igfx iommu=igfx", "4.17", ""),
        ("iommu=no-igfx,igfx=maybe", "4.17", "iommu=no-igfx"),
        ("iommu=debug", "4.17", ""),
    ],
)
def test_the_last_part_about_graphics_counts(line: str, release: str, option: str) -> None:
    assert graphics_option(line, Release.parse(release)) == option


@pytest.mark.parametrize(
    ("scopes", "release", "devices"),
    [
        (_FOR_VGA, "4.17", ["0000:00:02.0"]),
        (_FOR_VGA, "4.15", ["0000:00:02.0"]),
        (_FOR_VGA + _FOR_SOUND, "4.17", []),
        (_FOR_VGA + _FOR_SOUND, "4.15", ["0000:00:02.0", "0000:00:03.0"]),
        (_FOR_SOUND, "4.15", []),
    ],
)
def test_the_release_decides_which_unit_is_that_of_the_graphics(
    scopes: bytes, release: str, devices: list[str]
) -> None:
    asked = Release.parse(release)
    inventory = take_inventory(join(collect(_host("iommu=no-igfx", scopes))), asked)

    assert sorted(map(str, facts_of(inventory, asked).untranslated)) == devices


def test_the_graphics_are_allowed_only_with_a_risk() -> None:
    restricted = told(_host("iommu=debug"), "00:02.0").xen
    free = told(_host("iommu=no-igfx"), "00:02.0").xen
    other = told(_host("iommu=no-igfx"), "00:19.0").xen

    assert (restricted.can, restricted.risk) == (Can.YES, False)
    assert (free.can, free.risk) == (Can.YES, True)
    assert (other.can, other.risk) == (Can.YES, False)


def test_of_an_unknown_release_the_unit_of_any_graphics_is_off() -> None:
    host = _host("iommu=no-igfx", scope(1, 0, (5, 0)))
    host.calls["xl-info"] = (
        b"xen_commandline : iommu=no-igfx\nvirt_caps : pv hvm hvm_directio hap\n"
    )
    inventory = take_inventory(join(collect(host)))

    assert inventory.host.running_release is None
    assert list(map(str, facts_of(inventory).untranslated)) == ["0000:00:05.0"]
