# Scenarios are played: what holds, what does not and how it came to that, and what nothing comes to.
runbook test "$CASES/cli/service.test.rbk"
runbook test "$CASES/cli/service.test.rbk" "$CASES/cli/failing.test.rbk" --junit report.xml
cat report.xml
runbook test "$CASES/cli/service.test.rbk" --json
runbook test "$CASES/cli/service.test.rbk" --fail-under 90
runbook test "$CASES/cli/service.test.rbk" --fail-under 101
runbook test "$CASES/tour"
runbook test "$CASES/cli/service.rbk"
mkdir empty; runbook test empty missing.test.rbk
cp "$CASES/cli/service.rbk" .; runbook test .
printf 'rbk 1\nscenarios for "service.rbk"\n\nscenario "x" {\n  given nodes = "a"\n  reaches restrat\n  undoes primary.restart\n  takes at most 5\n  ends well\n}\n' > wrong.test.rbk; runbook test wrong.test.rbk
printf 'rbk 1\nscenarios for "servcie.rbk"\n' > lost.test.rbk; runbook lint lost.test.rbk
