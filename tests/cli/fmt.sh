# Standard input, a file in place, a check, a broken file that must not be touched.
printf 'rbk 1\nrunbook "A"\n\n\n\nowner "x"\nstep a "A" {\n$ true\n}\n' | runbook fmt -
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n$ true\n}\n' > a.rbk; runbook fmt --check a.rbk
runbook fmt a.rbk && cat a.rbk && runbook fmt --check a.rbk
printf 'rbk 1\nrunbook "A"\nstep a {\n' > broken.rbk; runbook fmt broken.rbk; cat broken.rbk
runbook fmt missing.rbk
runbook fmt - a.rbk
mkdir empty; runbook fmt empty
