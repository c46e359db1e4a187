{
  "title": "It must stay so",
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
      "outcome": "failed",
      "text": "watch for 3m: expected: No new errors (2 times)",
      "why": "failed"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": [
    [
      "before",
      "3"
    ],
    [
      "errors",
      "40"
    ]
  ]
}
1767603600000 running
1767603600000 ran
1767603600000 bound
1767603600000 wait_started
1767603660000 check_failed
1767603720000 warning
1767603720000 resumed
1767603780000 wait_started
1767603840000 check_failed
Outputs { effect: EffectId(1), output: Captured { text: "3", bytes: 1, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(2), output: Captured { text: "3", bytes: 1, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(3), output: Captured { text: "30", bytes: 2, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(4), output: Captured { text: "3", bytes: 1, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(5), output: Captured { text: "3", bytes: 1, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(6), output: Captured { text: "40", bytes: 2, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(7), output: Captured { text: "40", bytes: 2, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
