"""How Linux treats reserved regions, by release."""
