"""What xl and its libraries do, by release."""
