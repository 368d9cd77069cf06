"""What a line names, written down shortly."""

from dmaragent.addresses import SBDF
from dmaragent.messages.model import Names, Span


def names(device: str = "", *spans: tuple[int, int] | int, **more: object) -> Names:
    """Give the names of a line; a number alone is one address."""
    return Names(
        devices=(SBDF.parse(device),) if device else (),
        spans=tuple(Span(one, one) if isinstance(one, int) else Span(*one) for one in spans),
        **more,  # type: ignore[arg-type]  # the fields of Names
    )
