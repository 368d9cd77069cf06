"""Guests as they are written: formats other than xl.cfg, and what tells a format from its content."""
