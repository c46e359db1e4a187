# A real run becomes a scenario that holds.
cp "$CASES/cli/deploy.rbk" .
printf '[answers]\n"Version to deploy" = "v2"\n"Somebody watches the dashboards" = "yes"\n"Is it good?" = "no"\n' > answers.toml
runbook run deploy.rbk --json -a answers.toml >/dev/null
runbook test --record 0
runbook test --record 0 --output deploy.test.rbk
runbook test deploy.test.rbk
runbook test --record 0 --output deploy.test.rbk
runbook test --record 0 --output deploy.rbk
runbook test --record nothing
runbook test --record 0 deploy.test.rbk
