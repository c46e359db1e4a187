# A run for a post-mortem: parked, resumed, a step skipped by a person's word.
cp $CASES/cli/report.rbk .
runbook report
printf '[answers]\n"What is the error rate?" = "12%%"\n"Nobody deploys right now" = "yes"\n' > answers.toml
runbook run report.rbk --answers answers.toml --json | tail -n 1
runbook report | head -n 3
printf '[answers]\n"The graph is flat again" = "https://grafana.example.com/d/shop"\n"sweep" = "skip: the shop is clean enough"\n' > answers.toml
runbook resume --answers answers.toml --json | tail -n 1
# When, and who, is another thing on each machine.
runbook report | sed -E "s/([0-9]{4}(-[0-9]{2}){2} )?[0-9]{2}(:[0-9]{2}){2}/<at>/; s/\\b$(id -un)\\b/<me>/g"
runbook report --to json | grep -A 6 '"deadlines"' | sed 's/[0-9]*,$/<number>,/'
runbook report --to html | grep -oE '<(h1|h2|h3) id="[^"]*"|class="(attempt|checkpoint|decision|end|start|step|manual)( [a-z]+)?"' | head -n 16
runbook report nonsense
runbook report --output there/is/no/folder
runbook report --output post-mortem.md; head -n 1 post-mortem.md
runbook report --to pdf
