"""The facts of a host that decide about guests."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.inventory import take_inventory
from dmaragent.policy.host_facts import facts_of
from dmaragent.releases import Release
from support.guests import facts as made_facts
from support.guests import function
from support.ivmd_hosts import amd_host, with_xen


@pytest.mark.parametrize(
    ("release", "capabilities", "hap", "shadow", "share_pt"),
    [
        ("4.11.4", ("hvm_directio",), None, None, None),  # its xl info never prints hap
        ("4.12.4", ("hvm_directio",), None, None, None),
        ("4.13.0", ("hvm_directio",), False, False, False),
        ("4.13.0", ("hvm_directio", "shadow"), False, True, False),
        ("4.13.0", ("hvm_directio", "hap", "iommu_hap_pt_share"), True, False, True),
        (None, ("hvm_directio",), None, None, None),
        (None, ("hvm_directio", "shadow"), False, True, False),
        (None, ("hvm_directio", "hap"), True, False, False),
    ],
)
def test_a_capability_that_xl_info_of_the_release_does_not_print_is_unknown(
    release: str | None,
    capabilities: tuple[str, ...],
    *,
    hap: bool | None,
    shadow: bool | None,
    share_pt: bool | None,
) -> None:
    host = with_xen(amd_host(), "")
    assert host.xen is not None
    known = None if release is None else Release.parse(release)
    xen = host.xen._replace(release=known, capabilities=capabilities)
    facts = facts_of(take_inventory(host._replace(xen=xen)))

    assert (facts.hap, facts.shadow, facts.share_pt) == (hap, shadow, share_pt)


def test_the_functions_of_a_slot_are_of_its_segment() -> None:
    names = ("0000:01:00.0", "0000:01:00.1", "0001:01:00.0", "0000:02:00.0", "0000:01:01.0")
    functions = {sbdf: function(sbdf) for sbdf in map(SBDF.parse, names)}

    found = made_facts(functions=functions).siblings(SBDF.parse("0000:01:00.0"))

    assert [str(sbdf) for sbdf in found] == ["0000:01:00.1", "0000:01:00.0"]
