runbook --help
runbook run --help
runbook
runbook frobnicate
runbook --version | sed 's/[0-9.]*$/<version>/'
