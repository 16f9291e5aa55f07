"""Files and their names."""

import json
import os
import re


def file_name(text):
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "-", text).strip(" .")[:80] or "Edit"


def write_json(path, value):
    """Whole or not at all."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    part = "%s.part-%d" % (path, os.getpid())
    with open(part, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
    os.replace(part, path)
