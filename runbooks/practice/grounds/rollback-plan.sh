# The order service with a bad release, its database and its cache as that release left them, and stand-ins for the
# tools that only a company has.
. "$GROUNDS/common.sh"
. "$GROUNDS/servers.sh"
installed git curl psql pg_dump pg_restore initdb postgres redis-server redis-cli

"$PRACTICE" --ground "$ground/practice" setup --pace "${PACE:-0.1}"

program bin/npm << 'END'
#!/bin/sh
# Stands in for npm: builds with the service's own build, tests with its own health endpoint.
set -eu
case "$*" in
  ci) echo "added 312 packages" ;;
  "run build")
    ./build.sh
    # Where the release before is ill as well, it comes without workers.
    [ ! -e ../../ill ] || sed -i 's/^workers = .*/workers = 0/' built/release.conf
    ;;
  "run test:smoke") exec curl -fsS "$(cat ../url)/health" ;;
  "run e2e -- --grep critical") exec curl -fsS "$(cat ../url)/api/version" ;;
  "run db:validate") echo "valid" ;;
  *) echo "npm stand-in: $*?" >&2; exit 1 ;;
esac
END
program bin/pm2 << 'END'
#!/bin/sh
# Stands in for pm2: the service is the one process it knows.
set -eu
case "$*" in
  "restart all") exec ../practice restart ;;
  *) echo "pm2 stand-in: $*?" >&2; exit 1 ;;
esac
END

start_postgres
bin/psql -X -q -d "$postgres/postgres" -c "CREATE DATABASE app"
bin/psql -X -q -v ON_ERROR_STOP=1 -d "$postgres/app" << 'END'
CREATE EXTENSION pg_stat_statements;
CREATE TABLE projects (id text PRIMARY KEY, title text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE scenes (id serial PRIMARY KEY, project_id text REFERENCES projects);
INSERT INTO projects (id, title) SELECT 'p' || n, 'Project ' || n FROM generate_series(1, 25) n;
INSERT INTO scenes (project_id) SELECT id FROM projects;
ALTER TABLE projects ADD COLUMN new_column text;
CREATE INDEX idx_new_index ON projects (new_column);
END

start_redis
for key in gemini:1 gemini:2; do redis-cli -u "$redis" SET "$key" wrong > /dev/null; done
redis-cli -u "$redis" SET session:1 right > /dev/null

mkdir backups
echo "DATABASE_URL=$postgres/app" > env
echo "$postgres/app" > database
echo "$redis" > cache
rollback rollback-plan.rbk practice/service \
  "api=$(cat practice/url)" "redis=$redis" "log=$ground/practice/app.log" "backups=$ground/backups" \
  patience=15s observe=2s settle=3s day=4s

program spoil << 'END'
#!/bin/sh
# The release before is ill as well: the service stays down whatever is rolled back.
touch "$(dirname "$0")/ill"
END
program no-backups << 'END'
#!/bin/sh
# The disk of the backups is gone: a file stands where their folder was.
set -eu
cd "$(dirname "$0")"
rm -rf backups
touch backups
END

cp "$GROUNDS/rollback-plan.toml" answers.toml

cat << 'END'
The order service is down; its database and its cache hold what the bad release left there. In the ground:

  ./rollback      roll back to v1.0.0: "API completely down", then "Application, cache and database"
  ./no-backups    then ./rollback stops before anything is touched
  ./spoil         then ./rollback finds that v1.0.0 is ill as well, and calls the manager
  ./stop          stop what the ground started

`./rollback --answers "$PWD/answers.toml"` answers by itself.
END
