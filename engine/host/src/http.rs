//! Requests, on a few threads of their own, started when the first is sent.
//!
//! Each has a connection of its own, so that a failure before the connection stood is known to have reached
//! nobody. GET and HEAD follow up to five redirects; what acts follows none, and a redirect is its response.
//! Proxies come from the environment, trusted certificates from the system. A status of 400 and more is a
//! response, not a failure.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use runbook_core::effect::EffectId;
use runbook_core::event::{Captured, Event, Sent};
use tokio::sync::mpsc;
use ureq::tls::{PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Timeout};

use crate::error::plainly;
use crate::process::Redact;

/// A request with every value in its place.
pub struct Call {
    /// Upper case.
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    /// From its start to the last byte of its response.
    pub timeout_ms: u64,
    /// `None` where the run has no secret.
    pub redactor: Option<Box<dyn Redact + Send>>,
}

/// The requests of one engine.
pub struct Requests {
    pool: Arc<Pool>,
    threads: usize,
    open: BTreeSet<EffectId>,
    told: mpsc::UnboundedSender<Event>,
    heard: mpsc::UnboundedReceiver<Event>,
}

#[derive(Default)]
struct Pool {
    waiting: Mutex<VecDeque<(EffectId, Call)>>,
    more: Condvar,
}

impl Pool {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<(EffectId, Call)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Requests that are out at once; more wait for one to end.
const THREADS: usize = 16;
const REDIRECTS: u32 = 5;
/// The most of a body that is kept; the rest is not read.
const BODY: u64 = 1024 * 1024;

impl Requests {
    /// Costs nothing until the first request.
    pub fn begin() -> Requests {
        let (told, heard) = mpsc::unbounded_channel();
        Requests {
            pool: Arc::default(),
            threads: 0,
            open: BTreeSet::new(),
            told,
            heard,
        }
    }

    /// Sends a request; `Responded` or `RequestFailed` follows from [`Requests::next`].
    pub fn send(&mut self, id: EffectId, call: Call) {
        self.open.insert(id);
        if self.threads < THREADS && self.threads < self.open.len() {
            let (pool, told) = (Arc::clone(&self.pool), self.told.clone());
            let started = std::thread::Builder::new()
                .name("request".to_owned())
                .spawn(move || work(&pool, &told));
            match started {
                Ok(_) => self.threads += 1,
                Err(error) if self.threads == 0 => {
                    let _ = self.told.send(Event::RequestFailed {
                        effect: id,
                        why: format!("no thread can be started for it: {}", plainly(&error)),
                        sent: Sent::No,
                        elapsed_ms: 0,
                    });
                    return;
                }
                Err(_) => {}
            }
        }
        self.pool.waiting().push_back((id, call));
        self.pool.more.notify_one();
    }

    /// Drops a request. Unless its end is already known, `RequestFailed` follows: never sent where it still
    /// waited, else perhaps. What comes back of it later is nobody's.
    pub fn abandon(&mut self, id: EffectId) {
        if !self.open.contains(&id) {
            return;
        }
        let mut waiting = self.pool.waiting();
        let before = waiting.len();
        waiting.retain(|(other, _)| *other != id);
        let sent = match waiting.len() < before {
            true => Sent::No,
            false => Sent::Maybe,
        };
        drop(waiting);
        let _ = self.told.send(Event::RequestFailed {
            effect: id,
            why: "it was stopped".to_owned(),
            sent,
            elapsed_ms: 0,
        });
    }

    /// How many are not over yet.
    pub fn running(&self) -> usize {
        self.open.len()
    }

    /// The next response or failure, one for each request. Pending for ever while none is open; safe to
    /// cancel.
    pub async fn next(&mut self) -> Event {
        loop {
            let Some(event) = self.heard.recv().await else {
                return std::future::pending().await;
            };
            if let Event::Responded { effect, .. } | Event::RequestFailed { effect, .. } = &event
                && self.open.remove(effect)
            {
                return event;
            }
        }
    }
}

fn work(pool: &Pool, told: &mpsc::UnboundedSender<Event>) {
    loop {
        let (id, call) = {
            let mut waiting = pool.waiting();
            loop {
                match waiting.pop_front() {
                    Some(next) => break next,
                    None => {
                        waiting = pool
                            .more
                            .wait(waiting)
                            .unwrap_or_else(PoisonError::into_inner);
                    }
                }
            }
        };
        let began = Instant::now();
        let outcome = perform(call);
        let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let event = match outcome {
            Ok(response) => Event::Responded {
                effect: id,
                status: response.status,
                headers: response.headers,
                body: response.body,
                elapsed_ms,
            },
            Err((why, sent)) => Event::RequestFailed {
                effect: id,
                why,
                sent,
                elapsed_ms,
            },
        };
        if told.send(event).is_err() {
            return;
        }
    }
}

struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Captured,
}

fn perform(mut call: Call) -> Result<Response, (String, Sent)> {
    let timeout = Duration::from_millis(call.timeout_ms);
    let request = request(&call).map_err(|why| (why, Sent::No))?;
    let looks = matches!(call.method.as_str(), "GET" | "HEAD");
    let agent = agent();
    let request = agent
        .configure_request(request)
        .timeout_global(Some(timeout))
        // A little less, so that a connection that never stood is told from a response that never came.
        .timeout_resolve(Some(timeout * 9 / 10))
        .timeout_connect(Some(timeout * 9 / 10))
        .max_redirects(if looks { REDIRECTS } else { 0 })
        .build();
    let host = request.uri().host().unwrap_or_default().to_owned();
    let failed = |error: ureq::Error| explain(&error, &host, call.timeout_ms);
    let response = agent.run(request).map_err(failed)?;
    let status = response.status().as_u16();
    let mut redactor = call.redactor.take();
    let mut clean = |text: &str| match &mut redactor {
        None => text.to_owned(),
        Some(redactor) => {
            let mut clean = Vec::new();
            redactor.redact(text.as_bytes(), &mut clean);
            redactor.finish(&mut clean);
            String::from_utf8_lossy(&clean).into_owned()
        }
    };
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), clean(&value))
        })
        .collect();
    let mut bytes = Vec::new();
    let mut reader = response.into_body().into_reader().take(BODY + 1);
    let cut = match reader.read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > BODY => {
            bytes.truncate(usize::try_from(BODY).unwrap_or(usize::MAX));
            Some("cut after 1 MiB".to_owned())
        }
        Ok(_) => None,
        // The other side has answered; that it did not end its answer does not undo that.
        Err(error) => Some(format!("the body broke off: {}", plainly(&error))),
    };
    let flaw = match std::str::from_utf8(&bytes) {
        Err(error) if cut.is_none() || error.error_len().is_some() => Some("not UTF-8".to_owned()),
        _ => cut,
    };
    let text = clean(&String::from_utf8_lossy(&bytes));
    Ok(Response {
        status,
        headers,
        body: Captured {
            bytes: text.len() as u64,
            text,
            segment: None,
            flaw,
        },
    })
}

fn request(call: &Call) -> Result<ureq::http::Request<ureq::SendBody<'static>>, String> {
    let mut builder = ureq::http::Request::builder()
        .method(call.method.as_str())
        .uri(&call.url);
    for (name, value) in &call.headers {
        builder = builder.header(name, value);
    }
    let body = match &call.body {
        None => ureq::SendBody::none(),
        Some(body) => ureq::SendBody::from_owned_reader(io::Cursor::new(body.clone().into_bytes())),
    };
    if let Some(body) = &call.body
        && !call
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-length"))
    {
        builder = builder.header("content-length", body.len());
    }
    let request = builder.body(body).map_err(|_| {
        "its address, or one of its headers, is not one that can be sent".to_owned()
    })?;
    match request.uri().scheme_str() {
        Some("http" | "https") if request.uri().host().is_some() => Ok(request),
        _ => Err("its address does not begin with http:// or https:// and a host".to_owned()),
    }
}

/// The plain sentence, without the address, which may hold a secret; and whether the request may have arrived.
fn explain(error: &ureq::Error, host: &str, timeout_ms: u64) -> (String, Sent) {
    let limit = seconds(timeout_ms);
    match error {
        ureq::Error::HostNotFound => (format!("the host `{host}` is not known"), Sent::No),
        ureq::Error::ConnectionFailed => (format!("`{host}` cannot be reached"), Sent::No),
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => (
            format!("`{host}` did not take the connection within {limit}"),
            Sent::No,
        ),
        ureq::Error::Timeout(_) => (
            format!("`{host}` did not answer within {limit}"),
            Sent::Maybe,
        ),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                (format!("`{host}` refused the connection"), Sent::No)
            }
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                (format!("`{host}` cannot be reached"), Sent::No)
            }
            // The system's resolver has no kind of its own.
            _ if error.to_string().contains("lookup address") => {
                (format!("the host `{host}` is not known"), Sent::No)
            }
            _ => match certificate(&error.to_string()) {
                Some(why) => (format!("`{host}` is not trusted: {why}"), Sent::No),
                None => (
                    format!("the connection to `{host}` broke: {}", plainly(error)),
                    Sent::Maybe,
                ),
            },
        },
        ureq::Error::Rustls(error) => match certificate(&error.to_string()) {
            Some(why) => (format!("`{host}` is not trusted: {why}"), Sent::No),
            None => (
                format!("no secure connection to `{host}`: {error}"),
                Sent::No,
            ),
        },
        ureq::Error::Tls(why) => (format!("no secure connection to `{host}`: {why}"), Sent::No),
        ureq::Error::TlsRequired => (format!("no secure connection to `{host}`"), Sent::No),
        ureq::Error::ConnectProxyFailed(why) => {
            (format!("the proxy refused the connection: {why}"), Sent::No)
        }
        ureq::Error::InvalidProxyUrl => (
            "the proxy's address in the environment is not one".to_owned(),
            Sent::No,
        ),
        ureq::Error::TooManyRedirects => (
            format!("`{host}` redirects more than {REDIRECTS} times"),
            Sent::Maybe,
        ),
        ureq::Error::RedirectFailed => (format!("`{host}` redirects to nowhere"), Sent::Maybe),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => (
            "its address is not one that can be requested".to_owned(),
            Sent::No,
        ),
        ureq::Error::Protocol(_) => (format!("`{host}` does not speak HTTP"), Sent::Maybe),
        other => (
            format!("the request to `{host}` failed: {other}"),
            Sent::Maybe,
        ),
    }
}

/// What rustls says of a certificate, in the middle of a longer sentence.
fn certificate(text: &str) -> Option<&str> {
    text.split_once("invalid peer certificate: ")
        .map(|(_, why)| why)
}

fn seconds(milliseconds: u64) -> String {
    match milliseconds.is_multiple_of(1000) {
        true => format!("{}s", milliseconds / 1000),
        false => format!("{milliseconds}ms"),
    }
}

/// One for the program, made with the first request: reading the certificates takes longer than starting up.
fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .max_idle_connections(0)
            .user_agent(concat!("runbook/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(trusted()).build())
            .build()
            .into()
    })
}

/// Where systems keep the certificates they trust, all in one file.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// `SSL_CERT_FILE`, or what the system trusts; where it says nothing, what browsers trust.
fn trusted() -> RootCerts {
    let named = std::env::var_os("SSL_CERT_FILE").map(std::path::PathBuf::from);
    let bundles = BUNDLES.iter().map(std::path::PathBuf::from);
    for file in named.into_iter().chain(bundles) {
        let Ok(text) = std::fs::read(&file) else {
            continue;
        };
        let certificates: Vec<_> = ureq::tls::parse_pem(&text)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if !certificates.is_empty() {
            return RootCerts::Specific(Arc::new(certificates));
        }
    }
    RootCerts::WebPki
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
