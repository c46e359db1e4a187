# SpaceTime VR with a bad release in production: containers that stand in for docker's, and behind them one real HTTP
# service that answers as its container is, with the queries of Prometheus; a real nginx in front.
. "$GROUNDS/common.sh"
. "$GROUNDS/servers.sh"
installed bash curl jq nginx python3
stand_in docker gh sudo iptables systemctl

# Found now: the run has another HOME, and may find another python there.
python=$(python3 -c 'import sys; print(sys.executable)')
ln -s "$python" bin/python

cp -R "$GROUNDS/spacetime-rollback/production" spacetime
cp "$GROUNDS/spacetime-rollback/service.py" .
chmod +x spacetime/deploy/*
mkdir -p spacetime/logs backups nginx
echo "deployed v2.5.0; health checks fail" > spacetime/logs/deployment-20251202-150045.log
for deployment in 20251201-120015:v2.4.7 20251201-160034:v2.4.8 20251202-143022:v2.4.9; do
  mkdir "backups/${deployment%:*}"
  echo "IMAGE_TAG=${deployment#*:}" > "backups/${deployment%:*}/production.env"
done
echo "IMAGE_TAG=v2.5.0" > spacetime/.env

# Where each answers: nginx, the service of each project, Prometheus.
web=$("$PRACTICE" port)
live=$("$PRACTICE" port)
blue=$("$PRACTICE" port)
green=$("$PRACTICE" port)
prometheus=$("$PRACTICE" port)
for color in "default $live" "blue $blue" "green $green"; do
  echo "upstream live { server 127.0.0.1:${color#* }; }" > "spacetime/nginx/${color% *}.conf"
done
ln -s default.conf spacetime/nginx/live.conf
sed -i "s,PORT,$web,; s,TEMP,$ground/nginx,g" spacetime/nginx/nginx.conf

# What runs: v2.5.0, whose containers start and never become healthy.
docker=$HOME/.stand-ins/docker
mkdir -p "$docker/volumes/spacetime_godot-data" "$HOME/.stand-ins/gh/workflows"
echo v2.5.0 > "$docker/broken-tags"
for name in v2.4.7 v2.4.8 v2.4.9 v2.5.0; do echo "spacetime/godot:$name"; done > "$docker/images"
echo "worlds: 3" > "$docker/volumes/spacetime_godot-data/worlds"
cat > "$docker/exec" << END
#!/bin/sh
# What a container is asked to do: nginx is a real one.
shift
[ "\$1" = nginx ] || { echo "no \$1 in this container" >&2; exit 127; }
shift
exec '$(find_program nginx)' -p '$ground/spacetime/nginx/' -c nginx.conf "\$@"
END
cat > "$HOME/.stand-ins/gh/workflows/rollback.yml" << END
cd '$ground/spacetime' && PATH='$ground/bin':"\$PATH" bash deploy/rollback.sh --quick
END
export PATH="$ground/bin:$PATH"
cd spacetime
for deployment in ../backups/*; do
  docker run --rm -v spacetime_godot-data:/data:ro -v "$ground/backups/$(basename "$deployment")":/backup alpine tar czf /backup/data.tar.gz /data 2> /dev/null
done
docker compose up --detach 2> /dev/null
cd ..

keep service TERM "$python" service.py "$ground" "$live" "$blue" "$green" "$prometheus"
keep nginx QUIT "$(find_program nginx)" -p "$ground/spacetime/nginx/" -c nginx.conf -g 'daemon off;'
until_it 10 curl -fsS "http://127.0.0.1:$prometheus/-/ready"
until_it 10 curl -sS "http://127.0.0.1:$web/status"

echo "http://127.0.0.1:$web" > site
echo "INCIDENTS_WEBHOOK=http://127.0.0.1:$prometheus/hook" > env
rollback spacetime-rollback.rbk . \
  "production=$ground/spacetime" "backups=$ground/backups" "emergencies=$ground/emergencies" \
  "site=http://127.0.0.1:$web" "prometheus=http://127.0.0.1:$prometheus" \
  health_wait=15s close_watch=2s look_back=1s observe=2s watching=1s
cp "$GROUNDS"/spacetime-rollback/*.toml .

program ill-too << 'END'
#!/bin/sh
# The version before is ill as well: only v2.4.8 and v2.4.7 become healthy.
echo v2.4.9 >> "$(dirname "$0")/home/.stand-ins/docker/broken-tags"
END
program go-green << 'END'
#!/bin/sh
# A blue-green deployment: blue has v2.4.9, green has v2.5.0, and the traffic goes to green.
set -eu
cd "$(dirname "$0")"
export HOME="$PWD/home" PATH="$PWD/bin:$PATH"
cd spacetime
IMAGE_TAG=v2.4.9 docker compose -p spacetime-blue up --detach
IMAGE_TAG=v2.5.0 docker compose -p spacetime-green up --detach
ln -sfn green.conf nginx/live.conf
docker exec spacetime-nginx nginx -s reload
END
program corrupt << 'END'
#!/bin/sh
# The data of production is no data any more.
echo "worlds: ?" > "$(dirname "$0")/home/.stand-ins/docker/volumes/spacetime_godot-data/worlds"
END
program no-backups << 'END'
#!/bin/sh
# Every backup is gone.
rm -rf "$(dirname "$0")"/backups/*
END

cat << 'END'
v2.5.0 is in production, and not healthy; v2.4.9 ran before. In the ground:

  ./rollback     roll back: say "Health checks fail" to see the automatic way, "Service completely down" for the
                 six ways by hand
  ./ill-too      then v2.4.9 does not become healthy either, and an older version is wanted
  ./no-backups   then ./rollback stops before anything is touched
  ./go-green     then "6: back to blue" brings the traffic back
  ./corrupt      then "Data corruption" restores the data
  ./stop         stop what the ground started

With `--answers "$PWD/NAME.toml"` it answers by itself: automatic, script, older (after ./ill-too), blue (after
./go-green), corruption (after ./corrupt).
END
