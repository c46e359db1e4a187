//! Error numbers of this room. A number is never reused; each has a page in `book/src/errors/`.

use runbook_grammar::diagnostic::Code;

pub const FILE_UNREADABLE: Code = Code(3001);
pub const NOT_A_FILE: Code = Code(3002);
pub const NOT_UTF8: Code = Code(3003);
pub const FILE_TOO_LARGE: Code = Code(3005);

pub const CONFIG_WRONG: Code = Code(3010);
pub const ANSWERS_WRONG: Code = Code(3011);
pub const ANSWER_UNUSED: Code = Code(3012);
pub const PARAM_UNKNOWN: Code = Code(3013);
pub const PARAM_WRONG: Code = Code(3014);
pub const PROFILE_UNKNOWN: Code = Code(3015);

pub const STATE_UNUSABLE: Code = Code(3020);
pub const STATE_NOT_PRIVATE: Code = Code(3021);
pub const STATE_REMOTE: Code = Code(3022);
pub const RUN_UNKNOWN: Code = Code(3023);
pub const RUN_HELD: Code = Code(3024);
pub const RUN_OVER: Code = Code(3025);
pub const NOT_IN_THIS_VERSION: Code = Code(3026);
pub const CHECKPOINT_UNREACHABLE: Code = Code(3027);
pub const STEP_UNREACHABLE: Code = Code(3028);
pub const ADOPT_REFUSED: Code = Code(3029);
pub const RUN_COPIED: Code = Code(3030);
pub const NO_SCENARIO: Code = Code(3040);
pub const FILE_THERE: Code = Code(3041);
pub const NOTHING_TO_WATCH: Code = Code(3042);
pub const WATCHED: Code = Code(3043);
pub const NAME_REFUSED: Code = Code(3044);

pub const JOURNAL_CORRUPT: Code = Code(3100);
pub const JOURNAL_NEWER: Code = Code(3101);
pub const JOURNAL_WRITE: Code = Code(3102);
pub const JOURNAL_GONE: Code = Code(3103);
pub const JOURNAL_EMPTY: Code = Code(3104);
pub const JOURNAL_TAIL: Code = Code(3105);
pub const SNAPSHOT_DIFFERS: Code = Code(3106);
pub const JOURNAL_READ: Code = Code(3107);
pub const JOURNAL_SHORT: Code = Code(3108);
pub const OUTPUT_SHORT: Code = Code(3109);
pub const OUR_BUG: Code = Code(9001);

/// Every code of this room and what it means, for `runbook explain` and the book.
pub const ALL: &[(Code, &str)] = &[
    (FILE_UNREADABLE, "the file cannot be read"),
    (NOT_A_FILE, "this is not a regular file"),
    (NOT_UTF8, "the file is not UTF-8"),
    (FILE_TOO_LARGE, "the file is larger than 256 MiB"),
    (CONFIG_WRONG, "`runbook.toml` says something it cannot say"),
    (
        ANSWERS_WRONG,
        "an answers file says something it cannot say",
    ),
    (ANSWER_UNUSED, "an answer belongs to no prompt"),
    (PARAM_UNKNOWN, "the runbook has no such parameter"),
    (PARAM_WRONG, "a parameter is not of its type"),
    (PROFILE_UNKNOWN, "`runbook.toml` has no such profile"),
    (STATE_UNUSABLE, "the state folder cannot be used"),
    (STATE_NOT_PRIVATE, "the state folder is not private"),
    (STATE_REMOTE, "the state folder is on a network file system"),
    (RUN_UNKNOWN, "there is no such run"),
    (RUN_HELD, "another engine has this run"),
    (RUN_OVER, "the run is over"),
    (NOT_IN_THIS_VERSION, "this version cannot run that"),
    (
        CHECKPOINT_UNREACHABLE,
        "nothing goes back to that checkpoint",
    ),
    (STEP_UNREACHABLE, "a run cannot start at that step"),
    (ADOPT_REFUSED, "the changed runbook does not fit the run"),
    (RUN_COPIED, "the folder of the run is a copy"),
    (NO_SCENARIO, "the run cannot be told as a scenario"),
    (FILE_THERE, "a file is there already"),
    (NOTHING_TO_WATCH, "the runbook has no trigger"),
    (WATCHED, "another process watches this runbook"),
    (NAME_REFUSED, "no name for a runbook"),
    (JOURNAL_CORRUPT, "the journal is damaged"),
    (JOURNAL_NEWER, "the journal is of a newer version"),
    (JOURNAL_WRITE, "the journal cannot be written"),
    (JOURNAL_GONE, "the journal was removed or replaced"),
    (JOURNAL_EMPTY, "the journal holds no run"),
    (JOURNAL_TAIL, "the journal's last record is damaged"),
    (SNAPSHOT_DIFFERS, "the run's own copy of a file has changed"),
    (JOURNAL_READ, "the journal cannot be read"),
    (
        JOURNAL_SHORT,
        "the journal does not hold the link that was kept of it",
    ),
    (OUTPUT_SHORT, "output of the run is missing"),
    (OUR_BUG, "the engine made a mistake"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_is_listed_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (code, title) in super::ALL {
            assert!(seen.insert(*code), "{code} is listed twice");
            assert!(!title.is_empty());
        }
    }
}
