printf 'rbk 1\nrunbook "A"\nparam to: text {\n  matches "^v"\n}\nstep one "One" {\n  let n: number = ? wc -l < ledger\n  $ echo {{to}} {{n}} >> ledger\n  undo $ rm ledger\n}\ncheckpoint good "Good" {\n  check "There" {\n    ? test -e ledger\n  }\n}\n' > a.rbk
runbook run a.rbk --dry-run
runbook run a.rbk --dry-run --param to=v1
ls
