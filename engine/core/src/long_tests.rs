//! A run of any length costs the same for each of its steps, and no recursion.

use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::command::*;
use runbook_plan::expr::Template;
use runbook_plan::ids::*;
use runbook_plan::plan::*;

use crate::effect::Effect;
use crate::event::{Captured, Event, Exit, Fact, Moment, Started};
use crate::state::Over;
use crate::{State, due, step};

/// Steps of one command each, every one with an undo, one after the other.
fn chain(steps: u32) -> Plan {
    let mut plan = Plan {
        title: "Long".into(),
        settings: vec![Settings::default()],
        ..Plan::default()
    };
    let command = |plan: &mut Plan| {
        plan.commands.push(Command {
            mark: Mark::Act,
            scripts: vec![Script {
                interpreter: Interpreter::Sh,
                form: ScriptForm::Direct(vec![vec![WordPart::Text("true".into())]]),
                text: Template::plain("true"),
            }],
            settings: SettingsId(0),
            manner: Manner::Plain,
            timeout: None,
            span: Span::default(),
        });
        let command = CommandId(plan.commands.len() as u32 - 1);
        plan.nodes.push(Node {
            kind: NodeKind::Command {
                command,
                judged: Judged::ByExit,
            },
            span: Span::default(),
        });
        NodeId(plan.nodes.len() as u32 - 1)
    };
    let mut root = Vec::new();
    for number in 0..steps {
        let undo = command(&mut plan);
        plan.blocks.push(Block {
            nodes: vec![undo],
            ..Block::default()
        });
        let undo = BlockId(plan.blocks.len() as u32 - 1);
        let act = command(&mut plan);
        plan.blocks.push(Block {
            nodes: vec![act],
            policies: Policies {
                undo: Some(undo),
                ..Policies::default()
            },
            ..Block::default()
        });
        let block = BlockId(plan.blocks.len() as u32 - 1);
        plan.nodes.push(Node {
            kind: NodeKind::Step {
                name: format!("s{number}"),
                title: Template::plain("Step"),
                block,
                manual: Manual::No,
            },
            span: Span::default(),
        });
        root.push(NodeId(plan.nodes.len() as u32 - 1));
    }
    plan.blocks.push(Block {
        nodes: root,
        ..Block::default()
    });
    plan.root = Some(BlockId(plan.blocks.len() as u32 - 1));
    plan
}

/// Runs it to its end; how many commands were begun.
fn run(plan: &Plan) -> u64 {
    let mut state = State::default();
    let mut event = Event::Started(Started::default());
    let mut begun = 0;
    loop {
        let fact = Fact {
            at: Moment::default(),
            event,
        };
        let (after, effects) = step(plan, state, &fact);
        state = after;
        let next = effects.iter().find_map(|effect| match effect {
            Effect::Run(run) => Some(run.id),
            _ => None,
        });
        match (next, state.is_over()) {
            (Some(effect), Over::No) => {
                begun += 1;
                event = Event::Exited {
                    effect,
                    exit: Exit::Code(0),
                    output: Captured::default(),
                    stderr: Captured::default(),
                    elapsed_ms: 0,
                    leaked: Vec::new(),
                };
            }
            (None, Over::Ended { .. }) => return begun,
            other => panic!("{other:?}, due {:?}", due(&state)),
        }
    }
}

#[test]
fn a_hundred_thousand_steps_need_no_more_stack_than_one() {
    let thread = std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(|| run(&chain(100_000)));
    assert_eq!(thread.expect("a thread").join().expect("an end"), 100_000);
}

#[test]
fn what_a_run_remembers_does_not_make_its_view_longer() {
    let plan = chain(1_000);
    let mut state = State::default();
    let (after, _) = step(
        &plan,
        std::mem::take(&mut state),
        &Fact {
            at: Moment::default(),
            event: Event::Started(Started::default()),
        },
    );
    let view = crate::view::view(&plan, &after);
    assert_eq!(view.next.len(), 3);
    assert_eq!(
        view.step.map(|step| (step.number, step.of)),
        Some((1, 1_000))
    );
}
