"""Makes `population.json`, what people film on average, from a folder of raw clips whose licences allow it.

    python -m engine.style.population_making FOLDER

Only the mean and standard deviation of each feature over the clips enter it; nothing of a picture does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from engine.analysis.clip import analyse_clip
from engine.edit.features import clip_table
from engine.errors import CutprintError
from engine.media.probe import probe
from engine.model.analysis import ClipAnalysis
from engine.style.training import population_figures


def main() -> None:
    analyses: list[ClipAnalysis] = []
    for path in sorted(Path(sys.argv[1]).iterdir()):
        try:
            media = probe(path)
            if media.kind == "video":
                analyses.append(analyse_clip(media))
        except CutprintError as error:
            print(f"{path.name}: {error.message}")
    table = np.asarray(clip_table(analyses).values)
    result = {"clips": len(analyses), "features": population_figures(table)}
    target = Path(__file__).with_name("population.json")
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"{target}: {len(analyses)} clips")


if __name__ == "__main__":
    main()
