"""This machine, as it is asked: files, commands, udev, the hypercall."""
