"""All doors into the studio; no decisions of their own."""
