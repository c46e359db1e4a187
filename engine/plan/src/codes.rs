//! The numbers of this room's errors. Each has a page in `book/src/errors/`; a number is never reused.

use runbook_grammar::diagnostic::Code;

// ---- names, types, flow

pub const UNKNOWN_NAME: Code = Code(2000);
pub const UNKNOWN_HOLE: Code = Code(2001);
pub const ALREADY_BOUND: Code = Code(2002);
pub const RESERVED: Code = Code(2003);
pub const UNKNOWN_TYPE: Code = Code(2004);
pub const TYPE: Code = Code(2005);
pub const UNIT: Code = Code(2006);
pub const MISSING: Code = Code(2007);
pub const SECRET: Code = Code(2008);
pub const NOT_A_VALUE: Code = Code(2009);
pub const FUNCTION: Code = Code(2010);
pub const FACT: Code = Code(2011);
pub const NO_FIELD: Code = Code(2012);
pub const RANGE: Code = Code(2013);
pub const PATTERN: Code = Code(2014);
pub const AMOUNT: Code = Code(2015);
pub const NOT_FIXED: Code = Code(2016);
pub const NAME_TAKEN: Code = Code(2017);
pub const UNKNOWN_DECLARATION: Code = Code(2018);
pub const NOT_HERE: Code = Code(2019);
pub const POLICY_NOT_HERE: Code = Code(2020);
pub const TWICE: Code = Code(2021);
pub const UNREACHABLE: Code = Code(2022);
pub const EMPTY: Code = Code(2023);
pub const MUST_LOOK: Code = Code(2024);
pub const UNDO_NOTHING: Code = Code(2025);
pub const LEAVES_BRANCH: Code = Code(2026);
pub const OUTCOME: Code = Code(2027);
pub const STEP_TAKEN: Code = Code(2028);
pub const MANNER: Code = Code(2029);
pub const NO_SUCH_MODULE: Code = Code(2030);
pub const MODULE_PATH: Code = Code(2031);
pub const MODULE_CYCLE: Code = Code(2032);
pub const MODULE_DEPTH: Code = Code(2033);
pub const NOT_A_MODULE: Code = Code(2034);
pub const NOT_IN_MODULE: Code = Code(2035);
pub const RECURSION: Code = Code(2036);
pub const ARGUMENTS: Code = Code(2037);
pub const RETURN: Code = Code(2038);
pub const NO_RESULT: Code = Code(2039);
pub const NO_CHECKPOINT: Code = Code(2040);
pub const REWIND_ACROSS: Code = Code(2041);
pub const NO_SNAPSHOT: Code = Code(2042);
pub const ARMS_MISSING: Code = Code(2043);
pub const ARM_UNKNOWN: Code = Code(2044);
pub const ARM_TWICE: Code = Code(2045);
pub const DECIDE_BY: Code = Code(2046);
pub const DECIDE_INPUT: Code = Code(2047);
pub const NO_ARM: Code = Code(2048);
pub const MATRIX_COLUMN: Code = Code(2049);
pub const MATRIX_CELL: Code = Code(2050);
pub const UNKNOWN_INTERPRETER: Code = Code(2051);
pub const INTERPRETER: Code = Code(2052);
pub const TRIGGER: Code = Code(2053);
pub const ESCALATION_CIRCLE: Code = Code(2054);
pub const SCENARIO: Code = Code(2055);
pub const NOT_ON_HOST: Code = Code(2060);

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
    (UNKNOWN_NAME, "a name that means nothing"),
    (UNKNOWN_HOLE, "a hole that names nothing"),
    (ALREADY_BOUND, "a name that already has a meaning"),
    (RESERVED, "a word that cannot be a name"),
    (UNKNOWN_TYPE, "a type that does not exist"),
    (TYPE, "a value of another type than belongs there"),
    (UNIT, "a number without its unit"),
    (MISSING, "a value that may be missing"),
    (SECRET, "a secret where it would be seen"),
    (NOT_A_VALUE, "a text that is no value of its type"),
    (FUNCTION, "a function called wrongly"),
    (FACT, "a fact of a command where there is none"),
    (NO_FIELD, "a field of something that has none"),
    (RANGE, "a range in the wrong place"),
    (PATTERN, "a pattern that is no regular expression"),
    (AMOUNT, "a number or duration that makes no sense"),
    (NOT_FIXED, "a value that must be known before the run"),
    (NAME_TAKEN, "two declarations of one name"),
    (UNKNOWN_DECLARATION, "a name that nothing declares"),
    (NOT_HERE, "a statement where it does not belong"),
    (
        POLICY_NOT_HERE,
        "a policy in a block that has no use for it",
    ),
    (TWICE, "something said twice"),
    (UNREACHABLE, "a statement that is never reached"),
    (EMPTY, "nothing where something must stand"),
    (
        MUST_LOOK,
        "something that acts where only looking is allowed",
    ),
    (UNDO_NOTHING, "an undo with nothing to undo"),
    (LEAVES_BRANCH, "leaving where other branches go on"),
    (OUTCOME, "an outcome that does not exist"),
    (STEP_TAKEN, "two steps of one name"),
    (
        MANNER,
        "interactive, live or background without its command",
    ),
    (NO_SUCH_MODULE, "a module that cannot be had"),
    (MODULE_PATH, "a path that is no place for a module"),
    (MODULE_CYCLE, "modules that use each other in a circle"),
    (MODULE_DEPTH, "modules used too deep"),
    (NOT_A_MODULE, "a file that is no module"),
    (
        NOT_IN_MODULE,
        "a statement that does not belong in a module",
    ),
    (RECURSION, "a procedure that calls itself"),
    (ARGUMENTS, "arguments that do not fit"),
    (RETURN, "a return that does not fit"),
    (NO_RESULT, "the result of a procedure that gives none"),
    (NO_CHECKPOINT, "a checkpoint that was not passed"),
    (
        REWIND_ACROSS,
        "a rewind across a step that cannot be undone",
    ),
    (NO_SNAPSHOT, "a snapshot that was not taken"),
    (ARMS_MISSING, "a decision without an arm for every case"),
    (ARM_UNKNOWN, "an arm that is never taken"),
    (ARM_TWICE, "two arms for one case"),
    (DECIDE_BY, "an output that is not clear"),
    (DECIDE_INPUT, "an input that does not fit"),
    (NO_ARM, "an arm that is not there"),
    (MATRIX_COLUMN, "a column that does not fit its matrix"),
    (MATRIX_CELL, "a cell that does not fit its column"),
    (UNKNOWN_INTERPRETER, "an interpreter that nobody knows"),
    (INTERPRETER, "an interpreter without its command"),
    (TRIGGER, "a trigger that cannot fire"),
    (ESCALATION_CIRCLE, "an escalation that leads back to itself"),
    (SCENARIO, "a scenario that names what is not there"),
    (
        NOT_ON_HOST,
        "something that cannot be done on another machine",
    ),
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
