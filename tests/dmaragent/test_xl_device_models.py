"""What releases of xl and libxl make of the device model, of builder= and of gfx_passthru=."""

import json
from typing import Any

import pytest

from dmaragent.addresses import MIB, SBDF
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.libxl_json import guests_from_libxl_json
from dmaragent.host.topology import PciFunction
from dmaragent.policy.decisions import Decider, Harm, Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.settings import Toolstack
from dmaragent.present.words.guest import verdict_with_harm
from dmaragent.question.context import read_guests
from dmaragent.releases import Release
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.words import LIST_PRESENT_FUNCTION, NO_WORKING_IOMMU
from support.guests import DEVICE_A, answer, ends_of, facts, function, guest, who_decided
from support.wording import Worded

TRADITIONAL = {"device_model_version": "qemu-xen-traditional"}
STUB = {"device_model_stubdomain_override": 1}
GRAPHICS = SBDF(0, 0, 0x14, 0)


def _cfg(*lines: str) -> GuestConfig:
    (one,) = read_guests("\n".join(["name = 'a'", "memory = 512", *lines, ""]), "a.cfg")
    return one


# builder= and passthrough=, by release ----------------------------------------------------


def test_before_4_10_any_builder_but_hvm_is_a_pv_guest() -> None:
    linux = _cfg("builder = 'linux'")

    assert answer(linux, release="4.9").guest.type is GuestType.PV
    assert answer(linux, release="4.9").verdict is Verdict.STARTS
    assert answer(linux, release="4.10").verdict is Verdict.REFUSED


def test_before_4_13_an_unknown_word_of_passthrough_is_not_read() -> None:
    word = guest(passthrough="yes")

    assert answer(word, release="4.12.4").verdict is Verdict.STARTS
    assert answer(word, release="4.13").verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("share_pt", "xen_runs", "verdict"),
    [
        (True, True, Verdict.STARTS),
        (False, True, Verdict.REFUSED),
        (None, True, Verdict.UNDECIDED),
        (None, False, Verdict.STARTS),  # as a Xen with HAP usually can
    ],
)
def test_page_tables_are_shared_if_the_running_xen_can(
    verdict: Verdict, *, share_pt: bool | None, xen_runs: bool
) -> None:
    host = facts(hap=True, share_pt=share_pt, xen_runs=xen_runs)

    assert answer(guest(passthrough="share_pt", memory=512), host).verdict is verdict
    hvm_alone = answer(guest(passthrough="share_pt", memory=512, type="pv"), host)
    assert hvm_alone.verdict is Verdict.REFUSED


# The device model, by release -------------------------------------------------------------


def test_xl_4_21_does_not_know_the_traditional_device_model(worded: Worded) -> None:
    one = guest(**TRADITIONAL)  # type: ignore[arg-type]

    assert answer(one, release="4.20").verdict is Verdict.STARTS
    found = answer(one, release="4.21")
    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.XL)
    worded(found.reasons[0].reason)


def test_libxl_4_21_cannot_build_a_saved_guest_with_it(worded: Worded) -> None:
    build = {"max_memkb": 1 << 20, "device_model_version": "qemu_xen_traditional", "type.hvm": {}}
    text = json.dumps({"c_info": {"type": "hvm", "name": "a"}, "b_info": build})
    (saved,) = guests_from_libxl_json(text, "a.json")

    assert answer(saved, release="4.20").verdict is Verdict.STARTS
    found = answer(saved, release="4.21")
    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.LIBXL)
    worded(found.reasons[0].reason)


def test_from_4_21_on_a_stub_domain_runs_qemu_xen_which_has_more_video_memory() -> None:
    one = guest(**STUB)

    old, new = answer(one, release="4.20"), answer(one, release="4.21")
    assert (old.guest.video, new.guest.video) == (4 * MIB, 8 * MIB)
    assert ends_of(old)[0] - ends_of(new)[0] == 4 * MIB
    libvirt = answer(one, release="4.21", toolstack=Toolstack.LIBVIRT)
    assert libvirt.guest.video == 8 * MIB


def test_before_4_14_a_stub_domain_runs_only_the_traditional_device_model(worded: Worded) -> None:
    one = guest(**STUB, device_model_version="qemu-xen")

    found = answer(one, release="4.13")
    assert found.verdict is Verdict.REFUSED
    worded(found.reasons[0].reason)
    assert answer(one, release="4.14.6").verdict is Verdict.STARTS
    assert answer(guest(**STUB), release="4.13").verdict is Verdict.STARTS
    qubes = answer(one, release="4.8", toolstack=Toolstack.QUBES)  # its libxl has a patch
    assert qubes.verdict is Verdict.STARTS


# gfx_passthru= ----------------------------------------------------------------------------


def _host(vendor: int | None, class_code: int | None, *, known: bool = True) -> HostFacts:
    """Make a host whose function 00:14.0 has this vendor and class, and no region."""
    graphics: PciFunction = function(GRAPHICS)._replace(
        vendor_id=vendor, class_code=class_code, interface_known=known
    )
    return facts({}, functions={GRAPHICS: graphics})


INTELS, OTHERS = _host(0x8086, 0x030000), _host(0x10DE, 0x030000)


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        (INTELS, Verdict.STARTS),
        (_host(0x8086, 0x038000), Verdict.STARTS),
        (OTHERS, Verdict.REFUSED),
        (_host(0x8086, 0x020000), Verdict.REFUSED),
        (_host(None, 0x030000), Verdict.UNDECIDED),
        (_host(0x8086, None), Verdict.UNDECIDED),
        (_host(0x8086, 0x030000, known=False), Verdict.UNDECIDED),
        (_host(0x10DE, None), Verdict.REFUSED),
        (facts({}, functions=None), Verdict.UNDECIDED),
    ],
)
def test_gfx_passthru_needs_intels_graphics_among_the_devices(
    host: HostFacts, verdict: Verdict, worded: Worded
) -> None:
    found = answer(guest("00:14.0", gfx_passthru=1), host)

    assert found.verdict is verdict
    worded([reason.reason for reason in found.reasons])


def test_intels_graphics_are_enough_beside_a_device_that_may_be_graphics() -> None:
    other = SBDF(0, 0, 0x02, 0)
    unknown = function(other)._replace(class_code=0x030000, vendor_id=None)
    host = facts({}, functions={**(INTELS.functions or {}), other: unknown})

    assert answer(guest("00:02.0", gfx_passthru=1), host).verdict is Verdict.UNDECIDED
    both = answer(guest("00:02.0", "00:14.0", gfx_passthru=1), host)
    assert both.verdict is Verdict.STARTS


def test_gfx_passthru_without_any_device_is_refused() -> None:
    found = answer(guest(gfx_passthru=1), OTHERS)

    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.LIBXL)
    assert found.reasons[0].shown == "unable to detect required gfx_passthru_kind"


@pytest.mark.parametrize("value", ["igd", "IGD", "0"])
def test_gfx_passthru_that_names_its_kind_or_is_off_needs_no_intels_graphics(value: str) -> None:
    assert answer(guest("00:14.0", gfx_passthru=value), OTHERS).verdict is Verdict.STARTS


@pytest.mark.parametrize(
    ("release", "vga", "other"),
    [
        ("4.22", Verdict.STARTS, Verdict.STARTS),
        ("4.20", Verdict.STARTS, Verdict.STARTS),
        ("4.19.5", Verdict.STARTS, Verdict.REFUSED),
        ("4.10", Verdict.STARTS, Verdict.REFUSED),
        ("4.9", Verdict.UNDECIDED, Verdict.REFUSED),  # by a list of device IDs
    ],
)
def test_the_classes_of_intels_graphics_by_release(
    release: str, vga: Verdict, other: Verdict
) -> None:
    one = guest("00:14.0", gfx_passthru=1)

    assert answer(one, INTELS, release).verdict is vga
    assert answer(one, _host(0x8086, 0x038000), release).verdict is other


def test_gfx_passthru_of_a_release_or_a_device_model_that_does_not_look() -> None:
    one = guest("00:14.0", gfx_passthru=1)

    assert answer(one, OTHERS, "4.6").verdict is Verdict.STARTS
    assert answer(one, OTHERS, "4.7").verdict is Verdict.REFUSED
    traditional = guest("00:14.0", gfx_passthru=1, **TRADITIONAL)  # type: ignore[arg-type]
    assert answer(traditional, OTHERS, "4.20").verdict is Verdict.STARTS


def test_xl_refuses_an_unknown_word_of_gfx_passthru_from_4_7_on(worded: Worded) -> None:
    one = guest(gfx_passthru="nvidia")

    found = answer(one, OTHERS)
    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.XL)
    worded(found.reasons[0].reason)
    assert answer(one, OTHERS, "4.6").verdict is Verdict.STARTS
    assert answer(guest(type="pv", gfx_passthru="nvidia")).verdict is Verdict.STARTS


@pytest.mark.parametrize(
    ("hvm", "verdict"),
    [
        ({"gfx_passthru": "True"}, Verdict.REFUSED),
        ({"gfx_passthru": "True", "gfx_passthru_kind": "igd"}, Verdict.STARTS),
        ({"gfx_passthru": "False"}, Verdict.STARTS),
        ({"gfx_passthru": "<default>"}, Verdict.STARTS),
    ],
)
def test_gfx_passthru_of_a_saved_guest(hvm: dict[str, str], verdict: Verdict) -> None:
    build = {"max_memkb": 1 << 20, "type.hvm": hvm}
    text = json.dumps({"c_info": {"type": "hvm", "name": "a"}, "b_info": build})
    (saved,) = guests_from_libxl_json(text, "a.json")

    assert answer(saved, OTHERS).verdict is verdict


# No IOMMU ---------------------------------------------------------------------------------


def test_up_to_4_12_a_pv_guest_has_its_devices_without_an_iommu(worded: Worded) -> None:
    one, off = guest("00:14.0", type="pv"), "VT-d is off"

    def verdict(tools: str, hypervisor: str, **more: Any) -> Verdict:
        host = facts(iommu_off=off, release=Release.parse(hypervisor), **more)
        return answer(one, host, tools).verdict

    found = answer(one, facts(iommu_off=off, release=Release.parse("4.12")), "4.12")
    assert (found.verdict, found.reasons[0].harm) == (Verdict.STARTS, Harm.ALL_HOST_MEMORY)
    worded(found.reasons[0].reason)
    assert verdict_with_harm(found).endswith("1 warning: DMA can overwrite all memory of the host")
    assert verdict("4.13", "4.12") is Verdict.REFUSED
    assert verdict("4.12", "4.13") is Verdict.REFUSED
    assert verdict("4.12", "4.12", functions={}) is Verdict.REFUSED  # the device is not there
    absent = answer(one, facts(iommu_off=off, release=Release.parse("4.12"), functions={}), "4.12")
    assert guest_remedies(absent).why_none == LIST_PRESENT_FUNCTION
    newer = answer(one, facts(iommu_off=off, release=Release.parse("4.13"), functions={}), "4.13")
    assert guest_remedies(newer).why_none == NO_WORKING_IOMMU
    hvm = answer(guest("00:14.0"), facts(iommu_off=off, release=Release.parse("4.12")), "4.12")
    assert hvm.verdict is Verdict.REFUSED


# HAP --------------------------------------------------------------------------------------


def test_hap_that_the_host_does_not_have_is_refused_from_4_13_on(worded: Worded) -> None:
    one = guest(hap=1)
    without = facts(hap=False, shadow=True, xen_runs=True)

    found = answer(one, without)
    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.XEN)
    worded(found.reasons[0].reason)
    assert answer(guest(), without).verdict is Verdict.STARTS
    assert answer(one, facts(hap=True)).verdict is Verdict.STARTS
    assert answer(one, facts(hap=None, xen_runs=True)).verdict is Verdict.STARTS
    assert DEVICE_A in without.devices
