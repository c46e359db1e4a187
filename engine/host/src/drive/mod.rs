//! A run, driven: facts from the world are folded through the core, made durable, and then the core's wishes
//! are carried out.
//!
//! | file | what it holds |
//! |---|---|
//! | this one | what the command line asks for: run, resume, undo |
//! | [`driver`] | the loop |
//! | [`turn`] | one turn of it: facts in, one sync, wishes out |
//! | [`taken_up`] | what a resume says first: what became of what was in flight |
//! | [`hear`], [`doubt`] | what comes in; questions of the host's own |
//! | [`perform`], [`needs`], [`document`] | what a wish is in the world |
//! | [`dry`] | the same in a made-up world |
//! | [`replay`] | a journal folded again, for resume and for `show` |
//! | [`scrub`] | secrets taken out of facts |
//! | [`adopt`] | a run that goes on with a changed runbook |
//! | [`changed`] | what became of a runbook since its run began |

mod adopt;
pub mod changed;
mod document;
pub mod doubt;
mod driver;
mod dry;
mod hear;
pub(crate) mod needs;
mod perform;
pub mod replay;
mod scrub;
pub mod taken_up;
pub mod turn;
#[cfg(test)]
mod turn_tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use runbook_core::effect::{Effect, Notice};
use runbook_core::event::{Confirms, Event, Fact, Found, Mode};
use runbook_core::state::{Over, State};
use runbook_core::step::step;
use runbook_core::view::{Phase, view};
use runbook_plan::Plan;
use runbook_plan::plan::{Outcome, SecretFrom};
use runbook_plan::value::{SecretId, Value};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::answers::{FirstEngine, ScriptedAnswers};
use crate::codes;
use crate::config::{AnswersFile, Config, parse_param};
use crate::error::{HostError, plainly};
use crate::journal::record::{Adopted, Head, MAJOR, MINOR, TakenUp};
use crate::journal::{Cut, Entry, HostRecord, Tail};
use crate::load::{Loaded, load_with};
use crate::operator::{Operator, Said};
use crate::process::{Processes, Settings, never_became};
use crate::runs::{RunDir, StateHome, home, list};
use crate::secrets::{Vault, fetch_still};
use crate::watch::Note;
use adopt::NotAdopted;
use driver::Driver;
use replay::{Closing, Doubted, Replay, Wanted};
use turn::Book;

pub use runbook_core::effect::EndWhy;

/// `runbook run`
#[derive(Clone, Debug, Default)]
pub struct RunOrder {
    pub file: PathBuf,
    /// `name=value`, each.
    pub params: Vec<String>,
    pub answers: Option<PathBuf>,
    pub profile: Option<String>,
    pub from: Option<String>,
    pub mode: Mode,
    pub confirms: Confirms,
    pub trigger: Option<Triggered>,
}

/// What started a run by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Triggered {
    /// Of the trigger.
    pub name: String,
    /// What it says of params; the command line does not outdo it.
    pub params: BTreeMap<String, Value>,
    /// Where it is kept which run was started.
    pub note: Note,
}

/// `runbook resume`
#[derive(Clone, Debug, Default)]
pub struct ResumeOrder {
    /// The beginning of its identifier; without one, the newest that is unfinished.
    pub run: Option<String>,
    pub answers: Option<PathBuf>,
    pub text: Text,
}

/// Which text of its runbook a run goes on with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Text {
    /// The one it has.
    #[default]
    Kept,
    /// As it is now, where that fits.
    Adopted,
}

/// `runbook undo`
#[derive(Clone, Debug, Default)]
pub struct UndoOrder {
    pub run: String,
    /// A checkpoint, by name or path; `start` is the run's begin.
    pub to: String,
    pub reason: String,
    pub answers: Option<PathBuf>,
}

/// What the maker of an operator is told of the run.
#[derive(Clone, Debug)]
pub struct About<'a> {
    pub run: &'a str,
    pub dir: &'a Path,
    pub plan: &'a Plan,
    pub operator: &'a str,
}

/// Makes the person's side of a run; it says what it has to say over the channel.
pub type MakeOperator<'a> = dyn FnMut(UnboundedSender<Said>, &About<'_>) -> Box<dyn Operator> + 'a;

/// How driving a run came to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    pub run: String,
    pub dir: PathBuf,
    /// What the program exits with.
    pub code: u8,
    pub over: Over,
    /// The newest link of the journal, an anchor for whoever keeps it elsewhere.
    pub head: String,
}

/// Why there was nothing to drive, or why it broke off.
#[derive(Debug)]
pub enum Refusal {
    /// The runbook has errors: its diagnostics are to be shown.
    Runbook(Box<Loaded>),
    Host(Vec<HostError>),
}

impl Refusal {
    pub fn exit_code(&self) -> u8 {
        match self {
            Refusal::Runbook(_) => 3,
            Refusal::Host(errors) => errors.first().map_or(70, HostError::exit_code),
        }
    }
}

impl From<HostError> for Refusal {
    fn from(error: HostError) -> Refusal {
        Refusal::Host(vec![error])
    }
}

/// The state home that a runbook's `runbook.toml` names, else the usual one. Without a runbook the file is
/// looked for from the current folder upward.
pub fn state_path(runbook: Option<&Path>) -> Result<PathBuf, HostError> {
    let config = Config::find(runbook.unwrap_or(Path::new("runbook")))?;
    home::place(config.state.as_deref())
}

/// Carries a runbook out.
pub fn run(order: &RunOrder, make: &mut MakeOperator<'_>) -> Result<Finish, Refusal> {
    let config = Config::find(&order.file)?;
    let answers = order
        .answers
        .as_deref()
        .map(AnswersFile::read)
        .transpose()?;
    let loaded = load_with(&order.file, &config.channels)?;
    let Some(plan) = &loaded.plan else {
        return Err(Refusal::Runbook(Box::new(loaded)));
    };
    runnable(plan)?;
    if let Some(from) = &order.from {
        runbook_core::can_start_at(plan, from).map_err(|why| {
            HostError::new(codes::STEP_UNREACHABLE, why.to_string()).help(why.help())
        })?;
    }

    let params = given(
        plan,
        &config,
        &order.params,
        answers.as_ref(),
        order.profile.as_deref(),
    )?;

    let mut started = crate::config::started("");
    started.params = params;
    if let Some(triggered) = &order.trigger {
        started.params.extend(triggered.params.clone());
        started.trigger = Some(triggered.name.clone());
    }
    started.mode = order.mode;
    started.from = order.from.clone();
    started.confirms = order.confirms;
    started.environment = needs::environment(&loaded.sources);
    let mut vault = Vault::of(plan);
    early_secrets(plan, &mut vault, &started)?;
    if order.mode == Mode::DryRun {
        let (send, _said) = unbounded_channel();
        let about = About {
            run: "",
            dir: Path::new(""),
            plan,
            operator: &started.operator,
        };
        let mut operator = make(send, &about);
        return Ok(dry::walk(
            plan,
            started.clone(),
            answers.as_ref(),
            &mut *operator,
        ));
    }
    let state_home = StateHome::open(home::place(config.state.as_deref())?)?;

    crate::os::begin_engine().map_err(|error| system(&error))?;
    let runtime = runtime()?;
    let _inside = runtime.enter();
    let dir = RunDir::fresh(&state_home);
    if let Some(triggered) = &order.trigger {
        triggered.note.starts(&triggered.name, &dir.id)?;
    }
    // The first command's process comes up while the folder is made durable.
    let processes = processes(&dir)?;
    let (held, sources, mut journal) =
        dir.create(&state_home, &started.operator, &loaded.originals)?;
    started.run = held.dir.id.clone();
    let head = Head {
        format: format!("{MAJOR}.{MINOR}"),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        run: held.dir.id.clone(),
        title: plan.title.clone(),
        boot_id: started.boot_id.clone(),
        host: host_name(),
        uid: rustix::process::getuid().as_raw(),
        tz: time_zone(),
        sources,
        salt: uuid::Uuid::now_v7().simple().to_string(),
        inode: held.dir.journal_inode(),
    };
    let salt = head.salt.clone();
    journal.append(crate::clock::now(), Entry::Host(&HostRecord::Head(head)));

    let (send, said) = unbounded_channel();
    let operator = operator(
        make,
        &held.dir,
        plan,
        &started.operator,
        answers.as_ref(),
        FirstEngine::Yes,
        send,
    );
    let mut driver = Driver::new(
        Book::new(plan, journal),
        held,
        state_home,
        operator,
        said,
        vault,
        processes,
    )?;
    driver.salt = salt;
    driver.directory = PathBuf::from(&started.directory);
    driver.operator_name = started.operator.clone();
    finish(runtime.block_on(driver.drive(vec![Event::Started(started)])))
}

/// The params of a run: from the command line, else the answers file, else the profile.
pub(crate) fn given(
    plan: &Plan,
    config: &Config,
    arguments: &[String],
    answers: Option<&AnswersFile>,
    profile: Option<&str>,
) -> Result<BTreeMap<String, Value>, Refusal> {
    let typed: Vec<(String, String)> = arguments
        .iter()
        .map(|argument| parse_param(argument))
        .collect::<Result<_, _>>()?;
    let from_file = answers.map_or(&[][..], |file| &file.params);
    let from_profile = match profile {
        Some(name) => config.profile(name)?,
        None => &[],
    };
    crate::config::params(plan, &[&typed, from_file, from_profile]).map_err(Refusal::Host)
}

/// Goes on with a run.
pub fn resume(order: &ResumeOrder, make: &mut MakeOperator<'_>) -> Result<Finish, Refusal> {
    let state_home = StateHome::open(state_path(None)?)?;
    let dir = match &order.run {
        Some(prefix) => list::find(&state_home, prefix)?,
        None => list::newest_unfinished(&state_home)?,
    };
    take_up(
        state_home,
        dir,
        order.answers.as_deref(),
        order.text,
        None,
        make,
    )
}

/// Takes steps of a run back, newest first.
pub fn undo(order: &UndoOrder, make: &mut MakeOperator<'_>) -> Result<Finish, Refusal> {
    let state_home = StateHome::open(state_path(None)?)?;
    let dir = list::find(&state_home, &order.run)?;
    take_up(
        state_home,
        dir,
        order.answers.as_deref(),
        Text::Kept,
        Some(order),
        make,
    )
}

fn take_up(
    state_home: StateHome,
    dir: RunDir,
    answers: Option<&Path>,
    text: Text,
    undo: Option<&UndoOrder>,
    make: &mut MakeOperator<'_>,
) -> Result<Finish, Refusal> {
    let answers = answers.map(AnswersFile::read).transpose()?;
    let name = crate::config::operator();
    let lock = dir.lock(&name)?;
    dir.face_the_disk()?;
    let mut replay = Replay::of(&dir, Wanted::State)?;
    let Some(loaded) = replay.loaded.take() else {
        if let Some(error) = replay.reading.says_nothing() {
            return Err(error.into());
        }
        return Err(HostError::new(
            codes::JOURNAL_EMPTY,
            format!("the journal of run {} holds no run", dir.id),
        )
        .help("Start the runbook anew with `runbook run`.")
        .into());
    };
    let Some(plan) = &loaded.plan else {
        return Err(Refusal::Runbook(Box::new(loaded)));
    };
    let over = replay.state.is_over();
    if let (Over::Ended { .. }, Closing::Unsaid, None) = (&over, replay.closing, undo) {
        let finish = close(&dir, &replay, over)?;
        let (send, _said) = unbounded_channel();
        let mut operator = operator(make, &dir, plan, &name, None, FirstEngine::No, send);
        operator.close(&view(plan, &replay.state));
        return Ok(finish);
    }
    if let (Over::Ended { .. }, None) = (&over, undo) {
        return Err(
            HostError::new(codes::RUN_OVER, format!("run {} is over", dir.id))
                .help("See how it ended with `runbook show`.")
                .into(),
        );
    }

    if let Some(undo) = undo {
        leads_back(plan, &replay.state, undo, &name)?;
    }

    let adopted = match text {
        Text::Kept => None,
        Text::Adopted => match adopt::adopt(&dir, &loaded, plan) {
            Ok(adopted) => Some(adopted),
            Err(NotAdopted::Same) => None,
            Err(NotAdopted::Runbook(now)) => return Err(Refusal::Runbook(now)),
            Err(NotAdopted::Refused(error)) => return Err(error.into()),
        },
    };
    let (loaded, taken_on) = match adopted {
        None => (loaded, None),
        Some(adopted) => {
            replay.state = adopted.state;
            let sources = dir.keep_sources(&adopted.loaded.originals)?;
            let record = Adopted {
                by: name.clone(),
                differences: adopted.differences,
                sources,
            };
            (adopted.loaded, Some(record))
        }
    };
    let Some(plan) = &loaded.plan else {
        return Err(Refusal::Runbook(Box::new(loaded)));
    };

    crate::os::begin_engine().map_err(|error| system(&error))?;
    let runtime = runtime()?;
    let _inside = runtime.enter();
    let (send, said) = unbounded_channel();
    let started = replay.state.started();
    let directory = PathBuf::from(&started.directory);
    let mut operator = operator(
        make,
        &dir,
        plan,
        &name,
        answers.as_ref(),
        FirstEngine::No,
        send,
    );
    let mut said = said;
    let inode = dir.journal_inode();
    if replay.inode != 0 && replay.inode != inode {
        runtime.block_on(doubt::agree_to_copy(&mut *operator, &mut said, &dir.id))?;
    }
    let (cut, doubted) = match &replay.reading.tail {
        Tail::Ambiguous { bytes, why } => {
            let kept = bytes.len();
            runtime.block_on(doubt::agree_to_cut(&mut *operator, &mut said, why, kept))?;
            (Cut::Agreed, Doubted::Yes)
        }
        _ => (Cut::TornOnly, replay.doubted),
    };
    let journal = dir.append(&replay.reading, cut)?;
    let boot_id = crate::clock::boot_id().to_owned();
    let taken_up = TakenUp {
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        boot_id: boot_id.clone(),
        uid: rustix::process::getuid().as_raw(),
        operator: name.clone(),
        inode,
    };
    let mut book = Book::new(plan, journal);
    book.doubt_next = doubted;
    taken_up::record(
        &mut book.journal,
        crate::clock::now(),
        taken_up,
        &replay.reading,
        cut,
    );
    let mut warnings = Vec::new();
    if let Some(adopted) = taken_on {
        warnings.push(format!(
            "the run goes on with the changed runbook: {}",
            adopted.differences.join("; ")
        ));
        let record = HostRecord::Adopted(adopted);
        book.journal
            .append(crate::clock::now(), Entry::Host(&record));
    }
    let mut orphans = BTreeMap::new();
    let output = dir.output_path();
    let printed = crate::process::last_printed(&output);
    let mut facts = taken_up::facts(
        &replay.state,
        &replay.intents,
        &name,
        &boot_id,
        printed,
        |flight| {
            let found = match Processes::inspect(flight.identity) {
                Found::Gone if never_became(&output, flight.identity) => Found::NeverStarted,
                found => found,
            };
            if let Found::Alive { .. } = found {
                orphans.insert(flight.effect, flight.identity.clone());
            }
            found
        },
    );
    book.state = std::mem::take(&mut replay.state);

    let vault = Vault::of(plan);
    let processes = processes(&dir)?;
    let held = crate::runs::Held { dir, lock };
    let mut driver = Driver::new(book, held, state_home, operator, said, vault, processes)?;
    driver.orphans = orphans;
    driver.directory = directory;
    driver.operator_name = name.clone();
    driver.salt = replay
        .head
        .as_ref()
        .map_or(String::new(), |head| head.salt.clone());
    driver.fingerprints = std::mem::take(&mut replay.fingerprints);
    if let Some(undo) = undo {
        facts.push(Event::UndoRequested {
            to: undo.to.clone(),
            by: name,
            reason: undo.reason.clone(),
        });
    }
    driver.warnings.extend(warnings);
    driver.warnings.extend(changed::since(&loaded));
    finish(runtime.block_on(driver.drive(facts)))
}

/// The last engine ended between the last fact of the run and its own word on how the run ended.
fn close(dir: &RunDir, replay: &Replay, over: Over) -> Result<Finish, Refusal> {
    let mut journal = dir.append(&replay.reading, Cut::TornOnly)?;
    if let Over::Ended { outcome, text, why } = &over {
        let record = HostRecord::Ended {
            outcome: *outcome,
            text: text.clone(),
            why: *why,
        };
        journal.append(crate::clock::now(), Entry::Host(&record));
        journal.commit()?;
    }
    Ok(Finish {
        run: dir.id.clone(),
        dir: dir.path.clone(),
        code: exit_code(&over, None),
        over,
        head: journal.head().to_string(),
    })
}

/// Folds the wish to undo on a copy of the state: one that leads nowhere is refused before it is journaled.
fn leads_back(plan: &Plan, state: &State, undo: &UndoOrder, by: &str) -> Result<(), HostError> {
    let fact = |event| Fact {
        at: crate::clock::now(),
        event,
    };
    let resumed = fact(Event::Resumed {
        operator: by.to_owned(),
        boot_id: crate::clock::boot_id().to_owned(),
    });
    let wish = fact(Event::UndoRequested {
        to: undo.to.clone(),
        by: by.to_owned(),
        reason: undo.reason.clone(),
    });
    let (state, _) = step(plan, state.clone(), &resumed);
    let (after, effects) = step(plan, state, &wish);
    let refused = |why: String, help: &str| {
        Err(HostError::new(codes::CHECKPOINT_UNREACHABLE, why).help(help))
    };
    let told = || {
        effects.iter().filter_map(|effect| match effect {
            Effect::Tell(notice) => Some(notice),
            _ => None,
        })
    };
    let led = told().any(|notice| matches!(notice, Notice::Deviation { .. }));
    let warning = told().find_map(|notice| match notice {
        Notice::Warning { text } => Some(text.clone()),
        _ => None,
    });
    if let (false, Some(why)) = (led, warning) {
        return refused(why, "See what the run has passed with `runbook show`.");
    }
    let ended = matches!(view(plan, &after).phase, Phase::Ended { .. });
    if ended && !told().any(|notice| matches!(notice, Notice::UndoDone { .. })) {
        let why = format!(
            "nothing that can be taken back was done after `{}`",
            undo.to
        );
        return refused(
            why,
            "Name an earlier checkpoint, or `start`; `runbook show` lists those the run has passed.",
        );
    }
    Ok(())
}

fn finish(driven: Result<Finish, HostError>) -> Result<Finish, Refusal> {
    driven.map_err(Refusal::from)
}

/// What the program exits with.
pub(crate) fn exit_code(over: &Over, signal: Option<crate::signals::Signal>) -> u8 {
    match (over, signal) {
        (
            Over::Ended {
                outcome: Outcome::Failed,
                why: EndWhy::Finished,
                ..
            },
            _,
        ) => 4,
        (Over::Ended { why, .. }, _) => match why {
            EndWhy::Finished => 0,
            EndWhy::Failed => 4,
            EndWhy::Declined => 5,
        },
        (Over::Parked { .. }, Some(signal)) => signal.exit_code(),
        (Over::Parked { .. }, None) => 75,
        (Over::No, _) => 70,
    }
}

fn operator(
    make: &mut MakeOperator<'_>,
    dir: &RunDir,
    plan: &Plan,
    name: &str,
    answers: Option<&AnswersFile>,
    first: FirstEngine,
    send: UnboundedSender<Said>,
) -> Box<dyn Operator> {
    let about = About {
        run: &dir.id,
        dir: &dir.path,
        plan,
        operator: name,
    };
    let inner = make(send.clone(), &about);
    match answers {
        Some(file) => {
            let severities = plan.severities.iter().map(|s| s.name.clone()).collect();
            let by = name.to_owned();
            Box::new(ScriptedAnswers::new(
                file, severities, by, first, inner, send,
            ))
        }
        None => inner,
    }
}

/// Constructs that parse and check and that this version does not carry out.
pub(crate) fn runnable(plan: &Plan) -> Result<(), HostError> {
    if plan.root.is_none() {
        return Err(HostError::new(
            codes::NOT_IN_THIS_VERSION,
            "this file has no flow of its own: it is a module or holds scenarios",
        )
        .help("Run a file that begins with `runbook \"Title\"`."));
    }
    Ok(())
}

/// Secrets that are there without a person or a process are fetched before anything is written, so that a
/// param that holds one is refused instead of journaled.
pub(crate) fn early_secrets(
    plan: &Plan,
    vault: &mut Vault,
    started: &runbook_core::event::Started,
) -> Result<(), HostError> {
    let directory = Path::new(&started.directory);
    for (n, secret) in plan.secrets.iter().enumerate() {
        if matches!(secret.from, SecretFrom::Env(_) | SecretFrom::File(_))
            && let Some(Ok(text)) = fetch_still(&secret.from, directory)
        {
            // What is wrong with it is a fact of the run, once the core asks for it.
            let _ = vault.put(SecretId(u32::try_from(n).unwrap_or(u32::MAX)), text);
        }
    }
    for (name, value) in &started.params {
        let text = runbook_plan::show::value(value);
        if let std::borrow::Cow::Owned(clean) = vault.forms().clean(&text) {
            return Err(HostError::new(
                codes::PARAM_WRONG,
                format!("the parameter `{name}` holds a secret: {clean}"),
            )
            .help("Give the command the secret itself, by its name in the runbook."));
        }
    }
    Ok(())
}

fn processes(dir: &RunDir) -> Result<Processes, HostError> {
    let settings = Settings::of_this_program(dir.output_path());
    let mut processes = Processes::begin(settings).map_err(|error| system(&error))?;
    processes.prepare(1);
    Ok(processes)
}

/// Open files that an engine needs before its first command, with some to spare: where there are fewer it is said
/// here, in words, and nothing has begun.
const FILES: usize = 40;

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, HostError> {
    let spare = std::fs::File::open("/dev/null").and_then(|file| {
        (1..FILES)
            .map(|_| file.try_clone())
            .collect::<Result<Vec<_>, _>>()
    });
    drop(spare.map_err(|error| system(&error))?);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| system(&error))
}

pub(crate) fn system(error: &std::io::Error) -> HostError {
    HostError::new(
        codes::STATE_UNUSABLE,
        format!(
            "the system does not give what an engine needs: {}",
            plainly(error)
        ),
    )
}

fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

fn time_zone() -> String {
    jiff::tz::TimeZone::system()
        .iana_name()
        .unwrap_or_default()
        .to_owned()
}
