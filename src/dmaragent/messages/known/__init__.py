"""The known messages, a table for each program that prints them."""
