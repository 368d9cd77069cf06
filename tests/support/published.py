"""What the agent publishes of a host."""

import hashlib
import json

from dmaragent.agent.http_messages import ApiRequest, ApiResponse
from dmaragent.agent.limits import Limits
from dmaragent.agent.published import Published, Stamp
from dmaragent.agent.routes import PublishedFacts, Wait, respond
from dmaragent.agent.scan import findings_document
from dmaragent.agent.tasks import answer_task
from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.json.inventory import inventory_document
from dmaragent.question.host_class import running_class

GENERATION = 3
SCANNED = 1700000000.25


def publish(inventory: Inventory) -> Published:
    """Publish an inventory as the service does."""
    told = inventory_document(inventory, "live", "")
    digest = hashlib.sha256(json.dumps(told["answer"]).encode()).hexdigest()
    stamp = Stamp(GENERATION, digest)
    stamp.put_in(told)
    checked = check(inventory)
    return Published(
        inventory=inventory,
        checked=checked,
        findings=findings_document(inventory, checked, stamp),
        document=json.dumps(told).encode(),
        xen_class=running_class(inventory.host),
        generation=GENERATION,
        digest=digest,
        started=SCANNED - 60,
        scanned=SCANNED,
        scans=5,
    )


def answered(
    request: ApiRequest, published: Published | None, facts: PublishedFacts
) -> ApiResponse:
    """Answer as the service and its worker do, in this process."""
    response = respond(request, published, facts)
    assert response is not None, "the request has no body"
    if isinstance(response, ApiResponse):
        return response
    if isinstance(response, Wait):
        return response.unchanged
    work, host = response, response.published.inventory.host
    answer = answer_task(work.task, work.body, host, work.published.stamp, Limits().answer)
    return work.tagged(answer)


def publish_host(path: str) -> Published:
    """Publish the inventory of a host that was recorded."""
    return publish(take_inventory(join(collect(open_host(path).reader))))
