"""The vendor's way: HPE's switch for a physical slot, and settings to look for elsewhere."""

import subprocess
from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import explain
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from dmaragent.remedies.devices.firmware import slot_number
from dmaragent.remedies.remedy import Safety
from support.explained import HIGH, NIC, made, told
from support.hosts import FakeHost
from support.machines import MACHINES
from support.wording import Worded


def _hpe(**files: str) -> FakeHost:
    return made(HIGH, functions=[NIC], kernel="6.1.0", **files)


def test_hpe_servers_get_a_file_for_the_physical_slot(tmp_path: Path, worded: Worded) -> None:
    host = _hpe(sys_vendor="HPE", product_name="ProLiant DL380 Gen9")
    host.directories["/sys/bus/pci/slots"] = ("3",)
    host.files["/sys/bus/pci/slots/3/address"] = b"0000:00:19\n"

    step = next(one for one in told(host).remedies if one.safety is Safety.FIRMWARE)

    assert "physical slot 3" in step.title
    worded(step.explanation)
    pasted = "\n".join(f"       {line}" for line in step.lines[:3])  # as it is printed
    subprocess.run(["sh", "-c", pasted], cwd=tmp_path, check=True)
    assert (tmp_path / "exclude.dat").read_text().split("\n") == [
        "<Conrep>",
        '<Section name="RMRDS_Slot3" helptext=".">Endpoints_Excluded</Section>',
        "</Conrep>",
        "",
    ]
    assert step.lines[3] == "conrep -l -x conrep_rmrds.xml -f exclude.dat"


@pytest.mark.parametrize(
    ("vendor", "model"),
    [("HP", "HP Compaq 6730b"), ("Dell Inc.", "PowerEdge R820"), ("QEMU", "ProLiant look-alike")],
)
def test_conrep_is_for_hpe_servers_alone(vendor: str, model: str) -> None:
    found = told(_hpe(sys_vendor=vendor, product_name=model))

    assert not any("conrep" in line for step in found.remedies for line in step.lines)
    assert any("firmware setup" in step.explanation for step in found.remedies)


@pytest.mark.parametrize(
    "model", ["ProLiant MicroServer Gen8", "ProLiant DL380 G7", "ProLiant DL380 Gen10"]
)
def test_conreps_lines_are_for_the_models_it_is_known_for(model: str) -> None:
    host = _hpe(sys_vendor="HPE", product_name=model)
    host.directories["/sys/bus/pci/slots"] = ("3",)
    host.files["/sys/bus/pci/slots/3/address"] = b"0000:00:19\n"

    step = next(one for one in told(host).remedies if one.safety is Safety.FIRMWARE)

    assert step.lines == ()
    assert model in step.explanation


def test_an_embedded_device_of_an_hpe_server_has_no_switch(worded: Worded) -> None:
    asked = ask_host(str(MACHINES / "hp-dl380e-gen8"), Question())

    found = explain(asked.inventory, asked.facts, asked.stack, SBDF.parse("03:00.0"))

    step = next(one for one in found.remedies if one.safety is Safety.FIRMWARE)
    assert step.lines == ()
    worded(step.title)


def test_an_hpe_slot_that_is_not_known_is_said_to_be(worded: Worded) -> None:
    found = told(_hpe(sys_vendor="HP", product_name="ProLiant DL360p Gen8"))

    step = next(one for one in found.remedies if one.safety is Safety.FIRMWARE)
    assert step.lines == ()
    worded(step.explanation, "0000:00:19.0")


def test_an_hpe_slot_whose_name_has_no_number_is_no_embedded_device() -> None:
    host = _hpe(sys_vendor="HP", product_name="ProLiant DL360p Gen8")
    host.directories["/sys/bus/pci/slots"] = ("M2_1",)
    host.files["/sys/bus/pci/slots/M2_1/address"] = b"0000:00:19\n"

    step = next(one for one in told(host).remedies if one.safety is Safety.FIRMWARE)
    assert step.lines == ()
    assert "M2_1" in step.explanation


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("0", None),
        ("3", 3),
        ("3-1", 3),
        ("PCI-E Slot 12", 12),
        ("PCIe Slot 4", 4),
        ("M2_1", None),
        (None, None),
    ],
)
def test_slot_numbers_are_read_from_kernel_and_smbios_names(
    name: str | None, number: int | None
) -> None:
    assert slot_number(name) == number
