"""What people changed and what it says: differences of timelines, metrics, red flags."""
