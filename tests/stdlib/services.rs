//! Modules that speak to a service: HTTP, Prometheus, Slack, PagerDuty and mail.

use super::Ground;
use crate::practice::{root, text};
use crate::real;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What a service of this test was asked, and how it answers: path and body of each request in order.
struct Service {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// `answer` gets the request line, the rest of the request, and how often that line was asked before.
    fn start(answer: impl Fn(&str, &str, usize) -> (u16, String) + Send + 'static) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                while reader.read_line(&mut head).is_ok_and(|n| n > 2) {
                    let line = head.lines().last().unwrap_or_default().to_lowercase();
                    if let Some(n) = line.strip_prefix("content-length:") {
                        length = n.trim().parse().expect("a length");
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).expect("the body");
                let (first, rest) = head.split_once("\r\n").unwrap_or_default();
                let rest = format!("{rest}\n{}", String::from_utf8_lossy(&body));
                let first = first.trim_end_matches(" HTTP/1.1").to_owned();
                let before = counts.entry(first.clone()).or_default();
                let (status, text) = answer(&first, &rest, *before);
                *before += 1;
                kept.lock()
                    .expect("not poisoned")
                    .push(format!("{first}\n{rest}"));
                let _ = write!(
                    reader.get_mut(),
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{text}",
                    text.len()
                );
            }
        });
        Service { address, asked }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

#[test]
fn http_tells_the_healthy_from_the_broken_and_the_gone() {
    let service = Service::start(|line, _, before| match line {
        "GET /broken" => (503, String::new()),
        // Not at once, so that something is waited for.
        "GET /health" if before == 3 => (502, String::new()),
        _ => (200, String::new()),
    });
    let gone = format!("http://127.0.0.1:{}/", real::free_port());
    let ground = Ground::new();
    ground.tries(
        "http",
        &[
            ("base", &service.at("/")),
            ("health", &service.at("/health")),
            ("broken", &service.at("/broken")),
            ("gone", &gone),
        ],
        &[("Does what is broken count as healthy?", "\"No\"")],
    );
    let asked = service.asked();
    let times = |line: &str| asked.iter().filter(|asked| asked.starts_with(line)).count();
    assert!(times("GET /health") > 6, "{asked:?}");
}

#[test]
fn prometheus_is_queried_and_held_to_thresholds() {
    let service = Service::start(|line, _, before| {
        let value = match line.rsplit_once("query=").map_or("", |(_, query)| query) {
            "errors" => "0.5",
            "requests" => "20",
            "falling" if before < 2 => "5",
            "falling" => "0.25",
            query if query.starts_with("count%28up%7Bjob%3D%22api%22%7D") => "0",
            _ => return (400, "{\"status\":\"error\"}".to_owned()),
        };
        let result = format!("[{{\"metric\":{{}},\"value\":[1700000000.1,\"{value}\"]}}]");
        (
            200,
            format!(
                "{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":{result}}}}}"
            ),
        )
    });
    let ground = Ground::new();
    ground.tries("prometheus", &[("server", &service.address)], &[]);
}

const NASTY: &str = "500 \"errors\"\ta\\b\nü {x} 'y' $HOME";

#[test]
fn slack_gets_the_words_and_the_token_stays_out_of_sight() {
    let service = Service::start(|_, _, _| (200, "{\"ok\":true}".to_owned()));
    let mut ground = Ground::new();
    ground.set("SLACK_API", &service.address);
    ground.set("SLACK_CHANNEL", "#incidents");
    ground.set("SLACK_TOKEN", "xoxb-very-secret-token");
    let seen = ground.tries("slack", &[("symptom", NASTY)], &[]);
    assert!(!seen.contains("very-secret"), "{seen}");
    let asked = service.asked();
    let [asked] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert!(asked.starts_with("POST /chat.postMessage\n"), "{asked}");
    assert!(
        asked.contains("Authorization: Bearer xoxb-very-secret-token"),
        "{asked}"
    );
    // Versions of curl differ in how they write a blank.
    let asked = asked.replace('+', "%20");
    assert!(asked.contains("channel=%23incidents&text="), "{asked}");
    assert!(
        asked.contains("500%20%22errors%22%09a%5Cb%0A%C3%BC%20%7Bx%7D%20%27y%27%20%24HOME"),
        "{asked}"
    );
}

#[test]
fn slack_that_refuses_with_200_has_failed() {
    let service = Service::start(|_, _, _| {
        (
            200,
            "{\"ok\":false,\"error\":\"not_in_channel\"}".to_owned(),
        )
    });
    let mut ground = Ground::new();
    ground.set("SLACK_API", &service.address);
    ground.set("SLACK_CHANNEL", "#incidents");
    ground.set("SLACK_TOKEN", "xoxb-very-secret-token");
    let out = ground
        .command(env!("CARGO_BIN_EXE_runbook"))
        .arg("run")
        .arg(root().join("stdlib/tests/slack.rbk"))
        .args(["--param", "symptom=down"])
        .output()
        .expect("runbook starts");
    assert!(!out.status.success(), "{}", text(&out));
    assert!(text(&out).contains("not_in_channel"), "{}", text(&out));
}

#[test]
fn pagerduty_pages_with_whole_json_and_resolves_the_same_page() {
    let service = Service::start(|_, _, _| (202, "{\"status\":\"success\"}".to_owned()));
    let mut ground = Ground::new();
    ground.set("PAGERDUTY_API", &service.address);
    ground.set("PAGERDUTY_KEY", "very-secret-key-of-32-characters");
    let seen = ground.tries("pagerduty", &[("symptom", NASTY)], &[]);
    assert!(!seen.contains("very-secret"), "{seen}");
    let asked = service.asked();
    let [page, resolved] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert!(
        page.contains("\"summary\":\"500 \\\"errors\\\" a\\\\b\\nü {x} 'y' $HOME\\nRun "),
        "{page}"
    );
    assert!(
        page.contains(
            "\"routing_key\":\"very-secret-key-of-32-characters\",\"event_action\":\"trigger\""
        ),
        "{page}"
    );
    let key = |asked: &str| {
        asked
            .split("\"dedup_key\":")
            .nth(1)
            .map(|rest| rest[..38].to_owned())
    };
    assert_eq!(key(page), key(resolved));
    assert!(
        resolved.contains("\"event_action\":\"resolve\""),
        "{resolved}"
    );
}

#[test]
fn mail_goes_out_with_a_subject_and_no_other_header_of_the_text() {
    let mut ground = Ground::new();
    ground.set("MAIL_TO", "everybody@example.com");
    ground.set("MAIL_FROM", "ops@example.com");
    ground.tries(
        "mail",
        &[("symptom", "Ausfälle\nBcc: thief@example.com")],
        &[],
    );
    let first = ground.stood_in("mail/1.eml");
    let (head, body) = first.split_once("\n\n").expect("a head and a body");
    assert!(
        head.contains("Subject: =?utf-8?B?W0FDVElPTl0gQXVzZsOkbGxl?="),
        "{first}"
    );
    assert!(!head.contains("Bcc"), "{first}");
    assert!(body.contains("We are rolling back."), "{first}");
    let second = ground.stood_in("mail/2.eml");
    assert!(
        second.contains("Subject: From a runbook\n") && second.ends_with("\n\nIt is over.\n"),
        "{second}"
    );
}
