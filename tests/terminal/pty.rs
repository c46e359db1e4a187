//! A terminal that a program sits at: a pseudo-terminal whose screen is modelled, so that a test sees what a
//! person would see. Nothing here sleeps: a test waits for what the screen is to show, and says what it showed
//! instead where that does not come.

use std::ffi::OsStr;
use std::fs::File;
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::OpenptFlags;
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

pub const RUNBOOK: &str = env!("CARGO_BIN_EXE_runbook");

/// How long something may take before a test says that it did not come. Only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a runbook and the state of its runs, for one test alone.
pub struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    /// `body` stands under a header in `case.rbk`.
    pub fn new(body: &str) -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        let ground = Ground { folder };
        let text = format!("rbk 1\nrunbook \"A case\"\n\n{body}\n");
        std::fs::write(ground.path("case.rbk"), text).expect("a file");
        ground
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Whether a file of this name is there in the end: it is waited for.
    pub fn wait_for(&self, name: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.path(name).exists() {
            assert!(Instant::now() < until, "{name} does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What a program sees of the world: nothing of who runs the tests.
    pub fn dress(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .env("TZ", "UTC")
            .env("USER", "ada")
            .envs(crate::counted());
    }

    /// `runbook ARGUMENTS` at a terminal of 24 by 80.
    pub fn runbook(&self, arguments: &[&str]) -> Pty {
        Seat::new().start(self, RUNBOOK, arguments)
    }

    /// `runbook run case.rbk`
    pub fn run(&self) -> Pty {
        self.runbook(&["run", "case.rbk"])
    }

    /// `runbook resume`
    pub fn resume(&self) -> Pty {
        self.runbook(&["resume"])
    }

    /// How the newest run stands, as `runbook show` tells it.
    pub fn story(&self) -> String {
        let (list, _) = self.plainly(&["runs"]);
        let newest = list.split_whitespace().next().unwrap_or_default();
        self.plainly(&["show", newest]).0
    }

    /// What a command prints that has no terminal.
    pub fn plainly(&self, arguments: &[&str]) -> (String, i32) {
        let mut command = Command::new(RUNBOOK);
        self.dress(&mut command);
        let output = command
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (said.into_owned(), code(output.status))
    }
}

fn code(status: std::process::ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .expect("a code or a signal")
}

/// A terminal before anybody sits down at it.
pub struct Seat {
    rows: u16,
    columns: u16,
    environment: Vec<(&'static str, &'static str)>,
    input: Input,
    /// Where standard output goes, if not to the terminal.
    output: Option<File>,
}

/// What standard input is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Terminal,
    /// `< /dev/null`, with the terminal still there as `/dev/tty`.
    Nothing,
}

impl Seat {
    pub fn new() -> Seat {
        Seat {
            rows: 24,
            columns: 80,
            environment: Vec::new(),
            input: Input::Terminal,
            output: None,
        }
    }

    pub fn size(mut self, rows: u16, columns: u16) -> Seat {
        (self.rows, self.columns) = (rows, columns);
        self
    }

    pub fn env(mut self, name: &'static str, value: &'static str) -> Seat {
        self.environment.push((name, value));
        self
    }

    pub fn input(mut self, input: Input) -> Seat {
        self.input = input;
        self
    }

    pub fn output(mut self, output: File) -> Seat {
        self.output = Some(output);
        self
    }

    /// Starts a program as the leader of a session whose terminal this is.
    pub fn start<S: AsRef<OsStr>>(self, ground: &Ground, program: &str, arguments: &[S]) -> Pty {
        self.start_as(|command| ground.dress(command), program, arguments)
    }

    /// The same in a world of another kind.
    pub fn start_as<S: AsRef<OsStr>>(
        self,
        dress: impl FnOnce(&mut Command),
        program: &str,
        arguments: &[S],
    ) -> Pty {
        let master =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
                .expect("a terminal");
        rustix::pty::grantpt(&master).expect("a terminal of mine");
        rustix::pty::unlockpt(&master).expect("an open terminal");
        let name = rustix::pty::ptsname(&master, Vec::new()).expect("its name");
        let name = Path::new(name.to_str().expect("a path")).to_owned();
        let slave = rustix::fs::open(
            &name,
            rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )
        .expect("its other end");
        let size = |rows: u16, columns: u16| Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&slave, size(self.rows, self.columns)).expect("a size");
        let found = tcgetattr(&slave).expect("settings");
        let (rows, columns) = (self.rows.max(1), self.columns.max(1));
        let child = self.sit_down(&slave, dress, program, arguments);
        let model = vt100::Parser::new_with_callbacks(
            NonZeroU16::new(rows).expect("a row"),
            NonZeroU16::new(columns).expect("a column"),
            2_000,
            Beyond::default(),
        );
        Pty {
            master: Some(master),
            slave,
            found,
            child,
            ended: None,
            model,
            unshown: Vec::new(),
            raw: Vec::new(),
        }
    }

    fn sit_down<S: AsRef<OsStr>>(
        self,
        slave: &OwnedFd,
        dress: impl FnOnce(&mut Command),
        program: &str,
        arguments: &[S],
    ) -> Child {
        let stream = || Stdio::from(slave.try_clone().expect("a descriptor"));
        // setsid of util-linux makes standard input the terminal of the new session; the shell then takes it away.
        let mut command = Command::new("setsid");
        command.arg("--ctty");
        if self.input == Input::Nothing {
            command.args(["sh", "-c", "exec \"$@\" </dev/null", "sh"]);
        }
        dress(&mut command);
        if let Some(path) = &self.output {
            command.stdout(path.try_clone().expect("a descriptor"));
        } else {
            command.stdout(stream());
        }
        command
            .arg(program)
            .args(arguments)
            .envs(self.environment.iter().copied())
            .stdin(stream())
            .stderr(stream())
            .spawn()
            .expect("setsid, of util-linux")
    }
}

/// What a program did to the terminal that is not on the screen. Nothing of it is ever wanted.
#[derive(Debug, Default)]
pub struct Beyond(pub Vec<String>);

impl vt100::Callbacks for Beyond {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("rang the bell".to_owned());
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("named the icon {name:?}"));
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("named the window {title:?}"));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("wrote the clipboard {data:?}"));
    }

    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("read the clipboard".to_owned());
    }

    fn resize(&mut self, _: &mut vt100::Screen, to: (u16, u16)) {
        self.0.push(format!("resized the window to {to:?}"));
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.0.push(format!("sent the control {byte:#x}"));
    }

    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.0.push(format!("sent the character {c:?}"));
    }

    fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, byte: u8) {
        self.0
            .push(format!("sent the escape {:?}", char::from(byte)));
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parameters: &[&[u8]]) {
        let text = String::from_utf8_lossy(&parameters.concat()).into_owned();
        self.0.push(format!("sent the system command {text}"));
    }
}

/// A program at its terminal.
pub struct Pty {
    /// `None` once the terminal was closed.
    master: Option<OwnedFd>,
    /// Held open so that the settings outlive the program.
    slave: OwnedFd,
    found: Termios,
    child: Child,
    ended: Option<i32>,
    model: vt100::Parser<Beyond>,
    /// The beginning of what may be a replacement character.
    unshown: Vec<u8>,
    /// Everything that came, as it came.
    raw: Vec<u8>,
}

/// What stands before the cursor where a line is read.
const LEADS: [&str; 2] = ["› ", "> "];

impl Pty {
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The screen as it is now, without blanks at the ends of lines.
    pub fn screen(&self) -> String {
        let (_, columns) = self.model.screen().size();
        let rows: Vec<String> = self
            .model
            .screen()
            .rows(0, columns.get())
            .map(|row| row.trim_end().to_owned())
            .collect();
        rows.join("\n").trim_end().to_owned()
    }

    /// Everything that came, as bytes.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub fn beyond(&self) -> &[String] {
        &self.model.callbacks().0
    }

    pub fn model(&self) -> &vt100::Screen {
        self.model.screen()
    }

    /// Takes what has come, waiting at most so long for the first of it. Whether anything came.
    fn take(&mut self, at_most: Duration) -> bool {
        let Some(master) = &self.master else {
            return false;
        };
        let wait = Timespec {
            tv_sec: i64::try_from(at_most.as_secs()).expect("a short time"),
            tv_nsec: i64::from(at_most.subsec_nanos()),
        };
        let mut descriptors = [PollFd::new(master, PollFlags::IN)];
        if !matches!(poll(&mut descriptors, Some(&wait)), Ok(1)) {
            return false;
        }
        let mut buffer = [0; 16 * 1024];
        match rustix::io::read(master, &mut buffer) {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.raw.extend_from_slice(&buffer[..length]);
                self.show(&buffer[..length]);
                true
            }
        }
    }

    /// The model knows no replacement character, and counts no column for one.
    fn show(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.unshown.push(byte);
            match self.unshown.as_slice() {
                [0xef] | [0xef, 0xbf] => continue,
                [0xef, 0xbf, 0xbd] => self.model.process(b"?"),
                other => self.model.process(other),
            }
            self.unshown.clear();
        }
    }

    /// Waits until something is so; panics with the screen where it does not come to be.
    pub fn until_so(&mut self, what: &str, so: impl Fn(&Pty) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !so(self) {
            let here = self.is_over();
            if !self.take(Duration::from_millis(20)) && here.is_some() && !so(self) {
                panic!("it ended with {here:?} before {what}:\n{}", self.screen());
            }
            assert!(
                Instant::now() < until,
                "{what} does not come:\n{}\n",
                self.screen()
            );
        }
    }

    /// Waits until the screen shows this.
    pub fn until(&mut self, text: &str) {
        self.until_so(text, |pty| pty.screen().contains(text));
    }

    /// Waits until a line is being read at the cursor: from then on keys count.
    pub fn until_asked(&mut self) {
        self.until_so("a place to type", Pty::is_asking);
    }

    /// Whether the cursor stands at a lead, with nothing typed yet.
    pub fn is_asking(&self) -> bool {
        let (row, column) = self.model().cursor_position();
        let (_, columns) = self.model().size();
        if columns.get() < 4 {
            // No room for a lead: only the mode says that keys count.
            return self.model().bracketed_paste();
        }
        let line = self
            .model()
            .contents_between(row, 0, row, column.min(columns.get()));
        !self.model().hide_cursor()
            && LEADS
                .iter()
                .any(|lead| line.ends_with(lead) || line.ends_with(lead.trim_end()))
    }

    /// Keys, as they are pressed.
    pub fn keys(&mut self, keys: impl AsRef<[u8]>) {
        let master = self.master.as_ref().expect("an open terminal");
        let mut left = keys.as_ref();
        while !left.is_empty() {
            let written = rustix::io::write(master, left).expect("the terminal takes keys");
            left = &left[written..];
        }
    }

    /// Types a line where one is read.
    pub fn answer(&mut self, line: &str) {
        self.until_asked();
        self.keys(format!("{line}\r"));
        self.until_so("the line is taken", |pty| !pty.is_asking());
    }

    /// Sits another program down at the same terminal, the one before being over.
    pub fn again(&mut self, ground: &Ground, arguments: &[&str]) {
        assert!(self.is_over().is_some(), "the terminal is free");
        self.child = Seat::new().sit_down(
            &self.slave,
            |command| ground.dress(command),
            RUNBOOK,
            arguments,
        );
        self.ended = None;
    }

    pub fn signal(&mut self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it is there to be signalled");
    }

    pub fn resize(&mut self, rows: u16, columns: u16) {
        // What was drawn for the old size is drawn before the new one.
        while self.take(Duration::ZERO) {}
        self.model.set_size(
            NonZeroU16::new(rows).expect("a row"),
            NonZeroU16::new(columns).expect("a column"),
        );
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(self.master.as_ref().expect("an open terminal"), size).expect("resized");
    }

    /// Closes the terminal, as a dropped connection does.
    pub fn close(&mut self) {
        while self.take(Duration::ZERO) {}
        self.master = None;
    }

    pub fn still_runs(&mut self) -> bool {
        self.is_over().is_none()
    }

    /// The exit code, where it is over.
    fn is_over(&mut self) -> Option<i32> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("my child").map(code);
        }
        self.ended
    }

    /// Waits for the end; a signal is 128 and its number.
    pub fn code(&mut self) -> i32 {
        let until = Instant::now() + PATIENCE;
        loop {
            let over = self.is_over();
            while self.take(Duration::from_millis(if over.is_some() { 0 } else { 20 })) {}
            if let Some(code) = over {
                return code;
            }
            if self.master.is_none() {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(
                Instant::now() < until,
                "it does not end:\n{}\n",
                self.screen()
            );
        }
    }

    /// Waits for the end, and holds that the terminal is as it was found.
    pub fn ends(&mut self, expected: i32) {
        let code = self.code();
        assert_eq!(code, expected, "{}", self.screen());
        self.is_as_found();
    }

    /// The settings now, to be compared.
    pub fn settings(&self) -> String {
        settings(&tcgetattr(&self.slave).expect("settings"))
    }

    /// Whether lines are read and echoed, and keys make signals.
    pub fn settings_work(&self) -> bool {
        use rustix::termios::LocalModes;
        let now = tcgetattr(&self.slave).expect("settings");
        now.local_modes
            .contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    pub fn found(&self) -> String {
        settings(&self.found)
    }

    /// Holds that settings, cursor and modes are what they were before the program came.
    pub fn is_as_found(&self) {
        assert_eq!(
            self.settings(),
            self.found(),
            "the terminal is left as it was found"
        );
        let screen = self.model();
        assert!(
            !screen.hide_cursor(),
            "the cursor is shown\n{}",
            self.screen()
        );
        assert!(!screen.bracketed_paste(), "pastes are as they were");
        assert!(!screen.alternate_screen(), "it is the same screen");
        assert!(
            !screen.bold() && !screen.dim(),
            "nothing is left bold or dim"
        );
        assert_eq!(screen.fgcolor(), vt100::Color::Default, "no colour is left");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if self.is_over().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn settings(termios: &Termios) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        termios.input_modes,
        termios.output_modes,
        termios.local_modes,
        termios.control_modes,
        termios.special_codes
    )
}

/// The processes below one, by `/proc`, each with its command line.
pub fn below(pid: Pid) -> Vec<(i32, String)> {
    let pid = pid.as_raw_nonzero().get();
    let mut found = Vec::new();
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    for task in tasks.into_iter().flatten().flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            let Ok(child) = child.parse::<i32>() else {
                continue;
            };
            let line = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            found.push((child, String::from_utf8_lossy(&line).replace('\0', " ")));
            if let Some(child) = Pid::from_raw(child) {
                found.extend(below(child));
            }
        }
    }
    found
}

/// Whether a process lives: it is there and no zombie.
pub fn lives(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| !rest.starts_with('Z'))
    })
}

/// A pipe that is full: it takes nothing more until somebody reads.
pub fn full_pipe() -> (File, File) {
    use std::io::Write;
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).expect("a pipe");
    let mut write = File::from(write);
    rustix::fs::fcntl_setfl(&write, rustix::fs::OFlags::NONBLOCK).expect("set");
    while write.write(&[b'.'; 4096]).is_ok() {}
    while write.write(b".").is_ok() {}
    rustix::fs::fcntl_setfl(&write, rustix::fs::OFlags::empty()).expect("set");
    (read.into(), write)
}
