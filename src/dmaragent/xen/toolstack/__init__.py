"""The behaviour of xl and its libraries, by release."""
