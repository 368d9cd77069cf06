"""No answer of the local API holds what a bundle would redact."""

import json

import pytest

from dmaragent.agent.http_messages import JSON, ApiRequest
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from support.hosts import Function, fake_host
from support.published import answered, publish
from support.tables import EVERY_STRUCTURE

SECRETS = ("hunter2", "secret-host", "4c4c4544-0051-3510-8052-b4c04f4a4e31", "00:1b:21:3a:4f:5e")


@pytest.fixture
def published() -> Published:
    """Publish a host that has the secrets wherever a host has such."""
    password, name, uuid, mac = SECRETS
    line = f"root=UUID={uuid} luks.key={password} intel_iommu=on ip=::{name}"
    host = fake_host([Function(sbdf="0000:00:1d.0")], {"DMAR": EVERY_STRUCTURE})
    host.files["/proc/cmdline"] = f"{line}\n".encode()
    host.files["/proc/sys/kernel/hostname"] = f"{name}\n".encode()
    log = f"Linux version 6.1 ({name})\nCommand line: {line}\nDMAR: IOMMU enabled\nigb {mac}\n"
    host.calls["boot-log"] = log.encode()
    host.calls["xl-info"] = (
        f"host : {name}\nrelease : 6.1.0\nxen_major : 4\nxen_minor : 17\n"
        f"xen_commandline : {line} iommu=verbose\n"
    ).encode()
    return publish(take_inventory(join(collect(host))))


_MESSAGE = json.dumps(
    {
        "message": "vfio-pci 0000:00:1d.0: Firmware has requested this device have"
        " a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform"
        " vendor."
    }
).encode()


def test_no_answer_tells_a_secret_of_the_host(published: Published) -> None:
    guest = json.dumps({"guest": 'type = "hvm"\nmemory = 512\npci = [ "00:1d.0" ]\n'}).encode()
    requests = [
        *(
            ApiRequest(method="GET", target=target)
            for target in (
                "/v1/inventory",
                "/v1/devices/00:1d.0",
                "/v1/findings",
                "/v1/health",
                "/metrics",
                "/v1/devices",
                "/v1/report",
            )
        ),
        ApiRequest(method="POST", target="/v1/resolve", content_type=JSON, body=guest),
        ApiRequest(method="POST", target="/v1/explain-message", content_type=JSON, body=_MESSAGE),
    ]

    answers = [answered(one, published, PublishedFacts(memory=1)) for one in requests]

    assert [one.status for one in answers] == [200] * 9
    assert b"intel_iommu=on" in answers[0].body  # it was read, and what may be told is
    told = b"".join(one.body for one in answers).decode("utf-8").lower()
    assert [secret for secret in SECRETS if secret in told] == []
