"""Timeline to video without any NLE, and to a storyboard. What to run is decided by pure functions; `run` carries it out."""
