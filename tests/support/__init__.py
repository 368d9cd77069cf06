"""What tests are written with: tables and hosts stated field by field, and the recorded machines."""
