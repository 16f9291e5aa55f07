"""Style: a creator's fingerprint, and the neutral prior where there is none."""
