"""Answers as text and as documents. Pure: values in, strings out; nothing is printed here."""
