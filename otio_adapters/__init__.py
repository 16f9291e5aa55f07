"""Timelines for other programs: writers now, readers and host dialects beside them. Sees the nouns and errors of the engine only."""
