"""Make the published answers from a host."""

import hashlib
import json
from typing import Any

from dmaragent.agent.published import Published
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
    generation = 1 if before is None else before.generation + (digest != before.digest)
    document["origin"].update({"generation": generation, "digest": digest})
    checked = check(inventory)
    return Published(
        inventory=inventory,
        checked=checked,
        findings=findings_document(inventory, checked),
        document=_bytes(document) + b"\n",
        xen_class=running_class(inventory.host),
        generation=generation,
        digest=digest,
        scanned=now,
        scans=1 if before is None else before.scans + 1,
    )


def findings_document(inventory: Inventory, checked: Checked) -> bytes | None:
    """Return the document of ``dmaragent check``; None if there is no table to check."""
    if inventory.absence is not None:
        return None
    return _bytes(check_document(checked, LIVE, "")) + b"\n"


def _bytes(document: Any) -> bytes:
    return json_text(document).encode("ascii")
