"""The use cases: the only room that combines the others. Every door reads `engine.studio.catalog.USE_CASES`."""
