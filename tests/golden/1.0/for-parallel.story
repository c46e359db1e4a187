{
  "title": "For each, two at a time",
  "run": "run-1",
  "operator": "ada",
  "within": [],
  "step": {
    "path": "drain[n1]",
    "title": "Drain n1",
    "number": 2,
    "of": 3,
    "attempt": 1
  },
  "clocks": [],
  "severity": null,
  "running": [],
  "prompts": [
    [
      4,
      {
        "kind": {
          "ask": "in_doubt",
          "command": "./drain n1",
          "choices": [
            "done",
            "run_again",
            "pause",
            "fail"
          ]
        },
        "text": "`./drain n1` was under way when the engine ended; was it done?",
        "keys": [
          "`./drain n1` was under way when the engine ended; was it done?",
          "./drain n1",
          "drain[n1]",
          "drain"
        ],
        "detail": [],
        "path": "drain[n1]",
        "deadline": null,
        "otherwise": null
      }
    ],
    [
      5,
      {
        "kind": {
          "ask": "in_doubt",
          "command": "./drain n2",
          "choices": [
            "done",
            "run_again",
            "pause",
            "fail"
          ]
        },
        "text": "`./drain n2` was under way when the engine ended; was it done?",
        "keys": [
          "`./drain n2` was under way when the engine ended; was it done?",
          "./drain n2",
          "drain[n2]",
          "drain"
        ],
        "detail": [],
        "path": "drain[n2]",
        "deadline": null,
        "otherwise": null
      }
    ]
  ],
  "waiting": null,
  "next": [],
  "phase": {
    "parked": {
      "why": "a question waits for its answer: `./drain n1` was under way when the engine ended; was it done?"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": []
}
1767603600000 step_started
1767603600000 step_started
1767603600000 running
1767603600000 running
1767603600000 warning
1767603600000 resumed
