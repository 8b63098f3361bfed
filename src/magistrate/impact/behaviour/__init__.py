"""What a change does to a running system, read from both sides of each file (R29)."""
