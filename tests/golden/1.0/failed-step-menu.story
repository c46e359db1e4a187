{
  "title": "The operator at failed steps",
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
      "outcome": "resolved",
      "text": "",
      "why": "finished"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": []
}
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_failed
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_failed
1767603600000 deviation
1767603600000 step_started
1767603600000 running
1767603600000 warning
1767603600000 resumed
1767603600000 ran
1767603600000 step_done
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_failed
1767603600000 deviation
1767603600000 step_skipped
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_failed
1767603600000 deviation
1767603600000 step_done
Outputs { effect: EffectId(1), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(3), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(5), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(6), output: Captured { text: "no rule", bytes: 7, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(8), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
