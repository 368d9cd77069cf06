"""What several verbs share; no module here is a verb."""
