"""The site builds without a warning, shows every public name, fetches nothing, and names no folder of its builder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import throughtime

ROOT = Path(__file__).resolve().parents[1]


def build(folder: Path) -> dict[str, str]:
    """The pages of the site by name, built with warnings as errors."""
    words = ["-q", "-W", "--keep-going", "-b", "html", "-d", folder / "tree", ROOT / "docs", folder / "html"]
    done = subprocess.run([sys.executable, "-m", "sphinx", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    html = folder / "html"
    return {
        page.relative_to(html).with_suffix("").as_posix(): page.read_text(encoding="utf-8")
        for page in html.rglob("*.html")
    }


def test_site(tmp_path):
    pages = build(tmp_path)  # seconds: once for all that follows
    for name in ("lecture", "api", "changelog"):
        assert f'href="{name}.html"' in pages["index"]
        assert len(pages[name]) > 5000
    for file in (ROOT / "docs" / "recipes").glob("*.md"):
        assert f'href="recipes/{file.stem}.html"' in pages["recipes"]
        assert len(pages[f"recipes/{file.stem}"]) > 5000
    assert [name for name in throughtime.__all__ if f'id="throughtime.{name}"' not in pages["api"]] == []
    for name, html in pages.items():
        assert re.findall(r"""(?:src=|<link[^>]*href=)["'](?:https?:)?//[^"']*""", html) == [], name
        assert [folder for folder in (ROOT, Path.home(), sys.prefix) if f"{folder}/" in html] == [], name
