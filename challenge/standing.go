package challenge

// Standing is where a challenge stands. Its zero value is that of none.
type Standing struct {
	ID           string
	Channel      string
	AttemptsLeft int
	Closed       Closing
}

// Open says whether there is a challenge, and whether it still stands.
func (s Standing) Open() bool { return s.ID != "" && s.Closed == "" }
