r"""How Xen's boot options are written for GRUB and for Xen's own EFI loader.

Pure.  GRUB: ``grub-mkconfig`` reads /etc/default/grub as a shell, and 20_linux_xen puts
``${GRUB_CMDLINE_XEN}`` unchanged on the ``multiboot`` line of grub.cfg, which GRUB's own script
language reads; there ``;`` ends a command and ``\;`` is the character.  Source: GRUB
util/grub.d/20_linux_xen.in, ``linux_entry``.  EFI: ``options=`` of xen.cfg, where ``;`` counts
at the start of a line only: Xen common/efi/boot.c, ``pre_parse``.
"""

from collections.abc import Sequence

from dmaragent.boot_option.rmrr_writer import PageRange


def several_words(ranges: Sequence[PageRange]) -> str:
    """Return `ranges` as a word each: no character of them means anything to a boot loader."""
    return " ".join(pages.word for pages in ranges)


def one_word(ranges: Sequence[PageRange], longest: int) -> str | None:
    """Return `ranges` as one word with ``;``; None if it is over the `longest` that Xen reads."""
    word = "rmrr=" + ";".join(pages.text for pages in ranges)
    return word if len(word) <= longest else None


def grub_default(options: str) -> str:
    """Return the line for /etc/default/grub that adds `options` to what is there.

    Within the shell's double quotes a backslash before ``;`` stays, so that it reaches grub.cfg.
    """
    escaped = options.replace(";", r"\;")
    return f'GRUB_CMDLINE_XEN="$GRUB_CMDLINE_XEN {escaped}"'
