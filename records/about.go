package records

import "encoding/json"

// About is what a record's detail says about a sign-in. A field that is masked or absent there is empty.
type About struct {
	Channel   string
	Action    string
	IP        string
	UserAgent string
	Method    string
	Client    string // name and version that the client claims
	// SecondStep is decision.second_step; it is empty for a sign-in with a code.
	SecondStep string
}

// About reads the record's detail.
func (r Record) About() About {
	if r.Kind != "sign_in" {
		return About{}
	}
	var d struct {
		Input struct {
			Request struct {
				IP        string `json:"ip"`
				UserAgent string `json:"user_agent"`
				Method    string `json:"method"`
				Client    struct {
					Name    string `json:"name"`
					Version string `json:"version"`
				} `json:"client"`
			} `json:"request"`
		} `json:"input"`
		Decision struct {
			Channel    string `json:"channel"`
			Action     string `json:"action"`
			SecondStep string `json:"second_step"`
		} `json:"decision"`
	}
	_ = json.Unmarshal(r.Detail, &d) // a masked field may have another type; the other fields are still read
	request := d.Input.Request
	a := About{Channel: d.Decision.Channel, Action: d.Decision.Action, IP: request.IP, UserAgent: request.UserAgent, Method: request.Method}
	a.SecondStep = d.Decision.SecondStep
	a.Client = request.Client.Name
	if request.Client.Version != "" {
		a.Client += " " + request.Client.Version
	}
	return a
}
