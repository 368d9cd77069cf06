"""Folders of made-up bundles, for tests and benchmarks of fleets."""

import gzip
import io
import tarfile
from pathlib import Path

from dmaragent.collect.recorded.recording import record
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
