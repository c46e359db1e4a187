# A repository after a large move: clean by itself, with a legacy path left in the changelog. `./conflict` merges a
# branch that nobody resolves, which is the case where the conflict is no phantom.
. "$GROUNDS/common.sh"

git init --quiet project
cd project
mkdir engine docs
echo 'print("engine")' > engine/main.py
echo '# The engine' > docs/engine.md
git add .
git commit --quiet -m "The engine"
git branch before-the-move
mkdir packages
git mv engine packages/engine
echo 'The sources moved from engine/ to packages/engine/.' > CHANGELOG.md
git add .
git commit --quiet -m "Move to packages/"
cd ..

program conflict << 'END'
#!/bin/sh
# A merge that nobody resolves.
set -eu
cd "$(dirname "$0")/project"
git checkout --quiet -b other
echo 'print("theirs")' > packages/engine/main.py
git commit --quiet -a -m "Theirs"
git checkout --quiet main
echo 'print("ours")' > packages/engine/main.py
git commit --quiet -a -m "Ours"
git merge other > /dev/null || echo "now there is a real conflict in packages/engine/main.py"
END

rollback stale-tabs-cleanup.rbk project

cat << 'END'
A repository in which `engine/` has become `packages/engine/`. In the ground:

  ./rollback     clean up: the phantoms are gone
  ./conflict     merge a branch and leave it unresolved; then ./rollback stops, and says so
END
