"""Watched folders: what a shoot's folder holds, when it has settled, what becomes of it, and what came back from an NLE."""
