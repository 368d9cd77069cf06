"""Whether a Xen guest starts: its settings in effect, its memory layout, its devices, the verdict."""
