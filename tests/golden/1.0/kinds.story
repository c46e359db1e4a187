{
  "title": "kinds",
  "run": "kinds",
  "operator": "ada",
  "trigger": "alarm",
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
      "text": "there is no step `step`; the steps are: one",
      "why": "failed"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": []
}
1767603600000 warning
1767603605000 warning
1767603642000 note
1767603646000 warning
Outputs { effect: EffectId(1), output: Captured { text: "a line ✔\n\"quoted\"\n", bytes: 9000, segment: Some(Segment { offset: 4096, length: 9000 }), flaw: Some("it is not UTF-8") }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(1), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "a line ✔\n\"quoted\"\n", bytes: 9000, segment: Some(Segment { offset: 4096, length: 9000 }), flaw: Some("it is not UTF-8") } }
Outputs { effect: EffectId(1), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(1), output: Captured { text: "a line ✔\n\"quoted\"\n", bytes: 9000, segment: Some(Segment { offset: 4096, length: 9000 }), flaw: Some("it is not UTF-8") }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
