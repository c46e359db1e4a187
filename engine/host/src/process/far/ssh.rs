//! The system's own `ssh`: how it is called, and what its words mean.

use std::ffi::OsString;
use std::path::Path;

/// What is executed on the other machine, by whatever shell logs in there: no value is in it.
const SHELL: &str = "exec /bin/sh -s";

/// The words of a connection without a terminal. It asks nothing, gives up on a machine that does not answer within three
/// `alive` seconds, forwards nothing, and makes nobody wait for it as a master. What it has to say itself goes to `log`.
pub(super) fn call(address: &str, alive: u64, log: &Path) -> Vec<OsString> {
    let mut words = common(alive);
    words.extend(["-T", "-o", "BatchMode=yes", "-o", "RequestTTY=no"].map(OsString::from));
    words.extend(["-o", "EscapeChar=none", "-E"].map(OsString::from));
    words.push(log.into());
    words.extend(["--", address, SHELL].map(OsString::from));
    words
}

/// The words of a connection that has the terminal. What it runs was laid down there before.
pub(super) fn call_with_terminal(address: &str, alive: u64, deposited: &str) -> Vec<OsString> {
    let mut words = common(alive);
    words.extend(["-tt", "--", address].map(OsString::from));
    words.push(format!("exec /bin/sh {deposited}").into());
    words
}

fn common(alive: u64) -> Vec<OsString> {
    let mut words = vec![OsString::from("ssh")];
    for option in [
        "ConnectTimeout=10".to_owned(),
        format!("ServerAliveInterval={alive}"),
        "ServerAliveCountMax=3".to_owned(),
        // With a greeting of the machine, which nobody takes in, and with why a connection broke.
        "LogLevel=INFO".to_owned(),
        "ControlMaster=no".to_owned(),
        "ClearAllForwardings=yes".to_owned(),
        "ForwardX11=no".to_owned(),
        "PermitLocalCommand=no".to_owned(),
        "RemoteCommand=none".to_owned(),
    ] {
        words.extend(["-o".into(), option.into()]);
    }
    words
}

/// Why a connection did not come about, or broke, by what `ssh` said.
pub(super) fn why(name: &str, address: &str, log: &str, code: Option<i32>) -> String {
    let lines: Vec<&str> = log
        .lines()
        .map(|line| line.trim().trim_matches('@').trim())
        .filter(|line| !line.is_empty() && !line.starts_with("debug"))
        // By the engine, once it was over.
        .filter(|line| !line.starts_with("Killed by signal"))
        .collect();
    if lines
        .iter()
        .any(|line| line.contains("IDENTIFICATION HAS CHANGED"))
    {
        return format!(
            "the key of `{name}` is not the one that `ssh` knows: it was set up anew, or somebody else answers; see to it with `ssh {address}`"
        );
    }
    let Some(last) = lines.last() else {
        return match code {
            Some(127) => format!("`{name}` has no /bin/sh"),
            Some(code) => format!("`ssh {address}` ended with code {code} and no word"),
            None => format!("`ssh {address}` was killed"),
        };
    };
    if last.contains("Host key verification failed") {
        return format!(
            "the key of `{name}` is not known to `ssh`; connect by hand once, with `ssh {address}`, and look at it"
        );
    }
    if let Some((_, methods)) = last.split_once("Permission denied") {
        return format!(
            "`{name}` lets nobody in: permission denied{}; `ssh {address}` must need no password",
            methods.trim_end_matches('.')
        );
    }
    let words = last.trim_start_matches("ssh: ").trim_end_matches('.');
    let mut letters = words.chars();
    let words: String = match (letters.next(), words.starts_with("SSH")) {
        (Some(first), false) => first.to_lowercase().chain(letters).collect(),
        _ => words.to_owned(),
    };
    format!("`{name}`: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_ssh_become_a_sentence() {
        let said = |log: &str| why("db", "db.example.com", log, Some(255));
        assert_eq!(
            said("ssh: connect to host db.example.com port 22: Connection refused\r\n"),
            "`db`: connect to host db.example.com port 22: Connection refused"
        );
        assert_eq!(
            said("ada@db: Permission denied (publickey,password).\n"),
            "`db` lets nobody in: permission denied (publickey,password); `ssh db.example.com` must need no password"
        );
        assert!(
            said("@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.\n")
                .contains("is not the one that `ssh` knows")
        );
        assert!(
            said("No ED25519 host key is known for db.\r\nHost key verification failed.\r\n")
                .contains("is not known to `ssh`")
        );
        assert_eq!(
            said("Timeout, server db.example.com not responding.\n"),
            "`db`: timeout, server db.example.com not responding"
        );
        assert!(said("").contains("code 255"));
        assert_eq!(why("db", "db", "", Some(127)), "`db` has no /bin/sh");
    }

    #[test]
    fn no_value_is_an_argument_of_ssh() {
        let words = call("db.example.com", 5, Path::new("log"));
        let last: Vec<_> = words[words.len() - 3..].iter().collect();
        assert_eq!(last, ["--", "db.example.com", "exec /bin/sh -s"]);
    }
}
