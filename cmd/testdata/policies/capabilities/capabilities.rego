package nidan.capabilities

decision := {"capabilities": [], "reasons": {}}
