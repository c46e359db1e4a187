{
  "title": "A gate: all of it, then the verdict",
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
  "checkpoints": [
    "ready"
  ],
  "values": [
    [
      "announcement",
      "https://chat.example.com/1"
    ]
  ]
}
1767603600000 checkpoint_reached
1767603600000 evidence
1767603600000 running
1767603600000 ran
1767603600000 check_failed
1767603600000 running
1767603600000 warning
1767603600000 resumed
1767603600000 ran
1767603600000 check_held
1767603600000 step_failed
1767603600000 deviation
1767603600000 checkpoint_passed
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_done
Outputs { effect: EffectId(3), output: Captured { text: "three days", bytes: 10, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(4), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(6), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
