"""Folders of made-up bundles, and made-up records without documents, for tests of fleets."""

import gzip
import io
import os
import signal
import tarfile
from pathlib import Path
from typing import NamedTuple

from dmaragent.collect.recorded.recording import record
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.guests import ClassVerdict, GuestOnFleet
from dmaragent.fleet.records import HostRecord
from dmaragent.policy.decisions import Verdict
from support.large import large_host


def write_fleet(folder: Path, hosts: int, *, classes: int, functions: int) -> None:
    """Write bundles of `hosts` hosts in `classes` classes, of 8 regions and more.

    Bundles of one class have the same readings, and differ in their bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(classes):
        files = record(large_host(functions, 8 + number))[1]
        for host in range(number, hosts, classes):
            (folder / f"xen{host:05}.tar.gz").write_bytes(_bundle(files, host))


def _bundle(files: dict[str, bytes], time: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"dmaragent/{name}")
            member.size, member.mtime = len(content), time
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(out.getvalue(), 1, mtime=0)


def made_up_record(name: str, number: int = 0, **facts: object) -> HostRecord:
    """Return the record of a host in the class `number`."""
    values: dict[str, object] = {
        "name": name,
        "path": f"pool/{name}.tar.xz",
        "where": f"pool/{name}.tar.xz",
        "vendor": "Example",
        "model": f"Server {number % 40}",
        "firmware": f"2.{number % 7}",
        "xen": f"4.{14 + number % 7}.4",
        "xen_release": str(facts.get("xen", f"4.{14 + number % 7}.4") or ""),
        "without_xen": False,
        "runs_xen": True,
        "functions_known": True,
        "linux": f"6.1.0-{number % 40}-amd64",
        "list_source": "hypervisor",
        "table": f"DMAR {number:012x}",
        "no_table": "",
        "regions": number % 12,
        "shape": "",
        "places": "",
        "xen_class": f"{number:064x}",
        "library": "",
        "linux_class": f"{number:064x}",
        "linux_facts": f"{number:064x}",
        "findings": (0, 0),
        "errors": (),
        "incomplete": "",
        "made": None,
    }
    return HostRecord(**{**values, **facts})  # type: ignore[arg-type]


def made_up_fleet(hosts: int, classes: int, pattern: str = "xen{:05}") -> list[HostRecord]:
    """Return the records of `hosts` hosts in `classes` classes."""
    return [made_up_record(pattern.format(host), host % classes) for host in range(hosts)]


def made_up_guests(records: list[HostRecord], number: int) -> list[GuestOnFleet]:
    """Return guests that start on every third class, with a reason and a fix for each class."""
    refused = "libxl refuses it: guest RAM overlaps region 0x{:x}-0x{:x} of its strict device"
    verdicts = tuple(
        (
            of,
            ClassVerdict(
                verdict=(Verdict.STARTS, Verdict.REFUSED, Verdict.UNDECIDED)[at % 3],
                reasons=(refused.format(at << 12, (at << 12) + 0xFFF),) if at % 3 else (),
                risk=False,
                remedies=(f"Set rdm_mem_boundary to {at} MiB",) if at % 3 == 1 else None,
            ),
        )
        for at, of in enumerate(xen_classes(records))
    )
    return [
        GuestOnFleet(name=f"guest{guest}", source=f"guest{guest}.cfg", kvm=False, verdicts=verdicts)
        for guest in range(number)
    ]


class KillingTask(NamedTuple):
    """A task that kills its process, unless the file is there; it is made first."""

    path: str


def kill_at_first(task: KillingTask) -> str:
    """End the process of a task, the first time or always; else return its path."""
    if task.path.endswith("always"):
        os.kill(os.getpid(), signal.SIGKILL)
    if not Path(task.path).exists():
        Path(task.path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task.path
