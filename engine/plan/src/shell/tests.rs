//! Each line is a script, a bar, and what stands in the place of its holes: the reference, or the error's
//! number. `{{xs}}` is a list.

use runbook_grammar::ast::{Name, Path, Str, StrPart};
use runbook_grammar::span::{SourceId, Span};

use super::*;
use crate::command::{Quoting, WordPart};
use crate::expr::ExprKind;
use crate::value::Value;

/// Text with `{{a.b}}` as holes.
fn script(text: &str) -> (Str, Vec<Expr>) {
    let span = |from: usize, to: usize| Span::new(SourceId(0), from, to);
    let mut parts = Vec::new();
    let mut holes = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|open| at + open) {
        let open = if text[open..].starts_with("{{{") {
            open + 1
        } else {
            open
        };
        let close = open + text[open..].find("}}").unwrap();
        if open > at {
            parts.push(StrPart::Text {
                text: text[at..open].into(),
                span: span(at, open),
            });
        }
        let names: Vec<Name> = text[open + 2..close]
            .split('.')
            .map(|name| Name {
                text: name.into(),
                span: span(open + 2, close),
            })
            .collect();
        let ty = match names[0].text.as_str() {
            "xs" => Type::List(Box::new(Type::Text)),
            "secret" => Type::Secret,
            _ => Type::Text,
        };
        let path = Path {
            names: names.into(),
            span: span(open + 2, close),
        };
        parts.push(StrPart::Hole {
            path,
            span: span(open, close + 2),
        });
        holes.push(Expr {
            kind: ExprKind::Literal(Value::Missing),
            ty,
            span: span(open, close + 2),
        });
        at = close + 2;
    }
    parts.push(StrPart::Text {
        text: text[at..].into(),
        span: span(at, text.len()),
    });
    (
        Str {
            parts: parts.into(),
            span: span(0, text.len()),
        },
        holes,
    )
}

fn seen(interpreter: Interpreter, text: &str) -> String {
    let (text, holes) = script(text);
    let (pieces, errors) = pieces(interpreter, &text, &holes);
    if !errors.is_empty() {
        return errors
            .iter()
            .map(|e| e.code.to_string())
            .collect::<Vec<_>>()
            .join(" ");
    }
    let quoting: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Hole { quoting, .. } => Some(match quoting {
                Quoting::Bare => "bare",
                Quoting::Double => "double",
                Quoting::Single => "single",
                Quoting::Dollar => "dollar",
                Quoting::Here => "here",
                Quoting::Comment => "comment",
            }),
            Piece::Text(_) => None,
        })
        .collect();
    quoting.join(" ")
}

fn check(interpreter: Interpreter, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(text, wanted)| {
            let seen = seen(interpreter, text);
            (seen != *wanted).then(|| format!("{text:?}\n  is {seen}, should be {wanted}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_hole_is_known_by_the_quotes_around_it() {
    check(
        Interpreter::Bash,
        &[
            ("git checkout {{x}}", "bare"),
            ("git rev-parse {{x}}^{commit}", "bare"),
            ("echo \"a {{x}} b\"", "double"),
            ("echo 'a {{x}} b'", "single"),
            ("echo $'a\\n{{x}}'", "dollar"),
            ("echo $\"a {{x}}\"", "double"),
            (
                "curl -d '{\"id\":\"{{x}}\"}' \"{{api}}/v\"/{{y}}",
                "single double bare",
            ),
            ("echo hi # {{x}}", "comment"),
            ("echo hi#{{x}}", "bare"),
            ("echo \"it's {{x}}\"", "double"),
            ("echo it\\'s {{x}}", "bare"),
            ("echo \"a\\\"{{x}}\"", "double"),
            ("X={{x}} cmd", "bare"),
            ("cmd > {{x}} 2>&1", "bare"),
            ("cmd 2>{{x}}", "bare"),
            ("cmd <<< {{x}}", "bare"),
            ("cmd <<< \"{{x}}\"", "double"),
            ("ls *.{{x}}", "bare"),
            ("a=({{x}} {{y}})", "bare bare"),
            (
                "test \"$(git rev-parse HEAD)\" = \"$(git rev-parse {{x}})\"",
                "bare",
            ),
            (
                "echo \"$(echo \"$(echo \"{{x}}\")\" {{y}})\"",
                "double bare",
            ),
            ("echo `echo {{x}}`", "bare"),
            ("diff <(sort {{x}}) <(sort {{y}})", "bare bare"),
            ("rm -- {{xs}}", "bare"),
            ("for f in {{xs}}; do rm \"$f\"; done", "bare"),
            ("a=({{xs}})", "bare"),
            ("echo $$ {{x}} $? {{y}} $1{{z}}", "bare bare bare"),
            ("echo \\${{x}}", "bare"),
            ("echo \"\\${{x}}\"", "double"),
            ("if [ {{x}} -gt 3 ]; then echo {{y}}; fi", "bare bare"),
            ("[[ -n {{x}} && $a == {{y}} ]]", "bare bare"),
            (
                "case {{x}} in a|b) echo {{y}};; {{z}}) echo \"{{w}}\";; esac; echo {{v}}",
                "bare bare bare double bare",
            ),
            (
                "x=$(case a in a) echo {{x}};; esac); echo {{y}}",
                "bare bare",
            ),
            ("f() { echo {{x}}; }; f", "bare"),
            ("function f { echo {{x}}; }", "bare"),
            ("(cd /srv && ls {{x}}) | sort", "bare"),
            ("! grep {{x}} f", "bare"),
            ("awk -v n={{x}} '{print n}' f", "bare"),
            ("sed \"s/a/{{x}}/\" f", "double"),
            ("psql -c \"select '{{x}}'\"", "double"),
            ("find . -name {{x}} -exec rm {} \\;", "bare"),
            (
                "kubectl get pods -o jsonpath='{.items[*]}' -n {{x}}",
                "bare",
            ),
            (
                "docker ps --format '{{.Names}}' # {{x}}"
                    .replace("{{.Names}}", "{ {.Names}}")
                    .as_str(),
                "comment",
            ),
        ]
        .map(|(a, b)| (a, b)),
    );
}

#[test]
fn a_here_document_expands_unless_its_word_is_quoted() {
    check(
        Interpreter::Bash,
        &[
            ("cat <<EOF\na {{x}}\nEOF\necho {{y}}", "here bare"),
            ("cat <<'EOF'\na {{x}}\nEOF\necho {{y}}", "RB2251"),
            ("cat <<\"EOF\"\na {{x}}\nEOF\n", "RB2251"),
            ("cat <<\\EOF\na {{x}}\nEOF\n", "RB2251"),
            ("cat <<'EOF'\nit's\nEOF\necho {{y}}", "bare"),
            ("cat <<-EOF\n\ta {{x}}\n\tEOF\necho {{y}}", "here bare"),
            ("cat <<EOF > {{f}}\n{{x}}\nEOF\n", "bare here"),
            (
                "cat <<A <<B\n{{x}}\nA\n{{y}}\nB\necho {{z}}",
                "here here bare",
            ),
            ("cat <<EOF\n$(echo \"{{x}}\" {{y}})\nEOF\n", "double bare"),
            ("x=$(cat <<EOF\n{{x}}\nEOF\n)\necho {{y}}", "here bare"),
            ("cat <<EOF\n\\{{x}}\nEOF\n", "RB2255"),
            ("cat <<EOF\n${{x}}\nEOF\n", "RB2255"),
            ("cat <<EOF\n`echo {{x}}`\nEOF\n", "RB2257"),
            (
                "cat <<EOF\n${a:-{{x}}} \"{{y}}\" '{{z}}'\nEOF\n",
                "here here here",
            ),
            ("cat <<EOF\n${a#{{x}}}\nEOF\n", "RB2257"),
            ("cat <<{{x}}\nEOF\n", "RB2257"),
            ("cat <<EOF\n{{xs}}\nEOF\n", "RB2256"),
            ("if cat <<EOF; then\n'\nEOF\n echo {{x}}\nfi", "bare"),
            ("cat <<EOF # it's {{y}}\n{{x}}\nEOF", "comment here"),
            (
                "psql -v ON_ERROR_STOP=1 \"$U\" << EOF\nselect {{x}};\nEOF\n",
                "here",
            ),
        ],
    );
}

#[test]
fn where_the_shell_computes_a_value_is_refused() {
    check(
        Interpreter::Bash,
        &[
            ("echo $(( {{x}} + 1 ))", "RB2252"),
            ("echo \"$(( {{x}} + 1 ))\"", "RB2252"),
            ("echo $(( $(wc -l < {{x}}) + 1 ))", "bare"),
            ("(( {{x}} > 1 )) && echo {{y}}", "RB2252"),
            ("for ((i=0; i<{{x}}; i++)); do echo {{y}}; done", "RB2252"),
            ("[[ {{x}} -eq 3 ]]", "RB2252"),
            ("[[ 3 -lt {{x}} ]]", "RB2252"),
            ("[[ \"{{x}}\" -ge 3 ]]", "RB2252"),
            ("let n={{x}}", "RB2252"),
            ("declare -i n={{x}}", "RB2252"),
            ("a[{{x}}]=1", "RB2252"),
            ("a[\"{{x}}\"]=1", "RB2252"),
            ("a=([{{x}}]=1)", "RB2252"),
            ("echo $(( $(echo {{x}}) + 1 ))", "RB2252"),
            ("[[ $(echo {{x}}) -eq 1 ]]", "RB2252"),
            ("a[x {{x}}]=1", "RB2252"),
            ("ls a[{{x}}] b", "bare"),
            ("echo ${a[{{x}}]}", "RB2252"),
            ("echo ${a:{{x}}:2}", "RB2252"),
            ("echo $[ {{x}} + 1 ]", "RB2252"),
            ("echo $[ '\n{{x}}\n' ] {{y}}", "RB2252"),
            ("((cd /srv); (ls {{x}}))", "bare"),
            ("echo $( (echo {{x}}) )", "bare"),
            ("echo $((echo {{x}}) | cat)", "bare"),
        ],
    );
}

#[test]
fn scripts_inside_commands_are_refused() {
    let refused = [
        "sh -c \"rm {{x}}\"",
        "sh -c 'rm {{x}}'",
        "sh -c {{x}}",
        "bash -lc \"rm {{x}}\"",
        "bash -euo pipefail -c \"rm {{x}}\"",
        "/bin/bash -c \"rm {{x}}\"",
        "sudo -u app bash -c \"rm {{x}}\"",
        "docker exec web sh -c \"rm {{x}}\"",
        "kubectl exec pod -- bash -c \"rm {{x}}\"",
        "xargs sh -c \"rm {{x}}\"",
        "find . -exec sh -c \"rm {{x}}\" \\;",
        "env A=b sh -c \"rm {{x}}\"",
        "timeout 5 sh -c \"rm {{x}}\"",
        "eval \"rm {{x}}\"",
        "eval rm {{x}}",
        "command eval rm {{x}}",
        "$SUDO eval rm {{x}}",
        "eval \"$(echo {{x}})\"",
        "eval \"$(cat <<E\n{{x}}\nE\n)\"",
        "sh -c \"rm $(printf %s {{x}})\"",
        "eval \"$(echo $(echo {{x}}))\"",
        "$SUDO -n ssh web1 rm {{x}}",
        "ssh web1 \"rm {{x}}\"",
        "ssh web1 rm {{x}}",
        "ssh -p 22 -i key web1 rm {{x}}",
        "ssh -o ProxyCommand={{x}} web1",
        "su - app -c \"rm {{x}}\"",
        "su -c \"rm {{x}}\" app",
        "watch -n 5 \"ls {{x}}\"",
        "trap \"rm {{x}}\" EXIT",
        "trap 'rm {{x}}' EXIT",
        "alias l='ls {{x}}'",
        "python3 -c \"print('{{x}}')\"",
        "perl -ne 'print if /{{x}}/' f",
        "node -e \"f('{{x}}')\"",
        "awk '/{{x}}/ {print}' f",
        "awk -F: \"{print \\\"{{x}}\\\"}\" f",
        "A=1 B=2 sh -c \"rm {{x}}\"",
        "if sh -c \"rm {{x}}\"; then :; fi",
        "echo \"$(sh -c \"rm {{x}}\")\"",
        "true && sh -c \"rm {{x}}\"",
        "flock /l -c \"rm {{x}}\"",
        "find . -exec awk '/{{x}}/' {} +",
    ];
    for text in refused {
        assert_eq!(seen(Interpreter::Bash, text), "RB2253", "{text}");
    }
    let fed = [
        "bash <<EOF\nrm {{x}}\nEOF\n",
        "bash -s <<EOF\nrm {{x}}\nEOF\n",
        "ssh web1 <<EOF\nrm {{x}}\nEOF\n",
        "ssh web1 bash -s <<EOF\nrm {{x}}\nEOF\n",
        "ssh web1 'sudo bash' <<EOF\nrm {{x}}\nEOF\n",
        "sudo bash <<< \"rm {{x}}\"",
        "docker exec -i web bash <<EOF\nrm {{x}}\nEOF\n",
        "python3 - <<EOF\nprint({{x}})\nEOF\n",
        "echo \"rm {{x}}\" | sh",
        "printf 'rm %s' {{x}} | bash -x",
        "cat <<EOF | bash\nrm {{x}}\nEOF\n",
        "cat <<EOF | ssh web1\nrm {{x}}\nEOF\n",
        "bash <(echo rm {{x}})",
        "source <(echo {{x}})",
    ];
    for text in fed {
        assert_eq!(seen(Interpreter::Bash, text), "RB2254", "{text}");
    }
    check(
        Interpreter::Bash,
        &[
            ("sh -c 'rm \"$1\"' sh {{x}}", "bare"),
            ("ssh {{x}} uptime", "bare"),
            ("ssh -p {{x}} web1 uptime", "bare"),
            ("ssh web1 \"rm $(printf %q {{x}})\"", "bare"),
            (
                "ssh web1 bash -s -- \"$(printf %q {{x}})\" <<'EOF'\nrm \"$1\"\nEOF\n",
                "bare",
            ),
            ("watch -x ls {{x}}", "bare"),
            ("eval \"$(minikube docker-env -p {{x}})\"", "bare"),
            ("eval \"rm $(printf '%q %q' {{x}} {{y}})\"", "bare bare"),
            ("x=$(echo {{x}}) y=\"$(cat {{y}})\"", "bare bare"),
            ("export X=$(echo {{x}})", "bare"),
            ("rm $(echo {{xs}})", "bare"),
            ("python3 script.py {{x}}", "bare"),
            ("python3 -c 'import sys' {{x}}", "bare"),
            ("bash deploy.sh {{x}}", "bare"),
            ("grep ssh {{x}}", "bare"),
            ("systemctl restart ssh {{x}}", "bare"),
            ("curl -fsS {{x}} | bash", "bare"),
            ("ssh web1 'cat > f' <<EOF\n{{x}}\nEOF\n", "here"),
            ("echo {{x}} | grep -c y", "bare"),
            ("bash script.sh <<EOF\n{{x}}\nEOF\n", "here"),
        ],
    );
}

#[test]
fn names_of_variables_are_written_out() {
    for text in [
        "export {{x}}",
        "unset {{x}}",
        "read {{x}}",
        "declare {{x}}=1",
        "printf -v {{x}} a",
        "readonly \"{{x}}\"",
        "for {{x}} in a; do :; done",
        "[[ -v {{x}} ]]",
        "[ -v {{x}} ]",
        "echo ${{{x}}}",
        "local {{x}}",
        "mapfile {{x}}",
    ] {
        assert_eq!(seen(Interpreter::Bash, text), "RB2258", "{text}");
    }
    check(
        Interpreter::Bash,
        &[
            ("export A={{x}}", "bare"),
            ("export A=\"b{{x}}\" C={{y}}", "double bare"),
            ("local a={{x}}", "bare"),
        ],
    );
}

#[test]
fn expansions_with_a_value_in_them() {
    check(
        Interpreter::Bash,
        &[
            ("echo ${a:-{{x}}}", "bare"),
            ("echo \"${a:-{{x}}}\"", "double"),
            ("echo ${a:-\"{{x}}\"}", "double"),
            ("echo ${a:-'{{x}}'}", "single"),
            ("echo \"${a:-'{{x}}'}\"", "RB2257"),
            ("echo \"${a:-\"{{x}}\"}\"", "RB2257"),
            ("echo \"${a:-it's {{x}}}\"", "double"),
            ("echo \"${a#{{x}}}\"", "bare"),
            ("echo ${a%%{{x}}*}", "bare"),
            ("${a:-trap {{x}} EXIT}", "RB2257"),
            ("sh ${a:--c \"{{x}}\" b}", "RB2257"),
            ("echo ${a/{{x}}/{{y}}}", "bare bare"),
            ("echo \"${a/{{x}}/y}\"", "RB2257"),
            ("echo \"${a:-$(echo {{x}})}\"", "bare"),
            ("echo ${a^{{x}}}", "RB2257"),
            ("touch f{1..{{x}}}", "RB2257"),
            ("touch f{a,{{x}}}", "bare"),
            ("[[ $a =~ {{x}} ]]", "RB2257"),
            ("[[ $a =~ ^(a|b)$ && -f {{x}} ]]", "bare"),
            ("ls @(a|{{x}})", "bare"),
        ],
    );
    check(Interpreter::Sh, &[("echo $'{{x}}'", "RB2257")]);
    check(
        Interpreter::Zsh,
        &[
            ("ls *({{x}})", "RB2257"),
            ("echo $a[{{x}}]", "RB2252"),
            ("echo \"$a[{{x}}]\"", "RB2252"),
            ("printf '%d' {{x}}", "RB2252"),
            ("printf '%s\\n' {{x}}", "bare"),
            ("exit {{x}}", "RB2252"),
            ("ls ={{x}}", "RB2257"),
            ("ls '='{{x}} --a={{y}}", "bare bare"),
            ("a=({{xs}})", "bare"),
            ("echo ${(U)a} {{x}}", "bare"),
        ],
    );
}

#[test]
fn what_stands_right_before_a_value_must_not_change_it() {
    for text in [
        "echo \\{{x}}",
        "echo \"\\{{x}}\"",
        "echo ${{x}}",
        "echo \"${{x}}\"",
        "ls ~{{x}}",
        "ls ~{{x}}/a",
        "X=~{{x}}",
    ] {
        assert_eq!(seen(Interpreter::Bash, text), "RB2255", "{text}");
    }
    check(
        Interpreter::Bash,
        &[
            ("echo '\\{{x}}' '${{y}}'", "single single"),
            ("echo a~{{x}}", "bare"),
            ("echo \\\\{{x}}", "bare"),
        ],
    );
}

#[test]
fn a_list_stands_alone() {
    for text in [
        "rm \"{{xs}}\"",
        "rm '{{xs}}'",
        "rm a{{xs}}",
        "rm {{xs}}/b",
        "X={{xs}} cmd",
        "cmd > {{xs}}",
        "cat <<< {{xs}}",
        "case {{xs}} in a) ;; esac",
        "[[ -n {{xs}} ]]",
        "echo ${a:-{{xs}}}",
        "rm {{xs}}{{xs}}",
    ] {
        assert!(
            seen(Interpreter::Bash, text).starts_with("RB2256"),
            "{text}: {}",
            seen(Interpreter::Bash, text)
        );
    }
}

#[test]
fn what_is_never_closed_is_said() {
    for text in [
        "echo \"{{x}}",
        "echo '{{x}}",
        "echo $({{x}}",
        "echo `{{x}}",
        "echo ${a:-{{x}}",
        "echo {{x}} it's",
        "a=({{x}}",
    ] {
        assert!(
            seen(Interpreter::Bash, text).contains("RB2259"),
            "{text}: {}",
            seen(Interpreter::Bash, text)
        );
    }
    // Without a value in it a script is the shell's own business.
    assert_eq!(seen(Interpreter::Bash, "echo \"a"), "");
}

#[test]
fn i08_powershell_has_forms_of_its_own() {
    check(
        Interpreter::PowerShell,
        &[
            ("Stop-Service {{x}}", "bare"),
            ("Stop-Service -Name:{{x}}", "bare"),
            ("Write-Host \"a {{x}} b\"", "double"),
            ("Write-Host 'a {{x}} $b'", "double"),
            ("Write-Host \"$(Get-Item {{x}})\"", "bare"),
            ("Get-Item {{x}}/a", "RB2257"),
            ("{{x}} -a", "bare"),
            ("{{x}} a", "RB2257"),
            ("& {{x}} a", "bare"),
            ("Remove-Item {{xs}}", "bare"),
            ("Remove-Item \"{{xs}}\"", "RB2256"),
            ("$a = @\"\n{{x}}\n\"@\nWrite-Host {{y}}", "here bare"),
            ("$a = @'\n{{x}}\n'@", "RB2251"),
            ("# {{x}}\nls {{y}} <# {{z}} #>", "comment bare comment"),
            ("Write-Host \"`{{x}}\"", "RB2255"),
            ("Write-Host \"${{x}}\"", "RB2255"),
            ("Write-Host \"`${{x}}\"", "double"),
            ("Invoke-Expression \"rm {{x}}\"", "RB2253"),
            ("cmd /c \"del {{x}}\"", "RB2253"),
            ("icm web1 { rm {{x}} }", "RB2253"),
            ("netsh --% {{x}}", "RB2257"),
            ("if ({{x}} -eq 'a') { Write-Host {{y}} }", "bare bare"),
        ],
    );
    let (text, holes) = script("echo 'it''s $5 \"{{x}}\"'");
    let (pieces, errors) = pieces(Interpreter::PowerShell, &text, &holes);
    assert!(errors.is_empty());
    let texts: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Hole { .. } => None,
        })
        .collect();
    assert_eq!(texts, ["echo \"it's `$5 `\"", "`\"\""]);
}

#[test]
fn other_languages_take_values_from_the_environment() {
    assert_eq!(seen(Interpreter::Python, "print('{{x}}')"), "RB2250");
    let (text, holes) = script("print('{{a.b}}')");
    let (_, errors) = pieces(Interpreter::Python, &text, &holes);
    assert!(
        errors[0]
            .help
            .as_deref()
            .unwrap()
            .starts_with("write `env A_B = a.b` above it")
    );
}

fn names(text: &str) -> Vec<String> {
    let (text, holes) = script(text);
    let (pieces, _) = pieces(Interpreter::Bash, &text, &holes);
    pieces
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Hole { variable, .. } => Some(variable),
            Piece::Text(_) => None,
        })
        .collect()
}

#[test]
fn variables_are_named_for_their_holes_and_never_meet_the_authors() {
    assert_eq!(
        names("echo {{x}} {{a.b}} {{x}}"),
        ["RBK_x", "RBK_a_b", "RBK_x"]
    );
    assert_eq!(names("echo {{a.b}} {{a_b}}"), ["RBK_a_b", "RBK_a_b_v2"]);
    assert_eq!(names("RBK_x=1; echo {{x}}"), ["RBK_x_v2"]);
    assert_eq!(names("rm {{xs}} {{xs_1}}"), ["RBK_xs", "RBK_xs_1_v2"]);
    assert_eq!(names("rm {{xs_1}} {{xs}}"), ["RBK_xs_1", "RBK_xs_v2"]);
}

#[test]
fn nothing_a_script_holds_makes_this_hang_or_panic() {
    let deep = |open: &str, close: &str| {
        format!(
            "echo {}{{{{x}}}}{}",
            open.repeat(5_000),
            close.repeat(5_000)
        )
    };
    for (open, close) in [
        ("$(", ")"),
        ("(", ")"),
        ("\"$(", ")\""),
        ("${a:-", "}"),
        ("`", "`"),
        ("((", "))"),
        ("$((", "))"),
        ("[[ ", " ]]"),
        ("case a in a) ", ";; esac"),
        ("a[", "]"),
        ("@(", ")"),
        ("<(", ")"),
        ("{ ", "; }"),
        ("$a[", "]"),
        ("<<A\n", "\nA\n"),
    ] {
        for shell in [
            Interpreter::Sh,
            Interpreter::Bash,
            Interpreter::Zsh,
            Interpreter::PowerShell,
        ] {
            let _ = seen(shell, &deep(open, close));
            let _ = seen(shell, &deep(open, ""));
            let _ = seen(shell, &deep(open, open));
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_at_all_gets_an_answer(parts in proptest::collection::vec(proptest::sample::select(vec![
        "{{x}}", "{{xs}}", " ", "\n", "'", "\"", "\\", "$", "`", "(", ")", "{", "}", "[", "]", "[[ ", " ]]", "<", ">", "<<E\n",
        "\nE\n", "|", "&", ";", ";;", "#", "=", "a", "case ", " in ", "esac", "do", "done", "-eq", "~", "!", "@", "*", "sh -c ",
        "eval ", ":-", "\t", "ssh h ", "é", "function ", "for ",
    ]), 0..40)) {
        let text = parts.concat();
        if text.matches("{{").count() == text.matches("{{x").count() && !text.contains("{{{") {
            for shell in [Interpreter::Sh, Interpreter::Bash, Interpreter::Zsh, Interpreter::PowerShell] {
                let (text, holes) = script(&text);
                let (pieces, _) = pieces(shell, &text, &holes);
                let found = pieces.iter().filter(|piece| matches!(piece, Piece::Hole { .. })).count();
                proptest::prop_assert!(found == holes.len());
            }
        }
    }
}

fn words(text: &str) -> Option<Vec<String>> {
    let (text, holes) = script(text);
    let words = direct(&text, &holes)?;
    let show = |part: &WordPart| match part {
        WordPart::Text(text) => text.clone(),
        WordPart::Hole(_) => "{}".to_owned(),
    };
    Some(
        words
            .iter()
            .map(|word| word.iter().map(show).collect())
            .collect(),
    )
}

#[test]
fn a_plain_command_needs_no_shell() {
    let is = |text: &str, wanted: &[&str]| {
        assert_eq!(
            words(text).as_deref(),
            Some(
                wanted
                    .iter()
                    .map(|w| w.to_string())
                    .collect::<Vec<_>>()
                    .as_slice()
            ),
            "{text}"
        );
    };
    is("git log --oneline -10", &["git", "log", "--oneline", "-10"]);
    is("git  checkout\t{{x}}", &["git", "checkout", "{}"]);
    is("curl -fsS {{api}}/health", &["curl", "-fsS", "{}/health"]);
    is(
        "curl -H 'X: $y' \"a b\" ''",
        &["curl", "-H", "X: $y", "a b", ""],
    );
    is("dd if=/dev/zero of={{x}}", &["dd", "if=/dev/zero", "of={}"]);
    is("rm -- {{xs}}", &["rm", "--", "{}"]);
    is("./run.sh 'it'\"'\"'s'", &["./run.sh", "it's"]);
}

#[test]
fn whatever_a_shell_might_read_otherwise_stays_with_the_shell() {
    for text in [
        "",
        "   ",
        "a | b",
        "a && b",
        "a; b",
        "a > f",
        "a < f",
        "a &",
        "a $X",
        "a \"$X\"",
        "a `b`",
        "a *",
        "a ?",
        "a [b]",
        "a ~",
        "~/a",
        "a --x=~/b",
        "a \\ b",
        "A=b c",
        "a # b",
        "cd /srv",
        "echo a",
        "test -f a",
        "[ -f a ]",
        "true",
        "if a",
        "a {b,c}",
        "a !b",
        "!",
        "'cd' /srv",
        "a \"b\\n\"",
        "a 'b",
        "{{x}} a",
        "a {{secret}}",
        "a\nb",
        "export A=b",
        "a =b",
        "exec a",
        ". ./env",
        "a (b)",
        "time a",
        "kill 1",
        "ssh web1 rm {{x}}",
        "bash -c {{x}}",
        "rm \"a{{xs}}\"",
    ] {
        assert_eq!(words(text), None, "{text}");
    }
}
