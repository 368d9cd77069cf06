"""What the tables of messages share in writing an entry down."""

from collections.abc import Mapping

from dmaragent.messages.model import Address, Message, Printer, Weight, Wording
from dmaragent.messages.template import Template


def message(  # noqa: PLR0913 - a message's facts, each by its name
    name: str,
    printer: Printer,
    weight: Weight,
    title: str,
    *wordings: str | tuple[str, str],
    releases: str,
    meaning: str,
    advice: str,
    source: str,
    by_error: Mapping[int, str] | None = None,
    by_reason: bool = False,
    address: Address = Address.REGION,
    in_quarantine: str = "",
) -> Message:
    """Make a message of its wordings: templates, each alone or with the releases that have it."""
    pairs = [(each, "") if isinstance(each, str) else each for each in wordings]
    return Message(
        id=name,
        printer=printer,
        weight=weight,
        title=title,
        releases=releases,
        wordings=tuple(
            Wording(template=Template.read(text), releases=when) for text, when in pairs
        ),
        meaning=meaning,
        advice=advice,
        source=source,
        by_error=by_error or {},
        by_reason=by_reason,
        address=address,
        in_quarantine=in_quarantine,
    )
