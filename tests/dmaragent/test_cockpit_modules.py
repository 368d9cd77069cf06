"""The modules of the page for Cockpit, run by node without a browser."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent.http_messages import ApiRequest
from dmaragent.agent.routes import PublishedFacts
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.present.json.inventory import inventory_document
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from dmaragent.spans import span_words
from support.ivrs_tables import device_range, ivhd, ivmd, ivrs
from support.machines import MACHINES
from support.published import answered, publish
from support.served import published_machine

pytestmark = pytest.mark.usefixtures("node")
PROGRAM = Path(__file__).parents[1] / "support" / "cockpit_modules.mjs"
PAGE = Path(__file__).parents[2] / "cockpit"
FAILED = Missing(MissingKind.FAILED, "Input/output error")


Play = Callable[..., Any]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the page that every node reads as modules."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "package.json").write_text('{"type": "module"}')
    for path in PAGE.glob("*.js"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def played(page: Path) -> Play:
    """Return a function that plays a scenario of cockpit_modules.mjs."""
    return lambda scenario, documents=None: _play(page, scenario, documents)


def _play(page: Path, scenario: str, documents: object) -> Any:
    given = json.dumps({"page": str(page), "scenario": scenario, "documents": documents})
    done = subprocess.run(
        ["node", PROGRAM], input=given, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def readings(name: str) -> HostSnapshot:
    """Return the readings of a recorded machine."""
    return collect(open_host(str(MACHINES / name)).reader)


def document(snapshot: HostSnapshot) -> object:
    return inventory_document(take_inventory(join(snapshot)), "live", "")


def test_only_a_version_that_the_page_knows_is_a_document(played: Play) -> None:
    """Null, an empty object and other formats have no known version."""
    assert played("known") == [False, False, False, False, False, True]


def test_the_devices_of_a_region_are_unknown_without_the_pci_functions(played: Play) -> None:
    """An IVMD for all devices has no owner then; the columns of devices and of Linux agree."""
    snapshot = readings("qemu-amd-bookworm")
    without = snapshot._replace(pci=FAILED, iommu_groups=FAILED)
    shown = played("regions", [document(without), document(snapshot._replace(pci=()))])

    every = [[row for row in one["rows"] if row[3].startswith("all devices")] for one in shown]
    assert [row[5] for row in every[0]] == ["unknown"] * len(every[0]) != []
    assert all(row[3] == "all devices: unknown" for row in every[0])
    assert [(row[3], row[5]) for row in every[1]] == [
        ("all devices: no device", "no device")
    ] * len(every[0])


def test_the_summary_has_no_number_of_regions_of_a_damaged_table(played: Play) -> None:
    snapshot = readings("lenovo-laptop")
    assert not isinstance(snapshot.tables, Missing)
    (table,) = snapshot.tables
    assert isinstance(table.content, bytes)
    cut = snapshot._replace(tables=(table._replace(content=table.content[:60]),))
    damaged, whole = played("regions", [document(cut), document(snapshot)])

    assert "Regionsunknown" in damaged["summary"].replace("Reserved regions", "Regions")
    assert "Regions2" in whole["summary"].replace("Reserved regions", "Regions")


def test_the_size_of_a_region_is_exact_above_2_53(played: Play) -> None:
    """JSON.parse rounds 2^53 + 1 to 2^53."""
    given: Any = document(readings("lenovo-laptop"))
    given["answer"]["regions"][0] |= {
        "base": "0x0",
        "limit": f"0x{1 << 53:x}",
        "size": (1 << 53) + 1,
    }

    assert played("regions", [given])[0]["rows"][0][2] == "about 8192 TiB"


def test_a_wrong_checksum_alone_hides_no_region(played: Play) -> None:
    """The summary has their number, as ``dmaragent status`` has, and no notice reports missing ones."""
    snapshot = readings("lenovo-laptop")
    assert not isinstance(snapshot.tables, Missing)
    (table,) = snapshot.tables
    assert isinstance(table.content, bytes)
    changed = table.content[:9] + bytes([table.content[9] ^ 1]) + table.content[10:]
    wrong = document(snapshot._replace(tables=(table._replace(content=changed),)))
    cut = document(snapshot._replace(tables=(table._replace(content=table.content[:60]),)))

    assert "regions2" in played("regions", [wrong])[0]["summary"]
    (harmless,), (serious,) = played("notices", [wrong, cut])
    assert "no region can be missing" in harmless
    assert "regions can be missing" in serious


def test_a_table_that_could_not_be_read_is_not_a_host_without_one(played: Play) -> None:
    snapshot = readings("lenovo-laptop")
    assert not isinstance(snapshot.tables, Missing)
    denied = Missing(MissingKind.DENIED, "Permission denied")
    given: list[Any] = [
        document(snapshot._replace(tables=(snapshot.tables[0]._replace(content=denied),)))
        for _ in range(2)
    ]
    given[1]["answer"]["absence"]["kind"] = AbsenceKind.VTD_OFF.value

    titles = [one[0] for one in played("notices", given)]
    assert ["could not be read" in title for title in titles] == [True, False]


def host_of(snapshot: HostSnapshot) -> tuple[object, object]:
    """Return the documents of a host's inventory and of its devices."""
    published = publish(take_inventory(join(snapshot)))
    request = ApiRequest(method="GET", target="/v1/devices")
    devices = json.loads(answered(request, published, PublishedFacts()).body)
    return json.loads(published.document), devices


def test_without_the_pci_functions_no_device_is_said_to_be_absent(played: Play) -> None:
    """An IVMD for all devices names one that is unknown then: in the list and in the picture."""
    for_all = ivrs(ivhd(device_range(0x0008, 0xFFFE)), ivmd(0xBDF00000, 0x1000, kind=0x20))
    snapshot = readings("qemu-amd-bookworm")
    assert not isinstance(snapshot.tables, Missing)
    snapshot = snapshot._replace(tables=(snapshot.tables[0]._replace(content=for_all),))
    unread, devices = host_of(snapshot._replace(pci=FAILED, iommu_groups=FAILED))
    empty, no_devices = host_of(snapshot._replace(pci=()))
    matrix, named, known, known_named = played(
        "devices", [[unread, devices], [unread, None], [empty, no_devices], [empty, None]]
    )

    assert "The devices are unknown." in matrix["devices"]
    assert "The devices are unknown." in named["devices"]
    assert "all devices: unknown" in matrix["picture"]
    assert "No device of this host can be passed through." in known["devices"]
    assert "No region names a device." in known_named["devices"]
    assert "all devices: no device" in known["picture"]


def test_a_bundle_that_lacks_a_reading_is_saved(played: Play) -> None:
    """``dump`` writes it and ends with 1; then the bundle is needed most."""
    whole, lacking, nothing, failed = played("bundle")

    assert whole == "NAME.tar.xz is ready."
    assert lacking.startswith("NAME.tar.xz is ready. A reading")
    assert "could not be collected" in nothing
    assert "could not be collected" in failed


def test_the_guest_that_was_chosen_last_is_in_the_form(played: Play) -> None:
    """Its text comes before that of an earlier guest, and of an earlier file."""
    assert played("libvirt") == ["text of --domain=b", "text of --domain=c"]


def live_documents() -> dict[str, object]:
    """Return the answers of the API about a recorded machine, by path."""
    paths = ("/v1/inventory", "/v1/findings", "/v1/devices")
    published = published_machine("lenovo-laptop")
    return {
        path: json.loads(
            answered(ApiRequest(method="GET", target=path), published, PublishedFacts()).body
        )
        for path in paths
    }


def resolution() -> object:
    """Return the answer of the API about a guest."""
    request = ApiRequest(
        method="POST",
        target="/v1/resolve",
        content_type="application/json",
        body=json.dumps({"guest": "name = 'a'\ntype = 'hvm'\nmemory = 512\n"}).encode(),
    )
    return json.loads(answered(request, published_machine("lenovo-laptop"), PublishedFacts()).body)


def test_an_answer_of_a_newer_version_is_not_shown(played: Play) -> None:
    """Neither about a guest, nor as a host whose agent does not run because its file is newer."""
    guest, notice = played("newer", resolution())

    assert "newer than the page" in guest
    assert "will start" not in guest
    assert "newer than the page" in notice
    assert "not running" not in notice
    assert "reload the page." in notice
    assert ".." not in notice


def test_verdicts_that_a_busy_agent_refuses_are_requested_again(played: Play) -> None:
    """It refuses twice with Retry-After; the host does not change meanwhile.

    The findings, which were read, are neither read again nor replaced.
    """
    done = played("busy", live_documents())

    assert done["busy"]
    assert (done["times"], done["others"], done["state"]) == (3, 1, "live")
    assert "All workers were busy" not in done["last"]


def test_the_answer_about_a_guest_is_old_after_another_agent_started(played: Play) -> None:
    before, after = played("restarted", {**live_documents(), "/v1/resolve": resolution()})

    assert "will start" in before
    assert "may have changed" not in before
    assert "may have changed since this answer" in after
    assert "will start" in after


def test_a_failed_scan_is_shown_at_once(played: Play) -> None:
    """It refuses the waiting request with 503, as an agent does for which too many pages wait."""
    done = played("failed", live_documents())

    assert done["asked"] == ["/v1/health ", "/v1/health 1", "/v1/health "]
    assert done["state"] == "none"
    assert "The reason" in done["notices"]


def test_a_page_that_may_not_wait_asks_once_and_pauses(played: Play) -> None:
    done = played("full", live_documents())

    assert done["asked"] == ["/v1/health ", "/v1/health 1", "/v1/health "]
    assert done["state"] == "live"


OWNERS = {
    name: {"sbdf": f"0000:00:0{number}.0", "presence": name}
    for number, name in enumerate(("present", "absent", "unknown"))
}
BY_KERNEL, PREDICTED = ({"type": "direct", "by_kernel": known} for known in (True, False))
RELAXABLE = {"type": "direct-relaxable", "by_kernel": True}
LINUX_WORDS = [
    ([BY_KERNEL], ["present"], "groups", True, "locked"),
    ([BY_KERNEL, PREDICTED], ["present"], "groups", True, "locked (predicted)"),
    ([RELAXABLE, BY_KERNEL, BY_KERNEL], ["present"], "groups", True, "locked, relaxable"),
    ([{"type": "newer", "by_kernel": True}], ["present"], "groups", True, "unknown"),
    ([BY_KERNEL], ["present"], "not-applicable-under-xen", True, "not applicable"),
    ([], ["absent"], "groups", True, "no device"),
    ([], ["absent", "unknown"], "groups", True, "unknown"),
    ([], ["absent", "present"], "unknown", True, "unknown"),
    ([], ["absent"], "groups", False, "unknown"),
]
FUNCTIONS_OF_PAGE: list[tuple[str, str, list[object], object]] = [
    *(
        ("regions", "linuxWords", [holds, [OWNERS[one] for one in owners], state, whole], words)
        for holds, owners, state, whole, words in LINUX_WORDS
    ),
    ("regions", "bytesOf", [{"base": "0x1000", "limit": "0x1fff"}], "4096"),
    ("regions", "knowsOwners", [{"claims": []}, {"pci_functions": None}], True),
    ("regions", "knowsOwners", [{"claims": [{}]}, {"pci_functions": None}], False),
    ("regions", "knowsOwners", [{"claims": [{}]}, {"pci_functions": 0}], True),
    ("regions", "namesNobody", [{"claims": [], "owners": [{}]}, {"pci_functions": 1}], False),
    ("words", "spans", [[1, 2, 3, 5, 7, 8]], "1-3, 5, 7-8"),
    ("words", "spans", [[]], ""),
    ("words", "size", [1], "1 byte"),
    ("words", "size", [1023], "1023 bytes"),
    ("words", "size", [1024], "1 KiB"),
    ("words", "size", [1536], "1.5 KiB"),
    ("words", "size", [(1 << 20) + 1], "about 1 MiB"),
    ("words", "size", [3 << 40], "3 TiB"),
    ("words", "segment", [0x1A], "segment 001a"),
    ("words", "andMore", ["00:02.0", 0], "00:02.0"),
    ("words", "andMore", ["00:02.0", 2], "00:02.0 +2"),
    ("words", "xenRelease", [None, False], "Xen of unknown release"),
    ("words", "xenRelease", ["4.17.3", True], "Xen 4.17.3, dom0"),
    ("words", "hypervisorOf", ["kvm", None], "KVM: Linux (VFIO) decides."),
    ("words", "next", [""], ""),
    ("dom", "visible", ["a\u202eb\x1b\n"], "a\\u{202e}b\\u{1b}\n"),
    ("dom", "facts", [[["a", 0], ["b", ""], ["c", None], ["d", "e"]]], "a0de"),
    ("state", "countsRegions", [{"table": {"state": "undecodable", "damage": []}}], False),
    ("summary", "machineName", [{"vendor": None, "model": "T1"}], "T1"),
]


def test_the_functions_of_the_page_return_what_the_document_has(played: Play) -> None:
    calls = [[f"{module}.js", name, *given] for module, name, given, _ in FUNCTIONS_OF_PAGE]

    results = played("called", calls)

    assert [[*call, result] for call, result in zip(calls, results, strict=True)] == [
        [*call, expected] for call, (*_, expected) in zip(calls, FUNCTIONS_OF_PAGE, strict=True)
    ]


def test_a_notice_has_what_settles_it(played: Play) -> None:
    """Each failure of the API has its own next step; a published file changes what is missing."""
    inventory: Any = document(readings("lenovo-laptop"))
    failures = [
        {"status": 503, "problem": "", "detail": "the reason", "hint": "do that"},
        {"status": 503, "problem": "", "detail": "the reason", "hint": ""},
        *({"status": 0, "problem": name, "detail": "", "hint": ""} for name in PROBLEMS),
    ]
    calls = [
        [
            "state.js",
            "notices",
            {"failure": one, "inventory": known, "noTable": None, "user": "eve"},
        ]
        for one in failures
        for known in (inventory, None)
    ]

    results = [notice for (notice,) in played("called", calls)]

    kinds = [notice["kind"] for notice in results]
    assert kinds == ["danger"] * 4 + ["info"] * 5 + ["danger"] * 3
    hinted, logged = results[0], results[2]
    assert (hinted["detail"], hinted["commands"]) == ("The reason", [])
    assert "do that" in hinted["hint"]
    assert "journalctl" in logged["commands"][0]
    for refused in results[4:8]:
        assert refused["commands"][0].endswith(" dmaragent eve")
    assert [bool(notice["detail"]) for notice in results[4:8]] == [True, False, True, False]
    assert "dmaragent.socket" in results[8]["commands"][1]
    assert "dmaragent.service" in results[9]["commands"][0]
    assert results[10]["detail"] == "timeout"


PROBLEMS = ("access-denied", "authentication-failed", "not-found", "timeout")


def test_each_problem_of_a_host_has_its_notice(played: Play) -> None:
    def changed(**parts: object) -> Any:
        given: Any = document(readings("lenovo-laptop"))
        for name, value in parts.items():
            inner = given["answer"][name]
            given["answer"][name] = {**inner, **value} if isinstance(value, dict) else value
        return given

    listed: dict[str, object] = {"source": "hypervisor", "why_empty": ["the reason"]}
    cases: list[tuple[dict[str, object], list[str]]] = [
        ({}, []),
        ({"table": {"state": "undecodable"}, "complete": False}, ["danger"]),
        ({"xen": {"iommu_disabled": "an option"}}, ["danger"]),
        ({"xen": {**listed, "entries": []}}, ["warning"]),
        ({"xen": {**listed, "entries": [{}]}}, []),
        ({"xen": {**listed, "entries": [], "source": "predicted"}}, []),
        ({"xen": {**listed, "entries": [], "why_empty": []}}, []),
        ({"undetermined": ["00:1c.0>00.0"]}, ["warning"]),
        ({"problems": ["a reading"]}, ["warning"]),
    ]
    none = {"failure": None, "noTable": None, "user": ""}
    calls = [["state.js", "notices", {**none, "inventory": changed(**parts)}] for parts, _ in cases]

    results = played("called", calls)

    assert [[notice["kind"] for notice in one] for one in results] == [kinds for _, kinds in cases]
    assert results[2][0]["detail"] == "An option"
    assert [results[place][0]["list"] for place in (3, 7, 8)] == [
        ["the reason"],
        ["00:1c.0>00.0"],
        ["a reading"],
    ]


def test_the_reason_for_a_missing_table_is_the_one_of_the_api(played: Play) -> None:
    inventory: Any = document(readings("lenovo-laptop"))
    inventory["answer"]["absence"] = {"kind": "newer", "evidence": ["the evidence"]}
    told = {"detail": "no table", "hint": "look there"}
    common = {"failure": None, "inventory": inventory, "user": ""}
    calls = [["state.js", "notices", {**common, "noTable": one}] for one in (told, None)]

    with_reason, alone = (notices[0] for notices in played("called", calls))

    assert with_reason["detail"] == "No table"
    assert "look there" in with_reason["hint"]
    assert "the evidence" not in with_reason["list"]
    assert alone["list"][0] == "the evidence"
    assert alone["hint"]


def test_a_verdict_with_risk_is_not_one_without(played: Play) -> None:
    """Also if it has conditions; a device that is blocked or unknown has no such word."""
    inventory, matrix = live_documents()["/v1/inventory"], live_documents()["/v1/devices"]
    assert isinstance(matrix, dict)
    row = next(one for one in matrix["answer"]["devices"] if not one["chipset"])
    cans = ("yes", "on-conditions", "no", "unknown", "not-applicable")
    rows = [
        {**row, "xen": {"can": can, "risk": risk}, "linux": {"can": "no", "risk": False}}
        for can in cans
        for risk in (False, True)
    ]
    given = {**matrix, "answer": {**matrix["answer"], "devices": rows}}

    (labels,) = played("labels", [[inventory, given]])

    kinds = [kind for kind, _ in labels[::2]]
    assert kinds == ["good", "care", "care", "care", "bad", "bad", *["muted"] * 4]
    words = [word for _, word in labels[::2]]
    assert words[1] == words[3] not in (words[0], words[2])
    assert words[4] == words[5]
    assert words[6] == words[7] != words[8] == words[9]


def test_the_findings_that_differ_only_in_their_subject_are_one(played: Play) -> None:
    checked: Any = live_documents()["/v1/findings"]
    common = {"id": "rule", "severity": "error", "title": "The title", "details": "", "source": ""}
    same = {**common, "xen": "on Xen", "linux": "", "advice": "do that", "subject": ""}
    findings = [
        {**same, "said": "the first"},
        {**same, "said": "the other", "xen": "elsewhere"},
        {**same, "said": "the second"},
    ]
    skipped = [{"need": "boot-log", "rules": ["a", "b"]}, {"need": "memory-map", "rules": ["b"]}]
    answer = {"findings": findings, "rules_asked": 7, "not_asked": skipped}
    given = {"checked": {**checked, "answer": answer}, "failure": None, "inventory": {}}

    (texts,) = played("shown", [["findings.js", "showFindings", given]])

    heads = [text.split()[:2] for text in texts if text.endswith(" The title")]
    assert heads == [["2", "\N{MULTIPLICATION SIGN}"], ["error", "The"]]
    assert texts.index("the second") == texts.index("the first") + 1
    assert any(text.startswith("7 checks ran. 2 could not run") for text in texts)
    assert "boot-log: a, b" in texts


def test_without_the_api_each_named_device_is_listed_once(played: Play) -> None:
    """In the order of addresses, with its regions, and how Linux treats it."""
    given: Any = document(readings("hp-dl380e-gen8"))
    answer = given["answer"]
    regions: dict[str, list[int]] = {}
    for region in answer["regions"]:
        for owner in region["owners"]:
            regions.setdefault(owner["sbdf"], []).append(region["number"])
        region["owners"] *= 2  # the table can name a device twice
    asked = {"matrix": None, "failure": None, "pending": False, "inventory": given}

    (texts,) = played("shown", [["devices.js", "showDevices", asked]])

    listed = [text.split()[0] for text in texts if text.startswith("0000:")]
    assert listed == sorted(regions)
    assert {span_words(numbers).replace(" ", ", ") for numbers in regions.values()} <= {*texts}


def test_the_list_of_devices_counts_what_it_folds_and_what_is_unknown(played: Play) -> None:
    inventory, matrix = live_documents()["/v1/inventory"], live_documents()["/v1/devices"]
    assert isinstance(matrix, dict)
    row = {
        **next(one for one in matrix["answer"]["devices"] if not one["chipset"]),
        "reported": [],
        "regions": [],
        "unknown": [],
    }
    rows = [
        {**row, "regions": [1, 2], "reported": [{}]},
        {**row, "regions": None, "unknown": ["the reason"]},
        {**row, "unknown": ["the reason"]},
        {**row, "chipset": True, "unknown": ["the reason"]},
        {**row, "chipset": True},
        {**row, "absent": True, "unknown": ["another reason"]},
    ]

    def shown(decides: list[str]) -> dict[str, object]:
        answer = {**matrix["answer"], "devices": rows, "decides": decides}
        given = {"matrix": {**matrix, "answer": answer}, "failure": None, "pending": False}
        return {**given, "inventory": inventory}

    asked = [shown(["linux"]), shown(["xen", "linux"])]
    one, both = played("shown", [["devices.js", "showDevices", each] for each in asked])

    assert "Unknown for 2 devices: the reason" in one
    assert not [text for text in one if "another reason" in text]
    assert "2 bridges and chipset functions, 1 absent device" in one
    assert "1-2, 1 reported" in one
    assert "Only Linux decides on this host." in one
    assert not [text for text in both if text.startswith("Only ")]


def test_the_picture_has_every_range_that_can_be_drawn_by_address(played: Play) -> None:
    given: Any = document(readings("lenovo-laptop"))
    answer = given["answer"]
    region = {**answer["regions"][0], "owners": [], "claims": []}

    def at(number: int, base: int, limit: int) -> dict[str, object]:
        return {**region, "number": number, "base": f"0x{base:x}", "limit": f"0x{limit:x}"}

    answer["regions"] = [at(1, 0x9000, 0x9FFF), at(2, 0x1000, 0x1FFF), at(3, 0x5000, 0x4FFF)]
    answer["regions"] += [
        at(4, 1 << 64, (1 << 64) + 0xFFF),
        at(5, 0x2000, 0x2FFF),
        at(6, 0x9000, 0x97FF),
    ]
    entry = {"base": "0x4000", "limit": "0x4fff", "region": None, "devices": 1}
    answer["xen"]["entries"] = [{**entry, "origin": "table"}, {**entry, "origin": "rmrr-option"}]
    answer["linux"]["published"] = []

    (texts,) = played("shown", [["picture.js", "showPicture", given]])

    names = [
        text.partition(",")[0] for text in texts if text.endswith(("no device", "only, 4 KiB"))
    ]
    starts = [text for text in texts if text.startswith("0x") and "-" not in text]
    assert [name for name in names if "0x" not in name] == [
        "2: 4 KiB",
        "5: 4 KiB",
        "Xen only",
        "1: 4 KiB",
        "6: 2 KiB",
    ]
    assert starts == ["0x1000", "0x2000", "0x4000", "0x9000", "0x9000", "0x9fff"]
    assert [text for text in texts if "between" in text] == ["4 KiB between", "16 KiB between"]


def test_a_guest_has_its_reasons_and_the_cases_only_if_there_are_several(played: Play) -> None:
    given: Any = resolution()
    (guest,) = given["answer"]["guests"]
    assert (guest["verdict"], guest["reasons"]) == ("starts", [])
    reason = {"decider": "libxl", "effect": "refused", "reason": "the reason", "place": "a:4"}
    cases = [
        {"verdict": verdict, "assumptions": [f"the {verdict} case"]}
        for verdict in ("starts", "refused")
    ]
    guests = [
        {**guest, "cases": cases[:1]},
        {**guest, "cases": cases, "verdict": "undecided"},
        {**guest, "verdict": "refused", "reasons": [{**reason, "shown": ""}]},
        {**guest, "reasons": [{**reason, "effect": "warning", "shown": "EPERM"}]},
    ]
    documents = [{**given, "answer": {**given["answer"], "guests": [one]}} for one in guests]

    alone, several, refused, warned = played("resolved", documents)

    assert "will start" in alone
    assert "No reserved region is in the way" in alone
    assert "case" not in alone
    assert "No reserved region is in the way" not in several
    assert "the starts case" in several
    assert "the refused case" in several
    assert "refuses it): the reason (a:4)" in refused
    assert "Message" not in refused
    assert "EPERM" in warned
    assert "No reserved region is in the way" not in warned
