"""The units of systemd: what systemd makes of them, and that nothing is loosened unsaid."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UNITS = ROOT / "systemd"
SERVICES = ("dmaragent-capture.service", "dmaragent.service")
NAMES = (*SERVICES, "dmaragent.socket")
PROGRAM = "/usr/bin/dmaragent"
WORST = 1.5

# What systemd-analyze finds loose in each; whatever else appears here needs its reason first.
LOOSE = {
    "dmaragent-capture.service": {
        "User": "it reads files of root",
        "PrivateDevices": "/dev/xen",
        "DeviceAllow": "/dev/xen",
        "ProcSubset": "/proc/xen",
        "PrivateUsers": "the hypercall",
        "RestrictAddressFamilies": "AF_UNIX: xenstored",
        "UMask": "the group reads the capture",
        "RootDirectory": "it looks at the host",
    },
    "dmaragent.service": {
        "DeviceAllow": "char-rtc to read, which ProtectClock adds by itself",
        "PrivateNetwork": "udev's events",
        "PrivateUsers": "udev's events",
        "ProcSubset": "/proc/meminfo",
        "RestrictAddressFamilies": "AF_UNIX and AF_NETLINK",
        "UMask": "everybody reads what is published",
        "RootDirectory": "it looks at the host",
    },
}


def test_the_units_are_those_that_are_tested() -> None:
    assert {each.name for each in UNITS.iterdir()} == set(NAMES)


@pytest.mark.parametrize("service", SERVICES)
def test_systemd_rates_the_sandbox_as_safe(service: str, systemd_analyze: None) -> None:
    done = _analyze("security", "--offline=true", f"--threshold={WORST * 10:.0f}", UNITS / service)

    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert found is not None
    assert float(found[1]) <= WORST


@pytest.mark.parametrize("service", SERVICES)
def test_only_what_has_a_reason_is_loose(service: str, systemd_analyze: None) -> None:
    done = _analyze("security", "--offline=true", UNITS / service)

    loose = {
        re.split(r"[=/]", line.split()[1])[0]
        for line in done.stdout.splitlines()
        if line.startswith("\N{BALLOT X}")
    }
    assert loose == set(LOOSE[service])


def test_systemd_takes_the_units_without_a_word(tmp_path: Path, systemd_analyze: None) -> None:
    program = tmp_path / "dmaragent"
    program.write_text("#!/bin/sh\n", "ascii")
    program.chmod(0o755)
    for name in NAMES:
        text = (UNITS / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace(PROGRAM, str(program)), "utf-8")

    done = _analyze("verify", "--man=no", *(tmp_path / name for name in NAMES))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("service", SERVICES)
def test_a_setting_that_is_switched_off_has_its_reason_right_above(service: str) -> None:
    lines = (UNITS / service).read_text("utf-8").splitlines()
    weak = [number for number, line in enumerate(lines) if re.fullmatch(r"\w+=(no|all)", line)]

    assert len(weak) >= 3
    for number in weak:
        name = lines[number].partition("=")[0]
        start = number
        while lines[start - 1].startswith("#"):
            start -= 1
        assert f"{name}=" in " ".join(lines[start:number]), lines[number]


def test_the_service_is_started_by_the_command_that_is_installed() -> None:
    commands = [_unit(name)["Service"]["ExecStart"] for name in SERVICES]

    assert commands == [f"{PROGRAM} agent capture", f"{PROGRAM} agent run"]


def test_neither_service_has_a_capability() -> None:
    for name in SERVICES:
        assert _unit(name)["Service"]["CapabilityBoundingSet"] == ""
        assert _unit(name)["Service"]["AmbientCapabilities"] == ""


def test_the_capture_may_open_the_two_devices_of_xen_alone() -> None:
    text = (UNITS / "dmaragent-capture.service").read_text("utf-8")

    assert re.findall(r"^DeviceAllow=(.*)$", text, re.MULTILINE) == [
        "/dev/xen/privcmd rw",
        "/dev/xen/hypercall rw",
    ]


def test_a_capture_that_fails_does_not_keep_the_service_from_starting() -> None:
    unit = _unit("dmaragent.service")["Unit"]

    assert (unit["Wants"], unit["PartOf"]) == (SERVICES[0], SERVICES[0])
    assert "Requires" not in unit


def test_the_runtime_directories_are_two_and_the_captures_one_is_kept() -> None:
    capture, service = (_unit(name)["Service"] for name in SERVICES)

    assert (capture["RuntimeDirectory"], capture["RuntimeDirectoryMode"]) == (
        "dmaragent-capture",
        "0750",
    )
    assert capture["RuntimeDirectoryPreserve"] == "yes"
    assert service["RuntimeDirectoryPreserve"] == "restart"  # kill -9 leaves what is published
    assert (service["RuntimeDirectory"], service["RuntimeDirectoryMode"]) == ("dmaragent", "0755")


def test_the_socket_is_for_the_group_and_none_of_the_services_starts_it() -> None:
    socket = _unit("dmaragent.socket")["Socket"]

    assert socket["ListenStream"] == "/run/dmaragent.socket"
    assert (socket["SocketGroup"], socket["SocketMode"]) == ("dmaragent", "0660")
    assert socket["FileDescriptorName"] == "api"
    assert all("dmaragent.socket" not in _unit(name)["Unit"].values() for name in SERVICES)


def test_the_user_of_the_units_is_the_one_that_is_made() -> None:
    text = (ROOT / "sysusers.d/dmaragent.conf").read_text("utf-8")

    assert [line.split()[:2] for line in text.splitlines() if line[0] != "#"] == [
        ["u", "dmaragent"]
    ]
    assert _unit("dmaragent.service")["Service"]["User"] == "dmaragent"


def _unit(name: str) -> configparser.RawConfigParser:
    """Read a unit; of a setting that is there twice the last counts."""
    parser = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / name, "utf-8")
    return parser


def _analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("systemd-analyze")
    assert tool is not None
    return subprocess.run(
        [tool, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_COLORS": "0"},
        check=False,
    )


@pytest.mark.parametrize("unit", SERVICES)
def test_the_manuals_drop_ins_are_taken_and_leave_the_sandbox_safe(
    unit: str, tmp_path: Path, systemd_analyze: None
) -> None:
    page = (ROOT / "docs/man/dmaragent.service.8").read_text("utf-8")
    blocks = [each.split("\n.Ed")[0] for each in page.split(".Bd -literal -offset indent\n")]
    capture, service = (
        next(each for each in blocks if each.startswith("[Service]") and word in each)
        for word in ("CAP_SYSLOG", "--textfile")
    )
    drop_in = capture if unit == "dmaragent-capture.service" else service
    text = (UNITS / unit).read_text("utf-8") + "\n" + drop_in.replace("\\e", "\\") + "\n"
    (tmp_path / unit).write_text(text.replace(PROGRAM, "/bin/true"), "utf-8")

    done = _analyze("verify", "--man=no", tmp_path / unit)
    rated = _analyze("security", "--offline=true", f"--threshold={WORST * 10:.0f}", tmp_path / unit)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert rated.returncode == 0, rated.stdout
