"""Make the published answers from a host."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dmaragent.agent.published import Published, Stamp
from dmaragent.checks import check
from dmaragent.checks.common.model import Checked
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import LIVE
from dmaragent.collect.reader import HostReader
from dmaragent.gc_control import without_gc
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.json.check import check_document
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.json.writer import json_text
from dmaragent.question.host_class import running_class


def scan(host: HostReader, before: Published | None, now: float) -> Published:
    """Read `host` at the time `now` and return what is published after `before`."""
    with without_gc():
        return _scan(host, before, now)


def _scan(host: HostReader, before: Published | None, now: float) -> Published:
    inventory = take_inventory(join(collect(host)))
    document = inventory_document(inventory, LIVE, "")
    answer = json.dumps(document["answer"], sort_keys=True).encode("ascii")
    digest = hashlib.sha256(answer).hexdigest()
    checked = check(inventory)
    generation = 1
    if before is not None:
        same = digest == before.digest and _same(before, inventory, checked)
        generation = before.generation + (not same)
    stamp = Stamp(generation, digest)
    stamp.put_in(document)
    return Published(
        inventory=inventory,
        checked=checked,
        findings=findings_document(inventory, checked, stamp),
        document=_bytes(document) + b"\n",
        xen_class=running_class(inventory.host),
        generation=generation,
        digest=digest,
        started=now if before is None else before.started,
        scanned=now,
        scans=1 if before is None else before.scans + 1,
    )


def _same(before: Published, inventory: Inventory, checked: Checked) -> bool:
    """Return whether all answers are those from before, also about devices without a region.

    The boot log grows; only the findings in it count.
    """
    old, new = (each.host._replace(iommu_log=None) for each in (before.inventory, inventory))
    return old == new and before.checked.findings == checked.findings


def findings_document(inventory: Inventory, checked: Checked, stamp: Stamp) -> bytes | None:
    """Return the document of ``dmaragent check``; None if there is no table to check."""
    if inventory.absence is not None:
        return None
    document = check_document(checked, LIVE, "")
    stamp.put_in(document)
    return _bytes(document) + b"\n"


def _bytes(document: Any) -> bytes:
    return json_text(document).encode("ascii")
