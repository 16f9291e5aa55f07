"""What is asked on the bridge's page, and how what came of it is said. Pure."""

ASPECTS = ("9:16", "4:5", "1:1", "16:9")
SURVEY = [
    {
        "name": "satisfaction",
        "label": "How good was the edit? 1 (useless) to 5 (perfect)",
        "kind": "choice",
        "value": "",
        "choices": ["", "1", "2", "3", "4", "5"],
    },
    {
        "name": "would_post",
        "label": "Would you have posted it as Cutprint made it?",
        "kind": "choice",
        "value": "",
        "choices": ["", "yes", "no"],
    },
]
"""The two questions after Send my changes; an empty answer is none."""


def option_fields(values, creators, songs):
    """What the menu cannot ask for, shown before the start with what counts if nothing is changed."""
    return [
        {"name": "name", "label": "Name of the timeline", "kind": "text", "value": values["name"]},
        {"name": "creator", "label": "In the style of", "kind": "choice", "value": values["creator"], "choices": creators},
        {"name": "duration", "label": "Length in seconds", "kind": "number", "value": values["duration"]},
        {"name": "aspect", "label": "Shape", "kind": "choice", "value": values["aspect"], "choices": list(ASPECTS)},
        {"name": "song", "label": "Song", "kind": "choice", "value": values["song"], "choices": songs},
    ]


def told_changes(result):
    """Lines about what a read-back found."""
    counts = ", ".join("%d %s" % (count, kind.replace("_", " ")) for kind, count in result["counts"].items())
    lines = [counts] + ["%d clips are locked by what you did" % len(result["locked"])] * bool(result["locked"])
    lines += ["Not known: %s" % name for name in result["unmatched"]] + ["Offline: %s" % one["name"] for one in result["offline"]]
    return lines + list(result["notes"]) + ["Not read: %s" % one for one in result["not_read"]]
