# The recipes of this repository. `just` alone lists them.

default:
    @just --list --unsorted

# Break the practice service and roll it back through the real engine
practice *ARGS:
    cargo run --quiet --package practice -- {{ ARGS }}

# Everything that must hold before a change lands; what CI runs
ready:
    ./.ci/run

# The tests, as the README says
test *ARGS:
    cargo test --workspace {{ ARGS }}

# The tests, faster, with cargo-nextest
quick *ARGS:
    cargo nextest run --workspace {{ ARGS }}

# Formatting and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Format the Rust, and the runbooks
fmt:
    cargo fmt --all
    cargo run --quiet --bin runbook -- fmt runbooks stdlib

# Rewrite everything generated: snapshots, the list of error pages, the fault matrix
bless:
    INSTA_UPDATE=always BLESS=1 cargo test --workspace

# The rows of the fault matrix, counted
faults:
    cargo test --quiet --test suite -- --ignored --nocapture the_rows_that_are_covered_counted

# Kill the released program 20,000 times, and find the weakened builds out
chaos *ARGS:
    CHAOS_KILLS="${CHAOS_KILLS:-20000}" CHAOS_ONE_IN="${CHAOS_ONE_IN:-1}" tests/chaos/run {{ ARGS }}

# Cut the power 500 times (needs root and loop devices)
power-cuts *ARGS:
    CHAOS_CUTS="${CHAOS_CUTS:-500}" tests/chaos/run --ignored power_goes {{ ARGS }}

# Pages in a browser, on a desk, a phone and paper, into target/pictures (needs chromium)
pictures:
    cargo test --test suite page::pictures -- --ignored

# Build the book into book/book
book:
    mdbook build book

# Times against floors and peers, as ratios of one run
bench *ARGS:
    cargo bench --workspace {{ ARGS }}

# Beside just, make, ninja, doit and ansible, those that are on the PATH: one table of ratios
peers *NAMES:
    cargo bench --bench peers -- {{ NAMES }}

# Line coverage of core, journal, recovery, processes and redaction; names choose among the tests
coverage *TESTS:
    tests/coverage/run {{ TESTS }}

# Break core, journal, recovery, processes and redaction, and see whether a test falls; FILTER is a pattern of a
# file or function (needs cargo-mutants)
mutants FILTER="" TESTS="run:: resume:: journal:: processes:: secrets::":
    tests/coverage/mutants "{{ FILTER }}" {{ TESTS }}

# No text of a mebibyte takes a release more than two seconds or 512 MiB
limits:
    cargo test --release --test suite inputs::limits

# Each fuzz target for so many seconds (needs cargo-fuzz and a nightly compiler)
fuzz SECONDS="60" *TARGETS="parser formatter planner matrix interpolation journal redactor":
    ./fuzz/run {{ SECONDS }} {{ TARGETS }}

# Licences, advisories and sources of the dependencies (needs cargo-deny)
audit:
    cargo deny check

# Spelling (needs typos-cli)
spell:
    typos

# So many seeds of the simulated world; ten thousand are in the tests
world SEEDS="1000000":
    WORLDS={{ SEEDS }} cargo test --release --test suite world::many -- --ignored --nocapture

# One seed of the simulated world again, with all that happens in it
world-again SEED:
    WORLD={{ SEED }} cargo test --test suite world::again -- --ignored --nocapture
