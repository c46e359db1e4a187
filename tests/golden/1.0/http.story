{
  "title": "Requests",
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
      "text": "`GET http://localhost:1/api/slow`: there was no response: timed out after 30s",
      "why": "failed"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": [
    [
      "api",
      "http://localhost:1/api"
    ],
    [
      "item",
      "a b"
    ],
    [
      "found",
      "{\"items\":[{\"name\":\"x\"}]}"
    ]
  ]
}
1767603600000 running
1767603600000 ran
1767603600000 bound
1767603600000 step_started
1767603600000 running
1767603600000 warning
1767603600000 resumed
1767603600000 ran
1767603600000 step_done
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_done
1767603600000 step_started
1767603600000 running
1767603630000 ran
1767603630000 step_failed
Outputs { effect: EffectId(2), output: Captured { text: "{\"items\": [{\"name\": \"x\"}]}", bytes: 26, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(3), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(5), output: Captured { text: "gone", bytes: 4, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
