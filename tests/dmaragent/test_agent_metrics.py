"""The agent's metrics: what they count, how they are written; promtool agrees."""

import errno
import re
import subprocess
from dataclasses import replace

import psutil
import pytest

from dmaragent import __version__
from dmaragent.agent.http_messages import ApiRequest
from dmaragent.agent.metrics import Metric, Sample, _lines, metrics_text
from dmaragent.agent.publish import memory
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.fleet.documents import Document
from dmaragent.fleet.records import HostRecord, read_record
from dmaragent.host import join
from dmaragent.host.topology import Presence
from dmaragent.inventory import take_inventory
from dmaragent.linux.regions import Hold
from dmaragent.linux.view import LinuxState
from dmaragent.question.context import Question, context_of
from dmaragent.question.host_class import running_class, xen_class
from dmaragent.readings import Missing, MissingKind
from support.checked import UNIT, USB, host_of, taken
from support.machines import MACHINES
from support.published import answered, publish
from support.served import published_machine
from support.tables import rmrr, table
from support.wording import Worded

MACHINE_NAMES = sorted(path.name for path in MACHINES.iterdir() if path.is_dir())


def values(published: Published | None, *, failed: bool = False) -> dict[str, float]:
    """Read the metrics back, as a scraper does."""
    text = metrics_text(published, memory=1 << 25, failed=failed)
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def info(published: Published, name: str) -> dict[str, str]:
    """Return the labels of the metric `name`, which has one sample."""
    text = metrics_text(published)
    (labels,) = re.findall(rf"^{name}\{{(.*)\}} 1$", text, re.MULTILINE)
    return dict(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', labels))


def test_a_machine_of_two_regions_is_counted() -> None:
    found = values(published_machine("lenovo-laptop"))

    expected = {
        f'dmaragent_build_info{{version="{__version__}"}}': 1,
        "process_resident_memory_bytes": 1 << 25,
        "dmaragent_scan_failed": 0,
        "dmaragent_scans_total": 5,
        "dmaragent_generation": 3,
        "dmaragent_last_scan_timestamp_seconds": 1700000000.25,
        "dmaragent_table_present": 1,
        "dmaragent_inventory_complete": 1,
        'dmaragent_table_info{signature="DMAR"}': 1,
        "dmaragent_regions": 2,
    }
    assert {name: found[name] for name in expected} == expected


def test_a_device_with_a_locked_and_a_relaxable_region_is_counted_as_locked() -> None:
    published = published_machine("lenovo-laptop")
    (one, other, *_) = published.inventory.all_regions
    device = one.linux[0]
    both = (
        one._replace(linux=(device._replace(hold=Hold.DIRECT),)),
        other._replace(linux=(device._replace(hold=Hold.RELAXABLE),)),
    )
    inventory = published.inventory._replace(regions=both, all_regions=both)

    found = values(replace(published, inventory=inventory))

    assert found['dmaragent_devices{state="locked"}'] == 1
    assert found['dmaragent_devices{state="relaxable"}'] == 0


def test_the_states_of_devices_are_those_of_the_inventory() -> None:
    published = published_machine("hp-dl380e-gen8")
    found = values(published)
    held = [one for region in published.inventory.regions for one in region.linux]
    locked = {one.sbdf for one in held if one.hold.value == "direct"}

    every = {one.sbdf for one in held}

    assert found['dmaragent_devices{state="locked"}'] == len(locked) > 0
    assert found['dmaragent_devices{state="relaxable"}'] == len(every - locked) > 0
    shared = {
        owner.sbdf
        for region in published.inventory.regions
        if region.xen.shared
        for owner in region.owners
        if owner.presence is Presence.PRESENT
    }
    assert found["dmaragent_shared_devices"] == len(shared) > 0
    assert found["dmaragent_regions"] == len(published.inventory.regions)
    assert found["dmaragent_region_bytes"] == sum(one.size for one in published.inventory.regions)


def test_a_table_that_may_hide_a_region_has_no_number_of_regions() -> None:
    sound = table(UNIT, rmrr(0x7B800000, 0x7B80FFFF, USB), rmrr(0x7C000000, 0x7C00FFFF, USB))
    whole, cut = (values(publish(taken(host_of(data)))) for data in (sound, sound[:-8]))

    assert (whole["dmaragent_regions"], whole["dmaragent_inventory_complete"]) == (2, 1)
    assert (cut["dmaragent_table_present"], cut["dmaragent_inventory_complete"]) == (1, 0)
    assert not [name for name in cut if name.startswith(("dmaragent_region", "dmaragent_dev"))]


def test_every_severity_is_told_even_where_there_is_none() -> None:
    published = published_machine("synthetic-overlap")
    found = values(published)

    for severity in ("critical", "error", "warning", "info"):
        expected = sum(one.severity.value == severity for one in published.checked.findings)
        assert found[f'dmaragent_findings{{severity="{severity}"}}'] == expected


def test_the_signature_under_xen_is_xen_s() -> None:
    assert 'dmaragent_table_info{signature="RMAD"}' in values(published_machine("xen-pv-dom0"))


def test_a_host_without_a_table_has_no_number_of_regions() -> None:
    found = values(published_machine("synthetic-pvh-dom0"))

    assert found["dmaragent_table_present"] == 0
    assert not [name for name in found if "region" in name or "finding" in name]


def test_a_host_with_unknown_functions_has_no_number_of_devices() -> None:
    readings = collect(open_host(str(MACHINES / "hp-dl380e-gen8")).reader)
    unread = Missing(MissingKind.FAILED, "Input/output error")
    found = values(publish(take_inventory(join(readings._replace(pci=unread)))))

    assert found["dmaragent_regions"] == 9
    assert not [name for name in found if "devices" in name]


def test_under_xen_linux_locks_no_device() -> None:
    """VFIO does not run there, and the page for Cockpit shows "not applicable"."""
    published = published_machine("xen-pv-dom0")
    found = values(published)

    assert published.inventory.linux.state is LinuxState.UNDER_XEN
    assert any(region.linux for region in published.inventory.regions)
    assert not [name for name in found if name.startswith("dmaragent_devices")]
    assert "dmaragent_shared_devices" in found


def test_before_the_first_scan_there_is_the_agent_itself() -> None:
    found = values(None, failed=True)

    assert found["dmaragent_scans_total"] == 0
    assert found["dmaragent_scan_failed"] == 1
    assert "dmaragent_generation" not in found


def test_a_label_cannot_break_out_of_its_quotes(worded: Worded) -> None:
    sample = Sample(value=1, labels=(("a", 'x"} 1\n\\'),))
    metric = Metric(name="m", help="of \\ and\nlines", samples=(sample,))

    worded(_lines(metric))


@pytest.mark.parametrize("name", MACHINE_NAMES)
def test_the_class_is_that_of_the_fleet(name: str) -> None:
    """Equal digests for each machine that runs a known release of Xen, else no class."""
    path = str(MACHINES / name)
    record = read_record(Document(name, path), Question())
    assert isinstance(record, HostRecord)
    labels = info(published_machine(name), "dmaragent_machine_info")

    assert labels["class"] == (record.xen_class if record.xen else "")
    assert labels["table_digest"] == (record.table.split()[1] if record.table else "")
    assert (labels["vendor"], labels["model"]) == (record.vendor or "", record.model or "")
    assert labels["firmware"] == (record.firmware or "")


def test_the_class_is_that_of_a_document_with_libxlutil_s_answers() -> None:
    """A bundle has them, and the agent does not run libxlutil: they are no part of the class."""
    host = published_machine("xen-pv-dom0").inventory.host
    with_library = context_of(host, Question(), b'["library", "4.17.7"]\n')

    assert with_library.stack.library_answers is not None
    assert running_class(host) == xen_class(with_library) != ""


def test_only_a_host_that_runs_xen_has_a_hypervisor() -> None:
    labels = info(published_machine("xen-pv-dom0"), "dmaragent_hypervisor_info")

    assert labels == {"xen": "4.17.7", "list_source": "hypervisor"}
    without = values(published_machine("lenovo-laptop"))
    assert not [name for name in without if "hypervisor" in name]


def test_an_unknown_release_of_xen_is_empty_and_has_no_class() -> None:
    published = published_machine("xen-pv-dom0")
    xen = published.inventory.host.xen
    assert xen is not None
    host = published.inventory.host._replace(xen=xen._replace(release=None))
    inventory = published.inventory._replace(host=host)
    changed = replace(published, inventory=inventory, xen_class=running_class(host))

    assert info(changed, "dmaragent_hypervisor_info")["xen"] == ""
    assert info(changed, "dmaragent_machine_info")["class"] == ""


def test_memory_that_cannot_be_read_ends_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor is free for /proc/self/statm: the metric is missing, and the rest is answered."""

    def fail() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(psutil, "Process", fail)
    facts = PublishedFacts(memory=memory())
    laptop = published_machine("lenovo-laptop")

    health, metrics = (
        answered(ApiRequest(method="GET", target=path), laptop, facts)
        for path in ("/v1/health", "/metrics")
    )
    assert (health.status, metrics.status) == (200, 200)
    assert b"process_resident_memory_bytes" not in metrics.body
    assert b"dmaragent_regions 2" in metrics.body


def test_the_files_have_no_metric_that_node_exporter_has_about_itself() -> None:
    """node_exporter cannot gather its textfiles with a second metric of this name."""
    names = metrics_text(published_machine("lenovo-laptop")).split()

    assert not [name for name in names if name.startswith("process_")]


@pytest.mark.parametrize("name", MACHINE_NAMES)
def test_every_metric_has_help_and_type_once_and_in_one_place(name: str) -> None:
    text = metrics_text(published_machine(name), memory=1)
    helps = re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE)
    types = re.findall(r"^# TYPE (\S+) (?:gauge|counter)$", text, re.MULTILINE)
    samples = re.findall(r"^([a-z_]+)(?:\{[^}]*\})? \S+$", text, re.MULTILINE)

    assert helps == types == list(dict.fromkeys(samples))
    assert len(set(helps)) == len(helps)
    assert len(samples) + 2 * len(helps) == len(text.splitlines())


@pytest.mark.parametrize("name", ["lenovo-laptop", "synthetic-pvh-dom0", ""])
def test_promtool_finds_nothing_to_complain_of(promtool: None, name: str) -> None:
    text = metrics_text(published_machine(name) if name else None, memory=1 << 25)

    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_would_complain(promtool: None) -> None:
    text = metrics_text(replace(published_machine("lenovo-laptop"), scans=5), memory=1)

    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text.replace("process_resident_memory_bytes", "dmaragentMemory_kilobytes"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
