"""Firmware tables as hosts: files, folders and texts that contain them."""
