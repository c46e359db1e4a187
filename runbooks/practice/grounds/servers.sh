# Real servers for a ground, for those that need some; read after `common.sh`. `./stop` ends them.

# The program on PATH, or in one of Debian's folders that are not on it.
find_program() {
  command -v "$1" 2> /dev/null && return
  for folder in /usr/sbin /usr/lib/postgresql/*/bin; do
    [ ! -x "$folder/$1" ] || { echo "$folder/$1"; return; }
  done
  return 1
}

# Gives up with 77 where something is not installed, and says all of it.
installed() {
  missing=
  for name in "$@"; do find_program "$name" > /dev/null || missing="$missing $name"; done
  [ -n "$missing" ] || return 0
  echo "not installed:$missing" >&2
  exit 77
}

# When a process began, so that another one that was given its number later is not taken for it.
since() { ps -o lstart= -p "$1" 2> /dev/null || true; }

# `keep NAME SIGNAL COMMAND…`: a server in the background, which ends at SIGNAL.
keep() {
  name=$1
  signal=$2
  shift 2
  "$@" > "$ground/$name.out" 2>&1 < /dev/null &
  printf '%s %s %s\n' "$!" "$signal" "$(since $!)" >> "$ground/servers"
}

# `until_it SECONDS COMMAND…`
until_it() {
  tries=$(($1 * 20))
  shift
  until "$@" > /dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "waited for: $*" >&2; return 1; }
    sleep 0.05
  done
}

# PostgreSQL, user `app`, without a password; `$postgres` is its address. Its folder is elsewhere: the path of a
# socket has to be short, and the server refuses root, so Debian's own user for it has to come through.
start_postgres() {
  data=$(mktemp -d "${TMPDIR:-/tmp}/ground.XXXXXX")
  chmod 777 "$data"
  echo "$data" >> folders
  as=
  [ "$(id -u)" != 0 ] || as="setpriv --reuid=postgres --regid=postgres --clear-groups --"
  port=$("$PRACTICE" port)
  postgres=postgres://app@127.0.0.1:$port
  # shellcheck disable=SC2086
  (cd / && $as "$(find_program initdb)" -D "$data/data" -U app --auth=trust --encoding=UTF8 --no-sync > "$data/initdb.out")
  cd /
  # shellcheck disable=SC2086
  keep postgres INT $as "$(find_program postgres)" -D "$data/data" -p "$port" -h 127.0.0.1 -k "$data" \
    -c fsync=off -c shared_preload_libraries=pg_stat_statements
  cd "$ground"
  for name in psql pg_dump pg_restore createdb dropdb; do ln -s "$(find_program "$name")" "bin/$name"; done
  until_it 30 bin/psql -X -q -d "$postgres/postgres" -c "SELECT 1"
}

# Redis; `$redis` is its address.
start_redis() {
  mkdir redis
  port=$("$PRACTICE" port)
  redis=redis://127.0.0.1:$port
  keep redis INT "$(find_program redis-server)" --port "$port" --bind 127.0.0.1 --save "" --dir "$ground/redis"
  until_it 10 redis-cli -u "$redis" PING
}

# `start_sshd NAME`: this machine is reached by `ssh NAME` as well, with the tools and the home of the ground.
start_sshd() {
  mkdir -p ssh
  for key in host user; do ssh-keygen -q -t ed25519 -N "" -f "ssh/$key"; done
  cp ssh/user.pub ssh/authorized_keys
  port=$("$PRACTICE" port)
  program ssh/login << END
#!/bin/sh
export HOME='$ground/home' PATH='$ground/bin':"\$PATH"
cd "\$HOME"
exec /bin/sh -c "\$SSH_ORIGINAL_COMMAND"
END
  cat > ssh/sshd_config << END
Port $port
ListenAddress 127.0.0.1
HostKey $ground/ssh/host
AuthorizedKeysFile $ground/ssh/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
ForceCommand $ground/ssh/login
END
  echo "[127.0.0.1]:$port $(cat ssh/host.pub)" > ssh/known_hosts
  cat > ssh/config << END
Host $1
  HostName 127.0.0.1
  Port $port
  User $(id -un)
  IdentityFile $ground/ssh/user
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $ground/ssh/known_hosts
  GlobalKnownHostsFile none
END
  [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
  keep sshd TERM "$(find_program sshd)" -D -e -f "$ground/ssh/sshd_config"
  program bin/ssh << END
#!/bin/sh
# The system's own ssh, told where this ground's configuration is.
PATH=\${PATH#*:}
exec ssh -F '$ground/ssh/config' "\$@"
END
  until_it 10 bin/ssh "$1" true
}

program stop << 'END'
#!/bin/sh
# Ends the servers of this ground, newest first, and removes its folders elsewhere.
cd "$(dirname "$0")"
[ ! -x practice/practice ] || practice/practice stop
[ ! -e servers ] || sort -rn servers | while read -r pid signal since; do
  [ "$(ps -o lstart= -p "$pid" 2> /dev/null)" = "$since" ] || continue
  kill -s "$signal" "$pid" 2> /dev/null || continue
  tries=200
  while kill -0 "$pid" 2> /dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { kill -s KILL "$pid"; break; }
    sleep 0.05
  done
done
[ ! -e folders ] || while read -r folder; do rm -rf "$folder"; done < folders
rm -f servers folders
END
