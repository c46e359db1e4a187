{
  "title": "A failing undo is put to the operator",
  "run": "run-1",
  "operator": "ada",
  "within": [],
  "step": null,
  "clocks": [],
  "severity": null,
  "running": [],
  "prompts": [],
  "waiting": null,
  "next": [],
  "phase": {
    "ended": {
      "outcome": "mitigated",
      "text": "",
      "why": "finished"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": []
}
1767603600000 section_entered
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_done
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_failed
1767603600000 attempt_failed
1767603600000 undo_started
1767603600000 running
1767603600000 warning
1767603600000 resumed
1767603600000 deviation
1767603600000 running
1767603600000 ran
1767603600000 undo_failed
1767603600000 deviation
1767603600000 undo_started
1767603600000 running
1767603600000 ran
1767603600000 undo_done
Outputs { effect: EffectId(1), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(2), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(5), output: Captured { text: "cannot", bytes: 6, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(7), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
