"""The neutral prior: complete, normalised, and what its making says it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.model import documents
from engine.style import prior_making
from engine.style.prior import neutral_profile


def test_the_profile_is_a_lawful_document() -> None:
    profile = neutral_profile()
    document = documents.encode(profile)
    documents.validate(document)
    assert documents.decode(documents.loads(documents.dumps(document))) == profile
    assert profile.creator_id is None and profile.trained_on_videos == 0


def test_probabilities_sum_to_one() -> None:
    profile = neutral_profile()
    assert sum(profile.shot_patterns.shot_types.values()) == pytest.approx(1)
    for table in (profile.sequencing_patterns.angle_transitions, profile.sequencing_patterns.shot_type_transitions):
        for start in {name.partition("_to_")[0] for name in table}:
            assert sum(value for name, value in table.items() if name.startswith(f"{start}_to_")) == pytest.approx(1)
    likes = profile.transition_preferences
    assert likes.hard_cut + likes.quick_dissolve + likes.whip_pan == pytest.approx(1)
    assert sum(profile.pacing_patterns.duration_beats.values()) == pytest.approx(1)


def test_every_assumed_figure_says_that_it_rests_on_nothing() -> None:
    figures = neutral_profile().figures
    assert figures["shot_patterns.avg_shot_length"].n > 1000
    assert figures["energy_matching"].n == 0 and figures["sequencing_patterns.angle_transitions"].n == 0


def test_quantiles_come_from_the_table(tmp_path: Path) -> None:
    rows = ["video\tshot\tstart_frame\tend_frame\tdur_frames\ttransition_frames\tvideo_frames"]
    rows += [f"a\t{k}\t0\t0\t{30 * (k + 1)}\t{3 if k == 0 else 1}\t0" for k in range(19)]
    rows += ["single\t0\t0\t0\t9999\t1\t0"]
    (tmp_path / "shots.tsv").write_text("\n".join(rows), encoding="utf-8")
    made = prior_making.figures(tmp_path / "shots.tsv")
    assert (made["videos"], made["shots"], made["transitions"]) == (1, 19, 18)
    assert made["shot_length_distribution"] == pytest.approx([2, 5, 10, 15, 18])
    assert made["avg_shot_length"] == pytest.approx(10) and made["gradual_share"] == pytest.approx(1 / 18, abs=1e-4)


def test_the_shipped_figures_are_those_of_the_real_table(shared_folder: Path) -> None:
    table = shared_folder / "style" / "autoshot_shortform_shots.tsv"
    if not table.exists():
        pytest.skip("the table of shots is absent")
    shipped = json.loads(Path(prior_making.__file__).with_name("prior.json").read_text(encoding="utf-8"))
    assert prior_making.figures(table) == shipped
