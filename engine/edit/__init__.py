"""Opinions: from moments, music and style to a Timeline with reasons. Pure and seeded: values in, values out."""
