"""The body of ``POST /v1/explain-message``. Pure."""

from dmaragent.agent import words
from dmaragent.agent.http_messages import ApiResponse
from dmaragent.agent.json_body import read_fields

_FIELDS = ("message",)


def read_message_request(body: bytes) -> str | ApiResponse:
    """Return the text in `body`, or a problem document."""
    fields = read_fields(body, _FIELDS, words.form_of_message())
    return fields if isinstance(fields, ApiResponse) else fields["message"]
