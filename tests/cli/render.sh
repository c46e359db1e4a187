# A page that is kept is checked against its runbook.
cp $CASES/cli/service.rbk .
runbook render service.rbk --check
runbook render service.rbk --output page.md --check
runbook render service.rbk --output page.md; runbook render service.rbk --output page.md --check
runbook render service.rbk --to html --output page.md --check
runbook render service.rbk --to html --output page.html; runbook render service.rbk --to html --output page.html --check
sed -i 's/Look at the other/Look at another/' service.rbk; runbook render service.rbk --output page.md --check
runbook render service.rbk --to html --output page.html --check; head -n 3 page.html
runbook render service.rbk --output . --check
