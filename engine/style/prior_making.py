"""Makes `prior.json`, the figures of the neutral prior, from public shot tables.

    python -m engine.style.prior_making FOLDER

FOLDER holds `autoshot_shortform_shots.tsv` (AutoShot's annotation of short-form videos, MIT licence; columns video, shot, start_frame,
end_frame, dur_frames, transition_frames, video_frames). Only counts and quantiles enter the result. The table gives no frame rate; 30 is
assumed, as its authors' videos mostly have.
"""

from __future__ import annotations

import csv
import json
import statistics
import sys
from pathlib import Path
from typing import Any

ASSUMED_RATE = 30.0
LEAST_SHOTS = 3
"""Videos with fewer shots are one take with a title, not an edit."""


def figures(table: Path) -> dict[str, Any]:
    """Shot lengths in seconds and the share of gradual transitions in the table."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    videos: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        videos.setdefault(row["video"], []).append(row)
    edits = [shots for shots in videos.values() if len(shots) >= LEAST_SHOTS]
    lengths = [int(row["dur_frames"]) / ASSUMED_RATE for shots in edits for row in shots if int(row["dur_frames"]) > 0]
    gradual = [int(row["transition_frames"] or 1) > 1 for shots in edits for row in shots[:-1]]
    cuts = statistics.quantiles(lengths, n=20)
    return {
        "videos": len(edits),
        "shots": len(lengths),
        "transitions": len(gradual),
        "avg_shot_length": round(statistics.fmean(lengths), 4),
        "shot_length_std": round(statistics.stdev(lengths), 4),
        "shot_length_distribution": [round(cuts[k], 4) for k in (1, 4, 9, 14, 17)],
        "gradual_share": round(sum(gradual) / len(gradual), 4),
    }


def main() -> None:
    result = figures(Path(sys.argv[1]) / "autoshot_shortform_shots.tsv")
    path = Path(__file__).with_name("prior.json")
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"{path}: {result}")


if __name__ == "__main__":
    main()
