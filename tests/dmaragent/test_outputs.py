"""What a bundle holds for people: the parts of Xen's commands that are kept, and no others."""

import json

import pytest

from dmaragent.collect import ledger
from dmaragent.collect.collect import collect_evidence
from dmaragent.collect.live import calls
from dmaragent.collect.live.host import LiveHost
from dmaragent.collect.outputs import backends_lines, guests_parts, kernels_lines, xens_lines
from dmaragent.guests.libxl_json import guests_from_libxl_json
from dmaragent.readings import Missing, MissingKind
from support.hosts import FakeHost

GUEST = {
    "domid": 5,
    "config": {
        "c_info": {"type": "hvm", "name": "win10", "uuid": "4c4c4544-0051-3510-8052-b4c04f4a4e31"},
        "b_info": {
            "max_memkb": 4194304,
            "target_memkb": 4194304,
            "video_memkb": 16384,
            "device_model_version": "qemu_xen",
            "extra_hvm": ["-fw_cfg", "secret"],
            "type.hvm": {
                "bios": "ovmf",
                "vnc": {"enable": "True", "passwd": "hunter2"},
                "spice": {"passwd": "hunter3"},
                "vga": {"kind": "std"},
                "rdm": {"strategy": "host", "policy": "relaxed"},
                "rdm_mem_boundary_memkb": 2097152,
                "system_firmware": "/root/private.fd",
            },
        },
        "disks": [{"pdev_path": "/dev/vg/payroll"}],
        "nics": [{"mac": "00:16:3e:11:22:33"}],
        "pcidevs": [{"dev": 29, "rdm_policy": "relaxed"}],
    },
}


def test_of_a_guest_what_decides_about_regions_is_kept_and_read_alike() -> None:
    kept = guests_parts(json.dumps([GUEST]).encode())
    assert isinstance(kept, bytes)
    text = kept.decode()

    assert guests_from_libxl_json(text, "x") == guests_from_libxl_json(json.dumps([GUEST]), "x")
    for secret in ("hunter", "secret", "private", "payroll", "00:16:3e", "4c4c4544"):
        assert secret not in text


@pytest.mark.parametrize(
    ("build", "hvm"),
    [
        ({"extra": ["-secret"]}, {}),
        ({"extra_hvm": ["-secret"]}, {}),
        ({"device_model": "/secret/qemu"}, {}),
        ({}, {"firmware": "/secret/hvmloader"}),
        ({}, {"system_firmware": "/secret/bios.bin"}),
        ({}, {"xen_platform_pci_bar_uc": "False"}),
        ({}, {"xen_platform_pci": "False"}),
        ({}, {"gfx_passthru": "True", "gfx_passthru_kind": "igd"}),
        ({"vnuma_nodes": [{"memkb": 1048576, "pnode": 0}]}, {}),
    ],
)
def test_what_changes_a_guest_is_kept_or_at_least_that_it_is_given(
    build: dict[str, object], hvm: dict[str, object]
) -> None:
    c_info = {"type": "hvm", "name": "a"}
    plain: dict[str, object] = {"max_memkb": 1 << 20, "type.hvm": {"bios": "seabios"}}
    changed = {**plain, **build, "type.hvm": {"bios": "seabios", **hvm}}
    texts = [json.dumps([{"config": {"c_info": c_info, "b_info": b}}]) for b in (plain, changed)]
    kept = guests_parts(texts[1].encode())
    assert isinstance(kept, bytes)
    assert b"secret" not in kept

    without, given = (guests_from_libxl_json(text, "x") for text in texts)
    assert guests_from_libxl_json(kept.decode(), "x") == given != without


@pytest.mark.parametrize("listing", [b"", b"xl: error", b"[" * 100_000])
def test_a_listing_that_is_no_json_has_failed(listing: bytes) -> None:
    found = guests_parts(listing)

    assert isinstance(found, Missing)
    assert found.kind is MissingKind.FAILED


@pytest.mark.parametrize("listing", [b'{"domid": 3, "config": {}}', b"{}", b"null", b'"x"'])
def test_json_that_is_no_list_of_guests_has_failed(listing: bytes) -> None:
    found = guests_parts(listing)

    assert isinstance(found, Missing)
    assert found.detail == "the output of xl list -l is not a list of guests"
    assert guests_parts(b"[]") == b"[]\n"


def test_what_is_no_guest_is_not_kept() -> None:
    kept = guests_parts(b'[3, "x", {"config": 7}]')

    assert isinstance(kept, bytes)
    assert not [each for each in json.loads(kept) if each.get("config")]


def test_of_xens_log_no_line_of_a_guest_is_kept() -> None:
    log = (
        b"(XEN) Command line: iommu=debug\n"
        b"(XEN) [2026-11-23 10:00:00] [VT-D]found ACPI_DMAR_RMRR:\n"
        b"(d5) password: hunter2\n"
        b"(XEN) (d5) another: hunter2\n"
        b"(XEN) [2026-11-23 10:00:00] (d5v0) hunter2\n"
        b"(XEN) HVM5: hunter2\n"
        b"(d5) (XEN) hunter2\n"
        b"(XEN) d5: assign (0000:00:1d.0) failed (-1)\n"
        b"hunter2 of dom0's own console\n"
    )

    assert xens_lines(log) == b"".join(
        line for line in log.splitlines(keepends=True) if b"hunter2" not in line
    )


def test_of_xenstore_the_devices_and_their_state_are_kept() -> None:
    base = b"/local/domain/0/backend/pci/5/0"
    kept = (
        base + b'/frontend = "/local/domain/5/device/pci/0"\n' + base + b'/num_devs = "1"\n',
        base + b'/dev-0 = "0000:00:1d.0"\n' + base + b'/opts-0 = "msitranslate=0"\n',
        base + b'/state-0 = "3"\n' + base + b'/state = "4"\n',
    )
    named = base + b'/domain = "payroll/state = 4"\n'
    listing = named + base + b'/domain = "payroll"\n' + b"".join(kept) + base + b'/uuid = "x"\n'

    assert backends_lines(listing) == b"".join(kept)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (b"xen\n", True),
        (Missing(MissingKind.DENIED), True),
        (Missing(MissingKind.FAILED), True),
        (Missing(MissingKind.ABSENT), False),
        (b"kvm\n", False),
    ],
)
def test_xens_commands_are_run_where_xen_may_be(kind: bytes | Missing, asked: bool) -> None:  # noqa: FBT001 - a case
    host = FakeHost(files={"/sys/hypervisor/type": kind})
    collect_evidence(host)

    assert ("xl-dmesg" in [each.path for each in host.asked]) is asked
    assert "clock" in [each.path for each in host.asked]


@pytest.mark.parametrize(
    ("capabilities", "asked"),
    [
        (b"control_d\n", True),
        (Missing(MissingKind.DENIED), True),
        (Missing(MissingKind.ABSENT), False),
    ],
)
def test_xens_commands_are_run_by_proc_xen_if_sysfs_has_no_hypervisor(
    capabilities: bytes | Missing,
    asked: bool,  # noqa: FBT001 - a case
) -> None:
    host = FakeHost(
        files={
            "/sys/hypervisor/type": Missing(MissingKind.ABSENT),
            "/proc/xen/capabilities": capabilities,
        }
    )
    collect_evidence(host)

    assert ("xl-dmesg" in [each.path for each in host.asked]) is asked


def test_the_commands_are_reduced_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {
        ("xl", "dmesg"): b"(XEN) a\n(d1) b\n",
        ("xl", "list", "-l"): json.dumps([GUEST]).encode(),
        ("xenstore-ls", "-f", "/local/domain/0/backend/pci"): b'/x/domain = "y"\n',
    }
    monkeypatch.setattr(calls, "run_command", lambda command: outputs[tuple(command)])
    host = LiveHost()

    assert host.call(ledger.XL_DMESG.request()) == b"(XEN) a\n"
    listing = host.call(ledger.XL_LIST.request())
    assert isinstance(listing, bytes)
    assert b"hunter" not in listing
    assert host.call(ledger.XENSTORE_PCI.request()) == b""


def test_a_command_that_is_not_there_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Missing(MissingKind.ABSENT, "xl is not installed")
    monkeypatch.setattr(calls, "run_command", lambda _: absent)

    for entry in (ledger.XL_DMESG, ledger.XL_LIST, ledger.XENSTORE_PCI):
        assert LiveHost().call(entry.request()) == absent


def test_a_line_of_the_kernel_is_kept_whatever_it_quotes() -> None:
    """The level and facility of other lines are 8 and more."""
    lines = b"<6>[ 1.0] init: <30> x\n<30>[ 2.0] systemd[1]: y\n<8>z\n<7>DMAR: on\nno level\n"

    assert kernels_lines(lines) == b"[ 1.0] init: <30> x\nDMAR: on\nno level\n"
