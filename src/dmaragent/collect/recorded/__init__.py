"""Machines that were recorded or copied, asked as this one is."""
