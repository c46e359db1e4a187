//! The service: orders come in, workers take them, and where there is no worker each order is an error in the
//! log and the health endpoint says 503. What it is told (queues paused, maintenance) stands in files, so that a
//! restart forgets nothing; everything that changes something is a line in the ledger.

use crate::ground::Ground;
use crate::{ledger, release::Release};
use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const QUEUES: &[&str] = &["ai-analysis", "document-processing"];
/// How often an order comes in.
const ORDER_EVERY: Duration = Duration::from_millis(200);
/// Orders that the error rate looks back on.
const WINDOW: usize = 50;
/// The longest request that is read.
const LIMIT: u64 = 1 << 20;

struct Service {
    ground: Ground,
    release: Release,
    orders: Mutex<Orders>,
}

#[derive(Default)]
struct Orders {
    taken: u64,
    jobs: u64,
    /// Whether each of the last orders was taken.
    window: VecDeque<bool>,
}

impl Service {
    fn is_healthy(&self) -> bool {
        self.release.workers > 0
    }

    fn paused_file(&self, queue: &str) -> std::path::PathBuf {
        self.ground.state().join("paused").join(queue)
    }

    fn is_paused(&self, queue: &str) -> bool {
        self.paused_file(queue).exists()
    }

    fn maintenance_file(&self) -> std::path::PathBuf {
        self.ground.state().join("maintenance")
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Orders> {
        self.orders
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Serves until it is killed; `up` is called once it can be asked.
pub fn serve(
    ground: &Ground,
    up: impl FnOnce(&Release) -> Result<(), String>,
) -> Result<(), String> {
    let address = ground.address()?;
    let listener = TcpListener::bind(&address)
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let service = Arc::new(Service {
        release: Release::built(ground)?,
        ground: Ground::at(ground.folder().to_path_buf())?,
        orders: Mutex::default(),
    });
    up(&service.release)?;
    let traffic = Arc::clone(&service);
    thread::spawn(move || {
        loop {
            thread::sleep(ORDER_EVERY);
            order(&traffic);
        }
    });
    for stream in listener.incoming().flatten() {
        let service = Arc::clone(&service);
        thread::spawn(move || {
            // A client that goes away in the middle is its own affair.
            let _ = answer(&service, stream);
        });
    }
    Ok(())
}

/// One order, taken or not.
fn order(service: &Service) {
    if service.maintenance_file().exists() {
        return;
    }
    let taken = service.is_healthy();
    let number = {
        let mut orders = service.orders();
        orders.taken += 1;
        orders.jobs += QUEUES
            .iter()
            .filter(|queue| taken && !service.is_paused(queue))
            .count() as u64;
        if orders.window.len() == WINDOW {
            orders.window.pop_front();
        }
        orders.window.push_back(taken);
        orders.taken
    };
    if !taken {
        log(service, &format!("ERROR order {number}: no worker took it"));
    } else if number % 10 == 1 {
        log(service, &format!("INFO order {number} taken"));
    }
}

fn log(service: &Service, what: &str) {
    let line = format!("{} {what}\n", ledger::clock());
    // A log that cannot be written must not stop the service.
    let _ = OpenOptions::new()
        .create(true)
        .append(true)
        .open(service.ground.log())
        .and_then(|mut file| file.write_all(line.as_bytes()));
}

fn answer(service: &Service, stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream.try_clone()?.take(LIMIT));
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0u64;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
    let mut words = first.split_whitespace();
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
    let path = path.split('?').next().unwrap_or(path);
    let (status, body) = route(service, method, path);
    let reason = match status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        500 => "Internal Server Error",
        _ => "Service Unavailable",
    };
    let kind = if body.starts_with(['{', '[']) {
        "application/json"
    } else {
        "text/plain"
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}\n",
        body.len() + 1
    )?;
    // A socket that is closed with something unread resets the connection, and the answer may be lost on its way: what
    // the client still sends is read away, until it closes its own side.
    stream.shutdown(Shutdown::Write)?;
    std::io::copy(&mut reader, &mut std::io::sink())?;
    Ok(())
}

fn route(service: &Service, method: &str, path: &str) -> (u16, String) {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, segments.as_slice()) {
        ("GET", ["health"]) => health(service),
        ("GET", ["pid"]) => (200, std::process::id().to_string()),
        ("GET", ["api", "version"]) => (
            200,
            format!("{{\"version\": \"{}\"}}", service.release.version),
        ),
        ("GET", ["api", "projects" | "analysis"]) if service.is_healthy() => (200, "[]".to_owned()),
        ("GET", ["api", "projects" | "analysis"]) => (503, "{\"error\": \"no worker\"}".to_owned()),
        ("GET", ["metrics", "error-rate"]) => (200, error_rate(service)),
        ("GET", ["metrics", "response-time"]) => (
            200,
            if service.is_healthy() { "42" } else { "5000" }.to_owned(),
        ),
        ("GET", ["metrics", "queue-length" | "active-jobs"]) => (200, "0".to_owned()),
        ("GET", ["api", "queue", "stats"]) => (200, stats(service)),
        ("POST", ["api", "queue", "pause-all"]) => each_queue(service, true),
        ("POST", ["api", "queue", "resume-all"]) => each_queue(service, false),
        ("POST", ["api", "queue", "clean-all"]) => done(service, "cleaned the failed jobs"),
        ("POST", ["api", "queue", queue, "pause"]) => one_queue(service, queue, true),
        ("POST", ["api", "queue", queue, "resume"]) => one_queue(service, queue, false),
        ("POST", ["api", "maintenance", "enable"]) => maintenance(service, true),
        ("POST", ["api", "maintenance", "disable"]) => maintenance(service, false),
        ("POST", ["api", "cache", "warm"]) => done(service, "warmed the cache"),
        ("DELETE", ["api", "cache", kind @ ("project" | "analysis"), id]) => {
            done(service, &format!("invalidated {kind} {id} in the cache"))
        }
        ("GET" | "POST" | "DELETE", _) => (
            404,
            format!("{{\"error\": \"nothing answers at {}\"}}", plain(path)),
        ),
        _ => (
            405,
            "{\"error\": \"GET, POST and DELETE are answered\"}".to_owned(),
        ),
    }
}

fn health(service: &Service) -> (u16, String) {
    let version = &service.release.version;
    if service.is_healthy() {
        (
            200,
            format!("{{\"ready\": true, \"version\": \"{version}\"}}"),
        )
    } else {
        (
            503,
            format!(
                "{{\"ready\": false, \"version\": \"{version}\", \"reason\": \"no worker runs\"}}"
            ),
        )
    }
}

/// Of the last orders since the start; as `12%`.
fn error_rate(service: &Service) -> String {
    let orders = service.orders();
    let failed = orders.window.iter().filter(|taken| !**taken).count();
    match orders.window.len() {
        0 if service.is_healthy() => "0%".to_owned(),
        0 => "100%".to_owned(),
        all => format!("{}%", failed * 100 / all),
    }
}

fn stats(service: &Service) -> String {
    let queues: Vec<String> = QUEUES
        .iter()
        .map(|queue| {
            let paused = service.is_paused(queue);
            format!(
                "\"{queue}\": {{\"paused\": {paused}, \"waiting\": 0, \"stuck\": 0, \"failed\": 0}}"
            )
        })
        .collect();
    let jobs = service.orders().jobs;
    format!(
        "{{{}, \"completed\": {jobs}, \"failure_rate\": 0}}",
        queues.join(", ")
    )
}

fn each_queue(service: &Service, pause: bool) -> (u16, String) {
    for queue in QUEUES {
        if let Err(error) = set(&service.paused_file(queue), pause) {
            return (500, format!("{{\"error\": \"{}\"}}", plain(&error)));
        }
    }
    done(
        service,
        if pause {
            "paused every queue"
        } else {
            "resumed every queue"
        },
    )
}

fn one_queue(service: &Service, queue: &str, pause: bool) -> (u16, String) {
    if !QUEUES.contains(&queue) {
        return (404, format!("{{\"error\": \"no queue {}\"}}", plain(queue)));
    }
    if let Err(error) = set(&service.paused_file(queue), pause) {
        return (500, format!("{{\"error\": \"{}\"}}", plain(&error)));
    }
    done(
        service,
        &format!("{} queue {queue}", if pause { "paused" } else { "resumed" }),
    )
}

fn maintenance(service: &Service, on: bool) -> (u16, String) {
    if let Err(error) = set(&service.maintenance_file(), on) {
        return (500, format!("{{\"error\": \"{}\"}}", plain(&error)));
    }
    done(
        service,
        if on {
            "maintenance on"
        } else {
            "maintenance off"
        },
    )
}

/// A flag is a file that is there or not.
fn set(flag: &std::path::Path, on: bool) -> Result<(), String> {
    let set = if on {
        fs::write(flag, "")
    } else {
        match fs::remove_file(flag) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    };
    set.map_err(|error| error.to_string())
}

/// Writes the ledger before it answers, so that what was answered is witnessed.
fn done(service: &Service, what: &str) -> (u16, String) {
    match ledger::write(&service.ground, what) {
        Ok(()) => (200, "{\"done\": true}".to_owned()),
        Err(error) => (500, format!("{{\"error\": \"{}\"}}", plain(&error))),
    }
}

/// Fit to stand inside a JSON string.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() && !matches!(c, '"' | '\\'))
        .collect()
}
