"""Answer which devices of a host can be passed through: a task of a worker. Pure."""

from __future__ import annotations

from dmaragent.agent.http_messages import ApiResponse, json_response
from dmaragent.agent.published import Stamp
from dmaragent.answers.devices import device_rows
from dmaragent.answers.explain import who_decides
from dmaragent.host import Host
from dmaragent.present.json.devices import devices_document
from dmaragent.present.words.devices import device_list
from dmaragent.question.context import Question, context_of


def answer(_: bytes, host: Host, stamp: Stamp) -> ApiResponse:
    """Return the document of ``dmaragent devices`` for `host`."""
    asked = context_of(host, Question())
    rows = device_rows(asked.inventory, asked.facts, asked.stack)
    document = devices_document(
        asked.inventory,
        device_list(rows),
        asked.stack,
        who_decides(asked.inventory),
        {"kind": "live", "path": ""},
    )
    stamp.put_in(document)
    return json_response(document)
