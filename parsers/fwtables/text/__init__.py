"""Readers of tables in text, one for each form; ``found_in_text`` combines them."""
