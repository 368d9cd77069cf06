"""What goes into a bundle, and that what is replaced there changes no answer."""

import io
import json
import tarfile
import time
from collections.abc import Mapping

import pytest

from dmaragent.checks import check
from dmaragent.collect import ledger
from dmaragent.collect.bundling import Recorded, ask_host, keep_answers, pack, top_folder
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.open_host import open_host
from dmaragent.collect.reader import HostReader
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.json.check import check_document
from dmaragent.present.json.inventory import inventory_answer
from dmaragent.readings import Missing, MissingKind
from support.hosts import FakeHost, Function, fake_host
from support.machines import MACHINES, NAMES
from support.tables import drhd, rmrr, scope, table
from support.wording import Worded

SECRETS = ("vault", "4c4c4544-0051-3510-8052-b4c04f4a4e31", "00:1b:21:3a:4f:5e", "hunter2", "alice")
HOST, UUID, MAC, PASSWORD, ALICE = SECRETS
TABLE = table(drhd(0xFED90000), rmrr(0x3C000000, 0x3C0FFFFF, scope(1, 0, (0x1D, 0))))


class Telling:
    """A host that says more of itself than `inner` does, wherever a bundle could keep it."""

    def __init__(self, inner: HostReader) -> None:
        self.inner = inner

    def read(self, request: HostRequest) -> bytes | Missing:
        if request.path == ledger.HOST_NAME.path:
            return f"{HOST}\n".encode()
        found = self.inner.read(request)
        if request.path == ledger.COMMAND_LINE.path and isinstance(found, bytes):
            return b"root=UUID=%b %b luks=%b" % (UUID.encode(), found.strip(), PASSWORD.encode())
        return found

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        return self.inner.list(request)

    def link(self, request: HostRequest) -> str | Missing:
        return self.inner.link(request)

    def call(self, request: HostRequest) -> bytes | Missing:
        found = self.inner.call(request)
        more = {
            ledger.XL_INFO.path: f"host : {HOST}\ncc_compile_by : {ALICE}\nnew : {PASSWORD}\n",
            ledger.BOOT_LOG.path: f"[0.0] IOMMU {MAC} {UUID}\n[0.1] command line: x={PASSWORD}\n",
            ledger.XL_DMESG.path: f"(XEN) Command line: x={PASSWORD} iommu=1\n(XEN) {UUID}\n",
            ledger.XL_LIST.path: json.dumps([{"config": {"c_info": {"name": ALICE}}}]),
            ledger.XENSTORE_PCI.path: f'/a/5/0/dev-0 = "0000:00:1d.0" {UUID}\n',
        }
        told = more.get(request.path, "").encode()
        if request.path in (ledger.XL_DMESG.path, ledger.XL_LIST.path, ledger.XENSTORE_PCI.path):
            return told
        return found + told if isinstance(found, bytes) and told else found


def _recorded(host: HostReader, *, redact: bool = True) -> Recorded:
    return keep_answers(ask_host(host, lambda _: []), redact=redact)


def _answers(inventory: Inventory) -> list[Mapping[str, object]]:
    document = check_document(check(inventory), "live", "")
    return [inventory_answer(inventory), document["answer"]]


@pytest.mark.parametrize("name", NAMES)
def test_redacting_changes_no_answer_and_leaves_no_secret(name: str) -> None:
    host = Telling(open_host(str(MACHINES / name)).reader)
    whole, redacted = _recorded(host, redact=False), _recorded(host)

    as_read = _answers(take_inventory(join(collect(host))))
    assert _answers(take_inventory(join(whole.snapshot))) == as_read
    assert _answers(take_inventory(join(redacted.snapshot))) == as_read
    kept = b"\n".join(redacted.files.values()).decode("utf-8", "replace")
    assert [one for one in SECRETS if one in kept] == []
    assert [one for one in SECRETS if one in repr(redacted.snapshot)] == []
    assert HOST in b"\n".join(whole.files.values()).decode("utf-8", "replace")


def test_the_manifest_says_what_was_replaced_and_where() -> None:
    host = fake_host([Function(sbdf="0000:00:1d.0")], {"DMAR": TABLE})
    host.files |= {"/sys/hypervisor/type": b"xen\n", "/proc/cmdline": b"a b iommu=pt\n"}
    host.calls["clock"] = b"1795000000\n"
    recorded = _recorded(Telling(host))
    manifest = json.loads(recorded.files["manifest.json"])

    assert manifest["redaction"] == {
        "replaced": {"guest-1": 1, "host-1": 1, "uuid-1": 2},
        "boot_words_left_out": 5,
    }
    changed = [each["path"] for each in manifest["readings"] if each.get("redacted")]
    assert changed == [
        "xenstore-pci",
        "xl-dmesg",
        "xl-list",
        "/proc/cmdline",
        "/proc/sys/kernel/hostname",
    ]
    assert recorded.taken == 1795000000
    assert "redaction" not in json.loads(_recorded(host, redact=False).files["manifest.json"])


def test_a_name_is_replaced_in_what_people_read_and_no_answer_rests_on(worded: Worded) -> None:
    host = FakeHost(files={"/sys/hypervisor/type": b"xen\n", ledger.HOST_NAME.path: b"DMAR\n"})
    log = b"ACPI: DMAR 0x1\n"
    host.calls |= {
        "boot-log": log,
        "xl-dmesg": b"(XEN) of DMAR, DMARS and 7\n",
        "xl-list": json.dumps(
            [
                {"config": {"c_info": {"name": name}, "pcidevs": [{"dev": 3, "name": ALICE}]}}
                for name in ("7", "", "mail")
            ]
        ).encode(),
        "xenstore-pci": Missing(MissingKind.FAILED, f"xs: mail, email at DMAR {UUID}"),
        "xl-info": Missing(MissingKind.FAILED, f"xl: DMAR has {UUID}"),
    }
    kept = _recorded(host).files
    manifest = json.loads(kept["manifest.json"])["readings"]
    details = {each["path"]: each.get("detail") for each in manifest}

    assert kept["calls/boot-log"] == log
    assert kept["calls/xl-dmesg"] == b"(XEN) of host-1, DMARS and 7\n"
    worded(details["xenstore-pci"])
    worded(details["xl-info"])
    assert ALICE.encode() not in kept["calls/xl-list"]


def test_stand_ins_have_the_same_numbers_in_whichever_order_was_asked() -> None:
    host = FakeHost(files={"/sys/hypervisor/type": b"xen\n"})
    host.calls |= {
        "boot-log": f"IOMMU {UUID}\n".encode(),
        "xl-dmesg": f"(XEN) {UUID[:-1]}2\n".encode(),
        "xenstore-pci": f"{UUID[:-1]}3\n".encode(),
    }
    answers = ask_host(host, lambda _: [])
    backwards = dict(reversed(list(answers.items())))

    files = keep_answers(answers, redact=True).files
    assert keep_answers(backwards, redact=True).files == files
    assert files["calls/boot-log"] == b"IOMMU uuid-1\n"


def test_what_could_not_be_read_is_kept_as_that_and_told() -> None:
    host = fake_host([Function(sbdf="0000:00:1d.0")], {"DMAR": TABLE})
    denied = Missing(MissingKind.DENIED, "Permission denied")
    host.files["/sys/firmware/acpi/tables/DMAR"] = denied
    recorded = _recorded(host)

    assert [(request.path, missing) for request, missing in recorded.lost] == [
        ("/sys/firmware/acpi/tables/DMAR", denied)
    ]
    assert b'"outcome": "denied", "detail": "Permission denied"' in recorded.files["manifest.json"]


def test_a_stranger_s_listing_that_cannot_be_redacted_is_not_kept() -> None:
    host = FakeHost(files={"/sys/hypervisor/type": b"xen\n"}, calls={"xl-list": b"secret, no JSON"})
    recorded = _recorded(host)

    assert "calls/xl-list" not in recorded.files
    assert "cannot be redacted" in recorded.lost[0][1].detail
    assert _recorded(host, redact=False).files["calls/xl-list"] == b"secret, no JSON"


def test_the_same_readings_give_the_same_bytes_and_other_ones_others() -> None:
    host = fake_host([Function(sbdf="0000:00:1d.0")], {"DMAR": TABLE})
    files = dict(_recorded(host).files)
    backwards = dict(reversed(files.items()))

    assert pack(files, "top", 1795000000) == pack(backwards, "top", 1795000000)
    assert pack(files, "top", 1795000000) != pack(files, "top", 1795000001)


def test_the_archive_has_one_folder_its_manifest_first_and_nobody_s_name() -> None:
    packed = pack({"root/a": b"1", "manifest.json": b"{}", "calls/b": b""}, "top", 1795000000)

    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as archive:
        members = archive.getmembers()
    assert [each.name for each in members] == ["top/manifest.json", "top/calls/b", "top/root/a"]
    assert {(each.uid, each.gid, each.uname, each.gname, each.mode) for each in members} == {
        (0, 0, "", "", 0o600)
    }
    assert {each.mtime for each in members} == {1795000000}


@pytest.mark.parametrize(
    ("clock", "folder"),
    [
        (b"1795000000\n", "dmaragent-20261118-110640"),
        (b"x", "dmaragent-bundle"),
        (b"99999999999999", "dmaragent-bundle"),
        (Missing(MissingKind.ABSENT), "dmaragent-bundle"),
    ],
)
def test_the_folder_is_named_after_the_time_where_it_is_known(
    clock: bytes | Missing, folder: str
) -> None:
    recorded = _recorded(FakeHost(calls={"clock": clock}))

    assert top_folder(recorded.taken) == folder


def test_a_bundle_is_named_by_utc_wherever_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC-7")
        time.tzset()
        named = top_folder(1795000000)
    time.tzset()

    assert named == "dmaragent-20261118-110640"


def test_a_kept_host_gives_the_snapshot_it_was_kept_of() -> None:
    host = fake_host([Function(sbdf="0000:00:1d.0", driver="e1000")], {"DMAR": TABLE})

    assert _recorded(host).snapshot == collect(host)
