"""docs/openapi.json says what the local API does: every answer in it is produced, no other is."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dmaragent.agent import guest_request
from dmaragent.agent.http_messages import JSON, PROBLEM, ApiRequest, ApiResponse
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts
from dmaragent.agent.routes import respond as respond_to_head
from dmaragent.policy.settings import Toolstack
from support.published import answered as respond
from support.served import exchange, published_machine, serving
from support.wording import Worded

DOCS = Path(__file__).parents[2] / "docs"
OPENAPI: dict[str, Any] = json.loads((DOCS / "openapi.json").read_text("utf-8"))
FACTS = PublishedFacts(memory=1 << 20)
GUEST = json.dumps({"guest": 'name = "a"\ntype = "hvm"\nmemory = 4096\npci = [ "00:14.0" ]\n'})
MESSAGE = json.dumps(
    {
        "message": "vfio-pci 0000:00:14.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor."
    }
)
METHODS = ("get", "head", "post", "put", "patch", "delete", "trace", "options")
BY_THE_SERVER = {("post", path, "413") for path in ("/v1/resolve", "/v1/explain-message")}
"""What is refused before a route is asked."""


@pytest.fixture(scope="module")
def laptop() -> Published:
    return published_machine("lenovo-laptop")


@pytest.fixture(scope="module")
def tableless() -> Published:
    return published_machine("synthetic-pvh-dom0")


def ask(method: str, target: str, body: str = "", **headers: str) -> ApiRequest:
    given = {"content_type": JSON} if method == "POST" else {}
    return ApiRequest(method=method, target=target, body=body.encode(), **(given | headers))


def _reads(
    method: str, laptop: Published, tableless: Published
) -> list[tuple[str, str, ApiResponse]]:
    """Ask all that GET or HEAD is answered; each with its path in the document."""
    tag = f'"other", W/"{laptop.digest}"'
    generation = f'W/"{laptop.tag}"'
    waiting = ask(method, "/v1/health", if_none_match=generation, prefer="wait=9")
    asked: list[tuple[str, ApiRequest, Published | None]] = [
        ("/v1/inventory", ask(method, "/v1/inventory"), laptop),
        ("/v1/inventory", ask(method, "/v1/inventory", if_none_match=tag), laptop),
        ("/v1/devices", ask(method, "/v1/devices"), laptop),
        ("/v1/devices", ask(method, "/v1/devices", if_none_match=generation), laptop),
        ("/v1/devices", ask(method, "/v1/devices"), tableless),
        ("/v1/report", ask(method, "/v1/report"), laptop),
        ("/v1/report", ask(method, "/v1/report", if_none_match=generation), laptop),
        ("/v1/devices/{sbdf}", ask(method, "/v1/devices/00:14.0"), laptop),
        ("/v1/devices/{sbdf}", ask(method, "/v1/devices/0000%3A00%3A14.0"), laptop),
        ("/v1/devices/{sbdf}", ask(method, "/v1/devices/00:14"), laptop),
        ("/v1/devices/{sbdf}", ask(method, "/v1/devices/00:3f.0"), laptop),
        ("/v1/devices/{sbdf}", ask(method, "/v1/devices/7f:1e.7"), laptop),
        ("/v1/findings", ask(method, "/v1/findings"), laptop),
        ("/v1/findings", ask(method, "/v1/findings"), tableless),
        ("/v1/health", ask(method, "/v1/health"), tableless),
        ("/v1/health", ask(method, "/v1/health", prefer="wait=9"), laptop),
        ("/v1/health", ask(method, "/v1/health", if_none_match=generation), laptop),
        ("/v1/health", waiting, laptop),
        ("/metrics", ask(method, "/metrics"), laptop),
        ("/metrics", ask(method, "/metrics"), None),
    ]
    found = [(path, method, respond(one, published, FACTS)) for path, one, published in asked]
    for path in OPENAPI["paths"]:
        if "post" in OPENAPI["paths"][path]:
            continue
        target = path.replace("{sbdf}", "00:14.0")
        found.append((path, method, respond(ask(method, f"{target}?x=1"), laptop, FACTS)))
        found.append((path, method, respond(ask(method, target), None, FACTS)))
        failed = PublishedFacts(memory=1, failure="the table is gone")
        found.append((path, method, respond(ask(method, target), laptop, failed)))
    return found


@pytest.fixture(scope="module")
def answered(laptop: Published, tableless: Published) -> list[tuple[str, str, ApiResponse]]:
    """Give each kind of answer with the path and method that it is of."""
    found = [*_reads("GET", laptop, tableless), *_reads("HEAD", laptop, tableless)]
    posted = (
        ask("POST", "/v1/resolve", GUEST),
        ask("POST", "/v1/resolve", GUEST[:-1] + ', "xen": "4.17", "toolstack": "libvirt"}'),
        ask("POST", "/v1/resolve", GUEST, content_type='application/json; charset="UTF-8"'),
        ask("POST", "/v1/resolve", "{"),
        ask("POST", "/v1/resolve", GUEST, content_type="text/plain"),
        ask("POST", "/v1/resolve", GUEST, content_type="application/json; charset=latin-1"),
        ask("POST", "/v1/resolve?xen=4.17", GUEST),
        ask("POST", "/v1/resolve", '{"guest": "type ="}'),
    )
    found += [("/v1/resolve", "POST", respond(one, laptop, FACTS)) for one in posted]
    explain = "/v1/explain-message"
    explained = (
        ask("POST", explain, MESSAGE),
        ask("POST", explain, '{"message": "nothing known"}'),
        ask("POST", explain, "["),
        ask("POST", explain, "{}"),
        ask("POST", explain, GUEST),
        ask("POST", explain, MESSAGE, content_type="text/plain"),
        ask("POST", f"{explain}?x", MESSAGE),
    )
    found += [(explain, "POST", respond(one, laptop, FACTS)) for one in explained]
    found.append((explain, "POST", respond(ask("POST", explain, MESSAGE), None, FACTS)))
    found.append(("/v1/resolve", "POST", respond(ask("POST", "/v1/resolve", GUEST), None, FACTS)))
    for path in OPENAPI["paths"]:
        target = path.replace("{sbdf}", "00:14.0")
        found.append((path, "OPTIONS", respond(ask("OPTIONS", target), None, FACTS)))
    return found


def test_all_that_the_document_names_is_answered_so(
    answered: list[tuple[str, str, ApiResponse]],
) -> None:
    produced = {(method.lower(), path, str(one.status)) for path, method, one in answered}
    documented = {
        (method, path, status)
        for path, item in OPENAPI["paths"].items()
        for method in METHODS
        for status in item.get(method, {}).get("responses", ())
    }

    assert produced | BY_THE_SERVER == documented


def test_every_answer_is_as_the_document_has_it(
    answered: list[tuple[str, str, ApiResponse]],
) -> None:
    for path, method, response in answered:
        told = OPENAPI["paths"][path][method.lower()]["responses"][str(response.status)]
        named = {name for name, _ in response.headers}
        required = {name for name, one in told.get("headers", {}).items() if one.get("required")}
        assert required <= named <= set(told.get("headers", {}))
        kinds = told.get("content", {})
        assert bool(response.body) is bool(response.content_type)
        if method == "HEAD":
            assert not kinds
        elif response.content_type:
            schema = kinds[response.content_type.partition(";")[0]]["schema"]
            _check(schema, response)
        else:
            assert not kinds


def _check(schema: dict[str, Any], response: ApiResponse) -> None:
    if schema.get("type") == "string":
        assert response.body.decode("utf-8")
        return
    known = json.loads((DOCS / schema["$ref"]).read_text("utf-8"))
    Draft202012Validator.check_schema(known)
    Draft202012Validator(known).validate(json.loads(response.body))


@pytest.mark.parametrize("method", [*(one.upper() for one in METHODS), "BREW", "get"])
@pytest.mark.parametrize(
    "path", [*OPENAPI["paths"], "/", "/v1", "/v1/", "/v1/device", "/v2/inventory", "//metrics"]
)
def test_what_the_document_does_not_name_is_refused(
    laptop: Published, path: str, method: str
) -> None:
    target = path.replace("{sbdf}", "00:14.0")
    operations = OPENAPI["paths"].get(path, {})
    body = MESSAGE if path == "/v1/explain-message" else GUEST
    response = respond(ask(method, target, body if method == "POST" else ""), laptop, FACTS)

    if method in (one.upper() for one in operations):
        assert response.status < 400
        return
    assert response.status == (405 if operations else 404)
    if operations:
        allowed = dict(response.headers)["Allow"].split(", ")
        assert {one.lower() for one in allowed} == operations.keys() & set(METHODS)
    assert json.loads(response.body)["status"] == response.status
    assert response.content_type == PROBLEM


def test_the_whole_server_has_options(laptop: Published) -> None:
    response = respond(ask("OPTIONS", "*"), laptop, FACTS)

    assert (response.status, response.headers) == (204, (("Allow", "GET, HEAD, POST, OPTIONS"),))


def test_a_target_may_name_the_host_too(laptop: Published) -> None:
    assert respond(ask("GET", "http://localhost/v1/health"), laptop, FACTS).status == 200
    for inside in ("/v1/healthhttp://x", "/v1http://x/health", "/v1/health/http://x"):
        assert respond(ask("GET", inside), laptop, FACTS).status == 404, inside


def test_the_document_s_words_are_the_program_s() -> None:
    body = OPENAPI["components"]["schemas"]["guest_request"]
    refs = set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(OPENAPI)))

    assert tuple(body["properties"]) == guest_request._FIELDS
    assert body["properties"]["toolstack"]["enum"] == [one.value for one in Toolstack]
    assert all(
        one.removeprefix("#/components/schemas/") in OPENAPI["components"]["schemas"]
        or (DOCS / one).is_file()
        for one in refs
    )


@pytest.mark.parametrize(
    "charset", ["", "; charset=utf-8", '; charset="utf-8"', '; Charset="UTF-8"']
)
def test_json_in_utf_8_is_accepted_however_the_header_says_it(
    charset: str, laptop: Published
) -> None:
    head = ask("POST", "/v1/resolve", content_type=f"application/json{charset}")

    assert respond_to_head(replace(head, body=None), laptop, FACTS) is None


def test_a_post_is_refused_by_its_head_alone_where_that_is_enough(laptop: Published) -> None:
    head = replace(ask("POST", "/v1/resolve"), body=None)
    assert respond_to_head(head, laptop, FACTS) is None
    for request, status in (
        (ask("POST", "/v1/resolve", content_type=""), 415),
        (ask("POST", "/v1/resolve?x"), 400),
        (ask("POST", "/v1/inventory"), 405),
        (ask("POST", "/nothing"), 404),
    ):
        refused = respond_to_head(replace(request, body=None), laptop, FACTS)
        assert isinstance(refused, ApiResponse)
        assert refused.status == status


def test_a_body_that_is_too_large_is_the_server_s_to_refuse(
    laptop: Published, tmp_path: Path
) -> None:
    with serving(tmp_path / "socket", lambda: (laptop, FACTS)) as path:
        said = exchange(
            path,
            b"POST /v1/resolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 65537\r\n\r\n",
            shut=True,
        )

    assert said.startswith(b"HTTP/1.1 413 ")


def test_a_failed_scan_makes_the_agent_unhealthy_and_says_why(
    laptop: Published, worded: Worded
) -> None:
    failed = replace(FACTS, failure="the table is gone")

    said = json.loads(respond(ask("GET", "/v1/health"), laptop, failed).body)

    worded(said["detail"])
