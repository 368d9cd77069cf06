"""What several readings of a guest, or of a release, have in common."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.policy.documented import documented_differences
from dmaragent.policy.effective_settings import region_policies
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.settings import Toolstack
from dmaragent.question.context import GuestResolver, Question, context_of, read_guests
from dmaragent.releases import Release
from support.checked import BASE, LIMIT, USB, host
from support.guests import DEVICE_A, answer, facts, guest
from support.ivmd_hosts import with_xen
from support.tables import rmrr

DOMAIN = (
    "<domain type='xen'><name>a</name><memory unit='MiB'>1024</memory><os><type>hvm</type></os>"
    "<devices><hostdev mode='subsystem' type='pci' managed='{}'><source>"
    "<address domain='0' bus='0' slot='0x1d' function='0'/></source></hostdev></devices></domain>"
)


def test_a_device_that_cannot_be_read_does_not_shift_the_devices_after_it() -> None:
    """Xl 4.14.6 reads no function of 00:14.*@5, and makes 00:02.0 strict."""
    undefined = answer(guest("00:14.*@5,rdm_policy=strict", "00:02.0"), release="4.14.6")
    control = answer(guest("00:14.0@5,rdm_policy=strict", "00:02.0"), release="4.14.6")

    (difference,) = documented_differences(control)
    assert difference.startswith("00:02.0")
    assert difference in list(documented_differences(undefined))


def of_device(found: Resolution) -> set[str]:
    outcome = found.outcome
    assert outcome is not None
    assert outcome.built.layout is not None
    return {
        policy
        for placed in outcome.built.layout.placed
        if placed.reservation.decided_by == DEVICE_A
        for policy in region_policies(found, outcome, placed)
    }


@pytest.mark.parametrize(
    ("release", "policies"),
    [
        ("4.16.0", {"strict"}),
        ("4.16.1", {"strict", "relaxed"}),
        ("4.16", {"strict", "relaxed"}),
        ("4.15", {"strict", "relaxed"}),
    ],
)
def test_a_device_that_inherits_in_some_point_releases_has_the_policies_of_all(
    release: str, policies: set[str]
) -> None:
    """Without ``reserve=`` libxlutil leaves the policy unwritten: it may have any value."""
    one = guest("00:14.0", rdm="strategy=host", memory=512)

    assert of_device(answer(one, facts(), release=release)) == policies


@pytest.mark.parametrize(("managed", "commands"), [("no", 1), ("yes", 0)])
def test_libvirt_makes_a_managed_device_assignable_itself(managed: str, commands: int) -> None:
    known = with_xen(join(collect(host(rmrr(BASE, LIMIT, USB)))), "")
    assert known.xen is not None
    known = known._replace(xen=known.xen._replace(assignable=()))
    (one,) = read_guests(DOMAIN.format(managed), "a.xml")
    question = Question(toolstack=Toolstack.LIBVIRT)
    found = GuestResolver(context_of(known, question), question).resolve(one)

    assert isinstance(found, Resolution)
    assert len(found.prerequisites) == commands


def test_the_release_of_the_installed_library_counts_for_libvirt_too() -> None:
    joined = join(collect(host(rmrr(BASE, LIMIT, USB))))
    context = context_of(joined, Question(), b'["library","4.17"]\n')
    (one,) = read_guests(DOMAIN.format("no"), "a.xml")
    found = GuestResolver(context, Question()).resolve(one)

    assert isinstance(found, Resolution)
    assert found.stack.toolstack is Toolstack.LIBVIRT
    assert (found.stack.release, found.stack.hypervisor) == (Release(4, 17), Release(4, 17))
    assert found.stack.library_answers is None
    assert "unknown" not in found.stack.origin
    assert context.stack.library_answers is not None
