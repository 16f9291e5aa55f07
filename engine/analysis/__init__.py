"""Numbers from media, no opinions: what is in a clip and in a song, measured once per content."""
