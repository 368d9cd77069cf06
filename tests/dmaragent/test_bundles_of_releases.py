"""Bundles that older releases wrote are read as on the day they were written.

A bundle of testdata/bundles/RELEASE is never written again. Its facts are those of its host, not of
a rule: they stay when the model changes.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from dmaragent.addresses import span
from dmaragent.commands.shared.hosts import take_host
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import ListSource

BUNDLES = Path(__file__).parents[2] / "testdata/bundles"


class HostFacts(NamedTuple):
    """Facts of the host in a bundle."""

    signature: bytes
    regions: tuple[str, ...]
    """Their ranges, in table order."""
    functions: int
    xen: str
    """The running release of Xen, or empty."""
    listed: int | None
    """How many ranges the hypervisor's own list has; None: it was not collected."""


FACTS = {
    "0.1.0/captured-synthetic-overlap.tar.gz": HostFacts(
        signature=b"DMAR",
        regions=("0x7b800000-0x7b80ffff", "0x7b808000-0x7b817fff", "0x7b900000-0x7b90ffff"),
        functions=2,
        xen="",
        listed=None,
    ),
    "0.1.0/hp-dl380e-gen8.tar.xz": HostFacts(
        signature=b"DMAR",
        regions=(
            "0x7dffd000-0x7dffffff",
            "0x7dff6000-0x7dffcfff",
            "0x7df83000-0x7df84fff",
            "0x7df7f000-0x7df82fff",
            "0x7df6f000-0x7df7efff",
            "0x79f6f000-0x7df6efff",
            "0x75f6f000-0x79f6efff",
            "0xf4000-0xf4fff",
            "0xe8000-0xe8fff",
        ),
        functions=21,
        xen="",
        listed=None,
    ),
    "0.1.0/synthetic-amd-xen-dom0.tar.xz": HostFacts(
        signature=b"IVRS",
        regions=(
            "0x90000000-0x901fffff",
            "0x90200000-0x90225fff",
            "0x90300000-0x90300000",
            "0x90400000-0x90400fff",
            "0x90500000-0x90500fff",
            "0x90600000-0x90600fff",
            "0x90800000-0x90800fff",
        ),
        functions=9,
        xen="4.17.7",
        listed=7,
    ),
    "0.1.0/xen-pv-dom0.tar.xz": HostFacts(
        signature=b"RMAD",
        regions=(
            "0x3c000000-0x3c0fffff",
            "0x3c100000-0x3c10ffff",
            "0x3c110000-0x3c11ffff",
            "0x3c120000-0x3c12ffff",
            "0x3c130000-0x3c130fff",
            "0x3c140000-0x3c14ffff",
        ),
        functions=21,
        xen="4.17.7",
        listed=7,
    ),
    "1.0.0/captured-synthetic-odd-scopes.tar.gz": HostFacts(
        signature=b"DMAR",
        regions=(
            "0x7b800000-0x7b80ffff",
            "0x7b810000-0x7b81ffff",
            "0x7b820000-0x7b82ffff",
            "0x7b830000-0x7b83f000",
        ),
        functions=0,
        xen="",
        listed=None,
    ),
    "1.0.0/lenovo-laptop.tar.xz": HostFacts(
        signature=b"DMAR",
        regions=("0x5fa2a000-0x5fa49fff", "0x6b000000-0x6d7fffff"),
        functions=5,
        xen="",
        listed=None,
    ),
    "1.0.0/qemu-amd-trixie.tar.gz": HostFacts(
        signature=b"IVRS",
        regions=(
            "0x3c000000-0x3c001fff",
            "0x3c010000-0x3c010fff",
            "0x3c020000-0x3c020fff",
            "0x3c030000-0x3c030fff",
            "0x3c040000-0x3c040fff",
            "0x3c050000-0x3c050fff",
            "0x3c060000-0x3c060fff",
            "0x3c070000-0x3c070fff",
            "0x3c080800-0x3c0817ff",
            "0x3c090000-0x3c090fff",
            "0x3c002000-0x3c002fff",
        ),
        functions=22,
        xen="",
        listed=None,
    ),
    "1.0.0/xen-amd-trixie.tar.xz": HostFacts(
        signature=b"IVRS",
        regions=(
            "0x90000000-0x901fffff",
            "0x90200000-0x90225fff",
            "0x90300000-0x90300000",
            "0x90400000-0x90400fff",
            "0x90500000-0x90500fff",
            "0x90600000-0x90600fff",
            "0x90800000-0x90800fff",
            "0x90a00000-0x90a00fff",
        ),
        functions=19,
        xen="4.20",
        listed=8,
    ),
}


def _found(bundle: Path) -> HostFacts:
    """Return the facts of the host in `bundle`, as this release reads them."""
    _, inventory = take_host(str(bundle))
    assert not isinstance(inventory.iommu, Missing)
    assert inventory.iommu.header is not None
    functions = inventory.host.topology.functions
    release = inventory.host.running_release
    listed = inventory.xen.list
    return HostFacts(
        signature=inventory.iommu.header.signature,
        regions=tuple(
            span(region.range) for region in inventory.all_regions if region.range is not None
        ),
        functions=0 if isinstance(functions, Missing) else len(functions),
        xen="" if release is None else str(release),
        listed=len(listed.entries) if listed.source is ListSource.HYPERVISOR else None,
    )


def test_every_bundle_has_its_facts() -> None:
    assert {path.relative_to(BUNDLES).as_posix() for path in BUNDLES.glob("*/*")} == FACTS.keys()


@pytest.mark.parametrize("name", FACTS)
def test_the_host_in_it_is_the_same(name: str) -> None:
    assert _found(BUNDLES / name) == FACTS[name]
