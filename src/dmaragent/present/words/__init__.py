"""The sentences that presenters say, a module a subject: text, JSON and HTML arrange them."""
