"""The headings above the commands that set a boot option."""

from dmaragent.boot_option.boot_loaders import Steps


def set_heading(way: Steps | None) -> str:
    """Return the heading of the only `way` to set an option; None: the loader is unknown."""
    if way is None:
        return "Change the boot option (loader unknown: use the commands of yours), then reboot"
    return f"Change the boot option ({way_heading(way)}), then reboot"


def way_heading(way: Steps) -> str:
    """Return the loader of a way, and where its commands run."""
    return f"{way.title}, in a root shell" if way.lines else way.title
