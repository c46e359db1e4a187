"""Looks at the service again and again, for as many seconds as it is told."""
import argparse
import pathlib
import sys
import time
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--host", required=True)
parser.add_argument("--duration", type=float, required=True)
told = parser.parse_args()
site = (pathlib.Path(__file__).resolve().parents[2] / "site").read_text().strip()
end = time.monotonic() + told.duration
looks = failures = 0
while True:
    looks += 1
    try:
        urllib.request.urlopen(site + "/status", timeout=5)
    except OSError:
        failures += 1
    if time.monotonic() >= end:
        break
    time.sleep(0.2)
print(f"{told.host}: {looks} looks, {failures} failures")
sys.exit(1 if failures else 0)
