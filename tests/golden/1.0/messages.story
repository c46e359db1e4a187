{
  "title": "What is said to whom",
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
      "text": "For now.",
      "why": "finished"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": [
    [
      "what",
      "the \"app\""
    ]
  ]
}
1767603600000 message_sent
1767603600000 running
1767603600000 warning
1767603600000 resumed
1767603600000 ran
1767603600000 message_sent
1767603600000 message_sent
1767603600000 escalated
1767603600000 follow_up
1767603600000 follow_up
Outputs { effect: EffectId(2), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
