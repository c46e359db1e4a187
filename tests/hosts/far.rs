//! Without an engine: commands over there one after the other, with signs of life every second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use runbook_core::effect::{
    EffectId, EnvValue, Manner, Program, Remote, Role, Run, RunInterpreter, Urgency,
};
use runbook_core::event::{Captured, Event, Exit};
use runbook_host::process::{Launch, Processes, Redactors, Report, Settings, key};
use runbook_plan::command::{Mark, Strictness};

use super::ground::Ground;

static FARS: AtomicU64 = AtomicU64::new(0);

pub struct Far<'g> {
    ground: &'g Ground,
    runtime: tokio::runtime::Runtime,
    processes: Processes,
    ids: u64,
    /// What its commands are known by, on a machine that other tests run on as well.
    run: String,
}

#[derive(Debug)]
pub struct Ended {
    pub exit: Exit,
    pub output: Captured,
    pub stderr: Captured,
    pub leaked: Vec<String>,
}

impl<'g> Far<'g> {
    pub fn to(ground: &'g Ground) -> Far<'g> {
        let mut settings = Settings::of_this_program(ground.path("output"));
        settings.gate = vec![env!("CARGO_BIN_EXE_runbook").into(), "__gate".into()];
        settings.grace = Duration::from_secs(1);
        settings.beat = Duration::from_secs(1);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let entered = runtime.enter();
        let processes = Processes::begin(settings).expect("processes");
        drop(entered);
        Far {
            ground,
            runtime,
            processes,
            ids: 0,
            run: format!(
                "test.{}.{}",
                std::process::id(),
                FARS.fetch_add(1, Ordering::SeqCst)
            ),
        }
    }

    pub fn starts(&mut self, program: Program, env: Vec<(String, EnvValue)>) -> EffectId {
        self.ids += 1;
        self.starts_as(self.ids, program, env)
    }

    /// Under a number of its own: the same twice is the same command.
    pub fn starts_as(
        &mut self,
        n: u64,
        program: Program,
        env: Vec<(String, EnvValue)>,
    ) -> EffectId {
        let on = Remote {
            name: "app".into(),
            address: "app".into(),
        };
        let id = EffectId(n);
        let run = Run {
            id,
            mark: Mark::Act,
            role: Role::Statement,
            path: "step".into(),
            shown: String::new(),
            programs: vec![program],
            on: Some(on.clone()),
            dir: None,
            env,
            manner: Manner::Plain,
            deadline: None,
            attempt: 1,
        };
        let key = key(&self.run, n);
        let beat = Duration::from_secs(1);
        let folder = self.ground.path("");
        let mut launch = Launch::over_there(&run, &on, &key, beat, &folder, &mut |_| {
            Err("no secrets".into())
        })
        .expect("a launch");
        launch.env.push(("PATH".into(), self.ground.search_path()));
        self.processes.admit(id, &run.manner).expect("admitted");
        self.processes.open(id, launch, Redactors::default());
        id
    }

    pub fn sh(&mut self, script: &str) -> EffectId {
        self.starts(sh(script), Vec::new())
    }

    pub fn fact(&mut self) -> Event {
        let processes = &mut self.processes;
        self.runtime.block_on(async {
            let fact = async {
                loop {
                    if let Report::Fact(event) = processes.next().await {
                        return event;
                    }
                }
            };
            // Only so that a test that hangs says so.
            let fact = tokio::time::timeout(Duration::from_secs(120), fact).await;
            fact.expect("nothing was reported for two minutes")
        })
    }

    pub fn ended(&mut self) -> Ended {
        match self.fact() {
            Event::Exited {
                exit,
                output,
                stderr,
                leaked,
                ..
            } => Ended {
                exit,
                output,
                stderr,
                leaked,
            },
            other => panic!("it did not end: {other:?}"),
        }
    }

    pub fn lost(&mut self) -> String {
        match self.fact() {
            Event::Lost { why, .. } => why,
            other => panic!("it was not lost: {other:?}"),
        }
    }

    pub fn stop(&mut self, id: EffectId) {
        let processes = &mut self.processes;
        self.runtime
            .block_on(async { processes.stop(id, Urgency::Grace) });
    }
}

pub fn sh(script: &str) -> Program {
    Program::Script {
        interpreter: RunInterpreter::Sh,
        text: script.into(),
        strict: Strictness::AsTyped,
    }
}
