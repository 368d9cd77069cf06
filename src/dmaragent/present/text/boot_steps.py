"""The commands that set a boot option, for the host's own boot loader or for each possible one."""

from collections.abc import Iterator, Sequence

from dmaragent.boot_option.boot_loaders import Steps
from dmaragent.boot_option.words.boot_loaders import UNDO_COMMANDS
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.boot_steps import set_heading, way_heading


def boot_steps(ways: Sequence[Steps], indent: int = 0) -> Iterator[str]:
    """Yield how to set an option and undo that; more than one way: the loader is unknown."""
    alone = ways[0] if len(ways) == 1 else None
    yield from paragraph(set_heading(alone), indent=indent)
    for way in ways:
        inside = indent + 2
        if way is not alone:
            yield from paragraph(way_heading(way), indent=inside)
            inside += 2
        if way.edit:
            yield from paragraph(way.edit, indent=inside)
        for line in way.lines:
            yield f"{' ' * inside}{line}"
        if way.undo:
            yield from paragraph(way.undo, indent=inside)
        if way.undo_lines:
            yield f"{' ' * inside}{UNDO_COMMANDS}"
        for line in way.undo_lines:
            yield f"{' ' * inside}{line}"
