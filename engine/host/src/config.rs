//! What people set beside a runbook: `runbook.toml`, answers files, `--param`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use runbook_core::event::Started;
use runbook_grammar::nearest;
use runbook_plan::Plan;
use runbook_plan::value::Value;
use toml::{Table, Value as Toml};

use crate::codes;
use crate::error::HostError;
use crate::files;

/// The name of the file, looked for in the runbook's folder and upward.
pub const NAME: &str = "runbook.toml";

/// `runbook.toml`, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Where it was found.
    pub path: Option<PathBuf>,
    /// `state = "…"`, absolute: a relative one is meant from the file's folder.
    pub state: Option<PathBuf>,
    /// `[profile.NAME.params]`
    pub profiles: BTreeMap<String, Vec<(String, String)>>,
    /// `[channels]`: a command line for each channel that the runbook leaves without one.
    pub channels: BTreeMap<String, String>,
    /// `[lint]`
    pub lint: Lint,
}

/// What is said of lints. Names and levels are texts here: which there are is the lints' own business.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lint {
    /// `[lint.rules]`: name and level.
    pub rules: Vec<(String, String)>,
    /// `[lint.folder."old"]`: the same for the files below a folder, relative to this file's.
    pub folders: Vec<(String, Vec<(String, String)>)>,
    /// `[[lint.waiver]]`
    pub waivers: Vec<Waiver>,
}

/// What one lint finds below one path is put up with, until a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    pub rule: String,
    /// A file or a folder, relative to this file's.
    pub path: String,
    pub owner: String,
    /// The last day it holds.
    pub until: jiff::civil::Date,
    pub reason: Option<String>,
}

impl Config {
    /// The nearest `runbook.toml` at or above the folder of `runbook`; without one, defaults.
    pub fn find(runbook: &Path) -> Result<Config, HostError> {
        match Config::locate(runbook) {
            Some(path) => Config::read(&path),
            None => Ok(Config::default()),
        }
    }

    /// Where that is.
    pub fn locate(runbook: &Path) -> Option<PathBuf> {
        let whole = std::path::absolute(runbook).unwrap_or_else(|_| runbook.to_owned());
        whole
            .ancestors()
            .skip(1)
            .map(|folder| folder.join(NAME))
            .find(|path| std::fs::symlink_metadata(path).is_ok())
    }

    /// Reads one.
    pub fn read(path: &Path) -> Result<Config, HostError> {
        let name = path.display().to_string();
        let wrong = |what: String| HostError::new(codes::CONFIG_WRONG, format!("{name}: {what}"));
        let table = table(path, codes::CONFIG_WRONG)?;
        let mut config = Config {
            path: Some(path.to_owned()),
            ..Config::default()
        };
        for (key, value) in table {
            match (key.as_str(), value) {
                ("state", Toml::String(state)) if !state.is_empty() => {
                    let folder = path.parent().unwrap_or(Path::new("/"));
                    config.state = Some(folder.join(state));
                }
                ("state", _) => return Err(wrong("`state` is the path of a folder".into())),
                ("profile", Toml::Table(profiles)) => {
                    for (profile, value) in profiles {
                        let Toml::Table(mut parts) = value else {
                            return Err(wrong(format!("`profile.{profile}` is a table")));
                        };
                        let params = match parts.remove("params") {
                            Some(Toml::Table(params)) => texts(&params).map_err(&wrong)?,
                            None => Vec::new(),
                            Some(_) => {
                                return Err(wrong(format!(
                                    "`profile.{profile}.params` is a table"
                                )));
                            }
                        };
                        if let Some((other, _)) = parts.iter().next() {
                            return Err(wrong(format!(
                                "`profile.{profile}` holds `params`, and `{other}` is none of its keys"
                            )));
                        }
                        config.profiles.insert(profile, params);
                    }
                }
                ("profile", _) => return Err(wrong("`profile` is a table of tables".into())),
                ("channels", Toml::Table(channels)) => {
                    config.channels = texts(&channels).map_err(&wrong)?.into_iter().collect();
                }
                ("channels", _) => {
                    return Err(wrong("`channels` is a table of command lines".into()));
                }
                ("lint", Toml::Table(lint)) => config.lint = read_lint(lint).map_err(&wrong)?,
                ("lint", _) => return Err(wrong("`lint` is a table".into())),
                (key, _) => {
                    let known = ["state", "profile", "channels", "lint"];
                    let error = wrong(format!("there is no setting `{key}`"));
                    return Err(match nearest(key, known) {
                        Some(near) => error.help(format!("Write `{near}`.")),
                        None => error.help("Use `state`, `profile`, `channels` and `lint`."),
                    });
                }
            }
        }
        Ok(config)
    }

    /// The params of a profile.
    pub fn profile(&self, name: &str) -> Result<&[(String, String)], HostError> {
        self.profiles.get(name).map(Vec::as_slice).ok_or_else(|| {
            let place = match &self.path {
                Some(path) => path.display().to_string(),
                None => format!("no {NAME} was found, so it"),
            };
            let error = HostError::new(
                codes::PROFILE_UNKNOWN,
                format!("{place} has no profile `{name}`"),
            );
            let names: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            match (nearest(name, names.iter().copied()), names.as_slice()) {
                (Some(near), _) => error.help(format!("Did you mean `{near}`?")),
                (None, []) => error.help(format!("Add `[profile.{name}.params]`.")),
                (None, names) => error.help(format!("Choose one of {}.", names.join(", "))),
            }
        })
    }
}

fn read_lint(table: Table) -> Result<Lint, String> {
    let levels = |what: &str, value: Toml| match value {
        Toml::Table(levels) => texts(&levels),
        _ => Err(format!("`{what}` is a table of lints and their levels")),
    };
    let mut lint = Lint::default();
    for (key, value) in table {
        match (key.as_str(), value) {
            ("rules", value) => lint.rules = levels("lint.rules", value)?,
            ("folder", Toml::Table(folders)) => {
                for (folder, value) in folders {
                    let said = levels(&format!("lint.folder.\"{folder}\""), value)?;
                    lint.folders.push((folder, said));
                }
            }
            ("waiver", Toml::Array(waivers)) => {
                for waiver in waivers {
                    lint.waivers.push(read_waiver(&waiver)?);
                }
            }
            ("folder", _) => return Err("`lint.folder` is a table of tables".into()),
            ("waiver", _) => {
                return Err("`lint.waiver` is an array: write `[[lint.waiver]]`".into());
            }
            (key, _) => {
                return Err(format!(
                    "`lint` holds `rules`, `folder` and `waiver`, and `{key}` is none of them"
                ));
            }
        }
    }
    Ok(lint)
}

fn read_waiver(waiver: &Toml) -> Result<Waiver, String> {
    let Toml::Table(waiver) = waiver else {
        return Err("`lint.waiver` is an array of tables".into());
    };
    const KEYS: [&str; 5] = ["rule", "path", "owner", "until", "reason"];
    if let Some(other) = waiver.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!(
            "a waiver says `rule`, `path`, `owner`, `until` and `reason`, and `{other}` is none of them"
        ));
    }
    let said = |key: &str| match waiver.get(key) {
        Some(Toml::String(text)) if !text.trim().is_empty() => Ok(text.clone()),
        _ => Err(format!("a waiver lacks `{key}`, a text")),
    };
    let until = match waiver.get("until") {
        Some(Toml::Datetime(day)) => day.to_string(),
        Some(Toml::String(day)) => day.clone(),
        _ => String::new(),
    };
    Ok(Waiver {
        rule: said("rule")?,
        path: said("path")?,
        owner: said("owner")?,
        until: until
            .parse()
            .map_err(|_| "a waiver lacks `until`, a day such as 2027-03-31".to_owned())?,
        reason: match waiver.get("reason") {
            None => None,
            Some(_) => Some(said("reason")?),
        },
    })
}

/// An answers file, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswersFile {
    pub params: Vec<(String, String)>,
    /// By key; several texts where a prompt comes more than once.
    pub answers: Vec<(String, Vec<String>)>,
}

impl AnswersFile {
    pub fn read(path: &Path) -> Result<AnswersFile, HostError> {
        let name = path.display().to_string();
        let wrong = |what: String| HostError::new(codes::ANSWERS_WRONG, format!("{name}: {what}"));
        let mut file = AnswersFile::default();
        for (key, value) in table(path, codes::ANSWERS_WRONG)? {
            match (key.as_str(), value) {
                ("params", Toml::Table(params)) => file.params = texts(&params).map_err(&wrong)?,
                ("answers", Toml::Table(answers)) => {
                    for (prompt, value) in answers {
                        let texts = match &value {
                            Toml::Array(items) => items.iter().map(text).collect(),
                            one => text(one).map(|text| vec![text]),
                        };
                        let texts = texts.ok_or_else(|| {
                            wrong(format!(
                                "the answer to `{prompt}` is a text, a number, true or false, or an array of these"
                            ))
                        })?;
                        file.answers.push((prompt, texts));
                    }
                }
                ("params" | "answers", _) => return Err(wrong(format!("`{key}` is a table"))),
                (key, _) => {
                    return Err(wrong(format!("there is no table `{key}`"))
                        .help("Use `[params]` and `[answers]`."));
                }
            }
        }
        Ok(file)
    }
}

fn table(path: &Path, code: runbook_grammar::diagnostic::Code) -> Result<Table, HostError> {
    let name = path.display().to_string();
    let bytes = files::read(path)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| HostError::new(codes::NOT_UTF8, format!("{name} is not UTF-8")))?;
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        let what = error.message().lines().collect::<Vec<_>>().join("; ");
        HostError::new(code, format!("{name}: line {line}: {what}"))
    })
}

fn text(value: &Toml) -> Option<String> {
    Some(match value {
        Toml::String(text) => text.clone(),
        Toml::Integer(number) => number.to_string(),
        Toml::Float(number) => number.to_string(),
        Toml::Boolean(true) => "yes".to_owned(),
        Toml::Boolean(false) => "no".to_owned(),
        Toml::Datetime(time) => time.to_string(),
        Toml::Array(_) | Toml::Table(_) => return None,
    })
}

/// Names and texts; an array becomes a line an item, as a `list` is read.
fn texts(table: &Table) -> Result<Vec<(String, String)>, String> {
    table
        .iter()
        .map(|(name, value)| {
            let text = match value {
                Toml::Array(items) => items
                    .iter()
                    .map(text)
                    .collect::<Option<Vec<_>>>()
                    .map(|items| items.join("\n")),
                value => text(value),
            };
            text.map(|text| (name.clone(), text)).ok_or_else(|| {
                format!("`{name}` is a text, a number, true or false, or an array of these")
            })
        })
        .collect()
}

/// `name=value` of the command line.
pub fn parse_param(argument: &str) -> Result<(String, String), HostError> {
    match argument.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err(
            HostError::new(codes::PARAM_WRONG, format!("`{argument}` is no parameter"))
                .help("Write it as `--param name=value`."),
        ),
    }
}

/// The values a run starts with. Of one name the first list that has it wins, and within a list the last.
/// Everything that is wrong is reported.
pub fn params(
    plan: &Plan,
    lists: &[&[(String, String)]],
) -> Result<BTreeMap<String, Value>, Vec<HostError>> {
    let severities: Vec<String> = plan.severities.iter().map(|s| s.name.clone()).collect();
    let known = || {
        plan.params
            .iter()
            .map(|param| &plan.vars[param.var.index()])
    };
    let mut errors = Vec::new();
    let mut values = BTreeMap::new();
    for list in lists.iter().rev() {
        for (name, text) in *list {
            let Some(var) = known().find(|var| var.name == *name) else {
                let error = HostError::new(
                    codes::PARAM_UNKNOWN,
                    format!("the runbook has no parameter `{name}`"),
                );
                let names: Vec<&str> = known().map(|var| var.name.as_str()).collect();
                errors.push(
                    match (nearest(name, names.iter().copied()), names.as_slice()) {
                        (Some(near), _) => error.help(format!("Did you mean `{near}`?")),
                        (None, []) => error.help("Leave it out: this runbook asks for nothing."),
                        (None, names) => error.help(format!("Use {}.", names.join(", "))),
                    },
                );
                continue;
            };
            match runbook_plan::read::read(text, &var.ty, &severities) {
                Ok(value) => {
                    let pattern = plan.params.iter().find_map(|param| {
                        let own = plan.vars[param.var.index()].name == *name;
                        own.then_some(param.rules.matches.as_ref()).flatten()
                    });
                    match pattern {
                        Some(pattern) if !pattern.fits(text) => errors.push(HostError::new(
                            codes::PARAM_WRONG,
                            format!(
                                "the parameter `{name}` cannot be taken: `{text}` does not match `{}`",
                                pattern.0
                            ),
                        )),
                        _ => drop(values.insert(name.clone(), value)),
                    }
                }
                Err(why) => errors.push(HostError::new(
                    codes::PARAM_WRONG,
                    format!("the parameter `{name}` cannot be taken: {why}"),
                )),
            }
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

/// The login name of the person, whoever the process runs as.
pub fn operator() -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    named("SUDO_USER")
        .or_else(|| user_name(rustix::process::getuid().as_raw()))
        .or_else(|| named("USER"))
        .or_else(|| named("LOGNAME"))
        .unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}

/// From `/etc/passwd`; other directories say it through USER.
fn user_name(uid: u32) -> Option<String> {
    let uid = uid.to_string();
    std::fs::read_to_string("/etc/passwd")
        .ok()?
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == uid).then(|| name.to_owned())
        })
}

/// The start of a run, as far as the machine says it.
pub fn started(run: &str) -> Started {
    Started {
        run: run.to_owned(),
        operator: operator(),
        boot_id: crate::clock::boot_id().to_owned(),
        directory: std::env::current_dir()
            .map(|path| path.display().to_string())
            .unwrap_or_default(),
        ..Started::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_plan::ids::VarId;
    use runbook_plan::plan::{InputRules, Param, Var};
    use runbook_plan::value::Type;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn the_nearest_settings_upward_count() {
        let folder = folder(&[
            ("runbook.toml", "state = 'far'"),
            (
                "a/runbook.toml",
                "state = \"near\"\n[profile.staging.params]\napi = \"http://s\"\nn = 3\nxs = [\"a\", \"b\"]\n[channels]\nops = \"say\"\n",
            ),
            ("a/b/x.rbk", ""),
        ]);
        let config = Config::find(&folder.path().join("a/b/x.rbk")).unwrap();
        assert_eq!(config.state, Some(folder.path().join("a/near")));
        assert_eq!(
            config.profile("staging").unwrap(),
            [pair("api", "http://s"), pair("n", "3"), pair("xs", "a\nb")]
        );
        assert_eq!(config.channels["ops"], "say");
        let error = config.profile("stagin").unwrap_err();
        assert_eq!(error.help.unwrap(), "Did you mean `staging`?");
    }

    #[test]
    fn a_slip_in_the_settings_is_named() {
        for (text, says) in [
            ("staet = 'x'", "there is no setting `staet`"),
            ("state = 3", "`state` is the path of a folder"),
            ("state = ", "line 1: "),
            ("[profile.a]\nparam = 1", "`param` is none of its keys"),
            ("[lint]\nrule = 1", "`rule` is none of them"),
            ("[lint.rules]\na = { b = 1 }", "`a` is a text"),
            ("[lint.waiver]\nrule = 'a'", "write `[[lint.waiver]]`"),
            ("[[lint.waiver]]\nrule = 'a'\npath = 'b'", "lacks `owner`"),
            (
                "[[lint.waiver]]\nrule = 'a'\npath = 'b'\nowner = 'c'\nuntil = 'soon'",
                "lacks `until`",
            ),
            ("[profile.a.params]\nx = { y = 1 }", "`x` is a text"),
        ] {
            let folder = folder(&[("runbook.toml", text)]);
            let error = Config::read(&folder.path().join("runbook.toml")).unwrap_err();
            assert_eq!(error.code, codes::CONFIG_WRONG);
            assert!(error.message.contains(says), "{error}");
        }
    }

    #[test]
    fn what_is_said_of_lints_is_read() {
        let text = "[lint.rules]\nno-timeout = 'off'\n[lint.folder.old]\ntodo-left = 'advice'\n\
                    [[lint.waiver]]\nrule = 'no-owner'\npath = 'a.rbk'\nowner = 'ada'\nuntil = 2027-03-31\n";
        let folder = folder(&[("runbook.toml", text)]);
        let lint = Config::read(&folder.path().join("runbook.toml"))
            .unwrap()
            .lint;
        assert_eq!(lint.rules, [pair("no-timeout", "off")]);
        assert_eq!(lint.folders[0].1, [pair("todo-left", "advice")]);
        assert_eq!(lint.waivers[0].until, jiff::civil::date(2027, 3, 31));
    }

    #[test]
    fn an_answers_file_holds_params_and_answers() {
        let folder = folder(&[(
            "a.toml",
            "[params]\nstable = \"v1\"\n[answers]\n\"Go on?\" = true\n\"Again?\" = [\"no\", \"yes\"]\n",
        )]);
        let file = AnswersFile::read(&folder.path().join("a.toml")).unwrap();
        assert_eq!(file.params, [pair("stable", "v1")]);
        assert_eq!(
            file.answers,
            [
                ("Again?".to_owned(), vec!["no".to_owned(), "yes".to_owned()]),
                ("Go on?".to_owned(), vec!["yes".to_owned()])
            ]
        );
    }

    fn plan() -> Plan {
        let mut plan = Plan::default();
        for (name, ty) in [
            ("api", Type::Url),
            ("rate", Type::Percent),
            ("to", Type::Text),
        ] {
            plan.params.push(Param {
                var: VarId(u32::try_from(plan.vars.len()).unwrap()),
                prompt: None,
                default: None,
                rules: InputRules::default(),
            });
            plan.vars.push(Var {
                name: name.into(),
                ty,
                span: Default::default(),
            });
        }
        plan
    }

    #[test]
    fn the_command_line_comes_before_the_file_and_the_profile() {
        let given = params(
            &plan(),
            &[
                &[pair("to", "a=$(id)\n\"'")],
                &[pair("to", "b"), pair("rate", "5%")],
                &[pair("rate", "6%"), pair("api", "http://x")],
            ],
        )
        .unwrap();
        assert_eq!(given["to"], Value::Text("a=$(id)\n\"'".into()));
        assert_eq!(given["rate"], Value::Percent(5.into()));
        assert_eq!(given["api"], Value::Url("http://x".into()));
    }

    #[test]
    fn everything_wrong_with_params_is_said_at_once() {
        let list = [pair("ap", "x"), pair("rate", "five"), pair("to", "a\0b")];
        let errors = params(&plan(), &[&list]).unwrap_err();
        let codes: Vec<_> = errors.iter().map(|error| error.code).collect();
        assert_eq!(
            codes,
            [codes::PARAM_UNKNOWN, codes::PARAM_WRONG, codes::PARAM_WRONG]
        );
        assert_eq!(errors[0].help.as_deref(), Some("Did you mean `api`?"));
        assert!(parse_param("novalue").is_err());
        assert_eq!(parse_param("a=b=c").unwrap(), pair("a", "b=c"));
    }
}
