# A cluster that is made up, with a workflow engine whose newest release is bad; numbers as Prometheus has them; and
# the state store, with a snapshot from before the release.
. "$GROUNDS/common.sh"
. "$GROUNDS/servers.sh"
installed python3 psql pg_dump pg_restore initdb postgres
stand_in kubectl

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
keep metrics TERM python3 "$GROUNDS/metrics.py" "$ground/metrics"
until_it 10 test -e metrics/url

start_postgres
store() {
  bin/psql -X -q -v ON_ERROR_STOP=1 -d "$postgres/$1"
}
echo "CREATE DATABASE statestore" | store postgres
store statestore << 'END'
CREATE TABLE outbox (id serial PRIMARY KEY, event text NOT NULL, published_at timestamptz);
CREATE TABLE runs (id serial PRIMARY KEY, state text NOT NULL);
INSERT INTO runs (state) SELECT 'waiting' FROM generate_series(1, 40);
INSERT INTO outbox (event) SELECT 'step ' || n FROM generate_series(1, 5) n;
END
mkdir snapshots
bin/pg_dump --format=custom --file=snapshots/before-the-release.dump "$postgres/statestore"
# The bad release migrated the schema, and spoiled what it held.
store statestore << 'END'
UPDATE outbox SET published_at = now();
ALTER TABLE runs RENAME COLUMN state TO phase;
UPDATE runs SET phase = 'lost';
END
echo "DATABASE_URL=$postgres/statestore" > env

# What the pods do while there are any: events of the outbox go out.
program publish << END
#!/bin/sh
while sleep 0.5; do
  if [ "\$(cat '$ground/$cluster/default/engine-worker/replicas')" -gt 0 ]; then
    '$ground/bin/psql' -X -q '$postgres/statestore' -c "UPDATE outbox SET published_at = now() WHERE published_at IS NULL"
  fi
done
END
keep publish TERM ./publish

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

# Patience is short here, so that what never comes is found out in the time of a practice.
rollback engine-rollback.rbk . context=production "metrics=$(cat metrics/url)" "snapshots=$ground/snapshots" \
  patience=20s settle=1m longest=2m

cat << 'END'
An engine whose newest release, v42, is broken; v41 was good. In the ground:

  ./rollback          roll it back to v41
  ./break image       the image of v41 is gone: it never comes up, and everything is taken back
  ./break errors      errors go on after the rollback, so it is never stable
  ./break snapshot    a schema migration has to go back, and there is no snapshot
  ./stop              stop what runs here
END
