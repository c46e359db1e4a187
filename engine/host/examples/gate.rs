//! A gate on its own, for tests and benches: what `runbook __gate` is.

fn main() {
    runbook_host::process::gate_main()
}
