# A secret that is another one than when the run began is told; the run goes on with it. The journal gets what they were when they change.
printf 'rbk 1\nrunbook "A"\nsecret token from env TOKEN\nsecret other from env OTHER\nconfirm "Go on?"\nstep one "One" {\n  env T = token\n  $ test "$T" = second\n}\n' > a.rbk
printf '[answers]\n"Go on?" = "yes"\n' > yes.toml
TOKEN=first OTHER=same runbook run a.rbk
TOKEN=first OTHER=same runbook resume
grep -ac '"host":{"secrets"' state/runbook/runs/*/journal
TOKEN=second OTHER=same runbook resume --answers yes.toml
grep -ac '"host":{"secrets"' state/runbook/runs/*/journal
# Each of these engines said how it left the run.
runbook show | grep "without a word"
