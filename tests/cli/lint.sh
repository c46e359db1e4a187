# What is found, at which level, and what it comes to.
printf 'rbk 1\nrunbook "A"\n\nowner "me"\n\nstep restart "Restart the API" {\n  $ sudo systemctl restart api\n}\n' > a.rbk
printf 'rbk 1\nmodule "B"\n' > b.rbk
runbook lint a.rbk b.rbk
runbook lint --deny error a.rbk > /dev/null 2>&1
runbook lint --format github a.rbk
runbook lint --format checkstyle a.rbk b.rbk
runbook lint --format junit a.rbk b.rbk
runbook lint --fix --dry-run a.rbk
runbook lint --fix a.rbk 2> /dev/null
cat a.rbk
runbook lint --json a.rbk
# Levels, folders, waivers.
mkdir old; cp a.rbk old/c.rbk
printf '[lint.rules]\nact-without-undo = "advice"\n[lint.folder.old]\nact-without-undo = "off"\n' > runbook.toml
runbook lint a.rbk old 2>&1 | tail -n 1
printf '[[lint.waiver]]\nrule = "act-without-undo"\npath = "old"\nowner = "ada"\nuntil = 2026-12-31\n' > runbook.toml
RUNBOOK_TODAY=2026-12-31 runbook lint old
RUNBOOK_TODAY=2027-01-01 runbook lint old
printf '[lint.rules]\nno-timeot = "off"\n' > runbook.toml; runbook lint a.rbk
printf '[lint.rules]\nno-timeout = "of"\n' > runbook.toml; runbook lint a.rbk
rm runbook.toml
runbook lint --dry-run a.rbk 2>&1 | head -n 2
runbook explain todo-left
runbook explain todo-lef
