//! Values that shells trip over, the same at every run.

/// What shells trip over.
pub const HOSTILE: &[&str] = &[
    "'",
    "\"",
    "\\",
    "\\\\",
    "$",
    "$$",
    "$(touch PWNED)",
    "`touch PWNED`",
    "${IFS}",
    "$RBK_v",
    "${RBK_v}",
    "; touch PWNED;",
    "& touch PWNED &",
    "| touch PWNED",
    "&& touch PWNED",
    "\ntouch PWNED\n",
    "a[$(touch PWNED)]",
    "a[`touch PWNED`]=1",
    "$((1+1))",
    "$[1+1]",
    "-rf",
    "-n",
    "-e",
    "--",
    "-",
    "*",
    "?",
    "[a-z]",
    "**/",
    "{a,b}",
    "{1..9}",
    "~",
    "~user",
    "!!",
    "!$",
    "^a^b",
    "#",
    "# x",
    "=ls",
    "=(touch PWNED)",
    "<(touch PWNED)",
    ">PWNED",
    "<<EOF",
    "EOF",
    "\nEOF\n",
    "@@",
    "(",
    ")",
    "()",
    "{",
    "}",
    "[",
    "]",
    "[[",
    "]]",
    "((",
    "))",
    ";;",
    "esac",
    "in",
    "do",
    "%s",
    "%n",
    "%d",
    "\\n",
    "\\0",
    "\\c",
    "\\x41",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    " ",
    "  ",
    "\u{b}",
    "\u{c}",
    "\u{7}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{1}",
    "\u{2}",
    "\u{3}",
    "é",
    "ß",
    "日本",
    "🦀",
    "\u{202e}",
    "\u{feff}",
    "\u{83}",
    "\u{a0}",
    "\u{2028}",
    "‘",
    "“",
    "a",
    "b c",
    "0",
    "1",
    "-1",
    "true",
    "",
    "x=1",
    "(e:touch PWNED:)",
    "*(e:touch PWNED:)",
    "\u{ff}",
    "&",
    "/",
    "//",
    ".",
    "..",
    ":",
    ",",
    "+",
    "|",
    "<",
    ">",
    "@",
    "@(a|b)",
];

/// Values without a NUL and without the mark, the same at every run.
pub fn values(count: usize) -> Vec<String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut values: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    while values.len() < count {
        let parts = 1 + next(5);
        let mut value = String::new();
        for _ in 0..parts {
            match next(8) {
                0 => value.push(char::from(1 + next(127) as u8)),
                1 => value.extend(char::from_u32(0x80 + next(0x2000) as u32)),
                _ => value.push_str(HOSTILE[next(HOSTILE.len())]),
            }
        }
        if !value.contains("@@@") {
            values.push(value);
        }
    }
    values.truncate(count);
    values
}
