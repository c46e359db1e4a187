//! The numbers of this room's errors. Each has a page in `book/src/errors/`; a number is never reused.

use runbook_grammar::diagnostic::Code;

// ---- matrices

pub const MATRIX_GAP: Code = Code(2200);
pub const MATRIX_OVERLAP: Code = Code(2201);
pub const MATRIX_DEAD_ROW: Code = Code(2202);
pub const MATRIX_EMPTY_TEST: Code = Code(2203);
pub const MATRIX_UNFIT_TEST: Code = Code(2204);
pub const MATRIX_TOO_ENTANGLED: Code = Code(2205);

// ---- values in commands

pub const HOLE_IN_OTHER_INTERPRETER: Code = Code(2250);
pub const HOLE_IN_QUOTED_HEREDOC: Code = Code(2251);
pub const HOLE_IN_ARITHMETIC: Code = Code(2252);
pub const HOLE_IN_NESTED_SCRIPT: Code = Code(2253);
pub const HOLE_FED_TO_INTERPRETER: Code = Code(2254);
pub const HOLE_AFTER_ESCAPE: Code = Code(2255);
pub const LIST_NOT_ALONE: Code = Code(2256);
pub const HOLE_WITHOUT_SAFE_FORM: Code = Code(2257);
pub const HOLE_AS_NAME: Code = Code(2258);
pub const SCRIPT_UNFINISHED: Code = Code(2259);

/// Every number with its title, in order.
pub const ALL: &[(Code, &str)] = &[
    (MATRIX_GAP, "an input that no row of a matrix matches"),
    (MATRIX_OVERLAP, "an input that two rows of a matrix match"),
    (MATRIX_DEAD_ROW, "a row of a matrix that is never taken"),
    (MATRIX_EMPTY_TEST, "a test in a matrix that nothing passes"),
    (MATRIX_UNFIT_TEST, "a test that does not fit its column"),
    (MATRIX_TOO_ENTANGLED, "a matrix too entangled to prove"),
    (
        HOLE_IN_OTHER_INTERPRETER,
        "a value in a script that is no shell's",
    ),
    (HOLE_IN_QUOTED_HEREDOC, "a value in a quoted here-document"),
    (HOLE_IN_ARITHMETIC, "a value where the shell computes"),
    (
        HOLE_IN_NESTED_SCRIPT,
        "a value in a script inside a command",
    ),
    (
        HOLE_FED_TO_INTERPRETER,
        "a value in text that an interpreter reads as its script",
    ),
    (
        HOLE_AFTER_ESCAPE,
        "a value behind a backslash, a dollar or a tilde",
    ),
    (LIST_NOT_ALONE, "a list that is not a word of its own"),
    (HOLE_WITHOUT_SAFE_FORM, "a value where no safe form exists"),
    (HOLE_AS_NAME, "a value where the shell wants a name"),
    (SCRIPT_UNFINISHED, "a quote or bracket that is never closed"),
];
