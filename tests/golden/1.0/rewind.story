{
  "title": "Back to a checkpoint, and on after the rewind",
  "run": "run-1",
  "operator": "ada",
  "within": [],
  "step": {
    "path": "two",
    "title": "Two",
    "number": 3,
    "of": 4,
    "attempt": 1
  },
  "clocks": [],
  "severity": null,
  "running": [],
  "prompts": [
    [
      5,
      {
        "kind": {
          "ask": "in_doubt",
          "command": "./two",
          "choices": [
            "done",
            "run_again",
            {
              "undo": {
                "checkpoints": [
                  "ready",
                  "start"
                ]
              }
            },
            "pause",
            "fail"
          ]
        },
        "text": "`./two` was under way when the engine ended; was it done?",
        "keys": [
          "`./two` was under way when the engine ended; was it done?",
          "./two",
          "two",
          "two"
        ],
        "detail": [],
        "path": "two",
        "deadline": null,
        "otherwise": null
      }
    ]
  ],
  "waiting": null,
  "next": [
    "Three"
  ],
  "phase": {
    "parked": {
      "why": "a question waits for its answer: `./two` was under way when the engine ended; was it done?"
    }
  },
  "undoable": [
    "two",
    "one",
    "zero"
  ],
  "checkpoints": [
    "ready"
  ],
  "values": []
}
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_done
1767603600000 checkpoint_reached
1767603600000 chosen
1767603600000 checkpoint_passed
1767603600000 step_started
1767603600000 running
1767603600000 ran
1767603600000 step_done
1767603600000 step_started
1767603600000 running
1767603600000 warning
1767603600000 resumed
Outputs { effect: EffectId(1), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(3), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
