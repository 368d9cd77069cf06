"""What people meet, and what they get told: each starts from what the user has.

One test a pain of the survey that the project began with; it ends with the answer that the
user needs.  AMD's tables and support bundles come later.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from support.cli import Ran, run
from support.machines import MACHINES, load
from support.wording import Worded, lines_about

Capture = pytest.CaptureFixture[str]
OLD = (
    "vfio-pci 0000:04:02.0: Device is ineligible for IOMMU domain attach due to platform RMRR "
    "requirement.  Contact your platform vendor."
)
NEW = (
    "vfio-pci 0000:04:02.0: Firmware has requested this device have a 1:1 IOMMU mapping, "
    "rejecting configuring the device without a 1:1 mapping. Contact your platform vendor."
)


def words(ran: Ran) -> str:
    """Give what was printed, its lines joined: wrapping is no part of an answer."""
    return " ".join(ran.out.split())


def answered(story: Ran, host: str, capsys: Capture) -> dict[str, Any]:
    """Give the document of the device that `story` begins with."""
    device = story.out.split()[0]
    document = run(capsys, "explain", device, "--host", MACHINES / host, "--json").document
    answer: dict[str, Any] = document["answer"]
    return answer


def follow(ran: Ran, host: str, capsys: Capture) -> Ran:
    """Type the first next command that an answer offers."""
    found = re.search(r"^Next     dmaragent (.+)$", ran.out, re.MULTILINE)
    assert found is not None, ran.out
    arguments = found[1].partition("  (")[0].split()
    asked = () if "--host" in arguments else ("--host", MACHINES / host)
    return run(capsys, *arguments, *asked)


@pytest.mark.parametrize("message", [OLD, NEW], ids=["before 6.6", "6.6 and later"])
def test_1_kvm_refuses_and_says_neither_which_region_nor_why(
    message: str, capsys: Capture, worded: Worded
) -> None:
    why = run(capsys, "why", message, "--host", MACHINES / "qemu-q35-rmrr")
    story = follow(why, "qemu-q35-rmrr", capsys)

    worded(why.out, "0x3c100000-0x3c10ffff", "0xf0")
    worded(story.out, "0x3c100000-0x3c10ffff", "64")
    answer = answered(story, "qemu-q35-rmrr", capsys)
    assert answer["linux"]["can"] == "no"
    ours = [case for case in answer["linux"]["cases"] if case["releases"] == "Linux 3.17 to 6.5"]
    assert {case["can"] for case in ours} == {"no"}  # its kernel is 6.1
    assert [step["safety"] for step in answer["steps"]] == ["firmware"]
    assert any("relax_rmrr" in note for note in answer["notes"])  # not offered to this one


def test_2_hpe_switches_slots_and_not_addresses(capsys: Capture) -> None:
    machine = load("hp-dl380e-gen8", "machine.toml")
    assert machine["files"]["/sys/bus/pci/slots/2/address"] == "0000:0a:00\n"

    story = run(capsys, "explain", "0a:00.0", "--details", "--host", MACHINES / "hp-dl380e-gen8")

    assert '<Section name="RMRDS_Slot2" helptext=".">Endpoints_Excluded</Section>' in story.out
    assert "conrep -l -x conrep_rmrds.xml -f exclude.dat" in story.out
    assert "conrep -s -x conrep_rmrds.xml -f verify.dat" in story.out
    assert (
        "conrep"
        not in run(
            capsys, "explain", "00:14.0", "--details", "--host", MACHINES / "lenovo-laptop"
        ).out
    )


def test_3_xen_refuses_a_usb_controller_whose_region_is_shared(
    capsys: Capture, worded: Worded
) -> None:
    message = (
        "(XEN) [VT-D] It's disallowed to assign 0000:00:1d.0 with shared RMRR at 7dffd000 for d1."
    )

    why = run(capsys, "why", message, "--host", MACHINES / "hp-dl380e-gen8")
    story = follow(why, "hp-dl380e-gen8", capsys)

    worded(lines_about(why.out, "0000:00:1a.0"))
    assert "rdm_policy=relaxed" in story.out
    steps = answered(story, "hp-dl380e-gen8", capsys)["steps"]
    (relaxing,) = (step for step in steps if "rdm_policy=relaxed" in "".join(step["lines"]))
    worded(relaxing["explanation"], "0000:00:1a.0")


@pytest.mark.parametrize("domain", ["Dom32753", "d32753", "d[IO]"])
def test_4_domain_32753_is_the_quarantine(domain: str, capsys: Capture, worded: Worded) -> None:
    message = (
        f"(XEN) [VT-D]It's risky to assign 0000:00:1d.0 with shared RMRR at 3c110000 for {domain}."
    )

    why = run(capsys, "why", message, "--host", MACHINES / "xen-pv-dom0")

    worded(why.out)


def test_5_qubes_option_for_resets_is_what_relaxes_the_policy(
    capsys: Capture, worded: Worded
) -> None:
    message = (
        "(XEN) [VT-D]It's disallowed to assign 0000:00:1d.0 with shared RMRR at 3c110000 for d7."
    )

    why = run(capsys, "why", message, "--host", MACHINES / "xen-pv-dom0")
    story = follow(why, "xen-pv-dom0", capsys)

    assert "no-strict-reset=True" in words(why)
    toolstacks = answered(story, "xen-pv-dom0", capsys)["toolstacks"]
    (qubes,) = (one for one in toolstacks if one["toolstack"] == "Qubes")
    assert (qubes["policy"], qubes["can"]) == ("strict", "no")
    worded(qubes["explanation"], "no-strict-reset=True")


def test_6_xcp_ng_changed_the_policy_without_a_word(capsys: Capture, worded: Worded) -> None:
    story = run(capsys, "explain", "00:1d.0", "--host", MACHINES / "xen-pv-dom0")

    toolstacks = answered(story, "xen-pv-dom0", capsys)["toolstacks"]
    told = {one["toolstack"]: one for one in toolstacks}
    assert (told["XAPI"]["policy"], told["XAPI"]["can"]) == ("relaxed", "on-conditions")
    worded(told["XAPI"]["explanation"], "XCP-ng 8.2", "8.3")
    assert (told["xl"]["policy"], told["xl"]["can"]) == ("strict", "no")


def test_7_dom0s_kernel_does_not_decide(capsys: Capture, worded: Worded) -> None:
    story = run(capsys, "explain", "00:1d.0", "--host", MACHINES / "xen-pv-dom0")

    answer = answered(story, "xen-pv-dom0", capsys)
    assert answer["decides"] == ["xen"]
    worded(lines_about(story.out, "dom0's kernel"))
    assert not any("relax_rmrr" in line for step in answer["steps"] for line in step["lines"])


def test_9_the_kernel_calls_the_firmware_broken(capsys: Capture, worded: Worded) -> None:
    message = (
        "DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR "
        "[0x000000003c130000-0x000000003c130fff], contact BIOS vendor for fixes"
    )

    why = run(capsys, "why", message, "--host", MACHINES / "qemu-q35-rmrr")
    findings = follow(why, "qemu-q35-rmrr", capsys)

    worded(why.out)
    assert "Region 5 (0x3c130000-0x3c130fff)" in words(findings)
    assert {"rmrr-in-ram", "rmrr-not-reserved"} & set(findings.out.split())


def test_10_a_region_that_the_firmware_forgot(capsys: Capture) -> None:
    fault = "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:19.0] fault addr 7b840000"

    why = run(capsys, "why", fault, "--host", MACHINES / "synthetic-odd-scopes")
    command = re.search(r"dmaragent (boot-option \S+)", why.out)
    assert command is not None
    option = run(capsys, *command[1].split(), "--host", MACHINES / "synthetic-odd-scopes")

    assert "rmrr=0x7b840=00:19.0" in option.out  # a page number, not an address
    assert (
        run(
            capsys,
            "rmrr-option",
            "--check",
            "rmrr=0x7b840000=00:19.0",
            "--host",
            MACHINES / "synthetic-odd-scopes",
        ).code
        == 1
    )


def test_11_the_guest_conflicts_since_its_memory_was_changed(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    guest = tmp_path / "win10.cfg"
    guest.write_text('name = "win10"\ntype = "hvm"\nmemory = 2800\npci = [ "00:14.0" ]\n')
    message = "libxl: error: libxl_dm.c:555: Domain 5:RDM conflict at 0x5fa2a000."

    why = run(capsys, "why", message, "--host", MACHINES / "lenovo-laptop")
    answer = run(capsys, "resolve", guest, "--host", MACHINES / "lenovo-laptop", "--xen", "4.17")

    worded(why.out, "0000:00:14.0")
    assert "rdm_mem_boundary = 1530" in answer.out


def test_12_of_several_devices_xl_4_15_gives_one(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    guest = tmp_path / "g.cfg"
    guest.write_text(
        'name = "g"\ntype = "hvm"\nmemory = 1024\n'
        'pci = [ "00:1a.0,rdm_policy=relaxed", "00:1d.0,rdm_policy=relaxed" ]\n'
    )

    asked = ["resolve", guest, "--host", MACHINES / "dell-r820", "--xen", "4.15", "--json"]
    (answer,) = run(capsys, *asked).document["answer"]["guests"]

    worded(answer["reports"], "xl 4.15", "pci-attach")


def test_13_only_what_the_device_needs_is_offered(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "explain", "04:02.0", "--host", MACHINES / "qemu-q35-rmrr", "--json")
    answer = ran.document["answer"]

    lines = [line for step in answer["steps"] for line in step["lines"]]
    assert not any("acs" in line or "unsafe" in line for line in lines)
    assert [step["safety"] for step in answer["steps"]] == ["firmware"]
    worded(answer["notes"])
