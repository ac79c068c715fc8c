package challenge

// Standing is what a decision needs of a challenge. The zero value means that there is none.
type Standing struct {
	ID           string
	Channel      string
	AttemptsLeft int
	Closed       Closing
}

// Open says whether there is a challenge that was not closed.
func (s Standing) Open() bool { return s.ID != "" && s.Closed == "" }
