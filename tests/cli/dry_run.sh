printf 'rbk 1\nrunbook "A"\nparam to: text {\n  matches "^v"\n}\nstep one "One" {\n  let n: number = ? wc -l < ledger\n  $ echo {{to}} {{n}} >> ledger\n  undo $ rm ledger\n}\ncheckpoint good "Good" {\n  check "There" {\n    ? test -e ledger\n  }\n}\n' > a.rbk
runbook run a.rbk --dry-run
runbook run a.rbk --dry-run --param to=v1
ls
# Answers are taken by their keys, as often as there are some, and then made up; a time limit that is not reached changes nothing.
printf 'rbk 1\nrunbook "B"\nask who: text "Who?"\nfor n in [1, 2] {\n  ask what: text "What?"\n  step echo "Echo {{n}}" {\n    timeout 5m\n    $ echo {{what}} for {{who}}\n  }\n}\n' > b.rbk
printf '[answers]\n"Who?" = "ada"\n"What?" = "first"\n' > b.toml
runbook run b.rbk --dry-run --answers b.toml
# What nobody can make up is asked for.
printf 'rbk 1\nrunbook "C"\nask level: severity "How bad?"\nfinish no_action\n' > c.rbk
runbook run c.rbk --dry-run
# Waiting takes no time, and the clock goes on as if it had.
printf 'rbk 1\nrunbook "D"\nlet before: time = now()\nwait 30m\nlet asked: duration = now() - before\nwait up to 5m every 10s stable 1m {\n  ? ./is-there\n}\nlet looked: duration = now() - before\nsection late "Late" within 10m {\n  wait 2h\n}\nlet all: duration = now() - before\nfinish no_action\n' > d.rbk
runbook run d.rbk --dry-run | sed -E 's/until [0-9:]+/until <at>/'
