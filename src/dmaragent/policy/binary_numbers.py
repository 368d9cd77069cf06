"""Numbers that begin with 0b: whether libxlutil reads them as binary depends on its C library.

If that is unknown, a guest with such numbers is resolved for both readings.
"""

from collections.abc import Mapping
from dataclasses import replace

from dmaragent.guests.config import GuestConfig
from dmaragent.policy.decisions import Verdict, undecided
from dmaragent.policy.library_answers import LibraryAnswers
from dmaragent.policy.resolution import NOTHING_ASSUMED, PossibleOutcome, Resolution, same_result
from dmaragent.policy.words import verdict as words


def number_readings(
    guest: GuestConfig, library_answers: LibraryAnswers | None
) -> tuple[GuestConfig, ...]:
    """Return `guest` as libxlutil reads its numbers: two readings if 0b may be binary or not."""
    if guest.binary is None:
        return (guest,)
    plain = replace(guest, binary=None)
    known = None if library_answers is None else library_answers.binary
    if known is None:
        return plain, guest.binary
    return (guest.binary,) if known else (plain,)


def verdict_of_readings(
    plain: Verdict, binary: Verdict, does: Mapping[Verdict, str]
) -> tuple[Verdict, str]:
    """Return the verdict of both readings together, and why it is unknown if they differ.

    `does` has the effect of each verdict in words.
    """
    if plain is binary:
        return plain, ""
    return Verdict.UNDECIDED, words.binary_numbers_decide(does[plain], does[binary])


def merge_readings(plain: Resolution, binary: Resolution) -> Resolution:
    """Return the answer from both readings, if it is unknown whether libxlutil reads 0b as binary."""
    ours, theirs = plain.settings, binary.settings
    own = [message for message in ours.messages if message not in theirs.messages]
    other = [message for message in theirs.messages if message not in ours.messages]
    reasons = tuple(dict.fromkeys((*plain.reasons, *binary.reasons)))
    verdict, why = verdict_of_readings(plain.verdict, binary.verdict, words.GUEST_DOES)
    if why:
        reasons = (undecided(why, place=own[0].place if own else ""), *reasons)
    assumed = (words.ASSUMED_DECIMAL, words.ASSUMED_BINARY)
    alternatives = zip(assumed, (own, other), strict=True)
    return plain._replace(
        guest=replace(plain.guest, binary=binary.guest),
        verdict=verdict,
        reasons=reasons,
        settings=ours._replace(
            refusals=tuple(
                complaint for complaint in ours.refusals if complaint in theirs.refusals
            ),
            messages=(
                *(message for message in ours.messages if message not in own),
                *(
                    message._replace(text=words.message_of_reading(reading, message.text))
                    for reading, messages in alternatives
                    for message in messages
                ),
            ),
            ignored_settings=tuple(
                setting for setting in ours.ignored_settings if setting in theirs.ignored_settings
            ),
        ),
        outcomes=_both_outcomes(plain.outcomes, binary.outcomes, assumed),
        prerequisites=tuple(dict.fromkeys((*plain.prerequisites, *binary.prerequisites))),
    )


def _both_outcomes(
    plain: tuple[PossibleOutcome, ...],
    binary: tuple[PossibleOutcome, ...],
    assumptions: tuple[str, str],
) -> tuple[PossibleOutcome, ...]:
    """Return the outcomes of both readings, each with what it assumes if they differ."""
    if len(plain) == len(binary) and all(
        same_result(ours.built, theirs.built) for ours, theirs in zip(plain, binary, strict=True)
    ):
        return plain
    return tuple(
        outcome._replace(
            assumed=tuple(
                (assumption, *assumed) for assumed in outcome.assumed or (NOTHING_ASSUMED,)
            ),
        )
        for assumption, outcomes in zip(assumptions, (plain, binary), strict=True)
        for outcome in outcomes
    )
