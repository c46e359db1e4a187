//! The gate: a process that waits to become a command.
//!
//! It is this program with `__gate`, at one end of a socket. It makes itself a session and its own pipes while
//! nobody waits for it, then says who it is and hands over the reading ends. What comes next on the socket is
//! what to run, and that is also the word to go. The end of the socket instead means that the engine is gone: it
//! leaves an empty file beside the output, ends with 111, and nothing has run. The file is why the next engine need
//! not ask about a command whose identity was on the disk and whose gate was never opened.
//!
//! It executes the command in its own place, so a command costs one clone, and its identity was known before
//! anything ran. The socket closes at exec; where exec fails, a sentence comes back on it.
//!
//! Starting a program of this size costs more than most commands, so only one gate is started for a run: the
//! keeper, which copies itself whenever a gate is wanted. The copies are the engine's children, not its own. A
//! gate that gets the terminal is started by itself, since it has to stay in the terminal's session.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use rustix::pipe::PipeFlags;
use rustix::process::PidfdFlags;

use runbook_core::event::Identity;

use super::cgroup::{Cgroup, Cgroups};
use super::far::{self, Call, Far, Kept};
use super::launch::{Door, Line, Script};
use super::recorder::{self, Log};
use super::tree::{self, Stat};
use crate::error::plainly;
use crate::os::{self, Forked};

/// The exit code of a gate whose command never ran.
pub const NEVER_RAN: i32 = 111;
/// And of one that lost its connection.
const LOST: i32 = 112;

/// What the argument after `__gate` makes of it.
pub(super) const TERMINAL: &str = "terminal";
pub(super) const KEEPER: &str = "keeper";
pub(super) const ALONE: &str = "alone";

/// The variable by which every process of a command is known, whatever became of its parents.
pub(super) const MARK: &str = "RUNBOOK_COMMAND";

/// Longest argument the kernel takes is 128 KiB; a longer script goes through a file in memory.
const LONG_SCRIPT: usize = 100 * 1024;

/// What a gate is told that will not be needed: a spec of no length.
pub(super) const NOTHING: [u8; 8] = [0; 8];

/// What is to run. The wire form is below.
pub(super) struct Spec {
    pub line: Line,
    pub dir: PathBuf,
    pub env: Vec<(OsString, OsString)>,
    /// Where the output of a background command goes.
    pub log: Option<Log>,
    /// On another machine: the gate stays with it.
    pub far: Option<Far>,
}

/// What `runbook __gate` is. Never returns.
pub fn gate_main() -> ! {
    let role = std::env::args_os().nth(2).unwrap_or_default();
    let ended = clean_slate().and_then(|channel| match role.to_str() {
        Some(KEEPER) => keep(channel),
        Some(TERMINAL) => wait_at_the_gate(channel, Place::Terminal, None),
        _ => wait_at_the_gate(channel, Place::Session, None),
    });
    std::process::exit(match ended {
        Ok(Over) => 0,
        Err(_) => NEVER_RAN,
    })
}

/// The keeper's engine is gone.
struct Over;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// One of its own, without a terminal.
    Session,
    Terminal,
}

/// Nothing of the engine, or of who started it, is left for the command; its input is empty.
fn clean_slate() -> io::Result<OwnedFd> {
    os::close_at_exec()?;
    let channel = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
    os::forget_dispositions();
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(channel)
}

/// For each socket that comes, a copy that waits at it.
fn keep(channel: OwnedFd) -> io::Result<Over> {
    rustix::process::setsid()?;
    // Whoever reads what the engine writes need not wait for its keeper to end.
    rustix::stdio::dup2_stdout(io::stdin())?;
    rustix::stdio::dup2_stderr(io::stdin())?;
    let mut cgroups = Cgroups::begin(std::env::args_os().nth(4).map(PathBuf::from));
    loop {
        let mut byte = [0; 1];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = match rustix::net::recvmsg(
            &channel,
            &mut [IoSliceMut::new(&mut byte)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        ) {
            Err(rustix::io::Errno::INTR) => continue,
            received => received?,
        };
        let socket = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
            _ => None,
        });
        let Some(socket) = socket else {
            if received.bytes == 0 {
                cgroups.end();
                return Ok(Over);
            }
            continue;
        };
        let mut cgroup = cgroups.make();
        match copy(&mut cgroup) {
            Ok(Forked::Original) => {}
            Ok(Forked::Sibling) => {
                drop(channel);
                return wait_at_the_gate(socket, Place::Session, cgroup.map(|cgroup| cgroup.path));
            }
            Err(error) => {
                let code = error.raw_os_error().unwrap_or(0);
                let _ = rustix::net::send(&socket, &code.to_le_bytes(), SendFlags::NOSIGNAL);
            }
        }
    }
}

/// A copy in the cgroup; where there it may not be, anywhere, and the cgroup is given up.
fn copy(cgroup: &mut Option<Cgroup>) -> io::Result<Forked> {
    use rustix::io::Errno;
    if let Some(wanted) = cgroup {
        match os::fork_sibling_into(&wanted.folder) {
            Ok(forked) => return Ok(forked),
            // It is the copy that there is no room for.
            Err(error)
                if matches!(
                    Errno::from_io_error(&error),
                    Some(Errno::AGAIN | Errno::NOMEM)
                ) =>
            {
                return Err(error);
            }
            Err(_) => *cgroup = None,
        }
    }
    os::fork_sibling()
}

fn wait_at_the_gate(channel: OwnedFd, place: Place, cgroup: Option<PathBuf>) -> io::Result<Over> {
    let mut handed = Vec::with_capacity(3);
    let mine = rustix::process::getpid();
    handed.push(rustix::process::pidfd_open(mine, PidfdFlags::empty())?);
    match place {
        // A group of its own in the session of the terminal; it comes to the foreground when it goes.
        Place::Terminal => rustix::process::setpgid(None, None)?,
        Place::Session => {
            rustix::process::setsid()?;
            for put in [
                rustix::stdio::dup2_stdout as fn(OwnedFd) -> rustix::io::Result<()>,
                rustix::stdio::dup2_stderr,
            ] {
                let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
                rustix::fs::fcntl_setfl(&read, OFlags::RDONLY | OFlags::NONBLOCK)?;
                put(write)?;
                handed.push(read);
            }
        }
    }

    let me = tree::stat(mine.as_raw_nonzero().get().unsigned_abs())
        .ok_or_else(|| io::Error::other("no /proc"))?;
    say_who(&channel, &me, cgroup.as_deref(), &handed)?;
    drop(handed);

    let mut channel = File::from(channel);
    let mut spec = match Spec::receive(&mut channel) {
        Ok(Some(spec)) => spec,
        Ok(None) => return Ok(Over),
        Err(gone) => {
            bear_witness(&me);
            return Err(gone);
        }
    };
    let mark = format!("{}.{}", me.pid, me.start);
    if let Some(far) = spec.far.take_if(|far| far.then.is_none()) {
        return stay_with(&far, spec, &mark, &me, channel);
    }
    let why = match spec
        .log
        .take()
        .map_or(Ok(None), |log| recorder::split(log, cgroup.as_deref()))
    {
        Ok(None) => match lay_down(&mut spec, &mark, &me, &mut channel) {
            Ok(()) => become_the_command(spec, &mark, place),
            Err(why) => why,
        },
        Ok(Some(recorder)) => {
            // The engine waits for the end of the channel, which is the command's.
            drop(channel);
            recorder.record();
            return Ok(Over);
        }
        Err(why) => why,
    };
    channel.write_all(why.as_bytes())?;
    Err(io::Error::other(why))
}

/// Stays with a command on another machine, and ends as it did.
fn stay_with(far: &Far, spec: Spec, mark: &str, me: &Stat, mut channel: File) -> io::Result<Over> {
    // It knows secrets, and an engine that is gone is no reason to end before the connection does.
    os::leave_no_dump()?;
    os::dispose(rustix::process::Signal::PIPE, os::Disposition::Ignore)?;
    let code = match call(far, &spec, mark, me, &mut channel) {
        Kept::Gone => return Ok(Over),
        Kept::GoneBefore => {
            bear_witness(me);
            NEVER_RAN
        }
        kept => {
            channel.write_all(kept.to_text().as_bytes())?;
            match kept {
                Kept::Ended { status, .. } => status,
                Kept::Never(_) => NEVER_RAN,
                _ => LOST,
            }
        }
    };
    std::process::exit(code)
}

fn call(far: &Far, spec: &Spec, mark: &str, me: &Stat, channel: &mut File) -> Kept {
    let output = std::env::args_os().nth(3).unwrap_or_default();
    let log = Path::new(&output).with_file_name(format!("ssh.{}.{}", me.pid, me.start));
    let mut env = spec.env.clone();
    env.push((MARK.into(), mark.into()));
    let call = Call {
        words: far::words(far, &log),
        env: &env,
        dir: &spec.dir,
        log: &log,
    };
    far::hold(far, &call, channel)
}

/// The engine went away without a word.
fn bear_witness(me: &Stat) {
    let Some(output) = std::env::args_os().nth(3) else {
        return;
    };
    let path = witness(
        Path::new(&output),
        me.pid,
        me.start,
        crate::clock::boot_id(),
    );
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    // Where it cannot be made, a person is asked.
    let _ = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR);
}

fn witness(output: &Path, pid: u32, start: u64, boot_id: &str) -> PathBuf {
    output.with_file_name(format!("unstarted.{pid}.{start}.{boot_id}"))
}

/// Whether the gate of an earlier engine, which would have become this process's command, says that it never did.
pub fn never_became(output: &Path, identity: &Identity) -> bool {
    let path = witness(output, identity.pid, identity.start_time, &identity.boot_id);
    path.symlink_metadata().is_ok()
}

/// The first and only message before the end: process id, start time, the cgroup's folder where there is one, and
/// the descriptors. Here, without the folder.
pub(super) const HELLO: usize = 12;
/// And with the longest folder there may be.
pub(super) const LONG_HELLO: usize = HELLO + 4096;

fn say_who(
    channel: &OwnedFd,
    me: &Stat,
    cgroup: Option<&Path>,
    handed: &[OwnedFd],
) -> io::Result<()> {
    let mut hello = Vec::with_capacity(HELLO);
    hello.extend_from_slice(&me.pid.to_le_bytes());
    hello.extend_from_slice(&me.start.to_le_bytes());
    hello.extend_from_slice(cgroup.map_or(&[][..], |path| path.as_os_str().as_bytes()));
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<BorrowedFd<'_>> = handed.iter().map(AsFd::as_fd).collect();
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    rustix::net::sendmsg(
        channel,
        &[IoSlice::new(&hello)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// For a command on another machine that gets the terminal: lays it down there, and makes this the connection that
/// runs it.
fn lay_down(spec: &mut Spec, mark: &str, me: &Stat, channel: &mut File) -> Result<(), String> {
    let Some(mut far) = spec.far.take() else {
        return Ok(());
    };
    let words = far.then.take().unwrap_or_default();
    match call(&far, spec, mark, me, channel) {
        Kept::Laid => {
            spec.line = Line {
                words,
                script: None,
            };
            Ok(())
        }
        Kept::Never(why) | Kept::Lost(why) => Err(why),
        Kept::Ended { .. } | Kept::Gone | Kept::GoneBefore => {
            Err(format!("nothing can be laid down on `{}`", far.name))
        }
    }
}

/// Returns only where it could not, with the sentence that says why.
fn become_the_command(spec: Spec, mark: &str, place: Place) -> String {
    match try_to(spec, mark, place) {
        Ok(never) => match never {},
        Err(why) => why,
    }
}

enum Never {}

fn try_to(spec: Spec, mark: &str, place: Place) -> Result<Never, String> {
    if place == Place::Terminal {
        let tty = rustix::fs::open("/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
            .map_err(|_| "there is no terminal to hand over".to_owned())?;
        os::dispose(rustix::process::Signal::TTOU, os::Disposition::Ignore)
            .and_then(|()| Ok(rustix::termios::tcsetpgrp(&tty, rustix::process::getpid())?))
            .and_then(|()| os::dispose(rustix::process::Signal::TTOU, os::Disposition::Default))
            .and_then(|()| Ok(rustix::stdio::dup2_stdin(&tty)?))
            .and_then(|()| Ok(rustix::stdio::dup2_stdout(&tty)?))
            .and_then(|()| Ok(rustix::stdio::dup2_stderr(&tty)?))
            .map_err(|error| format!("the terminal cannot be handed over: {}", plainly(&error)))?;
    }
    rustix::process::chdir(&spec.dir).map_err(|error| match error {
        rustix::io::Errno::NOENT => format!("the folder `{}` does not exist", spec.dir.display()),
        rustix::io::Errno::NOTDIR => format!("`{}` is not a folder", spec.dir.display()),
        other => format!(
            "the folder `{}` cannot be entered: {}",
            spec.dir.display(),
            plainly(&other.into())
        ),
    })?;

    let Some((program, rest)) = spec.line.words.split_first() else {
        return Err("the command is empty".to_owned());
    };
    let mut command = Command::new(program);
    command.args(rest);
    match &spec.line.script {
        None => {}
        Some(Script {
            text,
            by: Door::Argument,
        }) if text.len() <= LONG_SCRIPT => {
            command.arg(text);
        }
        Some(Script { text, by }) => {
            let file = memory(text).map_err(|error| {
                format!("there is no memory for the script: {}", plainly(&error))
            })?;
            match by {
                Door::Input => rustix::stdio::dup2_stdin(&file).map_err(|error| {
                    format!("the script cannot be given: {}", plainly(&error.into()))
                })?,
                Door::Argument => from_file(&mut command, rest, file)?,
            }
        }
    }
    command.env_clear().envs(spec.env).env(MARK, mark);
    let error = command.exec();
    Err(why_not(program, &error))
}

/// A file without a name, at its beginning.
fn memory(text: &str) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create("script", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}

/// Reads the script from a descriptor that stays open, in the place of `-c TEXT`.
fn from_file(command: &mut Command, rest: &[OsString], file: OwnedFd) -> Result<(), String> {
    use std::os::fd::{AsRawFd, IntoRawFd};
    let Some((flag, rest)) = rest.split_last() else {
        return Err("the script is too long for its interpreter".to_owned());
    };
    if flag != "-c" {
        return Err(format!(
            "the script is longer than {} KiB, and its interpreter takes no file",
            LONG_SCRIPT / 1024
        ));
    }
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())
        .map_err(|error| format!("the script cannot be given: {}", plainly(&error.into())))?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let program = command.get_program().to_owned();
    *command = Command::new(program);
    command.args(rest).arg(path);
    // It belongs to the command from here on.
    let _ = file.into_raw_fd();
    Ok(())
}

/// The plain sentence for a program that cannot be executed.
fn why_not(program: &OsStr, error: &io::Error) -> String {
    use rustix::io::Errno;
    let shown = program.to_string_lossy();
    let is_path = program.as_bytes().contains(&b'/');
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) if is_path && std::path::Path::new(program).exists() => {
            format!("the interpreter that `{shown}` names in its first line does not exist")
        }
        Some(Errno::NOENT) if is_path => format!("`{shown}` does not exist"),
        Some(Errno::NOENT) => format!("`{shown}` is not found on the PATH"),
        Some(Errno::ACCESS) if std::path::Path::new(program).is_dir() => {
            format!("`{shown}` is a folder")
        }
        Some(Errno::ACCESS) => format!("`{shown}` may not be executed: permission denied"),
        Some(Errno::TOOBIG) => {
            "its arguments and environment are larger than the system takes".to_owned()
        }
        Some(Errno::TXTBSY) => format!("`{shown}` is being written to"),
        Some(Errno::NOEXEC) => format!("`{shown}` is not a program this machine can execute"),
        Some(Errno::NOMEM | Errno::AGAIN) => format!("the system has no room to start `{shown}`"),
        None if error.kind() == io::ErrorKind::InvalidInput => {
            "one of its arguments holds a NUL byte".to_owned()
        }
        _ => format!("`{shown}` cannot be executed: {}", plainly(error)),
    }
}

/// The wire form: the length of all of it, then counted byte strings.
impl Spec {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut wire = vec![0; 8];
        let mut put = |bytes: &[u8]| {
            wire.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            wire.extend_from_slice(bytes);
        };
        put(self.dir.as_os_str().as_bytes());
        match &self.log {
            None => put(b""),
            Some(log) => {
                put(log.path.as_os_str().as_bytes());
                put(&log.cap.to_le_bytes());
                put(&(log.secrets.len() as u64).to_le_bytes());
                for (name, text) in &log.secrets {
                    put(name.as_bytes());
                    put(text.as_bytes());
                }
            }
        }
        match &self.far {
            None => put(b""),
            Some(far) => {
                for text in [
                    &far.name,
                    &far.address,
                    &far.nonce,
                    &far.hello,
                    &far.order,
                    &far.dir,
                    &far.program,
                ] {
                    put(text.as_bytes());
                }
                put(&far.beat.to_le_bytes());
                let then = far.then.as_deref().unwrap_or_default();
                put(&(then.len() as u64).to_le_bytes());
                for word in then {
                    put(word.as_bytes());
                }
            }
        }
        match &self.line.script {
            None => put(b"none"),
            Some(script) => {
                put(match script.by {
                    Door::Argument => b"argument",
                    Door::Input => b"input",
                });
                put(script.text.as_bytes());
            }
        }
        put(&(self.line.words.len() as u64).to_le_bytes());
        for word in &self.line.words {
            put(word.as_bytes());
        }
        for (name, value) in &self.env {
            put(name.as_bytes());
            put(value.as_bytes());
        }
        let length = (wire.len() - 8) as u64;
        wire[..8].copy_from_slice(&length.to_le_bytes());
        wire
    }

    /// None where the engine has no use for the gate.
    fn receive(channel: &mut File) -> io::Result<Option<Spec>> {
        let mut length = NOTHING;
        channel.read_exact(&mut length)?;
        if length == NOTHING {
            return Ok(None);
        }
        let mut wire = vec![0; usize::try_from(u64::from_le_bytes(length)).unwrap_or(0)];
        channel.read_exact(&mut wire)?;
        let spec = Spec::from_bytes(&wire);
        spec.map(Some)
            .ok_or_else(|| io::Error::other("a spec that is not whole"))
    }

    fn from_bytes(mut wire: &[u8]) -> Option<Spec> {
        let rest = &mut wire;
        let dir = os_string(take(rest)?).into();
        let number = |bytes: &[u8]| Some(u64::from_le_bytes(bytes.try_into().ok()?));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let path = take(rest)?;
        let log = match path.is_empty() {
            true => None,
            false => Some(Log {
                path: os_string(path).into(),
                cap: number(take(rest)?)?,
                secrets: (0..number(take(rest)?)?)
                    .map(|_| Some((text(take(rest)?)?, text(take(rest)?)?)))
                    .collect::<Option<_>>()?,
            }),
        };
        let name = text(take(rest)?)?;
        let far = match name.is_empty() {
            true => None,
            false => Some(Far {
                name,
                address: text(take(rest)?)?,
                nonce: text(take(rest)?)?,
                hello: text(take(rest)?)?,
                order: text(take(rest)?)?,
                dir: text(take(rest)?)?,
                program: text(take(rest)?)?,
                beat: number(take(rest)?)?,
                then: (0..number(take(rest)?)?)
                    .map(|_| take(rest).map(os_string))
                    .collect::<Option<Vec<_>>>()
                    .filter(|words| !words.is_empty()),
            }),
        };
        let by = match take(rest)? {
            b"argument" => Some(Door::Argument),
            b"input" => Some(Door::Input),
            _ => None,
        };
        let script = match by {
            None => None,
            Some(by) => Some(Script {
                text: text(take(rest)?)?,
                by,
            }),
        };
        let count = number(take(rest)?)?;
        let words = (0..count)
            .map(|_| take(rest).map(os_string))
            .collect::<Option<_>>()?;
        let mut env = Vec::new();
        while !rest.is_empty() {
            env.push((os_string(take(rest)?), os_string(take(rest)?)));
        }
        Some(Spec {
            line: Line { words, script },
            dir,
            env,
            log,
            far,
        })
    }
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_at_checked(8)?;
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

fn os_string(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_why_nothing_was_started_has_its_own_sentence() {
        use rustix::io::Errno;
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there");
        std::fs::write(&there, "#!/no/such/interpreter\n").unwrap();
        let (there, folder) = (there.to_str().unwrap(), folder.path().to_str().unwrap());
        let why = |program: &str, errno: Errno| {
            let sentence = why_not(OsStr::new(program), &errno.into());
            sentence.replace(program, "it")
        };
        for (program, errno, expected) in [
            ("gone", Errno::NOENT, "`it` is not found on the PATH"),
            ("./gone", Errno::NOENT, "`it` does not exist"),
            (
                there,
                Errno::NOENT,
                "the interpreter that `it` names in its first line does not exist",
            ),
            (folder, Errno::ACCESS, "`it` is a folder"),
            (
                there,
                Errno::ACCESS,
                "`it` may not be executed: permission denied",
            ),
            (
                there,
                Errno::TOOBIG,
                "its arguments and environment are larger than the system takes",
            ),
            (there, Errno::TXTBSY, "`it` is being written to"),
            (
                there,
                Errno::NOEXEC,
                "`it` is not a program this machine can execute",
            ),
            (there, Errno::NOMEM, "the system has no room to start `it`"),
            (there, Errno::AGAIN, "the system has no room to start `it`"),
        ] {
            assert_eq!(why(program, errno), expected, "{errno:?}");
        }
        let other = why(there, Errno::LOOP);
        assert!(other.starts_with("`it` cannot be executed: "), "{other}");
        let nul = why_not(
            OsStr::new("it"),
            &io::Error::from(io::ErrorKind::InvalidInput),
        );
        assert_eq!(nul, "one of its arguments holds a NUL byte");
        let other = why_not(OsStr::new("it"), &io::Error::other("strange"));
        assert!(other.starts_with("`it` cannot be executed: "), "{other}");
    }
}
