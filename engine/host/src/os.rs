//! What the engine and its gates ask of the operating system once, at their start. The one place where the
//! safe wrappers do not reach.

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Makes this program fit to be an engine: children are reported and never ignored, orphans come to it; writing
/// to a closed pipe, over a file size limit or to the terminal from the background is an error and no death;
/// and nothing of its memory is dumped.
pub fn begin_engine() -> io::Result<()> {
    dispose(Signal::CHILD, Disposition::Default)?;
    for signal in [Signal::PIPE, Signal::XFSZ, Signal::TTIN, Signal::TTOU] {
        dispose(signal, Disposition::Ignore)?;
    }
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    leave_no_dump()
}

/// Nothing of this process's memory is written to a core file, or shown to another process of this user.
pub fn leave_no_dump() -> io::Result<()> {
    // Only the soft limit: the hard one may not be raised again, and commands inherit it.
    let core = rustix::process::getrlimit(Resource::Core);
    rustix::process::setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: core.maximum,
        },
    )?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    Default,
    Ignore,
}

/// Sets what a signal does to this process.
#[expect(
    unsafe_code,
    reason = "no safe wrapper sets a disposition without a handler, and a handler is not inherited as `ignored` or `default`"
)]
pub fn dispose(signal: Signal, to: Disposition) -> io::Result<()> {
    let handler = match to {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
    };
    // SAFETY: neither SIG_DFL nor SIG_IGN is a function of ours, so no code runs in a signal handler.
    match unsafe { libc::signal(signal.as_raw(), handler) } {
        libc::SIG_ERR => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Takes away every disposition a parent left behind (`nohup`, a shell's background job), so that a command
/// begins as the manual says: [`std::os::unix::process::CommandExt::exec`] does the rest, mask and SIGPIPE.
pub fn forget_dispositions() {
    let ignored = first_page("/proc/self/status")
        .and_then(|status| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(line.trim(), 16).ok()
        })
        .unwrap_or(u64::MAX);
    for number in 1..=31 {
        if ignored & (1 << (number - 1)) != 0
            && let Some(signal) = Signal::from_named_raw(number)
        {
            // KILL and STOP refuse, and that is as it should be.
            let _ = dispose(signal, Disposition::Default);
        }
    }
}

/// What a small file of the kernel says, in one read: the standard library would take ten.
pub(crate) fn first_page(path: &str) -> Option<String> {
    use std::io::Read;
    let mut page = vec![0; 4096];
    let length = std::fs::File::open(path).ok()?.read(&mut page).ok()?;
    page.truncate(length);
    Some(String::from_utf8_lossy(&page).into_owned())
}

/// Marks every descriptor from 3 on as closed at exec, whoever left it open.
#[expect(
    unsafe_code,
    reason = "no safe wrapper marks descriptors that nobody here owns"
)]
pub fn close_at_exec() -> io::Result<()> {
    // SAFETY: the flag closes nothing now, so no descriptor that is owned somewhere goes away.
    let done = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3 as libc::c_uint,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Which of two processes goes on here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forked {
    Original,
    /// A child not of the original but of the original's parent.
    Sibling,
}

/// Makes a copy of this process that its parent, not itself, will reap. Only for a program of one thread.
#[expect(
    unsafe_code,
    reason = "no safe wrapper copies a process, and a copy of a small one costs a quarter of a start"
)]
pub(crate) fn fork_sibling() -> io::Result<Forked> {
    let flags = libc::c_long::from(libc::CLONE_PARENT | libc::SIGCHLD);
    // SAFETY: without a new stack and with nothing shared this is fork; its callers have one thread, so no lock
    // is held in the copy by a thread that is not there.
    match unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) } {
        0 => Ok(Forked::Sibling),
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(Forked::Original),
    }
}

/// The same, and the copy begins in the cgroup of this folder. Needs Linux 5.7.
#[expect(
    unsafe_code,
    reason = "no safe wrapper begins a process in a cgroup, and moving one later costs milliseconds"
)]
pub(crate) fn fork_sibling_into(cgroup: &impl std::os::fd::AsRawFd) -> io::Result<Forked> {
    /// `struct clone_args` of the kernel, as far as cgroups.
    #[repr(C)]
    #[derive(Default)]
    struct Arguments {
        flags: u64,
        unused: [u64; 9],
        cgroup: u64,
    }
    const INTO_CGROUP: u64 = 0x2_0000_0000;
    // The signal at its end is that of this process's own, as CLONE_PARENT has it.
    let arguments = Arguments {
        flags: u64::from(libc::CLONE_PARENT.unsigned_abs()) | INTO_CGROUP,
        cgroup: u64::try_from(cgroup.as_raw_fd()).unwrap_or(u64::MAX),
        ..Arguments::default()
    };
    // SAFETY: as above; the arguments are read before the call returns.
    match unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw const arguments,
            size_of::<Arguments>(),
        )
    } {
        0 => Ok(Forked::Sibling),
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(Forked::Original),
    }
}

/// Lets the runtime wait until a descriptor is readable. Call it inside a tokio runtime.
#[expect(
    unsafe_code,
    reason = "tokio asks for the promise that an owner which may change its descriptor could not keep"
)]
pub fn readable(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open, and the same, from here until it is dropped.
    unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }
        .map_err(|error| error.into_parts().1)
}

/// The name of a signal as people write it, `SIGTERM`.
pub fn signal_name(number: i32) -> String {
    const NAMES: [&str; 31] = [
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGILL",
        "SIGTRAP",
        "SIGABRT",
        "SIGBUS",
        "SIGFPE",
        "SIGKILL",
        "SIGUSR1",
        "SIGSEGV",
        "SIGUSR2",
        "SIGPIPE",
        "SIGALRM",
        "SIGTERM",
        "SIGSTKFLT",
        "SIGCHLD",
        "SIGCONT",
        "SIGSTOP",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGURG",
        "SIGXCPU",
        "SIGXFSZ",
        "SIGVTALRM",
        "SIGPROF",
        "SIGWINCH",
        "SIGIO",
        "SIGPWR",
        "SIGSYS",
    ];
    usize::try_from(number - 1)
        .ok()
        .and_then(|index| NAMES.get(index))
        .map_or_else(|| format!("signal {number}"), |name| (*name).to_owned())
}
