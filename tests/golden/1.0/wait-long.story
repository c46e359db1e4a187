{
  "title": "A long wait",
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
1767603600000 step_done
1767603600000 wait_started
1767603600000 warning
1767603600000 resumed
1767690000000 wait_ended
1767690000000 step_started
1767690000000 running
1767690000000 ran
1767690000000 step_done
Outputs { effect: EffectId(1), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
Outputs { effect: EffectId(2), output: Captured { text: "", bytes: 0, segment: None, flaw: None }, stderr: Captured { text: "", bytes: 0, segment: None, flaw: None } }
