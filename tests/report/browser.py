"""Pages in headless Chromium: what it says of them, how wide they are, and pictures of them.

    python -m tests.report.browser report.html --out pictures

writes a picture at each width, light and dark, and the page as it is printed (PDF), and says what
is wrong.
"""

import argparse
import asyncio
import base64
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = (390, 768, 1440, 2560)
A4 = 717  # pixels between Chromium's margins
_OUTSIDE = """
const printed = matchMedia("print").matches;
[...document.querySelectorAll("main *, header *, footer *")].filter((element) => {
  const scrolls = !printed && element.parentElement.closest(".wide, pre, figure");
  const turned = printed && element.closest(".landscape");
  const width = turned ? innerWidth * Math.SQRT2 : innerWidth;
  return !scrolls && element.getBoundingClientRect().right > width + 1;
}).map((element) => element.tagName).join(" ") +
(!printed && document.documentElement.scrollWidth > innerWidth ? " the page scrolls sideways" : "")
"""
"""Elements that stick out of the page, those apart that scroll on their own (not in print)."""


class Page:
    """A page in a browser, spoken to by the DevTools protocol."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.complaints: list[str] = []

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method and return its result; what the page complains of meanwhile is kept."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        await self._socket.write_message(json.dumps(message))
        return (await self._until(lambda answer: answer.get("id") == self._last))["result"]

    async def visit(
        self, path: Path, width: int, scheme: str, script: str = "", media: str = ""
    ) -> Any:
        """Load a page anew, for a screen or for `print`; return the value of a script in it."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.ask("Emulation.setEmulatedMedia", media=media, features=features)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.ask(f"{domain}.enable")
        await self.ask("Page.navigate", url=path.resolve().as_uri())
        await self._until(lambda answer: answer.get("method") == "Page.loadEventFired")
        return await self.evaluate(script) if script else None

    async def evaluate(self, script: str) -> Any:
        """Return the value of a script."""
        answer = await self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    async def picture(self) -> bytes:
        """Return a PNG of the whole page."""
        answer = await self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    async def printed(self) -> bytes:
        """Return a PDF of the page on A4."""
        answer = await self.ask(
            "Page.printToPDF", paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=True
        )
        return base64.b64decode(answer["data"])

    async def _until(self, wanted: Any) -> dict[str, Any]:
        while True:
            text = await self._socket.read_message()
            assert text is not None, "the browser has gone"
            answer = json.loads(text)
            self._listen(answer)
            if wanted(answer):
                return answer

    def _listen(self, answer: dict[str, Any]) -> None:
        method, told = answer.get("method"), answer.get("params", {})
        if method == "Runtime.exceptionThrown" or "error" in answer:
            self.complaints.append(json.dumps(answer))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = told["request"]["url"]
            if not url.startswith(("file:", "data:")):
                self.complaints.append(f"asks for {url}")


def with_page(work: Any) -> Any:
    """Run `await work(page)` on a page of a new browser, which ends with it."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [
                CHROMIUM,
                *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            told = (re.search(r"ws://(\S+?)/", line) for line in process.stderr)
            place = next(found for found in told if found)[1]
            return asyncio.run(_work(place, work))
        finally:
            process.kill()
            process.communicate()


async def _work(place: str, work: Any) -> Any:
    from urllib.request import urlopen

    with urlopen(f"http://{place}/json/list") as answer:
        target = next(each for each in json.load(answer) if each["type"] == "page")
    url = target["webSocketDebuggerUrl"]
    socket = await websocket_connect(url, max_message_size=1 << 28)
    try:
        return await work(Page(socket))
    finally:
        socket.close()


async def look(page: Page, path: Path, out: Path | None = None) -> list[str]:
    """Return what is wrong with a page at every width and scheme; keep pictures in `out`."""
    assert path.is_file(), f"{path}: no such page"
    wrong = []
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            outside = await page.visit(path, width, scheme, _OUTSIDE)
            if outside:
                wrong.append(f"{width} pixels: {outside.strip()}")
            if out is not None:
                (out / f"{path.stem}-{width}-{scheme}.png").write_bytes(await page.picture())
    outside = await page.visit(path, A4, "light", _OUTSIDE, media="print")
    if outside:
        wrong.append(f"in print: {outside.strip()}")
    if out is not None:
        (out / f"{path.stem}.pdf").write_bytes(await page.printed())
    return wrong + page.complaints


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--out", type=Path, default=Path("."))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    problems = with_page(lambda page: look(page, arguments.page, arguments.out))
    print("\n".join(problems) or "nothing wrong")
