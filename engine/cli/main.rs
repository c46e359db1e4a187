fn main() {
    // Before anything else: a gate is started for every command, and must be as quick as it can.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == "__gate")
    {
        runbook_host::process::gate_main();
    }
}
