//! Requests, against servers that answer as they are told.

use super::*;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// A server that gives each connection in turn one of these answers, and what it was sent.
fn server(answers: Vec<String>) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
                    length = number.trim().parse().unwrap();
                }
                head += &line;
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            tell.send(head + &String::from_utf8(body).unwrap()).unwrap();
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, hear)
}

fn answer(status: &str, extra: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{extra}\r\n{body}"
    )
}

fn call(method: &str, url: &str) -> Call {
    Call {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        body: None,
        timeout_ms: 10_000,
        redactor: None,
    }
}

fn send(call: Call) -> Event {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut requests = Requests::begin();
    requests.send(EffectId(1), call);
    assert_eq!(requests.running(), 1);
    let event = runtime.block_on(requests.next());
    assert_eq!(requests.running(), 0);
    event
}

#[test]
fn a_status_of_400_and_more_is_a_response() {
    let (address, heard) = server(vec![answer(
        "503 Service Unavailable",
        "x-why: no\r\n",
        "down",
    )]);
    let mut post = call("POST", &address);
    post.body = Some("{\"a\":1}".into());
    post.headers = vec![("x-given".into(), "yes".into())];
    match send(post) {
        Event::Responded {
            status,
            headers,
            body,
            ..
        } => {
            assert_eq!((status, body.text.as_str(), body.bytes), (503, "down", 4));
            assert!(headers.contains(&("x-why".into(), "no".into())));
        }
        other => panic!("{other:?}"),
    }
    let heard = heard.recv().unwrap();
    assert!(heard.starts_with("POST / HTTP/1.1\r\n"), "{heard}");
    assert!(
        heard.contains("x-given: yes\r\n") && heard.ends_with("{\"a\":1}"),
        "{heard}"
    );
}

#[test]
fn what_looks_follows_redirects_and_what_acts_does_not() {
    let away = answer("302 Found", "location: /there\r\n", "");
    let (address, heard) = server(vec![away.clone(), answer("200 OK", "", "here"), away]);
    match send(call("GET", &address)) {
        Event::Responded { status, body, .. } => {
            assert_eq!((status, body.text.as_str()), (200, "here"))
        }
        other => panic!("{other:?}"),
    }
    match send(call("POST", &address)) {
        Event::Responded { status, .. } => assert_eq!(status, 302),
        other => panic!("{other:?}"),
    }
    assert_eq!(heard.iter().take(3).count(), 3);
}

#[test]
fn a_request_that_reached_nobody_is_told_from_one_that_may_have() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/?token=hunter2", listener.local_addr().unwrap());
    drop(listener);
    match send(call("POST", &address)) {
        Event::RequestFailed { why, sent, .. } => {
            assert_eq!(
                (why.as_str(), sent),
                ("`127.0.0.1` refused the connection", Sent::No)
            );
        }
        other => panic!("{other:?}"),
    }

    let (address, heard) = server(vec![String::new()]);
    match send(call("POST", &address)) {
        Event::RequestFailed { sent, .. } => assert_eq!(sent, Sent::Maybe),
        other => panic!("{other:?}"),
    }
    assert!(heard.recv().is_ok(), "the fault did not fire");

    match send(call("GET", "http://no-such-host.invalid/")) {
        Event::RequestFailed { why, sent, .. } => {
            assert_eq!(
                (why.as_str(), sent),
                ("the host `no-such-host.invalid` is not known", Sent::No)
            );
        }
        other => panic!("{other:?}"),
    }
    match send(call("GET", "ftp://example.com/")) {
        Event::RequestFailed { sent, .. } => assert_eq!(sent, Sent::No),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_silent_server_is_given_up_on_and_can_be_abandoned() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut slow = call("POST", &address);
    slow.timeout_ms = 200;
    match send(slow) {
        Event::RequestFailed { why, sent, .. } => {
            assert_eq!(
                (why.as_str(), sent),
                ("`127.0.0.1` did not answer within 200ms", Sent::Maybe)
            );
        }
        other => panic!("{other:?}"),
    }

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut requests = Requests::begin();
    requests.send(EffectId(7), call("POST", &address));
    let _reached = listener.accept().unwrap();
    requests.abandon(EffectId(7));
    match runtime.block_on(requests.next()) {
        Event::RequestFailed { effect, why, .. } => {
            assert_eq!((effect, why.as_str()), (EffectId(7), "it was stopped"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(requests.running(), 0);
}

#[test]
fn a_body_beyond_a_mebibyte_is_cut_and_said() {
    let (address, _heard) = server(vec![answer("200 OK", "", &"x".repeat(3 << 20))]);
    match send(call("GET", &address)) {
        Event::Responded { body, .. } => {
            assert_eq!((body.text.len(), body.bytes), (1 << 20, 1 << 20));
            assert_eq!(body.flaw.as_deref(), Some("cut after 1 MiB"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_systems_certificates_are_read() {
    if BUNDLES
        .iter()
        .any(|file| std::path::Path::new(file).exists())
    {
        assert!(matches!(trusted(), RootCerts::Specific(_)));
    }
}
