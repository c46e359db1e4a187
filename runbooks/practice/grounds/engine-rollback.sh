# A cluster that is made up, with a workflow engine whose newest release is bad; numbers as Prometheus has them; and,
# where PostgreSQL is installed, the state store with a snapshot from before the release.
. "$GROUNDS/common.sh"
stand_in kubectl
command -v python3 > /dev/null || { echo "python3 is needed, for the numbers" >&2; exit 1; }

cluster=home/.stand-ins/kubectl
mkdir -p "$cluster/default/engine-worker/revisions"
echo production > "$cluster/context"
printf 'production\nstaging\n' > "$cluster/contexts"
echo "engine=engine:v41" > "$cluster/default/engine-worker/revisions/7"
echo "engine=engine:v42" > "$cluster/default/engine-worker/revisions/8"
echo 8 > "$cluster/default/engine-worker/revision"
echo 4 > "$cluster/default/engine-worker/replicas"

# The counter grows by three each time it is looked at: the smoke plan was run.
mkdir metrics
echo 1000 > 'metrics/engine_steps_executed_total+3'
echo 4.2 > 'metrics/rate(engine_steps_executed_total'
echo 0 > 'metrics/rate(engine_errors_total'
echo 0 > 'metrics/rate(eventbus_publish_failures_total'
python3 "$GROUNDS/metrics.py" "$ground/metrics" < /dev/null > metrics.log 2>&1 &
echo $! > metrics.pid

# The state store. PostgreSQL refuses root, so there it runs as Debian's own user for it, in a folder of its own.
postgres=
for folder in $(echo "$PATH" | tr ':' ' ') /usr/lib/postgresql/*/bin; do
  if [ -x "$folder/initdb" ]; then postgres=$folder; fi
done
address=postgres://engine@127.0.0.1:1/statestore
if [ -n "$postgres" ]; then
  as=
  if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=postgres --regid=postgres --clear-groups --"; fi
  data=$(mktemp -d "${TMPDIR:-/tmp}/statestore.XXXXXX")
  chmod 777 "$data"
  echo "$data" > data.folder
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  address=postgres://engine@127.0.0.1:$port/statestore
  (
    cd /
    $as "$postgres/initdb" -D "$data/data" -U engine --auth=trust --encoding=UTF8 --no-sync > /dev/null
    $as "$postgres/pg_ctl" -D "$data/data" -s -w -l "$data/log" \
      -o "-p $port -h 127.0.0.1 -k $data -c fsync=off" start > /dev/null
  )
  store() {
    "$postgres/psql" -X -q -v ON_ERROR_STOP=1 "$@"
  }
  store "${address%statestore}postgres" -c "CREATE DATABASE statestore"
  store "$address" << 'END'
CREATE TABLE outbox (id serial PRIMARY KEY, event text NOT NULL, published_at timestamptz);
CREATE TABLE runs (id serial PRIMARY KEY, state text NOT NULL);
INSERT INTO runs (state) SELECT 'waiting' FROM generate_series(1, 40);
INSERT INTO outbox (event) SELECT 'step ' || n FROM generate_series(1, 5) n;
END
  mkdir snapshots
  "$postgres/pg_dump" --format=custom --file=snapshots/before-the-release.dump "$address"
  # The bad release migrated the schema, and spoiled what it held.
  store "$address" << 'END'
UPDATE outbox SET published_at = now();
ALTER TABLE runs RENAME COLUMN state TO phase;
UPDATE runs SET phase = 'lost';
END
  # What the pods do while there are any: events of the outbox go out.
  program publish << END
#!/bin/sh
while sleep 0.5; do
  if [ "\$(cat '$ground/$cluster/default/engine-worker/replicas')" -gt 0 ]; then
    '$postgres/psql' -X -q '$address' -c "UPDATE outbox SET published_at = now() WHERE published_at IS NULL"
  fi
done
END
  ./publish < /dev/null > publish.log 2>&1 &
  echo $! > publish.pid
  ln -s "$postgres"/psql "$postgres"/pg_dump "$postgres"/pg_restore "$postgres"/createdb "$postgres"/dropdb bin/
fi

program stop << END
#!/bin/sh
# Stops what this ground runs.
cd '$ground'
for each in publish.pid metrics.pid; do
  if [ -e \$each ]; then kill "\$(cat \$each)" 2> /dev/null; fi
done
if [ -e data.folder ]; then
  (cd / && ${as:-} '$postgres/pg_ctl' -D "\$(cat '$ground/data.folder')/data" -s -m immediate stop)
  rm -rf "\$(cat data.folder)"
fi
exit 0
END

program break << 'END'
#!/bin/sh
# Makes the rollback fail: `./break image`, `./break snapshot` or `./break errors`.
set -eu
cd "$(dirname "$0")"
case ${1:-} in
  image)
    echo engine:v41 > home/.stand-ins/kubectl/missing-images
    echo "the image engine:v41 is gone from the registry"
    ;;
  snapshot)
    rm -f snapshots/*
    echo "there is no snapshot any more"
    ;;
  errors)
    echo 2.5 > 'metrics/rate(engine_errors_total'
    echo "the engine makes errors whatever it runs"
    ;;
  *) echo "say what to break: image, snapshot, errors" >&2; exit 2 ;;
esac
END

until [ -e metrics/url ]; do
  kill -0 "$(cat metrics.pid)" || { cat metrics.log >&2; exit 1; }
  sleep 0.05
done

# Patience is short here, so that what never comes is found out in the time of a practice.
rollback engine-rollback.rbk . context=production "metrics=$(cat metrics/url)" "snapshots=$ground/snapshots" \
  patience=20s settle=1m longest=2m
export_line="export DATABASE_URL='$address'"
sed -i "3i $export_line" runbook

cat << 'END'
An engine whose newest release, v42, is broken; v41 was good. In the ground:

  ./rollback          roll it back to v41
  ./break image       the image of v41 is gone: it never comes up, and everything is taken back
  ./break errors      errors go on after the rollback, so it is never stable
  ./break snapshot    a schema migration has to go back, and there is no snapshot
  ./stop              stop what runs here
END
[ -n "$postgres" ] || echo "
PostgreSQL is not installed, so the state store cannot be restored here."
