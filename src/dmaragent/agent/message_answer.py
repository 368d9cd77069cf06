"""Answer what messages mean on a host: a task of a worker. Pure."""

from __future__ import annotations

from dmaragent.agent.http_messages import ApiResponse, json_response
from dmaragent.agent.message_request import read_message_request
from dmaragent.agent.published import Stamp
from dmaragent.host import Host
from dmaragent.inventory import take_inventory
from dmaragent.messages import recogniser
from dmaragent.messages.host_match import nothing_found
from dmaragent.messages.relate import relate_all
from dmaragent.present.json.why import why_document

_SOURCE = "text"
"""What ``dmaragent why`` calls a pasted text."""


def answer(body: bytes, host: Host, stamp: Stamp) -> ApiResponse:
    """Return the document of ``dmaragent why`` for the text in `body` on `host`."""
    text = read_message_request(body)
    if isinstance(text, ApiResponse):
        return text
    recognition = recogniser().recognise(text)
    if recognition.found:
        why = relate_all(recognition, take_inventory(host))
    else:
        why = nothing_found(recognition)
    document = why_document(why, _SOURCE, {"kind": "live", "path": ""})
    stamp.put_in(document)
    return json_response(document)
