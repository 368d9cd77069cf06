"""A device's two verdicts, on hosts whose facts are stated here."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import explain
from dmaragent.passthrough.model import Can
from dmaragent.passthrough.xen import sample_guest
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolver import resolve
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from dmaragent.remedies.remedy import Safety
from support.explained import HIGH, NIC, NIC_SCOPE, USB, USB_SCOPE, cases, grouped, made, told
from support.hosts import Function, fake_host
from support.machines import MACHINES
from support.tables import drhd, rmrr, scope, table
from support.wording import Worded


def test_without_a_region_both_say_yes_and_no_policy_is_told(worded: Worded) -> None:
    host = made(rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE))
    found = told(host)

    assert (found.xen.can, found.linux.can) == (Can.YES, Can.UNKNOWN)  # its group is unknown
    assert found.toolstacks == ()
    worded(found.xen.explanation)
    worded([one.title for one in found.remedies])
    in_group = told(grouped(host, g1=["0000:00:19.0"]))
    assert in_group.linux.can is Can.YES
    worded([one.title for one in in_group.remedies])


def test_a_region_of_its_own_above_the_boundary_is_fine_for_xen_and_locked_for_linux() -> None:
    found = told(made(HIGH, kernel="6.1.0-13-amd64"))

    assert (found.xen.can, found.linux.can) == (Can.YES, Can.NO)
    assert cases(found.xen)["strict"] is Can.YES
    assert cases(found.linux) == {"Linux 3.17 to 6.5": Can.NO}
    assert found.linux.cases[0].message.startswith("Device is ineligible for IOMMU domain attach")


def test_a_usb_controller_is_let_go_by_linux_and_not_by_xen() -> None:
    shared = rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE, scope(1, 0, (0x1A, 0)))

    found = told(grouped(made(shared), g1=["0000:00:1d.0"]), "00:1d.0")

    assert found.linux.can is Can.YES
    assert cases(found.linux) == {"relaxable by class": Can.YES, "group": Can.YES}
    assert found.xen.can is Can.CONDITIONS
    assert "shared with 0000:00:1a.0" in found.xen.explanation
    assert cases(found.xen)["strict"] is Can.NO
    assert cases(found.xen)["relaxed"] is Can.YES
    shown = found.xen.cases[0]
    assert (shown.title, shown.rule and shown.rule.error) == ("shared", "EPERM")
    assert "disallowed to assign 0000:00:1d.0 with shared RMRR at ad800000" in shown.message


def test_a_policy_that_assigns_the_device_with_a_warning_is_a_risk() -> None:
    shared = rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE, scope(1, 0, (0x1A, 0)))
    xen = told(made(shared), "00:1d.0").xen
    own = told(made(HIGH)).xen

    risks = {case.title: case.risk for case in xen.cases}
    assert (risks["strict"], risks["relaxed"], xen.risk) == (False, True, True)
    assert not own.risk
    assert not any(case.risk for case in own.cases)


def test_an_absent_device_counts_as_sharing(worded: Worded) -> None:
    found = told(made(rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE, scope(1, 0, (0x16, 7)))), "00:1d.0")

    worded(found.xen.explanation)


def test_a_region_below_one_mib_is_refused_strict_whatever_the_guest() -> None:
    found = told(made(rmrr(0xE8000, 0xE8FFF, NIC_SCOPE)))

    assert cases(found.xen)["strict"] is Can.NO
    assert found.xen.can is Can.CONDITIONS


def test_a_region_below_the_boundary_depends_on_the_guests_ram() -> None:
    found = told(made(rmrr(0x7B800000, 0x7B80FFFF, NIC_SCOPE)))

    assert cases(found.xen)["strict"] is Can.CONDITIONS
    step = next(one for one in found.remedies if one.title.startswith("Keep guest RAM"))
    assert step.lines == ("rdm_mem_boundary = 1975",)  # the last MiB below 0x7b800000
    assert step.safety is Safety.SAFE


def test_a_bridge_scope_is_linux_alone(worded: Worded) -> None:
    functions = [
        Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2),
        Function(sbdf="0000:02:00.0"),
    ]
    bridged = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))

    found = told(made(bridged, functions=functions, kernel="6.12.0"), "02:00.0")

    assert found.xen.can is Can.CONDITIONS
    worded(found.xen.explanation, "region 1")
    assert cases(found.xen) == {"bridge scope": Can.CONDITIONS}
    step = next(one for one in found.remedies if one.title == "Pass it through without its region")
    assert step.safety is Safety.RISK
    worded(found.xen.cases[0].explanation, "0000:00:1c.0")
    assert found.linux.can is Can.NO


def test_vtd_switched_off_stops_every_device() -> None:
    found = told(made(HIGH, rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE)), "00:1a.0")

    assert found.xen.can is Can.NO
    assert "overlaps" in found.xen.explanation


def test_a_device_without_a_unit_is_refused() -> None:
    data = table(drhd(0xFED90000, USB_SCOPE), HIGH)

    found = told(fake_host([NIC, USB], {"DMAR": data}))

    assert found.xen.can is Can.NO
    assert found.xen.cases[0].rule is not None
    assert found.xen.cases[0].rule.error == "ENODEV"


@pytest.mark.parametrize(
    ("code", "xen"),
    [(0x060000, Can.NO), (0x060100, Can.UNKNOWN)],
    ids=["host bridge", "ISA bridge"],
)
def test_what_is_chipset_is_not_offered(code: int, xen: Can) -> None:
    found = told(made(HIGH, functions=[Function(sbdf="0000:00:00.0", class_code=code)]), "00:00.0")

    assert (found.xen.can, found.linux.can, found.remedies) == (xen, Can.UNKNOWN, ())


def test_what_is_not_known_of_sharing_or_of_a_pvh_dom0_is_not_called_refused(
    worded: Worded,
) -> None:
    asked = ask_host(str(MACHINES / "synthetic-pvh-dom0"), Question())

    found = explain(asked.inventory, asked.facts, asked.stack, SBDF.parse("00:19.0"))

    assert cases(found.xen)["strict"] is Can.UNKNOWN
    assert found.xen.can is Can.UNKNOWN
    worded(found.xen.explanation)


def test_regions_below_one_mib_are_said_to_stay_in_the_guests_ram(worded: Worded) -> None:
    low, high = rmrr(0xE8000, 0xE8FFF, NIC_SCOPE), rmrr(0x7B800000, 0x7B80FFFF, NIC_SCOPE)

    step = next(one for one in told(made(low, high)).remedies if one.title.startswith("Relax"))

    worded(step.explanation, "region 1", "0xe8000-0xe8fff")


def test_xens_way_is_not_offered_where_linux_decides(worded: Worded) -> None:
    low = rmrr(0x7B800000, 0x7B80FFFF, USB_SCOPE)  # on conditions under Xen, let go by Linux
    host = grouped(made(low, kernel="6.1.0"), g4=["0000:00:1d.0"])

    found = told(host, "00:1d.0")

    worded([step.title for step in found.remedies])
    assert found.toolstacks == ()


def test_each_toolstack_gives_its_own_policy() -> None:
    found = told(made(rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE, scope(1, 0, (0x1A, 0)))), "00:1d.0")

    assert [(one.toolstack, one.policy, one.can) for one in found.toolstacks] == [
        ("xl", "strict", Can.NO),
        ("libvirt", "strict", Can.NO),
        ("Qubes", "strict", Can.NO),
        ("XAPI", "relaxed", Can.CONDITIONS),
    ]


def test_xapi_assigns_a_region_of_one_device_alone() -> None:
    found = told(made(rmrr(0x7B800000, 0x7B80FFFF, NIC_SCOPE)))

    assert (found.toolstacks[3].toolstack, found.toolstacks[3].can) == ("XAPI", Can.YES)


# The same as resolve --------------------------------------------------------------------


@pytest.mark.parametrize("machine", ["hp-dl380e-gen8", "lenovo-laptop", "xen-pv-dom0", "dell-r820"])
def test_the_cases_are_what_resolving_such_a_guest_says(machine: str) -> None:
    asked = ask_host(str(MACHINES / machine), Question())
    words = {Verdict.STARTS: {Can.YES}, Verdict.REFUSED: {Can.NO, Can.CONDITIONS}}
    seen = 0
    for sbdf, function in asked.host.topology.known.items():
        found = explain(asked.inventory, asked.facts, asked.stack, sbdf)
        for case in found.xen.cases:
            if case.title not in ("strict", "relaxed") or function.is_bridge:
                continue
            subject = _Asked(sbdf, asked.facts)
            verdict = resolve(sample_guest(subject, case.title), asked.facts, asked.stack).verdict  # type: ignore[arg-type]
            assert case.can in words[verdict], (sbdf, case)
            seen += 1
    assert seen


class _Asked:
    def __init__(self, sbdf: SBDF, facts: HostFacts) -> None:
        self.sbdf = sbdf
        self.facts = facts


def test_up_to_4_12_a_pv_guest_can_have_a_device_without_an_iommu(worded: Worded) -> None:
    host = made(rmrr(0xAD810000, 0xAD80FFFF, NIC_SCOPE))  # the limit is below the base: EFAULT

    old, new = told(host, xen="4.12"), told(host, xen="4.13")
    assert (old.xen.can, new.xen.can) == (Can.NO, Can.NO)
    (case,) = old.xen.cases
    assert (case.title, case.can, case.risk) == ("PV guest", Can.YES, True)
    assert new.xen.cases == ()
    worded(case.explanation)
