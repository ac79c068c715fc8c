package policies

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// UnknownChannel is the channel of a sign-in if the policies cannot tell the channel.
const UnknownChannel = "unknown"

// Channel is an application that people sign in to: an entry of the parameter "channels". The name of the entry is the channel's
// ID.
type Channel struct {
	Name           ChannelName `json:"name" jsonschema:"required"`
	FlowType       string      `json:"flow_type" jsonschema:"minLength=1"`
	OAuth2Clients  []Text      `json:"oauth2_clients"`
	ReturnTo       []Prefix    `json:"return_to"`
	MinimumVersion Version     `json:"minimum_version"`
	Exempt         bool        `json:"exempt"`
	Capabilities   []Text      `json:"capabilities"`
	SecondStepOn   string      `json:"second_step_on" jsonschema:"enum=this_channel,enum=any_channel"`
	Reason         string      `json:"reason" jsonschema:"minLength=1"`
	Order          int         `json:"order"`
}

// ChannelName is the display name of a channel, by language.
type ChannelName struct {
	JA string `json:"ja" jsonschema:"required,minLength=1"`
	EN string `json:"en" jsonschema:"required,minLength=1"`
}

// In returns the name in a language, "ja" or "en".
func (n ChannelName) In(locale string) string { return Message(n).In(locale) }

// Text is a string that is not empty.
type Text string

// Prefix is the beginning of an address, up to the end of the host or of a path segment: "https://kiosk.example.com/". Without the
// "/" at its end, it would also match other hosts, such as kiosk.example.com.attacker.example.
type Prefix string

// ListedChannel is a channel with its ID.
type ListedChannel struct {
	ID string
	Channel
}

// Enforced returns the channels that are not exempt. Each of these has a switch in the console.
func Enforced(all []ListedChannel) (enforced []ListedChannel) {
	for _, c := range all {
		if !c.Exempt {
			enforced = append(enforced, c)
		}
	}
	return enforced
}

// earlierChannels are the channels of a set without the parameter "channels". Such a set is from an earlier version, which had two
// switches.
var earlierChannels = []ListedChannel{
	{"admin_console", Channel{Name: ChannelName{"管理画面", "Web console"}, Capabilities: []Text{"console"}}},
	{"softphone", Channel{Name: ChannelName{"ソフトフォン", "Softphone"}, Capabilities: []Text{"agent"}}},
}

// Channels returns the channels of the set, exempt ones included, in the order in which people are shown them.
func (e *Engine) Channels() ([]ListedChannel, error) { return e.set.channels() }

func (s *Set) channels() ([]ListedChannel, error) {
	listed, there := lookup(s.data, []string{"parameters", "channels"})
	if !there {
		return earlierChannels, nil
	}
	raw, err := json.Marshal(listed)
	if err != nil {
		return nil, fmt.Errorf("read the channels: %w", err)
	}
	var byID map[string]Channel
	if err := json.Unmarshal(raw, &byID); err != nil {
		return nil, fmt.Errorf("read the channels: %w", err)
	}
	all := make([]ListedChannel, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		all = append(all, ListedChannel{id, byID[id]})
	}
	slices.SortStableFunc(all, func(a, b ListedChannel) int { return cmp.Compare(a.Order, b.Order) })
	return all, nil
}

// channelID is the format of an ID. IDs are used in forms, in addresses and in the names of facts.
var channelID = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// takenIDs are names that a channel cannot have as its ID, because they stand beside the IDs in a form of the console or in its
// API.
var takenIDs = []string{"two_factor", "remember", "remember_days", "version", "confirmed", "channels", "changed_at", "changed_by"}

// wrongChannels returns what is wrong with the channels: one by itself, or two together. The data must already fulfil the schema.
func (s *Set) wrongChannels() (found []finding, err error) {
	if _, there := lookup(s.data, []string{"parameters", "channels"}); !there {
		return nil, nil
	}
	all, err := s.channels()
	if err != nil {
		return nil, err
	}
	wrong := func(id, format string, args ...any) {
		names := []string{"parameters", "channels"}
		if id != "" {
			names = append(names, id)
		}
		found = append(found, finding{rule: "parameter", at: s.DataPlace(names...), err: fmt.Errorf("data.%s "+format, append([]any{strings.Join(names, ".")}, args...)...)})
	}
	for _, c := range all {
		if what := c.wrong(); what != nil {
			wrong(c.ID, "%w", what)
		}
	}
	if !slices.ContainsFunc(all, func(c ListedChannel) bool { return !c.Exempt }) {
		wrong("", "has no channel that asks for a code: each is exempt. To ask nobody, switch two-step verification off in the console")
	}
	for i, c := range all {
		for _, before := range all[:i] {
			if evidence := c.alike(before.Channel); evidence != "" {
				wrong(c.ID, "is told by %s, and so is %s: take it from one of them", evidence, before.ID)
			}
		}
	}
	return found, nil
}

// wrong returns what is wrong with one channel by itself.
func (c ListedChannel) wrong() error {
	switch {
	case c.ID == UnknownChannel:
		return errors.New("has the id of the sign-ins whose channel cannot be told: give it another one")
	case slices.Contains(takenIDs, c.ID):
		return errors.New("has the name of a setting: give it another one")
	case !channelID.MatchString(c.ID):
		return errors.New("has an id that cannot be used: write a small letter, then small letters, digits and _")
	case slices.Contains(c.OAuth2Clients, "unknown"):
		return errors.New("names the OAuth2 client unknown, which stands for every client that Kratos does not name: leave it out")
	case c.Exempt && c.FlowType != "":
		return errors.New("is exempt and told by flow_type, which a client chooses: tell it by channel_header or by oauth2_clients")
	case c.Exempt && len(c.ReturnTo) > 0:
		return errors.New("is exempt and told by return_to, which a client chooses: tell it by channel_header or by oauth2_clients")
	case c.Exempt && len(c.Capabilities) > 0:
		return errors.New("is exempt and gives capabilities: they would take a second step that is never asked there")
	}
	return nil
}

// alike returns the evidence that would tell both channels. It is empty if there is none.
func (c Channel) alike(other Channel) string {
	if c.FlowType != "" && c.FlowType == other.FlowType {
		return "flow_type " + c.FlowType
	}
	for _, client := range c.OAuth2Clients {
		if slices.Contains(other.OAuth2Clients, client) {
			return "the OAuth2 client " + string(client)
		}
	}
	for _, a := range c.ReturnTo {
		for _, b := range other.ReturnTo {
			if strings.HasPrefix(string(a), string(b)) || strings.HasPrefix(string(b), string(a)) {
				return "return_to " + string(max(a, b)) // the longer one
			}
		}
	}
	return ""
}
