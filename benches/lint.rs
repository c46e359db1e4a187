//! What looking many files over costs. The floor is `runbook fmt --check` of the same folder, which reads and parses them.
//!
//! `cargo bench --bench lint`; in turn, medians of several rounds. Times are only for the machine they were taken on.
//!
//! | name | what |
//! |---|---|
//! | `alone` | files of 500 lines that use no modules |
//! | `modules` | copies of the largest runbook, 500 lines and the modules it uses, which each copy reads anew |

mod program;

use program::{ROUNDS, copy_modules, largest, median, say, takes};

const FILES: usize = 400;
const LINES: usize = 500;

fn main() {
    let folder = std::env::temp_dir().join(format!("runbook-bench-{}", std::process::id()));
    let (alone, modules) = (folder.join("alone"), folder.join("modules"));
    std::fs::create_dir_all(&alone).expect("a folder");
    let own = text();
    let largest = largest(".rbk");
    copy_modules(&modules);
    for n in 0..FILES {
        std::fs::write(alone.join(format!("{n}.rbk")), &own).expect("written");
        std::fs::write(modules.join(format!("{n}.rbk")), &largest).expect("written");
    }
    say(&format!(
        "| {FILES} files | parse | lint | lint / parse | files a second |"
    ));
    say("|---|---|---|---|---|");
    for (name, folder) in [("alone", &alone), ("modules", &modules)] {
        let (mut parses, mut lints) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            parses.push(takes(&["fmt", "--check"], folder));
            lints.push(takes(&["lint"], folder));
        }
        let (parse, lint) = (median(parses), median(lints));
        say(&format!(
            "| {name} | {parse:.0} ms | {lint:.0} ms | {:.2} | {:.0} |",
            lint / parse,
            FILES as f64 * 1000.0 / lint
        ));
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// A runbook in which nothing is found, of 500 lines or a few more.
fn text() -> String {
    let mut text = String::from(
        "rbk 1\nrunbook \"Many services\"\n\nowner \"Ops\"\n\nparam api: url = \"http://localhost:3001\"\n",
    );
    let mut n = 0;
    while text.lines().count() < LINES {
        n += 1;
        text += &format!(
            r#"
checkpoint ready_{n} "Service {n} may be touched" {{
  - [ ] Nobody works on service {n}
  check "The disk of service {n} has room" {{
    let used: percent = ? df --output=pcent /srv/app-{n} | tail -n 1
    expect used < 90%
  }}
}}

section service_{n} "Restart service {n}" {{
  timeout 1m
  step pause_{n} "Pause the queue of service {n}" {{
    > New jobs must not start while the worker is away.
    http POST {{{{api}}}}/queues/{n}/pause
    undo {{
      http POST {{{{api}}}}/queues/{n}/resume
    }}
  }}
  step restart_{n} "Start worker {n} again" {{
    $ sudo -n systemctl restart app-{n}
    repeatable
    retry 2 every 5s backoff 2x
    takes 5s..20s
  }}
  wait up to 2m every 5s {{
    http GET {{{{api}}}}/health/{n}
    expect status == 200 "Service {n} is healthy"
  }}
}}
"#
        );
    }
    text
}
