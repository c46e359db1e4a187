runbook explain RB9999
runbook explain nonsense
runbook explain rb1001 | head -1
runbook completions bash | head -1
