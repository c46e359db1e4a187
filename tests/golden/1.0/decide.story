{
  "title": "The matrix decides",
  "run": "run-1",
  "operator": "ada",
  "within": [],
  "step": null,
  "clocks": [],
  "severity": "P1",
  "running": [],
  "prompts": [],
  "waiting": null,
  "next": [],
  "phase": {
    "ended": {
      "outcome": "failed",
      "text": "`./quick`: it exited with code 1",
      "why": "failed"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": [
    [
      "symptom",
      "Slow"
    ],
    [
      "rate",
      "7%"
    ],
    [
      "severity",
      "P1"
    ],
    [
      "response",
      "quick"
    ]
  ]
}
1767603600000 running
1767603600000 ran
1767603600000 bound
1767603600000 warning
1767603600000 resumed
1767603600000 bound
1767603600000 decided
1767603600000 severity_set
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_failed
Outputs { effect: EffectId(1), output: Captured { text: "7%", bytes: 2, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(3), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
