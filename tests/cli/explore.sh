# Every way a runbook may go is walked; a way that ends badly can be copied into a scenario file.
runbook test --explore "$CASES/cli/service.rbk"
cp "$CASES/cli/leaves.rbk" .; runbook test --explore leaves.rbk
runbook test --explore leaves.rbk --json
runbook test --explore "$CASES/cli/service.test.rbk"
runbook test --explore "$CASES/cli/missing.rbk"
