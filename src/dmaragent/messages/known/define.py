"""The function that makes an entry of a table of messages."""

from collections.abc import Mapping

from dmaragent.messages.model import (
    Message,
    MessageAddress,
    MessageSeverity,
    Program,
    VendorAnswer,
    Wording,
)
from dmaragent.messages.template import Template


def message(  # noqa: PLR0913 - a message's facts, each by its name
    name: str,
    printer: Program,
    weight: MessageSeverity,
    title: str,
    *wordings: str | tuple[str, str] | tuple[str, str, str],
    releases: str,
    meaning: str,
    advice: str,
    source: str,
    by_error: Mapping[int, str] | None = None,
    by_reason: bool = False,
    address: MessageAddress = MessageAddress.REGION,
    in_quarantine: str = "",
    vendor: str = "",
    on_amd: VendorAnswer | None = None,
) -> Message:
    """Return a message of its wordings.

    A wording is a template, alone or with the releases that have it, and after these the vendor
    of the IOMMU; `vendor` is that of all wordings that name none.
    """
    return Message(
        id=name,
        printer=printer,
        weight=weight,
        title=title,
        releases=releases,
        wordings=tuple(
            _wording((wording,) if isinstance(wording, str) else wording, vendor)
            for wording in wordings
        ),
        meaning=meaning,
        advice=advice,
        source=source,
        by_error=by_error or {},
        by_reason=by_reason,
        address=address,
        in_quarantine=in_quarantine,
        on_amd=on_amd,
    )


def _wording(parts: tuple[str, ...], vendor: str) -> Wording:
    text, releases, whose = (*parts, *("", "", vendor)[len(parts) :])
    return Wording(template=Template.read(text), releases=releases, vendor=whose)
