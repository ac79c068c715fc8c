package nidan.settings

decision := {"action": "refuse", "reason": "never"}
