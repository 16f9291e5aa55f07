"""From telemetry to a better profile: datasets, retraining, comparison on hold-out. Not built yet."""
