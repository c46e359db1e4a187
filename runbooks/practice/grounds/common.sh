# What the grounds share; each `NAME.sh` reads it first. It runs in the ground's own folder, which is empty.

ground=$PWD
mkdir bin home

# What somebody without any settings of their own has.
cat > home/.gitconfig << 'END'
[user]
	name = Practice
	email = practice@localhost
[init]
	defaultBranch = main
[advice]
	detachedHead = false
[commit]
	gpgsign = false
[tag]
	gpgsign = false
[core]
	pager = cat
END
export HOME="$ground/home" GIT_CONFIG_NOSYSTEM=1

# Tools that stand in for a cloud or a cluster: first on PATH of what runs in the ground.
stand_in() {
  for name in "$@"; do
    [ -x "$TOOLS/$name" ] || { echo "there is no stand-in for $name" >&2; exit 1; }
    ln -s "$TOOLS/$name" "bin/$name"
  done
}

# `program PATH`, its text on standard input: a script of the ground.
program() {
  cat > "$1"
  chmod 755 "$1"
}

# A file `env` of the ground holds what else the run finds in its environment, lines `NAME=value`.
# `rollback RUNBOOK FOLDER [name=value …]`: `./rollback` runs it in FOLDER of the ground, and takes what
# `runbook run` takes. `./runbook` is the engine, with the tools of the ground, for `resume`, `show` and `undo`.
rollback() {
  file=$1
  folder=$2
  shift 2
  program runbook << END
#!/bin/sh
# The engine on this ground: its tools come first, and its runs are kept here.
export PATH='$ground/bin':"\$PATH" HOME='$ground/home' XDG_STATE_HOME='$ground/state' GIT_CONFIG_NOSYSTEM=1
cd '$ground/$folder'
if [ -e '$ground/env' ]; then
  set -a
  . '$ground/env'
fi
exec '$RUNBOOK' "\$@"
END
  {
    echo '#!/bin/sh'
    echo "# Runs the runbook on this ground."
    printf "exec '%s/runbook' run '%s/%s'" "$ground" "$RUNBOOKS" "$file"
    for value in "$@"; do
      printf " \\\\\n  --param '%s'" "$value"
    done
    printf ' "$@"\n'
  } | program rollback
}
