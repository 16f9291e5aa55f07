"""What is kept: cached analyses and probed files (SQL), and projects as documents in their folders."""
