"""A headless Chromium, driven through chromedriver's HTTP interface (the W3C WebDriver protocol) with the standard library alone."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
#: Why there is no browser here; None if there is one.
MISSING = (
    None
    if CHROMIUM and DRIVER
    else "no Chromium with chromedriver here (Debian: apt-get install chromium chromium-driver)"
)
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowRight": "\ue014", "ArrowLeft": "\ue012", "ArrowUp": "\ue013",
        "ArrowDown": "\ue015", "Home": "\ue011", "End": "\ue010", "Tab": "\ue004"}  # fmt: skip


class Browser:
    """One window. What it logs and which addresses it asks for is kept."""

    def __init__(self, profile: Path, width: int = 1440, height: int = 900, dark: bool = False):
        self.driver = subprocess.Popen(
            [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.driver.stdout is not None
        port = next(line for line in self.driver.stdout if "successfully on port" in line).split()[-1].rstrip(".")
        self.base = f"http://127.0.0.1:{port}"
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
            f"--window-size={width},{height}", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
        ]  # fmt: skip
        if dark:
            arguments.append("--blink-settings=preferredColorScheme=0")
        options = {
            "binary": CHROMIUM,
            "args": arguments,
            "perfLoggingPrefs": {"enableNetwork": True, "enablePage": False},
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.session = (
            f"/session/{self.call('POST', '/session', {'capabilities': {'alwaysMatch': wanted}})['sessionId']}"
        )
        self.do("POST", "/url", {"url": "about:blank"})
        self.requests()  # those of the browser's own first page

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=240) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def do(self, method: str, path: str, body: Any = None) -> Any:
        return self.call(method, self.session + path, body)

    def open(self, file: Path) -> None:
        self.do("POST", "/url", {"url": file.resolve().as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a JavaScript expression or of ``return`` in a script."""
        script = script if "return " in script else f"return {script}"
        return self.do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, condition: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not self.run(condition):
            assert time.monotonic() < end, f"never true: {condition}"
            time.sleep(0.05)

    # --- hands --------------------------------------------------------------------------------------------------------
    def find(self, selector: str) -> str:
        return self.do("POST", "/element", {"using": "css selector", "value": selector})[_ELEMENT]  # type: ignore[no-any-return]

    def click(self, selector: str) -> None:
        self.do("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        self.do("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Press and release keys of the keyboard, wherever the focus is."""
        actions = []
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def drag(self, start: tuple[int, int], by: tuple[int, int]) -> None:
        move = {"type": "pointerMove", "duration": 0, "origin": "viewport"}
        half = (start[0] + by[0] // 2, start[1] + by[1] // 2)
        end = (start[0] + by[0], start[1] + by[1])
        actions = [
            {**move, "x": start[0], "y": start[1]}, {"type": "pointerDown", "button": 0},
            {**move, "x": half[0], "y": half[1]}, {**move, "x": end[0], "y": end[1]}, {"type": "pointerUp", "button": 0},
        ]  # fmt: skip
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}
        self.do("POST", "/actions", {"actions": [pointer]})

    def wheel(self, at: tuple[int, int], delta: int) -> None:
        scroll = {
            "type": "scroll",
            "x": at[0],
            "y": at[1],
            "deltaX": 0,
            "deltaY": delta,
            "duration": 0,
            "origin": "viewport",
        }
        self.do("POST", "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [scroll]}]})

    # --- what it saw --------------------------------------------------------------------------------------------------
    def console(self) -> list[str]:
        """What the page has logged since the last look, errors and warnings included."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.do("POST", "/se/log", {"type": "browser"})]

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last look."""
        found = []
        for entry in self.do("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.do("GET", "/screenshot")))

    def close(self) -> None:
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait(30)
            self.driver.stdout.close()  # type: ignore[union-attr]
