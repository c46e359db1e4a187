#!/usr/bin/env bash
# rollback.sh --quick | --list | DEPLOYMENT: what runs gives way to what a backup names.
set -euo pipefail
cd "$(dirname "$0")/.."
backups=../backups

case ${1:---list} in
  --list)
    echo "[INFO] Available backups:"
    ls -1r "$backups" | cat -n
    exit
    ;;
  --quick)
    echo "[INFO] Quick rollback to latest backup..."
    deployment=$(ls -1r "$backups" | head -n 1)
    echo "[INFO] Latest backup: $deployment"
    ;;
  *) deployment=$1 ;;
esac
[ -s "$backups/$deployment/production.env" ] || { echo "[ERROR] there is no backup $deployment" >&2; exit 1; }

echo "[INFO] Rolling back to: $deployment"
echo "[INFO] Stopping current containers..."
docker compose down
echo "[SUCCESS] Old containers stopped"
echo "[INFO] Restoring configuration..."
cp "$backups/$deployment/production.env" .env
echo "[SUCCESS] Configuration restored"
echo "[INFO] Starting containers with previous configuration..."
docker compose up --detach
echo "[SUCCESS] Containers started"
echo "[INFO] Waiting for services to be healthy..."
for attempt in 1 2 3; do
  healthy=$(docker compose ps --format '{{.Name}} {{.State}} {{.Health}}' | grep -c ' running healthy$' || true)
  echo "Attempt $attempt/3: $healthy/4 services healthy"
  [ "$healthy" -lt 4 ] || { echo "[SUCCESS] Rollback complete! Services are healthy."; exit; }
  sleep 0.5
done
echo "[ERROR] Services are not healthy" >&2
exit 1
