# A small engine in Python, as a team of two would have it: a repository with a remote, an environment of its own, a
# dependency, a model in a cache, and a history of jobs. Its last three commits are bad: the server crashes on startup.
. "$GROUNDS/common.sh"
python3 -c 'import ensurepip, venv' 2> /dev/null || { echo "not installed: python3 with venv" >&2; exit 77; }

# Packages come from a folder, not from the network, whatever this machine says elsewhere; a run hands no such variable on.
for name in $(env | sed -n 's/^\(PIP_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
mkdir -p wheels home/.config/pip
python3 - << 'END'
import zipfile

for version, text in [("1.0", "VIEWS = 4\n"), ("2.0", "raise ImportError('renderer 2.0 needs CUDA 13')\n")]:
    info = f"renderer-{version}.dist-info"
    with zipfile.ZipFile(f"wheels/renderer-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("renderer.py", text)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: renderer\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: ground\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"renderer.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
END
printf '[global]\nno-index = true\nfind-links = %s/wheels\ndisable-pip-version-check = true\n' "$ground" > home/.config/pip/pip.conf

port=$("$PRACTICE" port)
echo "$port" > port
git init --quiet --bare origin.git
git clone --quiet origin.git lunar-nova 2> /dev/null
cd lunar-nova
cat > app.py << 'END'
"""The engine: loads its model and its history, and serves a page."""

import http.server
import json
import os
import pathlib

import renderer

cache = os.environ.get("HF_HOME") or os.path.expanduser("~/.cache/huggingface")
model = pathlib.Path(cache, "hub/models--stabilityai--TripoSR/weights")
if not model.exists():
    print("Downloading the model ...", flush=True)
    model.parent.mkdir(parents=True)
    model.write_text("weights\n")
if model.read_text() != "weights\n":
    raise SystemExit("ERROR the weights of the model are corrupt")
print("Model initialized.", flush=True)
jobs = json.loads(pathlib.Path("outputs/jobs.json").read_text())


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(jobs).encode() if self.path == "/jobs" else b"<h1>Lunar Nova</h1>")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(pathlib.Path("../port").read_text())), Page).serve_forever()
END
echo 'renderer==1.0' > requirements.txt
printf 'venv/\nvenv.old/\nserver*.log\noutputs/jobs.json.*\nincident.md\n' > .gitignore
mkdir outputs
echo '{"job-1": "a teapot"}' > outputs/jobs.json
git add .
git commit --quiet -m "The engine"
echo '# Lunar Nova' > README.md
git add .
git commit --quiet -m "A read-me"
sed -i 's/^import renderer$/import renderer\nimport rendererr/' app.py
git commit --quiet -a -m "Faster views"
sed -i 's/Lunar Nova</Lunar Nova 2</' app.py
git commit --quiet -a -m "A new title"
echo 'Now with faster views.' >> README.md
git commit --quiet -a -m "Say so"
git push --quiet origin main
# Without pip this takes a moment instead of seconds; `./break dependency`, where it is needed, brings it.
python3 -m venv --without-pip venv
(cd venv/lib/python3*/site-packages && python3 -m zipfile -e "$ground/wheels/renderer-1.0-py3-none-any.whl" .)
mkdir -p ../home/.cache/huggingface/hub/models--stabilityai--TripoSR
echo weights > ../home/.cache/huggingface/hub/models--stabilityai--TripoSR/weights
cp outputs/jobs.json outputs/jobs.json.bak
cd ..

program stop << 'END'
#!/bin/sh
# Stops the server of this ground.
cd "$(dirname "$0")/lunar-nova"
for pid in $(pgrep -f 'venv/bin/python app[.]py'); do
  [ "$(readlink "/proc/$pid/cwd")" != "$PWD" ] || kill "$pid"
done
exit 0
END

program break << 'END'
#!/bin/sh
# Another cause: `./break dependency`, `model`, `environment` or `history`. The bad commits are gone then. `./break revert` makes
# the revert of the three commits fail to help.
set -eu
cd "$(dirname "$0")/lunar-nova"
good() {
  git revert --no-edit HEAD~3..HEAD > /dev/null
  git push --quiet origin main
}
case ${1:-} in
  dependency)
    good
    venv/bin/python -m ensurepip > /dev/null
    echo 'renderer==2.0' > requirements.txt
    git commit --quiet -a -m "renderer 2.0"
    git push --quiet origin main
    venv/bin/python -m pip install --quiet -r requirements.txt
    ;;
  model) good; echo w > ~/.cache/huggingface/hub/models--stabilityai--TripoSR/weights ;;
  environment) good; rm venv/lib/python3*/site-packages/renderer.py ;;
  history) good; echo '{"job-1": ' > outputs/jobs.json ;;
  revert) rm ../wheels/renderer-1.0*; rm venv/lib/python3*/site-packages/renderer.py ;;
  *) echo "say what to break: dependency, model, environment, history, revert" >&2; exit 2 ;;
esac
END
sed -i "2i export HOME='$ground/home' GIT_CONFIG_NOSYSTEM=1; unset PIP_FIND_LINKS PIP_INDEX_URL" break

rollback lunar-nova-rollback.rbk lunar-nova "api=http://127.0.0.1:$port" patience=20s quiet=10s

cat << 'END'
An engine in Python that crashes on startup since its last three commits. In the ground:

  ./rollback            roll it back; the three most recent commits are the cause
  ./break dependency    another cause; also: model, environment, history
  ./break revert        the revert does not help, and is reverted
  ./stop                stop the server
END
