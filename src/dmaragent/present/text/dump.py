"""The summary that ``dmaragent dump`` prints about the bundle that it wrote."""

from collections.abc import Iterator

from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.bundle import (
    LOOK_BEFORE_SENDING,
    WrittenBundle,
    bundle_how_to_get_the_rest,
    bundle_lost,
    bundle_lost_readings,
    bundle_problem,
    bundle_readings,
    bundle_redaction,
)
from dmaragent.present.words.host import wrote
from dmaragent.shell_words import in_command


def dump_text(written: WrittenBundle) -> Iterator[str]:
    """Yield its path and size, then its content, then what is missing."""
    yield wrote(visible(written.path) or "to standard output", written.size)
    yield from paragraph(bundle_readings(written), indent=2)
    yield from paragraph(bundle_redaction(written), indent=2)
    if written.lost:
        yield from paragraph(bundle_lost(written), indent=2)
        for reading in bundle_lost_readings(written):
            yield from paragraph(reading, indent=4)
        yield from paragraph(bundle_how_to_get_the_rest(written), indent=2)
    for problem in written.problems:
        yield from paragraph(bundle_problem(problem), indent=2)
    if written.path:
        yield ""
        yield LOOK_BEFORE_SENDING
        yield f"  dmaragent inventory --host {in_command(written.path)}"
