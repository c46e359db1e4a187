# What a step can do wrong, each in its own sentence.
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ no-such-program --flag\n  repeatable\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ kill -9 $$\n  repeatable\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ exit 3\n  repeatable\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ printf "\\\\000\\\\377\\\\033[31mred\\\\n"\n  repeatable\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ exec >&- 2>&-; exit 0\n  repeatable\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ read x < /dev/tty\n  repeatable\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ cat\n  repeatable\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ sleep 5\n  repeatable\n  timeout 200ms\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nhost there "box"\nstep a "A" {\n  on there\n  $ true\n  repeatable\n}\n' > a.rbk; PATH=$(dirname "$(command -v runbook)") runbook run a.rbk
# A state home that cannot be made: refused before anything runs.
printf 'rbk 1\nrunbook "A"\nstep a "A" {\n  $ touch ran\n  repeatable\n}\n' > a.rbk; touch file; XDG_STATE_HOME=$PWD/file/below runbook run a.rbk; ls ran
# How a run ends: with what can be taken back, or in other hands, which is no success.
printf 'rbk 1\nrunbook "A"\ncheckpoint ready "Ready"\nstep a "A" {\n  $ touch made\n  undo $ rm made\n}\nstep b "B" {\n  $ false\n  repeatable\n}\n' > a.rbk; runbook run a.rbk
printf 'rbk 1\nrunbook "A"\nfinish escalated "The lead has it."\n' > a.rbk; runbook run a.rbk
