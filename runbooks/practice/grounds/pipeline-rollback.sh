# A pipeline on a cloud that is made up: a deployment and a Cloud Run job whose newest image is bad, the repository of
# its infrastructure with a good and a bad release, Terraform's state in a bucket, and two scenes of which one is
# half processed.
. "$GROUNDS/common.sh"
stand_in kubectl gcloud gsutil terraform

cloud=home/.stand-ins
mkdir -p "$cloud/kubectl/pipeline/scene-generation-job/revisions" "$cloud/gcloud/run-jobs/us-central1" \
  "$cloud/gcloud/workflows" "$cloud/gs/acme-state/pipeline" "$cloud/gs/acme-scenes/scenes"

deployment=$cloud/kubectl/pipeline/scene-generation-job
image=gcr.io/acme-pipeline/scene-generation-job
echo "scene-generation-job=$image:v40" > "$deployment/revisions/11"
echo "scene-generation-job=$image:v41" > "$deployment/revisions/12"
echo "scene-generation-job=$image:v42" > "$deployment/revisions/13"
echo 13 > "$deployment/revision"
echo 3 > "$deployment/replicas"
echo "$image:v42" > "$cloud/gcloud/run-jobs/us-central1/scene-generation-job"
echo acme-pipeline > "$cloud/gcloud/project"

# The workflow makes a scene; what a broken run left of it is in its way.
cat > "$cloud/gcloud/workflows/blueprint-pipeline" << 'END'
scene=$(sed -n 's/.*"scene_id": *"\([A-Za-z0-9_-]*\)".*/\1/p')
at=$HOME/.stand-ins/gs/acme-scenes/scenes/$scene
if [ -z "$scene" ]; then
  echo "every scene is up to date"
  exit 0
fi
if [ -e "$at/scene.usda" ]; then
  echo "scene.usda of $scene is there already" >&2
  exit 1
fi
mkdir -p "$at/usd"
echo "made anew" > "$at/usd/scene.usdc"
echo done > "$at/.regen3d_complete"
echo "$scene is complete"
END
for scene in kitchen hallway; do
  mkdir -p "$cloud/gs/acme-scenes/scenes/$scene/usd" "$cloud/gs/acme-scenes/scenes/$scene/input"
  echo picture > "$cloud/gs/acme-scenes/scenes/$scene/input/photo.jpg"
  echo whole > "$cloud/gs/acme-scenes/scenes/$scene/usd/scene.usdc"
  echo done > "$cloud/gs/acme-scenes/scenes/$scene/.regen3d_complete"
done
echo half > "$cloud/gs/acme-scenes/scenes/kitchen/usd/scene.usdc"
echo partial > "$cloud/gs/acme-scenes/scenes/kitchen/scene.usda"

git init --quiet infra
cd infra
printf '.terraform/\n*.tfplan\n' > .gitignore
release() {
  cat > main.tf << END
terraform {
  backend "gcs" {
    bucket = "acme-state"
    prefix = "pipeline"
  }
}
locals {
  version = "$1"
}
resource "google_workflows_workflow" "blueprint" {}
resource "google_cloud_run_v2_job" "scenes" {}
END
  git add .
  git commit --quiet -m "Release $1"
  git tag "v$1"
}
release 1.4.0
release 1.5.0
cd ..
state() {
  printf 'serial %s\nresource google_cloud_run_v2_job.scenes %s\nresource google_workflows_workflow.blueprint %s\n' "$1" "$2" "$2"
}
state 7 1.5.0 > "$cloud/gs/acme-state/pipeline/default.tfstate"
state 6 1.4.0 > "$cloud/gs/acme-state/pipeline/default.tfstate.20260101T0900"

program break << 'END'
#!/bin/sh
# Makes the rollback fail: `./break image` or `./break lock`; `./break unlock` lets go of the lock again.
set -eu
cd "$(dirname "$0")/home/.stand-ins"
case ${1:-} in
  image)
    echo gcr.io/acme-pipeline/scene-generation-job:v41 | tee kubectl/missing-images > gcloud/missing-images
    echo "the image of v41 is gone from the registry"
    ;;
  lock)
    echo 5f2c1d9a-7a51-4f7e > gs/acme-state/pipeline/default.tflock
    echo "Terraform's state is locked by 5f2c1d9a-7a51-4f7e; \`./break unlock\` lets it go"
    ;;
  unlock) rm -f gs/acme-state/pipeline/default.tflock ;;
  *) echo "say what to break: image, lock, or unlock" >&2; exit 2 ;;
esac
END

# Patience is short here, so that what never comes is found out in the time of a practice.
rollback pipeline-rollback.rbk . project=acme-pipeline states=gs://acme-state/pipeline \
  scenes_at=gs://acme-scenes/scenes patience=20s

cat << 'END'
A pipeline whose newest release, v42 of the job and v1.5.0 of everything, is broken. In the ground:

  ./rollback       roll it back: v41 and v1.4.0 were good; the scene `kitchen` is half processed
  ./break image    the image of v41 is gone: the rollout never ends, and is taken back
  ./break lock     Terraform's state is locked; ./break unlock lets it go
END
