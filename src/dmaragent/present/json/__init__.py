"""Answers as JSON documents; their types are in ``schema``."""
