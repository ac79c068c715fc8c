package replay

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"nidan/challenge"
)

// span is an interval that contains a time, in microseconds since 1970, the precision of the database. Both bounds belong to it.
type span struct{ from, to int64 }

func instant(t time.Time) span { return span{t.UnixMicro(), t.UnixMicro()} }

func (s span) meets(o span) bool { return s.from <= o.to && o.from <= s.to }

func (s span) narrowed(o span) span { return span{max(s.from, o.from), min(s.to, o.to)} }

// memory is what one set of policies would know about a device if it had decided from the beginning.
type memory struct {
	asRecorded bool // the same as the records say; the other fields are empty
	known      bool
	channel    string
	verified   span // when the code was entered
}

// forgotten is the memory of a device that is not remembered.
var forgotten = memory{}

// mostMemories bounds how many possible memories of one device are kept, if records do not tell which one is true.
const mostMemories = 6

// adding returns the memories together with others, each once. If there are too many, the oldest and the newest stay: if these two
// lead to the same decision, the memories between them do, too.
func adding(all []memory, more ...memory) []memory {
	all = slices.Clone(all)
	for _, m := range more {
		if slices.Contains(all, m) {
			continue
		}
		if all = append(all, m); len(all) > mostMemories {
			slices.SortFunc(all, func(a, b memory) int { return cmp.Compare(a.verified.from, b.verified.from) })
			all = slices.Delete(all, len(all)/2, len(all)/2+1)
		}
	}
	return all
}

// facts returns the device facts that policies are given at a time, one set of facts for each possibility.
func (m memory) facts(recorded map[string]any, now time.Time) []map[string]any {
	switch {
	case m.asRecorded:
		return []map[string]any{recorded}
	case !m.known:
		return []map[string]any{told(recorded, challenge.Remembered{}, now)}
	}
	var all []map[string]any
	for _, at := range []int64{m.verified.from, m.verified.to} {
		of := told(recorded, challenge.Remembered{Channel: m.channel, VerifiedAt: time.UnixMicro(at)}, now)
		if len(all) == 0 || !maps.Equal(all[0], of) {
			all = append(all, of)
		}
	}
	return all
}

// told returns a device's facts with replaced values. Numbers are float64, as decoded from JSON.
func told(recorded map[string]any, r challenge.Remembered, now time.Time) map[string]any {
	facts := maps.Clone(recorded)
	if facts == nil {
		facts = map[string]any{}
	}
	facts["known"], facts["channel"], facts["age_days"], facts["age_calendar_days"] = r.Known(), r.Channel, 0.0, 0.0
	if r.Known() {
		facts["age_days"], facts["age_calendar_days"] = float64(r.AgeDays(now)), float64(r.AgeCalendarDays(now))
	}
	return facts
}

// verified returns when the code was entered on a known device, computed from the ages in the record. The record may have counted
// midnights in another time zone than now. If the two ages contradict each other, the number of midnights is ignored.
func verified(device map[string]any, now time.Time) span {
	const day = 24 * time.Hour
	age := time.Duration(number(device, "age_days")) * day
	s := span{now.Add(-age-day).UnixMicro() + 1, now.Add(-age).UnixMicro()}
	if _, there := device["age_calendar_days"].(float64); !there {
		return s
	}
	y, m, d := now.Date()
	d -= number(device, "age_calendar_days")
	midnight := span{
		time.Date(y, m, d, 0, 0, 0, 0, now.Location()).UnixMicro(), time.Date(y, m, d+1, 0, 0, 0, 0, now.Location()).UnixMicro() - 1,
	}
	if !s.meets(midnight) {
		return s
	}
	return s.narrowed(midnight)
}
