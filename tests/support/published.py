"""What the agent publishes of a host."""

import hashlib
import json

from dmaragent.agent.model import Published
from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.collect.opening import open_host
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.documents import inventory_document

GENERATION = 3
SCANNED = 1700000000.25


def publish(inventory: Inventory) -> Published:
    """Publish an inventory as the service does."""
    told = inventory_document(inventory, "live", "")
    digest = hashlib.sha256(json.dumps(told["answer"]).encode()).hexdigest()
    told["origin"] |= {"generation": GENERATION, "digest": digest}
    return Published(
        inventory=inventory,
        checked=check(inventory),
        document=json.dumps(told).encode(),
        generation=GENERATION,
        digest=digest,
        scanned=SCANNED,
        scans=5,
    )


def publish_host(path: str) -> Published:
    """Publish the inventory of a host that was recorded."""
    return publish(take_inventory(join(collect(open_host(path).reader))))
