# The way of a run laid over its graph while it stands and when it is over, and what scenarios come to.
runbook graph
cp $CASES/cli/report.rbk .
runbook graph report.rbk --run 01
printf '[answers]\n"What is the error rate?" = "12%%"\n"Nobody deploys right now" = "yes"\n' > answers.toml
runbook run report.rbk --answers answers.toml --json | tail -n 1
RUN=$(ls state/runbook/runs); runbook graph report.rbk --run $RUN
printf '[answers]\n"The graph is flat again" = "https://grafana.example.com/d/shop"\n"sweep" = "skip: the shop is clean enough"\n' > answers.toml
runbook resume --answers answers.toml --json | tail -n 1
RUN=$(ls state/runbook/runs); runbook graph --run $RUN; runbook graph --run $RUN --to json | grep -c '"mark": "done"'
RUN=$(ls state/runbook/runs); runbook graph --run $RUN --to svg | grep -c 'way taken'; runbook graph --run $RUN --to dot | grep -c penwidth
echo '# more' >> report.rbk; RUN=$(ls state/runbook/runs); runbook graph report.rbk --run $RUN --output way.svg; head -c 4 way.svg
cp report.rbk other.rbk; RUN=$(ls state/runbook/runs); runbook graph other.rbk --run $RUN
runbook graph report.rbk --coverage
cp $CASES/cli/service.rbk $CASES/cli/service.test.rbk .; runbook graph service.rbk --coverage; runbook graph ./service.rbk --coverage --to svg | grep -oE '>(What the scenarios come to|reached by [a-z ]+)<'
runbook graph $CASES/cli/deploy.rbk --coverage --run 01
# A wait that failed was not gone on from, though what comes after it was met; and a run may end well inside a call.
cp $CASES/cli/leaving.rbk .; rm -r state; runbook run leaving.rbk --json | tail -n 1; RUN=$(ls state/runbook/runs); runbook graph --run $RUN | grep -v classDef
runbook graph nonsense.rbk
printf 'rbk 1\nrunbook "x"\nstep a "b" {\n' > bad.rbk; runbook graph bad.rbk
