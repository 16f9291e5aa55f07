"""The house keeps its own rules: homes of heavy libraries, start-up, sizes, plain words, pins."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "otio_adapters", "bridge_server")

HOMES = {
    "alembic": ("engine.store",),
    "av": ("engine.media",),
    "click": ("bridge_server",),
    "distributed": ("bridge_server",),
    "cv2": ("engine.perception", "engine.analysis", "engine.media.scan", "engine.studio.demo", "engine.studio.checks"),
    "ffmpeg": ("engine.render",),
    "flask": ("bridge_server",),
    "imageio_ffmpeg": ("engine.media.ffmpeg",),
    "librosa": ("engine.analysis",),
    "mcp": ("bridge_server",),
    "matplotlib": (
        "engine.analysis.clip_plot",
        "engine.analysis.song_plot",
        "engine.studio.report_plot",
        "engine.render.storyboard",
        "engine.render.style_plot",
    ),
    "open_clip": ("engine.perception",),
    "opentimelineio": ("otio_adapters", "engine.studio.checks"),
    "PIL": (
        "engine.perception.open_clip",
        "engine.render.storyboard",
    ),
    "rich": ("bridge_server",),
    "scipy": ("engine.analysis",),
    "sqlalchemy": ("engine.store",),
    "torch": ("engine.perception", "engine.analysis.training"),
    "waitress": ("bridge_server",),
    "watchdog": ("bridge_server",),
    "xgboost": ("engine.style.models",),
}
"""Heavy library -> the only modules and packages that may import it (`checks` looks whether they are there)."""

STARTS_PROCESSES = ("engine.media.ffmpeg", "bridge_server", "engine.studio.workers", "engine.analysis.training.bank")


def sources(*packages: str) -> list[Path]:
    return [path for name in packages for path in sorted((ROOT / name).rglob("*.py"))]


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def strangers(source: str, name: str, homes: dict[str, tuple[str, ...]]) -> list[str]:
    """Heavy libraries that module `name` imports although it is none of their homes."""
    found = []
    for one in imported(ast.parse(source)):
        library = one.partition(".")[0]
        if library in homes and not any(name == home or name.startswith(f"{home}.") for home in homes[library]):
            found.append(library)
    return found


def test_heavy_libraries_stay_at_home() -> None:
    assert strangers("import cv2.dnn", "engine.edit.make", HOMES) == ["cv2"], "the check itself must be able to fail"
    seen = set()
    for path in sources(*PACKAGES):
        text = path.read_text(encoding="utf-8")
        assert not strangers(text, module(path), HOMES), path
        seen |= {one.partition(".")[0] for one in imported(ast.parse(text))}
    assert {"av", "cv2", "librosa", "sqlalchemy", "opentimelineio"} <= seen


def test_only_one_module_starts_processes() -> None:
    starters = [module(path) for path in sources(*PACKAGES) if "subprocess" in set(imported(ast.parse(path.read_text(encoding="utf-8"))))]
    assert "engine.media.ffmpeg" in starters
    assert all(name.startswith(STARTS_PROCESSES) for name in starters), starters


def test_pure_rooms_touch_no_files_clock_or_network() -> None:
    banned = {"os", "shutil", "socket", "subprocess", "tempfile", "time", "datetime", "urllib", "sqlite3", "secrets", "uuid"}
    for path in sources("engine/edit", "engine/style", "engine/learning", "engine/telemetry"):
        if path.name != "prior_making.py":  # run by hand, to make prior.json
            assert not banned & {one.partition(".")[0] for one in imported(ast.parse(path.read_text(encoding="utf-8")))}, path


def test_the_model_is_standard_library_only() -> None:
    allowed = {*sys.stdlib_module_names, "engine", "numpy", "jsonschema"}
    for path in sources("engine/model"):
        assert {one.partition(".")[0] for one in imported(ast.parse(path.read_text(encoding="utf-8")))} <= allowed, path


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['cutprint', '--help']\n"
        "from bridge_server.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "edit" in result.stdout
    loaded = {name.partition(".")[0] for name in result.stderr.split()}
    assert "click" in loaded
    assert not loaded & (set(HOMES) - {"click"} | {"numpy", "jsonschema", "multiprocessing", "platformdirs"})


def test_what_only_song_analysis_needs_is_loaded_by_nothing_else() -> None:
    """All of our modules together, and a song that is known already, load neither librosa nor numba: its import costs a second or more."""
    code = (
        "import importlib, pkgutil, sys\n"
        "import bridge_server, engine, otio_adapters\n"
        "for package in (engine, otio_adapters, bridge_server):\n"
        "    for one in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if '.training' not in one.name and not one.name.endswith('__main__') and '.migrations' not in one.name:\n"
        "            importlib.import_module(one.name)\n"
        "print(*sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert {"engine", "otio_adapters", "bridge_server"} <= loaded
    assert not loaded & {"librosa", "numba", "soundfile", "matplotlib", "torch", "sklearn"}


def test_sizes_of_functions_and_modules() -> None:
    sizes = []
    for path in sources(*PACKAGES):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 500, f"{path} is too long to read at once"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                told = ast.get_docstring(node, clean=False)
                sizes.append((node.end_lineno or 0) - node.lineno + 1 - (told.count("\n") + 1 if told else 0))
    sizes.sort()
    assert statistics.median(sizes) <= 9
    assert sizes[int(0.9 * len(sizes))] <= 25
    assert sizes[-1] <= 70


def test_every_module_and_public_name_is_explained() -> None:
    for path in sources(*PACKAGES):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path


SUFFIXES = {".py", ".md", ".toml", ".txt", ".json", ".yml", ".cfg", ""}
PATHS = r"(?<![\w.])/(work|root|home/\w+|Users/\w+)/"
HOSTS = r"\b(files\.python" + r"hosted|py" + r"pi\.org|registry\.npm" + r"js|deb\.debian)\b"
UNWANTED = re.compile(f"{PATHS}|{HOSTS}")


def own_texts() -> list[Path]:
    """Every text file of the repository, as git lists it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in listed if name and Path(name).suffix in SUFFIXES and (ROOT / name).is_file()]


@pytest.mark.needs_tool("git")
def test_no_machine_paths_and_package_hosts() -> None:
    assert UNWANTED.search("see /work/main") and not UNWANTED.search("a/work/day")
    texts = own_texts()
    assert len(texts) > 100
    here = Path(__file__)
    for path in texts:
        if path == here or path.name.startswith("test_"):  # tests name other people's paths on purpose
            continue
        found = UNWANTED.search(path.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{path}: {found}"


@pytest.mark.parametrize("minor", ["3.10", "3.11", "3.12", "3.13"])
def test_pins_cover_the_dependencies(minor: str) -> None:
    text = (ROOT / "constraints" / f"{minor}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( *;.*)?", line) for line in lines)
    pinned = {re.sub(r"[._]", "-", line.partition("=")[0].lower()) for line in lines}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    core = project.split("\ndependencies = [")[1].split("\n]")[0]
    test = project.split("\ntest = [")[1].split("\n]")[0]
    for requirement in re.findall(r'"([^"]+)"', core + test):
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)
        assert name is not None
        if "python_version" in requirement and minor != "3.10":
            continue
        assert re.sub(r"[._]", "-", name.group().lower()) in pinned, f"{requirement} has no pin for Python {minor}"


def resolve_faults(source: str) -> list[str]:
    """What keeps a script from running in a host's own Python 3.8 with the standard library alone."""
    try:
        tree = ast.parse(source, feature_version=(3, 8))
    except SyntaxError as fault:
        return [str(fault)]
    siblings = {path.stem for path in (ROOT / "resolve_scripts").glob("*.py")}
    host = {"DaVinciResolveScript", "fusionscript"}
    return [one for one in imported(tree) if one.partition(".")[0] not in {*sys.stdlib_module_names, *siblings, *host}]


def test_resolve_scripts_run_in_the_hosts_python() -> None:
    assert resolve_faults("import numpy") == ["numpy"]
    assert resolve_faults("match 1:\n    case 1: pass") or sys.version_info < (3, 10)
    for path in (ROOT / "resolve_scripts").glob("*.py"):
        assert not resolve_faults(path.read_text(encoding="utf-8")), path
