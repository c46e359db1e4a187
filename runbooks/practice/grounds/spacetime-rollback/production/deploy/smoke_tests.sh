#!/usr/bin/env bash
# Thirteen looks at the service, as a user has them.
set -euo pipefail
site=$(cat "$(dirname "$0")/../../site")
passed=0
for path in / /status /login /worlds /worlds/1 /worlds/2 /worlds/3 /avatars /avatars/1 /sessions /sessions/1 /assets /telemetry; do
  if curl --fail --silent --max-time 5 --output /dev/null "$site$path"; then
    passed=$((passed + 1))
  else
    echo "✘ $path"
  fi
done
echo "$passed of 13 tests pass"
[ "$passed" = 13 ]
