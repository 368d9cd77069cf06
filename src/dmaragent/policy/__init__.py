"""What becomes of a Xen guest: its settings in effect, its layout, its devices, the verdict."""
