"""KVM guests go where guests go: documents, reports, comparisons, the service, the interface."""

import json
from pathlib import Path

import pytest

import dmaragent
from dmaragent.agent.guest_answer import answer
from dmaragent.agent.http_messages import ApiResponse
from dmaragent.agent.published import Stamp
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support.cli import run
from support.kvm import domain, hostdev
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
LAPTOP = MACHINES / "lenovo-laptop"
SERVER = MACHINES / "hp-dl380e-gen8"
_USB = hostdev("bus='0' slot='0x14' function='0'")
_RAID = "memory: 4096\nname: raid\nhostpci0: 0a:00.0\n"


@pytest.fixture
def guests(tmp_path: Path) -> Path:
    (tmp_path / "usb.xml").write_text(domain(_USB), "utf-8")
    (tmp_path / "101.conf").write_text(_RAID, "utf-8")
    (tmp_path / "win.cfg").write_text("name = 'x'\ntype = 'hvm'\nmemory = 512\n", "utf-8")
    return tmp_path


def test_the_document_names_the_hypervisor_of_each_guest(capsys: Capture, guests: Path) -> None:
    answer = run(capsys, "resolve", guests, "--host", LAPTOP, "--json").document["answer"]

    assert [(one["hypervisor"], one["format"]) for one in answer["guests"]] == [
        ("kvm", "proxmox"),
        ("kvm", "libvirt"),
        ("xen", "xl"),
    ]


def test_the_document_of_a_kvm_guest_has_its_devices_and_ram(capsys: Capture, guests: Path) -> None:
    ran = run(capsys, "resolve", guests / "usb.xml", "--host", LAPTOP, "--json")
    (guest,) = ran.document["answer"]["guests"]

    assert (ran.code, guest["verdict"], guest["kernel"]) == (0, "starts", "6.1.0-13-amd64")
    assert guest["devices"][0] == {
        "device": "0000:00:14.0",
        "setting": "hostdev",
        "place": f"{guests}/usb.xml:6",
        "all_functions": False,
        "can": "yes",
    }
    assert guest["ram"][0][0] == {"base": "0x0", "limit": "0x7fffffff"}
    assert guest["regions_source"] == "kernel"


def test_a_locked_device_is_refused_with_both_kernels_errors(capsys: Capture, guests: Path) -> None:
    ran = run(capsys, "resolve", guests / "101.conf", "--host", SERVER, "--json")
    (guest,) = ran.document["answer"]["guests"]

    assert (ran.code, guest["verdict"], guest["kernel"]) == (1, "refused", None)
    assert guest["reasons"][0]["decider"] == "Linux"


def test_no_line_is_wider_than_a_terminal(
    capsys: Capture, guests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(guests)
    for path in ("usb.xml", "101.conf"):
        for host in (LAPTOP, SERVER):
            ran = run(capsys, "resolve", path, "--host", host)

            lines = [line for line in ran.out.splitlines() if str(MACHINES) not in line]
            assert max(map(len, lines)) <= 80


def test_a_toolstack_that_does_not_build_it_is_an_error(capsys: Capture, guests: Path) -> None:
    for toolstack in ("xl", "qubes", "xapi"):
        ran = run(capsys, "resolve", guests / "usb.xml", "--host", LAPTOP, "--toolstack", toolstack)
        assert (ran.code, "KVM guest" in ran.err) == (2, True)
    named = run(capsys, "resolve", guests / "usb.xml", "--host", LAPTOP, "--toolstack", "libvirt")
    assert named.code == 0


def test_a_report_has_a_section_for_it(capsys: Capture, guests: Path) -> None:
    path = guests / "report.html"
    ran = run(capsys, "report", "--host", SERVER, "--guest", guests / "101.conf", "-o", path)

    page = path.read_text("utf-8")
    assert ran.code == 0
    assert 'href="#guest-1"' in page
    assert "Guest raid" in page
    assert "101.conf:3" in page


def test_a_comparison_finds_the_guest_that_stops(capsys: Capture, guests: Path) -> None:
    given = ["--guest", guests / "usb.xml"]
    document = run(capsys, "diff", LAPTOP, SERVER, *given, "--json").document
    (change,) = document["answer"]["guests"]["changed"]

    assert (change["fate"], change["a"]["hypervisor"]) == ("no-longer-starts", "kvm")
    assert run(capsys, "diff", LAPTOP, SERVER, *given).code == 1
    same = run(capsys, "diff", LAPTOP, LAPTOP, *given, "--json").document
    assert same["answer"]["guests"]["same"] == {"starts": 1}


def test_the_interface_resolves_it() -> None:
    found = dmaragent.resolve(domain(_USB), host=str(LAPTOP))

    assert isinstance(found, KvmResolution)
    assert found.verdict.value == "starts"


def posted(text: str, **fields: str) -> ApiResponse:
    """Return the service's answer to a request with this guest."""
    host = ask_host(str(LAPTOP), Question()).host
    return answer(json.dumps({"guest": text, **fields}).encode(), host, Stamp(1, ""))


@pytest.mark.parametrize(
    ("text", "fields", "why"),
    [
        ("", {}, "empty"),
        ('.encoding = "UTF-8"\n', {}, "not a guest format"),
        ('{"a": 1}', {}, "c_info"),
        ('[{"foo"', {}, "not JSON"),
        ("import os\nprint 'x'\n", {}, "Python"),
        ("<domain type='bhyve'/>", {}, "'bhyve'"),
        ("arch: amd64\nrootfs: local:1\nostype: debian\nmemory: 512\n", {}, "container"),
        ("name = 'w'\npci = [" + "'00:14.0'," * 5000 + "]\n", {}, "5000 devices"),
        (domain(_USB), {"toolstack": "xl"}, "KVM guest"),
        ("name = 'w'\nmemory = 512\n", {"xen": "4.5"}, "4.5"),
    ],
)
def test_the_service_refuses_with_the_cause_and_with_a_step_that_its_client_can_take(
    text: str, fields: dict[str, str], why: str
) -> None:
    refused = posted(text, **fields)
    problem = json.loads(refused.body)

    assert refused.status == 422
    assert why in problem["detail"]
    assert problem["hint"].startswith(("use ", "remove ", "omit ", "send "))
    assert "--" not in problem["hint"]


def test_the_service_reads_it_and_names_the_line_of_a_fault() -> None:
    sound, broken = posted(domain(_USB)), posted("<domain type='kvm'>\n<a></b>")

    assert sound.status == 200
    assert (broken.status, json.loads(broken.body)["line"]) == (422, 2)


def test_the_service_names_the_formats_for_what_is_no_guest() -> None:
    answer = posted("hello")

    assert answer.status == 422
    assert "libvirt XML" in json.loads(answer.body)["detail"]


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("hp-dl380e-gen8", "predicted"),
        ("synthetic-amd-vi-off", "none"),  # an AMD host whose firmware made no IVRS
    ],
)
def test_the_source_of_the_regions_is_what_was_read(
    capsys: Capture, guests: Path, host: str, source: str
) -> None:
    shown = run(capsys, "resolve", guests / "usb.xml", "--host", MACHINES / host, "--json")
    (guest,) = shown.document["answer"]["guests"]

    assert guest["regions_source"] == source
