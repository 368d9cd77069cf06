"""The answer of a target if it is unknown which toolstack built the guest.

Pure.
"""

from collections.abc import Sequence

from dmaragent.fleet import move_words as words
from dmaragent.fleet.move_devices import DeviceMove, HostMove
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.question.words import attaching_depends_on_libvirt


def either(moves: Sequence[tuple[str, HostMove]]) -> HostMove:
    """Return the answer of a target from the answers with each toolstack, by its name.

    What differs between them is unknown.
    """
    first = moves[0][1]
    devices = first.devices
    if all(len(move.devices) == len(devices) for _, move in moves):
        names = [name for name, _ in moves]
        columns = zip(*(move.devices for _, move in moves), strict=True)
        devices = tuple(_device(list(zip(names, column, strict=True))) for column in columns)
    verdicts = {move.verdict for _, move in moves}
    if len(verdicts) == 1:
        reasons = list(dict.fromkeys(move.reason for _, move in moves if move.reason))
        refused = any(device.verdict is Verdict.REFUSED for device in devices)
        if verdicts == {Verdict.REFUSED} and devices and not refused:
            reasons.append(words.EACH_REFUSES_ANOTHER)
        return first._replace(devices=devices, reason="; ".join(reasons))
    why = attaching_depends_on_libvirt(verdicts)
    return first._replace(verdict=Verdict.UNDECIDED, devices=devices, reason=why)


def _device(answers: Sequence[tuple[str, DeviceMove]]) -> DeviceMove:
    """Return the answer about a device from the answers with each toolstack."""
    moves = [move for _, move in answers]
    first = moves[0]
    if all(move == first for move in moves):
        return first
    alike = all(move.verdict is first.verdict for move in moves)
    reasons = (reason for move in moves for reason in move.reasons)
    apart = (words.with_toolstack(name, move.verdict, move.reasons) for name, move in answers)
    relaxed = [move.relaxed for move in moves if move.relaxed is not None]
    return first._replace(
        device=next((move.device for move in moves if move.device is not None), None),
        spec=first.spec if all(move.spec == first.spec for move in moves) else "",
        verdict=first.verdict if alike else Verdict.UNDECIDED,
        reasons=tuple(dict.fromkeys(reasons if alike else apart)),
        shown=tuple(dict.fromkeys(text for move in moves for text in move.shown)),
        harm=max((move.harm for move in moves), default=Harm.NONE),
        bound=first.bound if all(move.bound is first.bound for move in moves) else None,
        needs=tuple(dict.fromkeys(command for move in moves for command in move.needs)),
        relaxed=max(relaxed) if len(relaxed) == len(moves) else None,
    )
