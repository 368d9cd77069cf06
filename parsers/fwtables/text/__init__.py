"""Readers of tables in text, a form each; ``found_in_text`` puts them together."""
