"""SpaceTime VR, as far as a rollback sees it: one HTTP service that answers on a port for each project as the
container of that project is, and a Prometheus that knows what the traffic sees.

service.py GROUND LIVE BLUE GREEN PROMETHEUS
"""
import json
import pathlib
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ground = pathlib.Path(sys.argv[1])
docker = ground / "home/.stand-ins/docker"
live, blue, green, prometheus = (int(port) for port in sys.argv[2:6])
PROJECTS = {live: "spacetime", blue: "spacetime-blue", green: "spacetime-green"}
COLORS = {"default.conf": live, "blue.conf": blue, "green.conf": green}


def line(path):
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def version(port):
    """The tag that runs in the container behind a port, or nothing."""
    here = docker / "projects" / PROJECTS[port] / "godot"
    return line(here / "image").rpartition(":")[2] if line(here / "state") == "running" else ""


def is_well(tag):
    return tag != "" and tag not in line(docker / "broken-tags").split()


class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        port = self.server.server_address[1]
        tag = version(port)
        if not tag:
            # As a port behind which nothing listens: the connection ends without an answer.
            self.close_connection = True
            return
        body = {"overall_ready": is_well(tag), "version": tag}
        answer(self, 200 if is_well(tag) else 503, body)

    def log_message(self, *_):
        pass


class Prometheus(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/-/ready":
            return answer(self, 200, {})
        query = urllib.parse.parse_qs(url.query).get("query", [""])[0]
        tag = version(COLORS[(ground / "spacetime/nginx/live.conf").readlink().name])
        well = is_well(tag)
        if "up{" in query:
            value = 0 if tag else 1
        elif "histogram_quantile" in query:
            value = 0.21 if well else 6.4
        elif "5.." in query:
            value = 0.001 if well else 0.42
        elif "container_memory" in query:
            value = 41
        else:
            return answer(self, 400, {"status": "error", "error": "unknown query: " + query})
        result = [{"metric": {}, "value": [time.time(), str(value)]}]
        answer(self, 200, {"status": "success", "data": {"resultType": "vector", "result": result}})

    def do_POST(self):
        """The webhook of the incident channel."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(ground / "announcements", "a") as file:
            file.write(urllib.parse.parse_qs(body).get("text", [body])[0] + "\n\n")
        answer(self, 200, {"ok": True})

    def log_message(self, *_):
        pass


def answer(handler, status, body):
    text = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


for port in PROJECTS:
    server = ThreadingHTTPServer(("127.0.0.1", port), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", prometheus), Prometheus).serve_forever()
