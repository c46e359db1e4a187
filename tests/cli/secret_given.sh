# A parameter that holds a secret is refused before anything is written.
printf 'rbk 1\nrunbook "A"\nparam who: text\nsecret token from env TOKEN\nsecret key from file "key"\nstep one "One" {\n  env T = token\n  env K = key\n  $ echo {{who}}\n}\n' > a.rbk
printf 'in-a-file\n' > key
TOKEN=in-the-environment runbook run a.rbk --param who=in-the-environment
TOKEN=in-the-environment runbook run a.rbk --param who=not-in-a-file-or-so
ls
TOKEN=in-the-environment runbook run a.rbk --param who=ada
