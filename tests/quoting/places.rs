//! Where a hole may stand, and how its value comes out again there.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {
    Every,
    /// What `sh` need not know.
    BashAndZsh,
    Bash,
    Zsh,
    /// What zsh reads as arithmetic.
    ShAndBash,
}

/// How a value comes out again.
#[derive(Clone, Copy)]
pub enum Comes {
    /// With this before and after it, and a NUL.
    Between(&'static str, &'static str),
    /// The same, and a newline with a mark instead of the NUL, which some places cannot carry.
    Marked(&'static str, &'static str),
    /// Whatever the value is, this.
    As(&'static str),
    /// Not at all: the shell may refuse it, but must not run it.
    No,
}

pub struct Place {
    pub shells: In,
    pub before: &'static str,
    pub each: &'static str,
    pub after: &'static str,
    pub comes: Comes,
    /// How many values: all, or fewer where each costs a process.
    pub values: usize,
}

pub const ALL: usize = 20_000;
pub const FEW: usize = 250;

pub const fn place(shells: In, each: &'static str, comes: Comes) -> Place {
    around(shells, "", each, "", comes, ALL)
}

pub const fn few(shells: In, each: &'static str, comes: Comes) -> Place {
    around(shells, "", each, "", comes, FEW)
}

pub const fn around(
    shells: In,
    before: &'static str,
    each: &'static str,
    after: &'static str,
    comes: Comes,
    values: usize,
) -> Place {
    Place {
        shells,
        before,
        each,
        after,
        comes,
        values,
    }
}

use Comes::*;
use In::*;

pub const PLAIN: Comes = Between("", "");

pub const PLACES: &[Place] = &[
    place(Every, "printf '%s\\0' {{v}}\n", PLAIN),
    place(Every, "printf '%s\\0' a{{v}}b\n", Between("a", "b")),
    place(Every, "printf '%s\\0' --x={{v}}\n", Between("--x=", "")),
    place(
        Every,
        "printf '%s\\0' {{v}}^{commit}\n",
        Between("", "^{commit}"),
    ),
    place(Every, "printf '%s\\0' {{v}}:h\n", Between("", ":h")),
    place(Every, "printf '%s\\0' it\\'s{{v}}\n", Between("it's", "")),
    place(Every, "printf '%s\\0' \\\\{{v}}\n", Between("\\", "")),
    place(Every, "printf '%s\\0' \\${{v}}\n", Between("$", "")),
    place(Every, "printf '%s\\0' \"{{v}}\"\n", PLAIN),
    place(Every, "printf '%s\\0' \"a {{v}} b\"\n", Between("a ", " b")),
    place(Every, "printf '%s\\0' \"{{v}}[1]\"\n", Between("", "[1]")),
    place(Every, "printf '%s\\0' \"{{v}}:h\"\n", Between("", ":h")),
    place(Every, "printf '%s\\0' \"\\${{v}}\"\n", Between("$", "")),
    place(
        Every,
        "printf '%s\\0' \"{{v}}$((1+1))\"\n",
        Between("", "2"),
    ),
    place(Every, "printf '%s\\0' '{{v}}'\n", PLAIN),
    place(
        Every,
        "printf '%s\\0' 'a \"{{v}}\" $b'\n",
        Between("a \"", "\" $b"),
    ),
    place(
        Every,
        "printf '%s\\0' 'a'{{v}}\"b\"'{{v}}'\n",
        Comes::Between("a", ""),
    ),
    place(
        BashAndZsh,
        "printf '%s\\0' $'a\\t{{v}}\\t'\n",
        Between("a\t", "\t"),
    ),
    place(Bash, "printf '%s\\0' $\"a {{v}}\"\n", Between("a ", "")),
    place(Zsh, "printf '%s\\0' '='{{v}}\n", Between("=", "")),
    place(Every, "X={{v}}; printf '%s\\0' \"$X\"\n", PLAIN),
    place(
        Every,
        "X=a{{v}}'b'; printf '%s\\0' \"$X\"\n",
        Between("a", "b"),
    ),
    place(Every, "export X={{v}}; printf '%s\\0' \"$X\"\n", PLAIN),
    place(
        Every,
        "set -- {{v}} b; printf '%s|%s\\0' \"$1\" \"$#\"\n",
        Between("", "|2"),
    ),
    place(
        Every,
        "for x in {{v}}; do printf '%s\\0' \"$x\"; done\n",
        PLAIN,
    ),
    place(Every, "f() { printf '%s\\0' \"$1\"; }; f {{v}}\n", PLAIN),
    place(Every, "# {{v}}\nprintf '%s\\0' x # {{v}}\n", As("x")),
    place(
        Every,
        "case {{v}} in '') printf 'y\\0';; {{v}}) printf 'y\\0';; *) printf 'n\\0';; esac\n",
        As("y"),
    ),
    place(
        Every,
        "case {{v}}z in {{v}}?) printf 'y\\0';; *) printf 'n\\0';; esac\n",
        As("y"),
    ),
    place(
        Every,
        "if [ {{v}} = {{v}} ]; then printf 'y\\0'; else printf 'n\\0'; fi\n",
        As("y"),
    ),
    place(
        BashAndZsh,
        "if [[ {{v}} == {{v}} ]]; then printf 'y\\0'; else printf 'n\\0'; fi\n",
        As("y"),
    ),
    place(
        BashAndZsh,
        "a=({{v}} {{v}}); printf '%s\\0' \"${#a[@]}\"\n",
        As("2"),
    ),
    place(Every, "printf '%s\\0' ${none:-{{v}}}\n", PLAIN),
    place(
        Every,
        "printf '%s\\0' \"${none:-a {{v}} b}\"\n",
        Between("a ", " b"),
    ),
    place(
        Every,
        "X=a{{v}}z; printf '%s\\0' \"${X#a{{v}}}\"\n",
        As("z"),
    ),
    place(
        Every,
        "X=a{{v}}z; Y=${X%{{v}}z}; printf '%s\\0' \"$Y\"\n",
        As("a"),
    ),
    place(
        BashAndZsh,
        "X=a{{v}}z; Y=${X/a{{v}}/b}; printf '%s\\0' \"$Y\"\n",
        As("bz"),
    ),
    place(
        BashAndZsh,
        "X=az; Y=${X/a/{{v}}}; printf '%s\\0' \"$Y\"\n",
        Between("", "z"),
    ),
    around(
        Every,
        "cat <<EOF\n",
        "a {{v}} b\n@@@\n",
        "EOF\n",
        Marked("a ", " b"),
        ALL,
    ),
    around(
        Every,
        "cat <<-EOF\n",
        "\t'{{v}}'\n@@@\n",
        "\tEOF\n",
        Marked("'", "'"),
        2_000,
    ),
    around(
        Every,
        "cat <<EOF\n",
        "${none:-{{v}}}\n@@@\n",
        "EOF\n",
        Marked("", ""),
        ALL,
    ),
    around(
        Every,
        "cat <<EOF\n$(\n",
        "printf '%s\\n@@@\\n' {{v}}\n",
        ":\n)\nEOF\n",
        Marked("", ""),
        ALL,
    ),
    around(
        Every,
        "x=$(\n",
        "printf '%s\\n@@@\\n' {{v}}\n",
        ")\nprintf '%s\\n' \"$x\"\n",
        Marked("", ""),
        ALL,
    ),
    around(
        Every,
        "printf '%s\\n' \"$(\n",
        "printf '%s\\n@@@\\n' \"a {{v}}\"\n",
        ")\"\n",
        Marked("a ", ""),
        ALL,
    ),
    around(
        Every,
        "x=`\n",
        "printf %s {{v}}; echo; echo @@@\n",
        "`\nprintf '%s\\n' \"$x\"\n",
        Marked("", ""),
        ALL,
    ),
    around(
        BashAndZsh,
        "cat <(\n",
        "printf '%s\\n@@@\\n' {{v}}\n",
        ")\n",
        Marked("", ""),
        ALL,
    ),
    few(
        BashAndZsh,
        "cat <<< {{v}}\nprintf '@@@\\n'\n",
        Marked("", ""),
    ),
    few(Every, "sh -c 'printf \"%s\\0\" \"$1\"' sh {{v}}\n", PLAIN),
    few(
        Every,
        "env X={{v}} sh -c 'printf \"%s\\0\" \"$X\"'\n",
        PLAIN,
    ),
    few(
        Every,
        "awk 'BEGIN { printf \"%s\", ENVIRON[\"X\"] }' < /dev/null; printf '%s\\0' {{v}}\n",
        PLAIN,
    ),
    // What takes numbers must refuse the rest, and run none of it.
    few(Every, "([ {{v}} -eq 1 ]) 2>/dev/null\n", No),
    few(Every, "(test 1 -lt {{v}}) 2>/dev/null\n", No),
    few(ShAndBash, "(printf '%d' {{v}}) >/dev/null 2>&1\n", No),
    few(Bash, "(exit {{v}}) 2>/dev/null\n", No),
    few(Bash, "(shift {{v}}) 2>/dev/null\n", No),
    few(Every, "(command {{v}}) >/dev/null 2>&1\n", No),
];
