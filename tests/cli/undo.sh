# A run that is over does not go on, and what leads back to nothing is refused before anything is written.
printf 'rbk 1\nrunbook "A"\nstep one "One" {\n  $ echo one >> ledger\n  undo $ echo not-one >> ledger\n}\ncheckpoint ready "Ready"\nstep two "Two" {\n  $ echo two >> ledger\n}\n' > a.rbk
runbook run a.rbk
runbook resume $(ls state/runbook/runs)
runbook undo $(ls state/runbook/runs) --to reddy --reason "it broke"
runbook undo $(ls state/runbook/runs) --to ready --reason "it broke"
cat ledger
runbook undo $(ls state/runbook/runs) --to start --reason "it broke"
cat ledger
