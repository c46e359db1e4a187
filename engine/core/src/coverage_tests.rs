use super::*;
use crate::case::plan;

#[test]
fn places_are_known_apart_however_many_there_are() {
    let mut seen = Reached::default();
    let mine = [0, 1, 63, 64, 130, 200];
    for id in mine {
        seen.block(BlockId(id));
        seen.node(NodeId(id + 1));
        seen.passed(NodeId(id + 2));
    }
    seen.row(MatrixId(1), 2);
    for id in 0..300 {
        let was = |shift: u32| mine.iter().any(|one| one + shift == id);
        assert_eq!(seen.has(Place::Block(BlockId(id))), was(0), "block {id}");
        assert_eq!(seen.has(Place::Node(NodeId(id))), was(1), "node {id}");
        assert_eq!(seen.has(Place::Past(NodeId(id))), was(2), "past {id}");
    }
    assert!(seen.has(Place::Row(MatrixId(1), 2)));
    assert!(!seen.has(Place::Row(MatrixId(1), 1)));
}

#[test]
fn what_two_runs_have_come_to_is_what_either_has() {
    let of = |ids: &[u32]| {
        let mut reached = Reached::default();
        for id in ids {
            reached.block(BlockId(*id));
            reached.node(NodeId(*id));
            reached.passed(NodeId(*id));
            reached.row(MatrixId(*id), 0);
        }
        reached
    };
    let (short, long) = (of(&[1, 2]), of(&[2, 3, 150]));
    for (first, second) in [(&short, &long), (&long, &short)] {
        let mut both = first.clone();
        both.add(second);
        assert_eq!(both, of(&[1, 2, 3, 150]));
    }
}

#[test]
fn a_place_that_scenarios_should_come_to_has_a_title() {
    let plan = plan(
        r#"param a: bool = yes
if a {
  > One.
} else if not a {
  > Two.
} else {
  > Three.
}
step one "One" {
  $ ./one
  undo $ ./undo-one
}"#,
    );
    let titles: Vec<String> = goals(&plan).into_iter().map(|goal| goal.title).collect();
    assert_eq!(
        titles,
        ["`if`", "`else if`", "`else`", "step one", "`undo`"]
    );
}
