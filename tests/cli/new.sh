# A first runbook: its scenarios pass, nothing is found in it, and it can be walked.
runbook new restore-orders --template database
runbook test restore-orders.test.rbk --fail-under 100
runbook new restore-orders --template empty
mkdir plans; runbook new plans/roll-back.rbk --template deployment && ls plans && head -n 2 plans/roll-back.test.rbk
# Nobody is there to be asked.
runbook new incident
runbook new incident --template outage
# Never over a file that is there, and never one file of two.
ln -s nowhere first.test.rbk; runbook new first --template empty; ls first.rbk
# What is no name.
runbook new "restore orders" --template empty
runbook new ../../ --template empty
runbook new "" --template empty
runbook new .hidden --template empty
runbook new -- -f --template empty
runbook new --template empty -- --force
runbook new orders.test.rbk --template empty
runbook new '"; rm' --template empty
runbook new no/such/folder --template empty
mkdir "my plans"; runbook new "my plans/empty" --template empty
ls
