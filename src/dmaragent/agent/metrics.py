"""The agent's metrics in Prometheus' text format, version 0.0.4.

Pure. Format and naming conventions: prometheus.io/docs, "Exposition formats" and "Metric and label
naming"; a test runs ``promtool check metrics``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dmaragent import __version__
from dmaragent.agent.published import Published
from dmaragent.checks.common.model import Checked, Severity
from dmaragent.inventory import Inventory
from dmaragent.iommu.model import TableHeader
from dmaragent.linux.regions import Hold
from dmaragent.linux.view import LinuxState
from dmaragent.question.host_class import table_digest
from dmaragent.readings import Missing

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value, with the labels that distinguish it within its metric."""

    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric; a name that ends in ``_total`` is a counter, any other a gauge."""

    name: str
    help: str
    samples: tuple[Sample, ...]

    @property
    def type(self) -> str:
        """Its type, in Prometheus' term."""
        return "counter" if self.name.endswith("_total") else "gauge"


def metrics_text(
    published: Published | None, *, memory: int | None = None, failed: bool = False
) -> str:
    """Return all metrics as text.

    `published` is None before the first scan. `memory` is the resident memory of the agent's
    process in bytes; None in files, because node_exporter, which serves them, has a metric of that
    name about itself. `failed` is whether the last scan of the host failed.
    """
    return "".join(_lines(metric) for metric in _metrics(published, memory, failed=failed))


def _lines(metric: Metric) -> str:
    head = f"# HELP {metric.name} {_escape(metric.help)}\n# TYPE {metric.name} {metric.type}\n"
    return head + "".join(
        f"{metric.name}{_labels(sample)} {sample.value}\n" for sample in metric.samples
    )


def _labels(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_label(value)}"' for name, value in sample.labels)
    return f"{{{labels}}}" if labels else ""


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _label(value: str) -> str:
    return _escape(value).replace('"', '\\"')


def _metrics(published: Published | None, memory: int | None, *, failed: bool) -> Iterator[Metric]:
    yield _info("dmaragent_build_info", "The agent's version, as a label.", version=__version__)
    if memory is not None:
        yield _single(
            "process_resident_memory_bytes", "Resident memory of the agent, in bytes.", memory
        )
    yield _single(
        "dmaragent_scan_failed",
        "Whether the last attempt to read the host failed (1) or not (0).",
        int(failed),
    )
    yield _single(
        "dmaragent_scans_total",
        "Number of scans of the host since the agent's start.",
        0 if published is None else published.scans,
    )
    if published is not None:
        yield from _of_scan(published)
        yield from _of_host(published)
        yield from _of_table(published.inventory)
        if published.inventory.absence is None:
            yield _findings(published.checked)


def _of_scan(published: Published) -> Iterator[Metric]:
    yield _single(
        "dmaragent_generation",
        "Generation of the published inventory; it increases with every change.",
        published.generation,
    )
    yield _single(
        "dmaragent_last_scan_timestamp_seconds",
        "Time of the last scan, in seconds since 1970.",
        published.scanned,
    )


def _of_host(published: Published) -> Iterator[Metric]:
    inventory = published.inventory
    machine = inventory.host.machine
    yield _info(
        "dmaragent_machine_info",
        "The machine, its firmware, a digest of its table, and the class that `dmaragent fleet` puts "
        "the host in for Xen guests, as labels. An unknown value is empty.",
        vendor=machine.vendor or "",
        model=machine.model or "",
        firmware=machine.firmware or "",
        table_digest=table_digest(inventory),
        **{"class": published.xen_class},
    )
    if inventory.host.xen is not None:
        yield _info(
            "dmaragent_hypervisor_info",
            "The release of the running Xen and the source of its list of reserved regions, as "
            "labels. An unknown release is empty.",
            xen=inventory.host.xen.version,
            list_source=inventory.xen.list.source.value,
        )


def _of_table(inventory: Inventory) -> Iterator[Metric]:
    header = None if isinstance(inventory.iommu, Missing) else inventory.iommu.header
    yield _single(
        "dmaragent_table_present",
        "Whether a DMAR or IVRS table was read and decoded (1) or not (0).",
        int(header is not None),
    )
    yield _single(
        "dmaragent_inventory_complete",
        "Whether the table has no fault and no region can be missing (1), or not (0).",
        int(inventory.complete),
    )
    if header is not None:
        yield _table_info(header)
        if inventory.region_count is not None:  # else it has no number, not even the least
            yield from _of_regions(inventory)


def _of_regions(inventory: Inventory) -> Iterator[Metric]:
    yield _single(
        "dmaragent_regions",
        "Reserved regions (RMRR or IVMD) in the table.",
        len(inventory.all_regions),
    )
    yield _single(
        "dmaragent_region_bytes",
        "Total size of the reserved regions, in bytes.",
        sum(region.size for region in inventory.all_regions),
    )
    if isinstance(inventory.host.topology.functions, Missing):
        return  # how many are present is unknown
    locked, relaxable, shared = _devices(inventory)
    if inventory.linux.state is not LinuxState.UNDER_XEN:
        yield Metric(
            name="dmaragent_devices",
            help="PCI functions with regions, by how Linux enforces the strictest: locked (VFIO cannot "
            "pass the function through) or relaxable. Each function is counted once.",
            samples=(
                Sample(value=locked, labels=(("state", Hold.DIRECT.word),)),
                Sample(value=relaxable, labels=(("state", Hold.RELAXABLE.word),)),
            ),
        )
    yield _single(
        "dmaragent_shared_devices",
        "PCI functions of which Xen treats a region as shared.",
        shared,
    )


def _table_info(header: TableHeader) -> Metric:
    return _info(
        "dmaragent_table_info",
        "The table's signature, as a label.",
        signature=header.signature.decode("latin-1"),
    )


def _devices(inventory: Inventory) -> tuple[int, int, int]:
    """Return how many devices with regions are locked, relaxable and not locked, and shared."""
    held = [device for region in inventory.all_regions for device in region.linux]
    locked = {device.sbdf for device in held if device.hold is Hold.DIRECT}
    relaxable = {device.sbdf for device in held if device.hold is Hold.RELAXABLE} - locked
    shared = {
        owner.sbdf
        for region in inventory.all_regions
        if region.xen.shared
        for owner in region.owners
        if owner.function is not None
    }
    return len(locked), len(relaxable), len(shared)


def _findings(checked: Checked) -> Metric:
    return Metric(
        name="dmaragent_findings",
        help="Findings about the table, by severity.",
        samples=tuple(
            Sample(value=checked.count(severity), labels=(("severity", severity.value),))
            for severity in Severity
        ),
    )


def _single(name: str, words: str, value: float) -> Metric:
    return Metric(name=name, help=words, samples=(Sample(value=value),))


def _info(name: str, words: str, **labels: str) -> Metric:
    return Metric(name=name, help=words, samples=(Sample(value=1, labels=tuple(labels.items())),))
