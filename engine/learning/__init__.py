"""From what people kept and changed to better figures: confidence set right (`confidence`)."""
