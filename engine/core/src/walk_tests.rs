use runbook_grammar::span::Span;
use runbook_plan::command::{Command, Request, Script, Settings};
use runbook_plan::ids::{ContactId, MatrixId};
use runbook_plan::value::{Type, Value};

use super::*;
use crate::eval::tests::{expr, lit};

/// A plan that grows; block 0 is there from the start, empty.
fn grown(grow: impl FnOnce(&mut Plan) -> Vec<NodeKind>) -> Plan {
    let mut plan = Plan {
        blocks: vec![Block::default()],
        settings: vec![Settings::default()],
        ..Plan::default()
    };
    let nodes = grow(&mut plan);
    plan.blocks[0].nodes = nodes_of(&mut plan, nodes);
    plan
}

fn nodes_of(plan: &mut Plan, kinds: Vec<NodeKind>) -> Vec<NodeId> {
    let first = plan.nodes.len() as u32;
    let span = Span::default();
    plan.nodes
        .extend(kinds.into_iter().map(|kind| Node { kind, span }));
    (first..plan.nodes.len() as u32).map(NodeId).collect()
}

fn block_of(plan: &mut Plan, kinds: Vec<NodeKind>) -> BlockId {
    let nodes = nodes_of(plan, kinds);
    plan.blocks.push(Block {
        nodes,
        ..Block::default()
    });
    BlockId(plan.blocks.len() as u32 - 1)
}

fn var(id: u32) -> Expr {
    expr(ExprKind::Var(VarId(id)))
}

fn says(ids: &[u32]) -> Template {
    let hole = |id: &u32| TemplatePart::Hole(Box::new(var(*id)));
    Template {
        parts: ids.iter().map(hole).collect(),
        source: String::new(),
    }
}

fn prose(ids: &[u32]) -> NodeKind {
    NodeKind::Prose(says(ids))
}

fn lets(id: u32, value: Expr) -> NodeKind {
    NodeKind::Let {
        var: VarId(id),
        value: LetValue::Expr(Box::new(value)),
    }
}

fn calls(plan: &mut Plan, params: &[u32], block: BlockId) -> NodeKind {
    plan.procedures.push(Procedure {
        name: "p".into(),
        title: Template::plain("P"),
        params: params.iter().map(|id| (VarId(*id), None)).collect(),
        returns: None,
        block,
    });
    NodeKind::Do {
        settings: SettingsId(0),
        procedure: ProcedureId(plan.procedures.len() as u32 - 1),
        name: "p".into(),
        args: Vec::new(),
        result: None,
    }
}

fn needed(plan: &Plan) -> Vec<u32> {
    needs(plan, BlockId(0)).iter().map(|var| var.0).collect()
}

fn bound(plan: &Plan) -> Vec<u32> {
    binds(plan, BlockId(0)).iter().map(|var| var.0).collect()
}

#[test]
fn a_block_needs_what_it_does_not_bind_first_and_each_name_once() {
    let plan = grown(|_| {
        vec![
            prose(&[1, 2, 1]),
            lets(3, var(2)),
            prose(&[3, 4]),
            lets(1, var(4)),
        ]
    });
    assert_eq!(needed(&plan), [1, 2, 4]);
    assert_eq!(bound(&plan), [3, 1]);
}

#[test]
fn a_call_needs_what_its_procedure_does_and_binds_nothing_of_it() {
    let plan = grown(|plan| {
        let block = block_of(plan, vec![prose(&[5, 6]), lets(7, var(8))]);
        let call = calls(plan, &[5], block);
        vec![lets(1, var(2)), call.clone(), call]
    });
    assert_eq!(needed(&plan), [2, 6, 8]);
    assert_eq!(bound(&plan), [1]);
    let mut met = 0;
    block(&plan, BlockId(0), Calls::Follow, &mut |one| {
        met += usize::from(matches!(one, Met::Node(_)));
    });
    assert_eq!(met, 5, "what is called twice is met once");
}

#[test]
fn what_a_question_says_when_its_time_is_over_is_needed_for_it() {
    for (otherwise, wanted) in [
        (Some(WithinElse::Answer(var(2))), &[1, 9, 2][..]),
        (
            Some(WithinElse::Escalate {
                to: ContactId(0),
                text: Some(says(&[3])),
            }),
            &[1, 9, 3],
        ),
        (Some(WithinElse::Arm(0)), &[1, 9]),
        (None, &[1, 9]),
    ] {
        let within = Within {
            limit: var(9),
            otherwise,
        };
        let plan = grown(|_| {
            vec![NodeKind::Confirm {
                question: says(&[1]),
                declined: Declined::Fails,
                within: Some(Box::new(within)),
            }]
        });
        assert_eq!(needed(&plan), wanted);
    }
}

#[test]
fn what_acts_is_a_command_or_a_request_that_may_change_something() {
    let command = |mark| {
        grown(|plan| {
            plan.commands.push(Command {
                mark,
                scripts: vec![Script {
                    interpreter: Interpreter::Sh,
                    form: ScriptForm::Direct(Vec::new()),
                    text: says(&[]),
                }],
                settings: SettingsId(0),
                manner: Manner::Plain,
                timeout: None,
                span: Span::default(),
            });
            vec![NodeKind::Command {
                command: CommandId(0),
                judged: Judged::ByExit,
            }]
        })
    };
    let request = |mark| {
        grown(|plan| {
            plan.requests.push(Request {
                method: "GET".into(),
                url: says(&[]),
                headers: Vec::new(),
                query: Vec::new(),
                body: None,
                mark,
                settings: SettingsId(0),
                timeout: None,
                span: Span::default(),
            });
            vec![NodeKind::Request {
                request: RequestId(0),
                judged: Judged::ByExit,
            }]
        })
    };
    for (plan, wanted) in [
        (command(Mark::Act), Acts::Yes),
        (command(Mark::Look), Acts::No),
        (request(Mark::Act), Acts::Yes),
        (request(Mark::Look), Acts::No),
    ] {
        assert_eq!(acts(&plan, BlockId(0)), wanted);
    }
}

#[test]
fn where_and_as_what_a_command_runs_is_part_of_what_it_needs() {
    let plan = grown(|plan| {
        plan.settings.push(Settings {
            dir: Some(var(5)),
            env: vec![("A".into(), var(4))],
            host: None,
        });
        plan.commands.push(Command {
            mark: Mark::Look,
            scripts: vec![Script {
                interpreter: Interpreter::Sh,
                form: ScriptForm::Direct(vec![vec![WordPart::Hole(Box::new(var(1)))]]),
                text: says(&[1]),
            }],
            settings: SettingsId(1),
            manner: Manner::Live(Box::new(var(3))),
            timeout: Some(Box::new(var(2))),
            span: Span::default(),
        });
        vec![
            NodeKind::Command {
                command: CommandId(0),
                judged: Judged::ByExit,
            },
            prose(&[6]),
        ]
    });
    assert_eq!(needed(&plan), [1, 5, 4, 2, 3, 6]);
    let mut read = Vec::new();
    node(&plan, NodeId(1), Calls::Leave, &mut |met| {
        if let Met::Reads(var) = met {
            read.push(var.0);
        }
    });
    assert_eq!(read, [6]);
}

#[test]
fn a_finish_is_found_wherever_it_stands() {
    let finish = || NodeKind::Finish {
        outcome: Outcome::NoAction,
        text: None,
    };
    let plan = grown(|plan| {
        let block = block_of(plan, vec![finish(), prose(&[])]);
        vec![calls(plan, &[], block), prose(&[])]
    });
    assert!(may_finish(&plan, BlockId(0)));
    assert!(!may_finish(&grown(|_| vec![prose(&[])]), BlockId(0)));
}

/// A node, and how many steps it has.
type Make<'a> = &'a dyn Fn(&mut Plan) -> (NodeKind, u32);

#[test]
fn steps_are_counted_in_everything_that_stands_in_a_block() {
    let plain = || Template::plain("One");
    let step = |plan: &mut Plan| NodeKind::Step {
        name: "one".into(),
        title: plain(),
        block: block_of(plan, Vec::new()),
        manual: Manual::No,
    };
    // Two steps.
    let two = |plan: &mut Plan| {
        let steps = vec![step(plan), step(plan)];
        block_of(plan, steps)
    };
    let kinds: [Make<'_>; 11] = [
        &|plan| (step(plan), 1),
        &|plan| {
            let section = NodeKind::Section {
                name: None,
                title: plain(),
                within: None,
                block: two(plan),
            };
            (section, 2)
        },
        &|plan| {
            let checkpoint = NodeKind::Checkpoint {
                name: "up".into(),
                title: plain(),
                after: None,
                since: None,
                block: two(plan),
            };
            (checkpoint, 2)
        },
        &|plan| {
            let parallel = NodeKind::Parallel {
                title: None,
                max: None,
                block: two(plan),
            };
            (parallel, 2)
        },
        &|plan| {
            let looped = NodeKind::For {
                var: VarId(0),
                items: Box::new(var(1)),
                parallel: None,
                block: two(plan),
            };
            (looped, 2)
        },
        &|plan| {
            let arms = vec![(var(0), two(plan)), (var(0), two(plan))];
            let otherwise = Some(two(plan));
            (NodeKind::If { arms, otherwise }, 6)
        },
        &|plan| {
            let arm = ChooseArm {
                label: plain(),
                recommended: false,
                only_if: None,
                opening: Vec::new(),
                block: two(plan),
            };
            let choose = NodeKind::Choose {
                question: plain(),
                binds: None,
                within: None,
                arms: vec![arm.clone(), arm],
            };
            (choose, 4)
        },
        &|plan| {
            let arm = DecideArm {
                values: Vec::new(),
                block: two(plan),
            };
            let decide = NodeKind::Decide {
                matrix: MatrixId(0),
                inputs: Vec::new(),
                by: 0,
                outputs: Vec::new(),
                arms: vec![arm.clone(), arm],
            };
            (decide, 4)
        },
        &|plan| {
            let attempt = NodeKind::Attempt {
                name: "quick".into(),
                title: plain(),
                within: None,
                block: two(plan),
                otherwise: Some(two(plan)),
            };
            (attempt, 4)
        },
        &|plan| {
            let block = two(plan);
            (calls(plan, &[], block), 2)
        },
        &|_| (lets(0, lit(Value::Bool(true))), 0),
    ];
    let count = |plan: &Plan| steps_in_blocks(plan)[0];
    let mut all = 0;
    for make in kinds {
        let mut wanted = 0;
        let plan = grown(|plan| {
            let (kind, steps) = make(plan);
            wanted = steps;
            vec![kind.clone(), kind]
        });
        assert_eq!(count(&plan), 2 * wanted, "{:?}", plan.nodes.last());
        all += wanted;
    }
    let whole = grown(|plan| kinds.iter().map(|make| make(plan).0).collect());
    assert_eq!(count(&whole), all);
    assert_eq!(steps_in_blocks(&whole).len(), whole.blocks.len());
}

#[test]
fn every_part_of_an_expression_is_looked_at() {
    let one = |id| Box::new(var(id));
    for (kind, wanted) in [
        (ExprKind::List(vec![var(1), var(2)]), &[1, 2][..]),
        (ExprKind::Index(one(1), one(2)), &[1, 2]),
        (ExprKind::Else(one(1), one(2)), &[1, 2]),
        (ExprKind::Between(one(1), one(2), one(3)), &[1, 2, 3]),
        (ExprKind::Read(one(1), Type::Bool), &[1]),
        (ExprKind::Text(Box::new(says(&[1, 2]))), &[1, 2]),
    ] {
        let mut read = Vec::new();
        super::expr(&Plan::default(), &expr(kind), &mut |met| {
            if let Met::Reads(var) = met {
                read.push(var.0);
            }
        });
        assert_eq!(read, wanted);
    }
}
