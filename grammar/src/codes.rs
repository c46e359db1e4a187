//! The numbers of this crate's mistakes, `RB1xxx`. A number is never used for something else.

use crate::diagnostic::Code;

pub const HEADER: Code = Code(1001);
pub const LANGUAGE_VERSION: Code = Code(1002);
pub const HEADER_PLACE: Code = Code(1003);

pub const FORBIDDEN_CHARACTER: Code = Code(1011);
pub const EMPTY_FILE: Code = Code(1012);

pub const UNKNOWN_STATEMENT: Code = Code(1020);
pub const MISSING_PART: Code = Code(1021);
pub const LEFT_OVER: Code = Code(1022);
pub const CLAUSE: Code = Code(1023);
pub const NAME_FORM: Code = Code(1024);
pub const RESERVED_NAME: Code = Code(1025);
pub const COMMENT_GLUED: Code = Code(1026);

pub const BLOCK_NOT_CLOSED: Code = Code(1030);
pub const STRAY_CLOSE: Code = Code(1031);
pub const BRACE_PLACE: Code = Code(1032);
pub const SWALLOWED_BRACE: Code = Code(1033);
pub const DEEPER_LINE: Code = Code(1034);
pub const BLOCK_MISSING: Code = Code(1035);
pub const BLOCK_UNWANTED: Code = Code(1036);
pub const TOO_DEEP: Code = Code(1037);
pub const TOO_COMPLEX: Code = Code(1038);
pub const TOO_MANY: Code = Code(1039);

pub const STRING_NOT_CLOSED: Code = Code(1040);
pub const ESCAPE: Code = Code(1041);

pub const LITERAL: Code = Code(1050);
pub const NUMBER_TOO_LARGE: Code = Code(1051);
pub const DURATION_TOO_LONG: Code = Code(1052);
pub const NO_SUCH_DATE: Code = Code(1053);
pub const BLANK_IN_LITERAL: Code = Code(1054);

pub const OPERAND_MISSING: Code = Code(1060);
pub const OPERATOR: Code = Code(1061);
pub const CHAINED_COMPARISON: Code = Code(1062);
pub const BRACKET_NOT_CLOSED: Code = Code(1063);
pub const COMMA_MISSING: Code = Code(1064);

pub const FENCE_NOT_CLOSED: Code = Code(1070);
pub const FENCE_HEAD: Code = Code(1071);
pub const FENCE_INDENT: Code = Code(1072);
pub const FENCE_WITHOUT_MARK: Code = Code(1073);
pub const MARK_GLUED: Code = Code(1074);
pub const COMMAND_EMPTY: Code = Code(1075);

pub const ITEM_BOX: Code = Code(1080);
pub const ITEM_CONTINUED: Code = Code(1081);

pub const TABLE_PLACE: Code = Code(1090);
pub const ROW_END: Code = Code(1091);
pub const ROW_CELLS: Code = Code(1092);
pub const CELL_EMPTY: Code = Code(1093);
pub const CELL_TEST: Code = Code(1094);
pub const TABLE_HEAD: Code = Code(1095);
pub const TABLE_TOO_LONG: Code = Code(1096);

pub const HTTP_OPTION: Code = Code(1100);
pub const HTTP_METHOD: Code = Code(1101);

/// Every code with its title.
pub const ALL: &[(Code, &str)] = &[
    (HEADER, "the file does not begin with `rbk 1` and a title"),
    (
        LANGUAGE_VERSION,
        "a version of the language that is not known",
    ),
    (HEADER_PLACE, "a header line that is not at the top"),
    (FORBIDDEN_CHARACTER, "a character that no runbook may hold"),
    (EMPTY_FILE, "the file is empty"),
    (UNKNOWN_STATEMENT, "a line that begins like no statement"),
    (MISSING_PART, "a statement lacks a part"),
    (LEFT_OVER, "something is left over on a line"),
    (
        CLAUSE,
        "a clause that does not belong, or stands in the wrong order",
    ),
    (NAME_FORM, "a name that is not in snake_case"),
    (RESERVED_NAME, "a word that is never a name"),
    (COMMENT_GLUED, "a comment without a blank before it"),
    (BLOCK_NOT_CLOSED, "a block that is not closed"),
    (STRAY_CLOSE, "a closing brace that closes nothing"),
    (BRACE_PLACE, "a brace in the wrong place on its line"),
    (SWALLOWED_BRACE, "a closing brace became part of a command"),
    (
        DEEPER_LINE,
        "a deeper-indented line under a statement without a block",
    ),
    (BLOCK_MISSING, "a statement lacks its block"),
    (BLOCK_UNWANTED, "a block where none belongs"),
    (TOO_DEEP, "nesting deeper than 64"),
    (TOO_COMPLEX, "a file too complex to be read"),
    (TOO_MANY, "more mistakes than anybody reads"),
    (STRING_NOT_CLOSED, "a string that is not closed"),
    (ESCAPE, "an escape that is not known"),
    (LITERAL, "a number that cannot be read"),
    (NUMBER_TOO_LARGE, "a number that is too large"),
    (DURATION_TOO_LONG, "a duration of more than ten years"),
    (NO_SUCH_DATE, "a day that no calendar has"),
    (BLANK_IN_LITERAL, "a blank between a number and its unit"),
    (OPERAND_MISSING, "an operator without a value"),
    (OPERATOR, "an operator of another language"),
    (CHAINED_COMPARISON, "comparisons in a chain"),
    (BRACKET_NOT_CLOSED, "a bracket that is not closed"),
    (COMMA_MISSING, "a comma is missing"),
    (FENCE_NOT_CLOSED, "a fence that is not closed"),
    (FENCE_HEAD, "the first line of a fence"),
    (
        FENCE_INDENT,
        "tabs and blanks mixed in the indentation of a script",
    ),
    (FENCE_WITHOUT_MARK, "a fence without a mark"),
    (MARK_GLUED, "a mark without a blank after it"),
    (COMMAND_EMPTY, "a mark without a command"),
    (ITEM_BOX, "a list item without an empty box"),
    (
        ITEM_CONTINUED,
        "a checklist item that goes on with something else",
    ),
    (TABLE_PLACE, "a table outside a matrix"),
    (ROW_END, "a row that does not end in a bar"),
    (ROW_CELLS, "a row with too few or too many cells"),
    (CELL_EMPTY, "an empty cell that should test or give a value"),
    (CELL_TEST, "a cell that is no test"),
    (TABLE_HEAD, "a table without its first two lines"),
    (
        TABLE_TOO_LONG,
        "a table of more than 10,000 rows or 1,000 columns",
    ),
    (HTTP_OPTION, "a line that is no option of a request"),
    (HTTP_METHOD, "the method of a request"),
];
