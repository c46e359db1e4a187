//! The signals that mean something to an engine, as one stream.

use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal as Source, SignalKind, signal};

/// What a signal asks of the engine; what it then does is the table of the book's page on running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM
    Terminate,
    /// SIGHUP: the terminal went away.
    HangUp,
    /// SIGQUIT
    Quit,
    /// SIGTSTP: Ctrl-Z. Restore the terminal, then [`stop_self`].
    Suspend,
    /// SIGCONT
    Continue,
    /// SIGWINCH
    Resized,
}

impl Signal {
    /// The exit code of an engine that ended because of it.
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
            Signal::HangUp => 129,
            Signal::Quit => 131,
            Signal::Suspend | Signal::Continue | Signal::Resized => 0,
        }
    }
}

/// Handlers of every [`Signal`], from [`Signals::begin`] to the end of the program.
pub struct Signals {
    sources: Vec<(Signal, Source)>,
}

impl Signals {
    /// Needs a tokio runtime with its drivers on.
    pub fn begin() -> io::Result<Signals> {
        let kinds = [
            (Signal::Terminate, SignalKind::terminate()),
            (Signal::Quit, SignalKind::quit()),
            (Signal::Interrupt, SignalKind::interrupt()),
            (Signal::HangUp, SignalKind::hangup()),
            (
                Signal::Suspend,
                SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()),
            ),
            (
                Signal::Continue,
                SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()),
            ),
            (Signal::Resized, SignalKind::window_change()),
        ];
        let sources = kinds
            .into_iter()
            .map(|(name, kind)| Ok((name, signal(kind)?)))
            .collect::<io::Result<_>>()?;
        Ok(Signals { sources })
    }

    /// The next signal; where several came, the gravest first. Safe to cancel.
    pub async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            for (name, source) in &mut self.sources {
                if source.poll_recv(context).is_ready() {
                    return Poll::Ready(*name);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// From here on a signal ends this program, or stops it, as it does any: the run is over.
pub fn end_as_usual() {
    use rustix::process::Signal;
    for signal in [
        Signal::INT,
        Signal::TERM,
        Signal::HUP,
        Signal::QUIT,
        Signal::TSTP,
    ] {
        // Where it cannot be, the end of what is waited for is the end, too.
        let _ = crate::os::dispose(signal, crate::os::Disposition::Default);
    }
}

/// Whether somebody with job control is there to continue a program that stops: a parent in the same session whose
/// group is another. Without one the kernel, too, ignores Ctrl-Z.
pub fn may_stop() -> bool {
    let Some(mine) = crate::process::tree::stat(std::process::id()) else {
        return false;
    };
    let mut at = mine.clone();
    while let Some(parent) = crate::process::tree::stat(at.parent) {
        if parent.session != mine.session {
            return false;
        }
        if parent.group != mine.group {
            return true;
        }
        at = parent;
    }
    false
}

/// Stops this program as Ctrl-Z would have, once the terminal is restored; returns after SIGCONT.
pub fn stop_self() -> io::Result<()> {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_is_heard_once() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut signals = Signals::begin().unwrap();
            let mine = rustix::process::getpid();
            for signal in [
                rustix::process::Signal::WINCH,
                rustix::process::Signal::TSTP,
                rustix::process::Signal::TERM,
            ] {
                rustix::process::kill_process(mine, signal).unwrap();
            }
            // Another thread of this process may take them, in any order.
            let mut heard = Vec::new();
            while heard.len() < 3 {
                heard.push(signals.next().await);
            }
            for signal in [Signal::Terminate, Signal::Suspend, Signal::Resized] {
                assert!(heard.contains(&signal), "{heard:?}");
            }
        });
    }
}
