{
  "title": "A secret cannot be had",
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
      "text": "the secret `key` could not be read: KEY is not set",
      "why": "failed"
    }
  },
  "undoable": [],
  "checkpoints": [],
  "values": []
}
1767603600000 warning
1767603600000 resumed
