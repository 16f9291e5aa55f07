"""The README's picture from what `make demo` made: `python docs/make_picture.py`."""

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
WIDTH_PX = 1200

if __name__ == "__main__":
    with Image.open(ROOT / "cutprint-demo" / "edit" / "storyboard.png") as sheet:
        small = sheet.convert("RGB").resize((WIDTH_PX, round(sheet.height * WIDTH_PX / sheet.width)), Image.Resampling.LANCZOS)
    small.quantize(128).save(ROOT / "docs" / "demo-storyboard.png", optimize=True)
