//! The command line: what may be typed, and what `--help` says about it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(
    name = "runbook",
    version,
    about = "Runbooks that a tired person can read at 3 a.m. and that a machine can carry out",
    after_help = "Exit codes: 0 done, 1 problems found, 2 usage, 3 the runbook has errors, 4 the run failed,\n5 the operator ended it, 70 our bug, 74 journal I/O, 75 parked and resumable, 128+n by signal n.",
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Carry a runbook out, with you at the terminal
    Run(Run),
    /// Go on with a run that was parked, interrupted or killed
    Resume(Resume),
    /// List the runs on this machine, newest first; `runs prune` removes old ones
    Runs(Runs),
    /// Show one run: where it stands, what happened, what is pending
    Show(Show),
    /// Write down what a run did, for a post-mortem
    Report(Report),
    /// Check the journal of a run, or get out what it holds
    Journal(Journal),
    /// Take back what a run did, newest first, back to a checkpoint
    Undo(Undo),
    /// Sample the triggers of a runbook, and start it once one fires
    Watch(Watch),
    /// Write a good first runbook, with a scenario that passes
    New(New),
    /// Find the mistakes of runbooks, modules and scenario files, and what could go wrong
    Lint(Lint),
    /// Say how long a runbook may take, what can be taken back, and who is asked what
    Analyze(Analyze),
    /// Play the scenarios of runbooks: nothing real runs
    Test(Test),
    /// Format runbooks in place
    Fmt(Fmt),
    /// Turn a runbook into a document
    Render(Render),
    /// Draw a runbook as a graph, with what a run did or what its scenarios come to
    Graph(Graph),
    /// Say what is different in meaning between two versions of a runbook
    Diff(Diff),
    /// List the modules of the standard library, or show the page of one
    Std(Std),
    /// Explain an error by its number, or a lint by its name, at length
    Explain(Explain),
    /// Print the completion script of a shell
    Completions(Completions),
}

#[derive(Args)]
pub struct Run {
    /// The runbook
    pub file: PathBuf,
    /// A value for a param; may be given again, and of the same param the last counts
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Answers to prompts, and params: TOML with [params] and [answers]
    #[arg(short, long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Params from [profile.NAME.params] of runbook.toml
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Start at a step, by its name or path; recorded as a deviation
    #[arg(long, value_name = "STEP")]
    pub from: Option<String>,
    /// Walk the plan and show every command; nothing real happens
    #[arg(long, conflicts_with = "probe")]
    pub dry_run: bool,
    /// Really run what only looks, skip what acts: would the checks hold right now?
    #[arg(long)]
    pub probe: bool,
    /// Answer every `confirm` with yes; never an `irreversible`, never an `approve`
    #[arg(short, long)]
    pub yes: bool,
    /// Print one JSON object a line instead of the view for people
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Watch {
    /// The runbook
    pub file: PathBuf,
    /// A value for a param; may be given again, and of the same param the last counts
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Answers to prompts of the run, and params: TOML with [params] and [answers]
    #[arg(short, long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Params from [profile.NAME.params] of runbook.toml
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Print one JSON object a line, of samples and of the run
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct New {
    /// What it is called: `restore-orders` makes restore-orders.rbk and restore-orders.test.rbk
    pub name: String,
    /// What to begin with; asked for if left out
    #[arg(long, value_enum)]
    pub template: Option<Template>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// Roll a deployment back
    Deployment,
    /// Restore a database from a backup
    Database,
    /// Lead an incident
    Incident,
    /// One step, to fill in
    Empty,
}

#[derive(Args)]
pub struct Resume {
    /// The run, by its id or the beginning of it; the newest unfinished one if left out
    pub run: Option<String>,
    /// Answers to prompts: TOML with [answers]
    #[arg(short, long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Go on with the runbook as it is now, if nothing that was begun is different
    #[arg(long)]
    pub adopt: bool,
    /// Print one JSON object a line instead of the view for people
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Runs {
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum RunsCommand {
    /// Remove runs that are over; what is unfinished or held is kept, and said
    Prune(Prune),
}

#[derive(Args)]
pub struct Prune {
    /// How long ago the last record of a run must be: `90d`, `12h`
    #[arg(long, value_name = "DURATION")]
    pub older_than: String,
    /// Remove nothing; say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Show {
    /// The run, by its id or the beginning of it; the newest one if left out
    pub run: Option<String>,
    /// Print the whole output of one command, by the number that stands below its last lines
    #[arg(long, value_name = "NUMBER", conflicts_with = "json")]
    pub output: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Report {
    /// The run, by its id or the beginning of it; the newest one if left out
    pub run: Option<String>,
    /// What to make of it
    #[arg(long, value_enum, default_value = "markdown")]
    pub to: ReportTarget,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ReportTarget {
    /// For a wiki
    Markdown,
    /// One page that needs nothing else, with the way of the run drawn
    Html,
    /// For programs
    Json,
}

#[derive(Args)]
pub struct Journal {
    #[command(subcommand)]
    pub command: JournalCommand,
}

#[derive(Subcommand)]
pub enum JournalCommand {
    /// Check every record, the chain of them, and what the run keeps; exit 1 where something is wrong
    Verify(Verify),
    /// Print the records, one JSON object a line; what is damaged is passed over, and exit 1 says so
    Export(Export),
}

#[derive(Args)]
pub struct Verify {
    /// The run, by its id or the beginning of it; the newest one if left out
    pub run: Option<String>,
    /// A link that was printed earlier and kept elsewhere: the journal must still hold it
    #[arg(long, value_name = "LINK")]
    pub head: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Export {
    /// The run, by its id or the beginning of it; the newest one if left out
    pub run: Option<String>,
}

#[derive(Args)]
pub struct Undo {
    /// The run, by its id or the beginning of it
    pub run: String,
    /// The checkpoint to go back to, by its name or path; `start` for all of it
    #[arg(long, value_name = "CHECKPOINT")]
    pub to: String,
    /// Why, for the journal; asked for if left out
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Print one JSON object a line instead of the view for people
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Lint {
    /// Files, or folders searched for `*.rbk`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Exit 1 where something is found that is at least as serious
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "warning")]
    pub deny: Deny,
    /// How to say it; all but `human` go to standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Make the changes that are safe, in place
    #[arg(long)]
    pub fix: bool,
    /// With --fix: change nothing, and show what would change
    #[arg(long, requires = "fix")]
    pub dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Whatever is found
    Advice,
    /// What may go wrong in a run
    Warning,
    /// Mistakes alone
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With the lines of the file, for people
    Human,
    /// An array of all that is found
    Json,
    /// For code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// For the test view of a CI
    Junit,
    /// For whatever reads it
    Checkstyle,
}

#[derive(Args)]
pub struct Analyze {
    /// The runbook
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Test {
    /// Scenario files, or folders searched for them
    #[arg(required_unless_present_any = ["record", "explore"], value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Turn a run into a scenario, by its id or the beginning of it
    #[arg(long, value_name = "RUN", conflicts_with_all = ["paths", "fail_under", "junit", "json"])]
    pub record: Option<String>,
    /// Walk every way a runbook may go, and say which ways end badly
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "record", "fail_under", "junit"])]
    pub explore: Option<PathBuf>,
    /// With --record: the scenario file to make, or to add to
    #[arg(short, long, value_name = "FILE", requires = "record")]
    pub output: Option<PathBuf>,
    /// Exit 1 where scenarios come to less than this many per cent of a runbook's steps, arms or matrix rows
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub fail_under: Option<u8>,
    /// Write a JUnit report as well, for CI
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Fmt {
    /// Files, or folders searched for `*.rbk`; `-` formats standard input to standard output
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Change nothing; show what would change, and exit 1 if anything would
    #[arg(long)]
    pub check: bool,
}

#[derive(Args)]
pub struct Render {
    /// The runbook or module
    pub file: PathBuf,
    /// What to make of it
    #[arg(long, value_enum, default_value = "markdown")]
    pub to: Target,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing; exit 1 where the file of --output is not what would be written
    #[arg(long, requires = "output")]
    pub check: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Target {
    /// For a wiki
    Markdown,
    /// One page that needs nothing else, to read and to print
    Html,
}

#[derive(Args)]
pub struct Graph {
    /// The runbook or module; may be left out with --run
    #[arg(required_unless_present = "run")]
    pub file: Option<PathBuf>,
    /// What to make of it
    #[arg(long, value_enum, default_value = "mermaid")]
    pub to: GraphTarget,
    /// Show the way of a run in it, by its id or the beginning of it; the runbook is drawn as the run has it
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Show what the scenarios beside the runbook come to
    #[arg(long, conflicts_with = "run")]
    pub coverage: bool,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum GraphTarget {
    /// For Markdown: GitHub and others draw it
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
    /// For programs
    Json,
}

#[derive(Args)]
#[command(
    after_help = "Comments, formatting and the wrapping of prose are no difference.\nExit codes: 0 no difference, 1 some, 3 one of the two has mistakes."
)]
pub struct Diff {
    /// The old version; modules are looked for beside it
    pub old: PathBuf,
    /// The new version
    pub new: PathBuf,
    /// How to say it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub format: DiffFormat,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    Human,
    /// For a comment in a review
    Markdown,
    /// For programs
    Json,
}

#[derive(Args)]
pub struct Std {
    /// The module, as after `std.`; all of them are listed if left out
    pub module: Option<String>,
}

#[derive(Args)]
pub struct Explain {
    /// The number of an error, `RB2004`, or the name of a lint, `no-timeout`
    pub code: String,
}

#[derive(Args)]
pub struct Completions {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
