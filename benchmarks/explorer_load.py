"""How heavy the pages of the evidence explorer are, and how soon a browser has loaded them.

    python benchmarks/explorer_load.py [results/report]

Prints for the landing page and for the heaviest page of a claim and of a trial: the bytes of all
files that the page takes in, and the median time to the load event and to the first chart. Needs
Chromium on PATH and Playwright.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

REPEATS = 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def measure(browser: Browser, page: Path) -> tuple[int, float, float | None]:
    """Bytes, seconds to the load event, seconds to the first chart (None without one)."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab, files = context.new_page(), set()
    tab.on("request", lambda request: files.add(request.url))
    tab.goto("about:blank")
    began = time.perf_counter()
    tab.goto(page.as_uri())
    loaded, drawn = time.perf_counter() - began, None
    if tab.locator("[data-chart]").count():
        tab.locator("[data-chart] .canvas").first.scroll_into_view_if_needed()
        tab.locator("[data-chart] svg").first.wait_for()
        drawn = time.perf_counter() - began
    context.close()
    own = [Path(url.removeprefix("file://")) for url in files if url.startswith("file:")]
    return sum(file.stat().st_size for file in own), loaded, drawn


def main(folder: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium on PATH")
    heaviest = [
        max(folder.glob(f"pages/{kind}/*.html"), key=lambda file: file.stat().st_size)
        for kind in ("claims", "trials")
    ]
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"the whole folder: {total / 1e6:.1f} MB")
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=chromium, args=FLAGS)
        for page in (folder / "index.html", *heaviest):
            runs = [measure(browser, page) for _ in range(REPEATS)]
            loaded = statistics.median(run[1] for run in runs)
            drawn = [run[2] for run in runs if run[2] is not None]
            chart = f", first chart {statistics.median(drawn):.2f} s" if drawn else ""
            print(f"{page.name}: {runs[0][0] / 1e6:.2f} MB, loaded {loaded:.2f} s{chart}")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/report").resolve())
