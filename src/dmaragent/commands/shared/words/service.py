"""Sentences of ``status``: the service and its capture."""

from dmaragent.present.words.numbers import known_regions


def publishes(generation: int | None, regions: int | None, since: str) -> str:
    return f"generation {generation}, {known_regions(regions)}, since {since}"


def publishes_nothing(problem: str) -> str:
    return f"nothing: {problem}"


def no_capture() -> str:
    return "none, or hidden from this user"


def captured(when: str, *, readable: bool) -> str:
    who = "this user" if readable else "only root and the group dmaragent"
    return f"made {when}; {who} can read it"


def api_state(*, on: bool) -> str:
    return "on" if on else "off (dmaragent.service(8) explains how to enable it)"


def time_out_of_calendar(seconds: float) -> str:
    return f"an impossible time ({seconds:.0f} s since 1970)"
