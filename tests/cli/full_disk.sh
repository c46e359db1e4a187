# What is printed goes to a disk that is full: half a page is never taken for a whole one.
runbook explain rb1001 > /dev/full
runbook completions bash > /dev/full
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  ? seq 3\n}\nstep b "B" {\n  ? seq 3000\n}\n' > a.rbk; runbook render a.rbk > /dev/full
# The run goes on, since its journal has it.
runbook run a.rbk > /dev/full
runbook show > /dev/full
runbook show --output 1 > /dev/full
runbook show --output 2 > /dev/full
runbook show --output 2 | head -1
runbook journal export > /dev/full
runbook journal export | head -0
runbook runs --json > /dev/full
