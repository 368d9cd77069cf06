"""Answers as text for people, as wide as the screen that they are printed on."""
