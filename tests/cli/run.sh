# Params: missing, unknown, of the wrong type, refused by their pattern.
cp $CASES/cli/deploy.rbk .
runbook run deploy.rbk < /dev/null
runbook run deploy.rbk --param verzion=v1
runbook run deploy.rbk --param version=v1 --param replicas=many
runbook run deploy.rbk --param version=v1 --param colour=gren
runbook run deploy.rbk --param version
runbook run deploy.rbk --param 'version=v1; id'
# Nobody is there: it parks where it must ask, and goes on with answers.
rm -rf state; runbook run deploy.rbk --param version=v7 --param colour=green; cat ledger
runbook runs
printf '[answers]\n"Somebody watches the dashboards" = "yes"\n"Is it good?" = "yes"\n' > answers.toml
runbook resume --answers answers.toml; cat ledger
runbook runs
# Which line a second begins at is chance: without the margin.
runbook show | sed -E 's/^([0-9:]{8}| {8}) //'
runbook resume
runbook show nonsense
runbook show --output 1; runbook show --output 99
# Taken back afterwards.
runbook undo $(ls state/runbook/runs) --to ready --reason "wrong version"; cat ledger
runbook undo $(ls state/runbook/runs) --to ready --reason "once more"; cat ledger
# A document of the same name that is not the same stays beside the new one.
printf 'rbk 1\nrunbook "A report"\n\nmessage report to file "incident.md" {\n  > Rolled back.\n}\n\nstep tell "Tell" {\n  notify report\n}\n' > tell.rbk
echo 'What we did yesterday' > incident.md
runbook run tell.rbk < /dev/null; head incident*
runbook run tell.rbk < /dev/null; head incident*
# Two wait: who takes up the newest is told of the other.
rm -rf state; for n in 1 2; do runbook run deploy.rbk --param version=v$n > /dev/null < /dev/null; done
runbook resume > /dev/null < /dev/null
