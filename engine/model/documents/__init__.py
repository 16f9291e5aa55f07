"""The public contract: model values <-> JSON documents, their JSON Schemas, versions and upgrades; and a packed form for caches.

`encode` gives a JSON object that validates against the shipped schema of its kind; `decode` is its inverse. Fields of a newer
minor version are kept where the type has `extra`; a newer major version is refused.
"""

from engine.model.documents.kinds import KINDS, Kind, decode, encode, schema, validate
from engine.model.documents.packed import pack, unpack
from engine.model.documents.text import dumps, loads

__all__ = ["KINDS", "Kind", "decode", "dumps", "encode", "loads", "pack", "schema", "unpack", "validate"]
