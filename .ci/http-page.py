"""Loads the live page in headless Chromium, waits until it shows figures, and takes a picture.

usage: http-page.py URL light|dark PICTURE CHROMIUM [FLAG ...]

Chromium is driven through its debugging pipe (descriptors 3 and 4, a JSON message ended by a zero
byte each), which needs no other package.
"""
import base64
import json
import os
import subprocess
import sys
import time

SECONDS = 60
# What the page must show: it is live, MSIs are counted and have a rate, stages have means.
READY = """(() => {
  const text = id => document.getElementById(id).textContent;
  const cards = [...document.querySelectorAll('#cards b')].map(b => b.textContent);
  return JSON.stringify({
    live: text('state').includes('live'),
    rate: cards.length > 5 && !cards.includes('-') && /[1-9]/.test(cards[0]),
    stages: document.querySelectorAll('#stages tr').length > 5,
    units: document.querySelectorAll('#units tr').length > 3,
    bars: document.querySelectorAll('#pes rect').length > 0,
    line: (document.querySelector('#chart polyline')?.getAttribute('points') ?? '')
      .split(' ').length > 3,
  });
})()"""


class Browser:
    """A Chromium behind its debugging pipe."""

    def __init__(self, command):
        # Chromium reads descriptor 3 and writes descriptor 4.
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def place():
            # Neither must be overwritten before it has been copied.
            reads, writes = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self.process = subprocess.Popen(
            command + ["--remote-debugging-pipe", "about:blank"],
            close_fds=False, preexec_fn=place, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.input = os.fdopen(ours_in, "rb", buffering=0)
        self.output = os.fdopen(ours_out, "wb", buffering=0)
        self.number = 0
        self.rest = b""

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.output.write(json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                more = self.input.read(1 << 16)
                if not more:
                    sys.exit("http-page: Chromium ended")
                self.rest += more
            text, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"http-page: {method}: {answer['error']}")
                return answer["result"]


def main():
    url, scheme, picture, command = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    browser = Browser(command)
    try:
        target = browser.call("Target.createTarget", url=url)["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.call(
            "Emulation.setEmulatedMedia", session,
            features=[{"name": "prefers-color-scheme", "value": scheme}])
        end = time.monotonic() + SECONDS
        shown = {"page": False}
        while not all(shown.values()):
            if time.monotonic() > end:
                missing = [name for name, there in shown.items() if not there]
                sys.exit(f"http-page: after {SECONDS} s the page does not show: {missing}")
            time.sleep(0.25)
            result = browser.call(
                "Runtime.evaluate", session, expression=READY, returnByValue=True)
            if "exceptionDetails" not in result:
                shown = json.loads(result["result"]["value"])
        time.sleep(2)
        image = browser.call("Page.captureScreenshot", session, format="png")["data"]
        with open(picture, "wb") as file:
            file.write(base64.b64decode(image))
        print(f"http-test: the page shows {', '.join(shown)}")
    finally:
        browser.process.kill()
        browser.process.wait()


main()
