"""A network of libvirt may be a pool of host devices, unless something shows that it is not."""

import pytest

from dmaragent.guests.formats import read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from support.kvm import domain


@pytest.mark.parametrize(
    ("interface", "unknown"),
    [
        ("<interface type='network'><source network='vfs'/></interface>", True),
        ("<interface type='network'><source network='default'/></interface>", False),
        ("<interface type='network'><source network='n' bridge='virbr1'/></interface>", False),
        (
            "<interface type='network'><source network='n'/><target dev='vnet0'/></interface>",
            False,
        ),
        (
            "<interface type='network'><source network='n'/><actual type='bridge'/></interface>",
            False,
        ),
    ],
)
def test_a_network_may_be_a_pool_of_host_devices(
    interface: str,
    unknown: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert _is_unknown(domain(interface)) is unknown


@pytest.mark.parametrize(
    ("kind", "device", "unknown"),
    [
        ("kvm", "tap0", True),
        ("kvm", "vif1.0", True),
        ("kvm", "macvtap0", False),
        ("xen", "tap0", True),
        ("xen", "vif1.0", False),
        ("xen", "vnet0", False),
    ],
)
def test_only_a_device_that_libvirt_named_shows_that_the_guest_runs(
    kind: str,
    device: str,
    unknown: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    target = f"<source network='n'/><target dev='{device}'/>"
    text = domain(f"<interface type='network'>{target}</interface>")

    assert _is_unknown(text.replace("type='kvm'", f"type='{kind}'", 1)) is unknown


def _is_unknown(text: str) -> bool:
    """Return whether it is unknown which devices the guest gets."""
    (guest,) = read_all_guests(text, "g.xml")
    return bool(guest.unknown if isinstance(guest, KvmGuest) else guest.undecidable)
