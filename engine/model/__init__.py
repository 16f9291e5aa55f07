"""The nouns: exact time, media, analyses, wishes, style, timelines, cut lists, revisions, events, and their documents.

Everything here is frozen and pure. Import from the modules; only `engine.model.analysis` needs numpy.
"""
