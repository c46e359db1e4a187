# What is known of a runbook before it is run.
runbook analyze $CASES/cli/analyze.rbk
runbook analyze $CASES/cli/analyze.rbk --json
LANG=C runbook analyze $CASES/cli/leaves.rbk | head -n 12
printf 'rbk 1\nmodule "B"\n' > b.rbk; runbook analyze b.rbk
printf 'rbk 1\nrunbook "A"\n\ndo nothing()\n' > a.rbk; runbook analyze a.rbk 2>&1 | head -n 4
runbook analyze missing.rbk
# The hooks for pre-commit name commands that there are.
printf 'rbk 1\nrunbook "A"\n\nowner "me"\n' > c.rbk
sed -n 's/^ *entry: //p' $CASES/../.pre-commit-hooks.yaml | while read -r entry; do $entry c.rbk; echo "$entry: $?"; done
