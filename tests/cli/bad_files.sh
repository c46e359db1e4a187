# What is no runbook gets one clear report.
runbook lint missing.rbk
mkdir folder.rbk; runbook run folder.rbk
: > empty.rbk; runbook run empty.rbk
printf 'rbk 1\nrunbook "\377\376"\n' > bytes.rbk; runbook run bytes.rbk
mkfifo fifo.rbk; runbook run fifo.rbk
head -c 1200 "$CASES/tour/tour.rbk" > half.rbk; runbook lint half.rbk
printf 'rbk 1\nmodule "Queues"\nprocedure drain() {\n  step drain "Drain" {\n    $ true\n  }\n}\n' > queues.rbk
runbook run queues.rbk
