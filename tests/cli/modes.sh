cp $CASES/cli/deploy.rbk .
runbook run deploy.rbk --param version=v7 --dry-run; ls ledger
runbook run deploy.rbk --param version=v7 --probe; ls ledger
printf '[answers]\n"Somebody watches the dashboards" = "yes"\n' > answers.toml
runbook run deploy.rbk --param version=v7 --answers answers.toml --yes --json; cat ledger
runbook run deploy.rbk --param version=v7 --from settle --yes; cat ledger
runbook run deploy.rbk --param version=v7 --from setle
runbook run deploy.rbk --dry-run --probe
runbook runs --json | head -5
