"""CLIP through the real open_clip code with a tiny model of random weights, where the extra [clip] is installed (`.venv-clip` in CI)."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import footage
import numpy as np
import pytest

from engine.errors import MissingToolError
from engine.perception.open_clip import PROMPTS, ClipChoice, OpenClip, zero_shot

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 16, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ClipChoice:
    """A model open_clip knows, with weights of its own in a file."""
    open_clip = pytest.importorskip("open_clip", reason="the extra [clip] is not installed here; .ci/run tests it in .venv-clip")
    import torch

    folder = tmp_path_factory.mktemp("clip")
    (folder / "tiny-test.json").write_text(json.dumps(TINY), encoding="utf-8")
    open_clip.add_model_config(folder)
    torch.manual_seed(0)
    model = open_clip.create_model("tiny-test")
    torch.save(model.state_dict(), folder / "tiny weights.pt")
    return ClipChoice("tiny-test", str(folder / "tiny weights.pt"))


def test_choices_are_read_from_one_setting() -> None:
    assert ClipChoice.parse("") == ClipChoice("ViT-B-32", "laion2b_s34b_b79k")
    assert ClipChoice.parse("ViT-L-14:openai") == ClipChoice("ViT-L-14", "openai")
    assert ClipChoice.parse(r"ViT-B-32:C:\weights\a.pt").weights == r"C:\weights\a.pt"


def test_clips_are_ranked_by_what_the_words_mean() -> None:
    from engine.studio.seeing import ranked

    beach, city, dog = np.eye(3, dtype=np.float32)
    both = (beach + dog) / np.float32(2**0.5)
    vectors = {"city.mp4": city, "beach dog.mp4": both, "beach.mp4": beach}
    assert ranked(vectors, beach) == [("beach.mp4", 1.0), ("beach dog.mp4", 0.7071), ("city.mp4", 0.0)]
    assert [name for name, _ in ranked(vectors, dog)] == ["beach dog.mp4", "beach.mp4", "city.mp4"]


@pytest.mark.parametrize(
    ("setting", "usable", "said"),
    [
        ("ViT-B-32", True, "laion2b_s34b_b79k"),
        ("ViT-L-14", False, "No weights were named for ViT-L-14"),
        ("ViT-B-32:/nowhere/weights.pt", False, "/nowhere/weights.pt"),
    ],
)
def test_doctor_says_whether_the_picture_model_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, usable: bool, said: str
) -> None:
    row = _doctor(tmp_path, monkeypatch, setting)
    if importlib.util.find_spec("open_clip") is None:
        assert row["status"] == "problem" and "is not installed" in row["found"] and "[clip]" in row["fix"]
    else:
        assert row["status"] == ("ok" if usable else "problem") and said in row["found"] and bool(row["fix"]) != usable


def test_doctor_needs_no_picture_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = _doctor(tmp_path, monkeypatch, "")
    assert row["status"] == "ok" and "no CLIP model is set" in row["found"]


def _doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> dict[str, str]:
    from click.testing import CliRunner

    from bridge_server.cli import cli

    monkeypatch.setenv("CUTPRINT_CLIP_MODEL", setting)
    result = CliRunner().invoke(cli, ["doctor", "--json", "--workspace", str(tmp_path / "ws")])
    rows: list[dict[str, str]] = json.loads(result.stdout)["checks"]
    return next(row for row in rows if row["name"] == "picture models")


def test_words_without_a_model_say_what_to_set(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from bridge_server.cli import cli

    footage.coded_video(tmp_path / "clip.mp4", frames=4)
    result = CliRunner().invoke(cli, ["analyze", str(tmp_path), "--find", "a dog"])
    assert result.exit_code == 4 and "clip_model" in result.output and "[clip]" in result.output


def test_naming_a_model_loads_nothing() -> None:
    OpenClip(ClipChoice("no such model", "x"))
    assert "open_clip" not in sys.modules or "torch" in sys.modules


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(MissingToolError) as caught:
        OpenClip(ClipChoice("ViT-B-32", "a")).texts(["x"])
    assert caught.value.code == "clip_missing" and "[clip]" in caught.value.hint


def test_pictures_and_texts_share_a_space(tiny: ClipChoice) -> None:
    embedder = OpenClip(tiny)
    pictures = [footage.coded_picture(1, k, 64, 96) for k in range(40)]
    vectors = embedder.pictures(pictures)
    assert vectors.shape == (40, 16) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors, embedder.pictures(pictures[:3] + pictures[3:]), atol=1e-5), "batches do not matter"
    assert np.allclose(vectors[39], embedder.pictures(pictures[39:])[0], atol=1e-5)
    assert embedder.texts(["a wide shot", "a close-up"]).shape == (2, 16)
    assert embedder.pictures([]).shape[0] == 0


def test_zero_shot_gives_probabilities_over_the_prompts(tiny: ClipChoice) -> None:
    embedder = OpenClip(tiny)
    found = zero_shot(embedder, embedder.pictures([footage.coded_picture(1, 3, 64, 96)]))
    assert set(found) == set(PROMPTS)
    for attribute, chances in found.items():
        assert set(chances) == set(PROMPTS[attribute]) and sum(chances.values()) == pytest.approx(1, abs=1e-4)
    assert zero_shot(embedder, embedder.pictures([])) == {}


def test_what_cannot_be_loaded_says_how_to_mend_it(tiny: ClipChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"no weights")
    for choice, code in (
        (ClipChoice("tiny-tset", "x"), "clip_unknown"),
        (ClipChoice("tiny-test", ""), "clip_unknown"),
        (ClipChoice("tiny-test", str(broken)), "clip_weights_unreadable"),
        (ClipChoice("ViT-B-32", "laion2b_s34b_b79k"), "clip_weights_missing"),
    ):
        with pytest.raises(MissingToolError) as caught:
            OpenClip(choice).texts(["x"])
        assert caught.value.code == code and caught.value.hint


def test_clips_are_seen_compared_and_found(tiny: ClipChoice, tmp_path: Path) -> None:
    from bridge_server.bootstrap import open_studio
    from engine.analysis.clip import AnalysisOptions
    from engine.progress import SILENT
    from engine.studio.analysing import analyze
    from engine.studio.footage import gather
    from engine.studio.requests import AnalyzeRequest
    from engine.studio.seeing import found_by_text, seen_in

    clips = [footage.coded_video(tmp_path / f"clip{k}.mp4", source=k, frames=12) for k in (1, 2)]
    with open_studio({"workspace": tmp_path / "ws", "workers": 1, "clip_model": f"{tiny.model}:{tiny.weights}"}) as studio:
        found = gather(studio, clips, AnalysisOptions(faces=False), None, SILENT)
        assert all("CLIP" in clip.analysis.evidence["shot_type"] for clip in found.clips)
        assert all(sum(clip.analysis.angle.values()) == pytest.approx(1, abs=1e-4) for clip in found.clips)
        assert set(found.vectors) == set(seen_in(studio, [clip.media for clip in found.clips], SILENT))
        assert len(found_by_text(studio, found.vectors, "a wide shot")) == 2
        said = analyze(studio, AnalyzeRequest(clips=tuple(clips), find="a wide shot"), SILENT)
        assert [row["likeness"] for row in said["found"]] == sorted((row["likeness"] for row in said["found"]), reverse=True)
        assert Path(said["clips"][0]["path"]).name == said["found"][0]["file"]
