{
  "title": "Parking waits for the other branches",
  "run": "run-1",
  "operator": "ada",
  "within": [],
  "step": {
    "path": "right",
    "title": "Right",
    "number": 2,
    "of": 2,
    "attempt": 1
  },
  "clocks": [],
  "severity": null,
  "running": [],
  "prompts": [
    [
      2,
      {
        "kind": {
          "ask": "confirm",
          "declined": "fails"
        },
        "text": "Right?",
        "keys": [
          "Right?",
          "Right?"
        ],
        "detail": [],
        "path": "right",
        "deadline": null,
        "otherwise": null
      }
    ]
  ],
  "waiting": null,
  "next": [],
  "phase": {
    "parked": {
      "why": "a question waits for its answer: Right?"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": []
}
1767603600000 step_started
1767603600000 running
1767603600000 step_started
1767603600000 warning
1767603600000 resumed
1767603600000 settled
1767603600000 running
1767603660000 ran
1767603660000 step_done
Outputs { effect: EffectId(3), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
