"""Stands in for Prometheus: a query is answered with the number in the first file of a folder whose name is a part of it.

    metrics.py FOLDER

It listens on a free port of the loopback, writes its address to FOLDER/url, and records each query in FOLDER/queries.
A name is looked for in order of its length, the longest first, so `rate(errors_total` comes before `errors_total`. A
file that ends in `+3` counts: each time it is asked, the number grows by three.
"""

import http.server
import json
import os
import sys
import time
import urllib.parse

folder = sys.argv[1]


def number(query):
    names = [name for name in os.listdir(folder) if name.split("+")[0] in query]
    if not names:
        return None
    path = os.path.join(folder, max(names, key=len))
    with open(path) as file:
        value = float(file.read())
    if "+" in os.path.basename(path):
        with open(path + ".new", "w") as file:
            file.write(str(value + float(path.rsplit("+", 1)[1])))
        os.replace(path + ".new", path)
    return value


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(address.query).get("query", [""])[0]
        with open(os.path.join(folder, "queries"), "a") as file:
            file.write(query + "\n")
        value = number(query)
        result = [] if value is None else [{"metric": {}, "value": [time.time(), str(value)]}]
        body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
with open(os.path.join(folder, "url.new"), "w") as file:
    file.write("http://127.0.0.1:%d\n" % server.server_port)
os.replace(os.path.join(folder, "url.new"), os.path.join(folder, "url"))
server.serve_forever()
