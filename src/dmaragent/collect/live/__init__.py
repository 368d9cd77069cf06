"""This machine: files, commands, udev, the hypercall."""
