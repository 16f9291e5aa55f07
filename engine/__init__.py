"""All of Cutprint's thinking: footage and a song in, a cut with reasons out.

The rooms follow the flow of the work; `docs/architecture.md` draws them and import-linter checks the order.
"""

__version__ = "0.1.0"
