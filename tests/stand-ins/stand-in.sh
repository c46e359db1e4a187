# Sourced by every stand-in: where its state is, the record of calls, failures on order, how it refuses.
# After it `$tool` is the stand-in's name, `$state` the folder of all state, `$own` the tool's own.

set -eu
tool=$(basename "$0")
state=${STAND_INS:-$HOME/.stand-ins}
own=$state/$tool
mkdir -p "$own"

# refuse CODE MESSAGE…
refuse() {
  code=$1
  shift
  printf '%s\n' "$*" >&2
  exit "$code"
}

# What the real tool may know and this one does not must never pass for success.
unknown() {
  refuse 64 "stand-in: does not know: $call"
}

# The call as one line; a word that a shell would not read back as it is stands in quotes.
call=$tool
for word; do
  case $word in
    '' | *[!A-Za-z0-9_./:=,@%+{}*-]*) word="'$(printf %s "$word" | tr '\n' ' ')'" ;;
  esac
  call="$call $word"
done
printf '%s\n' "$call" >> "$state/calls"

# One change at a time, for state that is read and written back.
# One whose stand-in was killed is broken after ten seconds.
lock() {
  tries=0
  until mkdir "$state/lock" 2> /dev/null || [ "$tries" -ge 1000 ]; do
    tries=$((tries + 1))
    sleep 0.01
  done
  trap 'rmdir "$state/lock"' EXIT
}
unlock() {
  rmdir "$state/lock"
  trap - EXIT
}

# `failures`: how often, the exit code, a glob on the call.
ordered=
if [ -s "$state/failures" ]; then
  lock
  while read -r left code glob; do
    # shellcheck disable=SC2254
    case $call in
      $glob)
        if [ -z "$ordered" ] && [ "$left" -gt 0 ]; then
          ordered=$code
          left=$((left - 1))
        fi
        ;;
    esac
    printf '%s %s %s\n' "$left" "$code" "$glob"
  done < "$state/failures" > "$state/failures.new"
  mv "$state/failures.new" "$state/failures"
  unlock
fi
if [ -n "$ordered" ]; then
  printf '%s\n' "$call" >> "$state/failed"
  refuse "$ordered" "$tool: failed, as ordered"
fi

# put FILE TEXT…: written whole or not at all.
put() {
  file=$1
  shift
  mkdir -p "$(dirname "$file")"
  printf '%s\n' "$*" > "$file.$$"
  mv "$file.$$" "$file"
}

# get FILE [ELSE]: its first line.
get() {
  if [ -e "$1" ]; then
    head -n 1 "$1"
  else
    printf '%s\n' "${2:-}"
  fi
}
