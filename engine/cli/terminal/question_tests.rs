//! Every kind of question, and what may be typed at it.

use runbook_core::prompt::{
    Answer, ChooseOption, Closed, ConfirmDeclined, DoubtChoice, FailedChoice, Prompt, PromptKind,
};
use runbook_plan::value::{Type, Value};

use super::question::*;

fn prompt(kind: PromptKind) -> Prompt {
    Prompt {
        kind,
        text: "Go on?".to_owned(),
        keys: Vec::new(),
        detail: Vec::new(),
        path: "a".to_owned(),
        deadline: None,
        otherwise: None,
    }
}

fn answered(step: Step) -> Answer {
    match step {
        Step::Answer { answer, by: None } => answer,
        other => panic!("no answer but {other:?}"),
    }
}

#[test]
fn a_confirm_takes_only_whole_words_and_never_an_empty_line() {
    let confirm = prompt(PromptKind::Confirm {
        declined: ConfirmDeclined::Fails,
    });
    assert_eq!(answered(answer(&confirm, " YES ")), Answer::Yes);
    assert_eq!(answered(answer(&confirm, "no")), Answer::No);
    for typed in ["", "yess", "skip", "ls -y", "1", "ja"] {
        assert!(
            matches!(answer(&confirm, typed), Step::Refused(_)),
            "{typed:?}"
        );
    }
}

#[test]
fn a_list_is_typed_on_one_line() {
    let scenes = prompt(PromptKind::Input {
        ty: Type::List(Box::new(Type::Text)),
        default: None,
        suggestions: vec!["hallway".to_owned(), "kitchen".to_owned()],
        closed: Closed::No,
        matches: Some("^[a-z, ]+$".to_owned()),
    });
    let list = |items: &[&str]| Answer::Value {
        value: Value::List(
            items
                .iter()
                .map(|item| Value::Text((*item).into()))
                .collect(),
        ),
    };
    for (typed, items) in [
        ("cellar", &["cellar"][..]),
        ("cellar, #2 ,hallway,", &["cellar", "kitchen", "hallway"]),
        (r##"["one, two", "#1"]"##, &["one, two", "hallway"]),
    ] {
        assert_eq!(answered(answer(&scenes, typed)), list(items), "{typed}");
    }
    for typed in ["", "cellar, K2"] {
        assert!(
            matches!(answer(&scenes, typed), Step::Refused(_)),
            "{typed}"
        );
    }
    assert!(choices(&scenes).hint.contains("with commas between"));
}

#[test]
fn n_alone_is_a_note_and_never_a_no() {
    let confirm = prompt(PromptKind::Confirm {
        declined: ConfirmDeclined::Fails,
    });
    assert!(matches!(
        answer(&confirm, "n"),
        Step::More {
            then: Pending::Note,
            ..
        }
    ));
    assert_eq!(
        answer(&confirm, "n paged the DBA"),
        Step::Note("paged the DBA".to_owned())
    );
    assert_eq!(complete(&Pending::Skip, " ? "), Step::Help);
    assert_eq!(answer(&confirm, "?"), Step::Help);
}

#[test]
fn y_is_yes_wherever_a_yes_is_wanted() {
    let ask = prompt(PromptKind::Input {
        ty: Type::Bool,
        default: None,
        suggestions: Vec::new(),
        closed: Closed::No,
        matches: None,
    });
    for typed in ["y", "Y", "yes"] {
        assert_eq!(
            answered(answer(&ask, typed)),
            Answer::Value {
                value: Value::Bool(true)
            }
        );
    }
    let Step::More { lead, .. } = answer(&ask, "n") else {
        panic!("a note")
    };
    assert!(lead.contains("not a no"), "{lead}");
}

#[test]
fn skipping_wants_a_reason_and_an_empty_one_is_none() {
    let confirm = prompt(PromptKind::Confirm {
        declined: ConfirmDeclined::Skips,
    });
    let Step::More { then, .. } = answer(&confirm, "skip") else {
        panic!("a skip without a reason")
    };
    assert!(matches!(complete(&then, "  "), Step::Refused(_)));
    assert_eq!(
        answered(complete(&then, "not needed")),
        Answer::Skip {
            reason: "not needed".to_owned()
        }
    );
}

#[test]
fn an_irreversible_step_takes_its_phrase_and_nothing_near_it() {
    let kind = PromptKind::Irreversible {
        phrase: "schema".to_owned(),
    };
    let schema = prompt(kind);
    assert_eq!(
        answered(answer(&schema, "schema")),
        Answer::Typed {
            text: "schema".to_owned()
        }
    );
    assert_eq!(answered(answer(&schema, "no")), Answer::No);
    for typed in ["yes", "y", "Schema", "schema now", "schem", ""] {
        assert!(
            matches!(answer(&schema, typed), Step::Refused(_)),
            "{typed:?}"
        );
    }
}

#[test]
fn a_choice_is_made_by_number_or_words_and_not_when_it_is_unavailable() {
    let option = |label: &str, unavailable: Option<&str>| ChooseOption {
        label: label.to_owned(),
        recommended: false,
        unavailable: unavailable.map(str::to_owned),
        detail: Vec::new(),
    };
    let choose = prompt(PromptKind::Choose {
        options: vec![option("Yes", None), option("Restore", Some("no backup"))],
    });
    assert_eq!(answered(answer(&choose, "1")), Answer::Chose { option: 0 });
    assert_eq!(
        answered(answer(&choose, "yes")),
        Answer::Chose { option: 0 }
    );
    for typed in ["0", "2", "3", "restore", "", "-1"] {
        assert!(
            matches!(answer(&choose, typed), Step::Refused(_)),
            "{typed:?}"
        );
    }
}

#[test]
fn an_approval_names_a_person() {
    let approve = prompt(PromptKind::Approve {
        by: Some("security".to_owned()),
    });
    assert!(matches!(answer(&approve, "yes"), Step::Refused(_)));
    let named = Step::Answer {
        answer: Answer::Yes,
        by: Some("Ada".to_owned()),
    };
    assert_eq!(answer(&approve, "Ada"), named);
}

#[test]
fn an_input_is_read_as_its_type_or_refused_with_the_type_wanted() {
    let kind = |ty: Type, closed: Closed| PromptKind::Input {
        ty,
        default: None,
        suggestions: vec!["v1".to_owned(), "v2".to_owned()],
        closed,
        matches: None,
    };
    let number = prompt(kind(Type::Number, Closed::No));
    assert_eq!(
        answered(answer(&number, "3")),
        Answer::Value {
            value: Value::Number(3.into())
        }
    );
    assert!(matches!(answer(&number, "three"), Step::Refused(why) if why.contains("number")));
    assert!(matches!(answer(&number, ""), Step::Refused(_)));
    let closed = prompt(kind(Type::Text, Closed::Yes));
    assert_eq!(
        answered(answer(&closed, "#2")),
        Answer::Value {
            value: Value::Text("v2".to_owned())
        }
    );
    assert!(matches!(answer(&closed, "v3"), Step::Refused(_)));
    // Nothing else could be meant by a bare number here; where a value may be one, it is that value.
    assert_eq!(answer(&closed, "2"), answer(&closed, "#2"));
    assert!(matches!(answer(&closed, "3"), Step::Refused(_)));
    let days = Type::OneOf(vec!["30".to_owned(), "2".to_owned()]);
    assert_eq!(
        answered(answer(&prompt(kind(days, Closed::No)), "2")),
        Answer::Value {
            value: Value::Text("2".to_owned())
        }
    );
    let open = prompt(kind(Type::Text, Closed::No));
    assert_eq!(
        answered(answer(&open, "\"n\"")),
        Answer::Value {
            value: Value::Text("n".to_owned())
        }
    );
    let optional = prompt(kind(Type::Optional(Box::new(Type::Text)), Closed::No));
    assert_eq!(
        answered(answer(&optional, "")),
        Answer::Value {
            value: Value::Missing
        }
    );
}

#[test]
fn what_was_in_doubt_is_undone_to_a_checkpoint_that_there_is() {
    let doubt = |checkpoints: &[&str]| {
        prompt(PromptKind::InDoubt {
            command: "./deploy".to_owned(),
            choices: vec![
                DoubtChoice::Done,
                DoubtChoice::Undo {
                    checkpoints: checkpoints.iter().map(|&path| path.to_owned()).collect(),
                },
            ],
        })
    };
    let Step::More { then, .. } = answer(&doubt(&["ready"]), "undo") else {
        panic!("there is only one to go back to")
    };
    let undo = |checkpoint: &str| Answer::Undo {
        checkpoint: checkpoint.to_owned(),
        reason: "not sure".to_owned(),
    };
    assert_eq!(answered(complete(&then, "not sure")), undo("ready"));
    let two = doubt(&["ready", "start"]);
    assert!(
        matches!(answer(&two, "undo"), Step::Refused(_)),
        "how far was not said"
    );
    let Step::More { then, .. } = answer(&two, "undo start") else {
        panic!("found by its name")
    };
    assert_eq!(answered(complete(&then, "not sure")), undo("start"));
}

#[test]
fn a_failed_step_offers_what_is_possible_and_wants_a_reason_for_all_but_retry() {
    let choices = vec![
        FailedChoice::Retry,
        FailedChoice::RetryEdited,
        FailedChoice::Undo {
            checkpoints: vec!["ready".to_owned(), "db.safe".to_owned()],
        },
        FailedChoice::Fail,
    ];
    let failed = prompt(PromptKind::Failed {
        why: "exit 1".to_owned(),
        command: Some("false".to_owned()),
        choices,
    });
    assert_eq!(answered(answer(&failed, "retry")), Answer::Retry);
    assert!(
        matches!(answer(&failed, "skip"), Step::Refused(_)),
        "not offered"
    );
    assert!(
        matches!(answer(&failed, "undo"), Step::Refused(_)),
        "how far was not said"
    );
    let Step::More { then, .. } = answer(&failed, "undo safe") else {
        panic!("found by its last name")
    };
    let undo = Answer::Undo {
        checkpoint: "db.safe".to_owned(),
        reason: "it hurts".to_owned(),
    };
    assert_eq!(answered(complete(&then, "it hurts")), undo);
    let Step::More { then, initial, .. } = answer(&failed, "edit") else {
        panic!("an edit")
    };
    assert_eq!(initial.as_deref(), Some("false"));
    let Step::More { then, .. } = complete(&then, "true") else {
        panic!("a reason is wanted")
    };
    let edited = Answer::RetryEdited {
        command: "true".to_owned(),
        reason: "typo".to_owned(),
    };
    assert_eq!(answered(complete(&then, "typo")), edited);
}
