"""Firmware tables as hosts: files, folders and texts that hold them."""
