# A run that cannot start where it was told to is refused before there is a run.
cp $CASES/cli/loops.rbk .
runbook run loops.rbk --from restrat
runbook run loops.rbk --from nowhere --dry-run
runbook run loops.rbk --from restart
runbook run loops.rbk --from left
runbook runs; cat ledger
echo a > ledger; runbook run loops.rbk --from restarts; cat ledger
