"""End-to-end tests, in small: the service answers, and with the version that is deployed."""
import json
import pathlib
import sys
import urllib.request

ground = pathlib.Path(__file__).resolve().parents[2]
site = (ground / "site").read_text().strip()
status = json.load(urllib.request.urlopen(site + "/status", timeout=5))
print("version", status["version"], "quick" if "--quick" in sys.argv else "all")
sys.exit(0 if status["overall_ready"] else 1)
