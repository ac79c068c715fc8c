package policies

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// olderParameters are replaced by the parameter "channels". The value says what to write instead.
var olderParameters = map[string]string{
	"exempt_channels":          `"exempt": true in channels.ID`,
	"channel_of_oauth2_client": `"oauth2_clients": [CLIENT] in channels.ID`,
	"minimum_versions":         `"minimum_version": VERSION in channels.ID`,
}

// withChannels moves older parameters in a layer's data into "channels", so that a layer of an earlier version keeps its meaning.
// It returns a finding for what cannot be moved.
func withChannels(base, layer map[string]any) (map[string]any, []finding) {
	parameters, _ := layer["parameters"].(map[string]any)
	older := slices.DeleteFunc(slices.Sorted(maps.Keys(olderParameters)), func(name string) bool { return parameters[name] == nil })
	below, listed := lookup(base, []string{"parameters", "channels"})
	if len(older) == 0 || !listed {
		return layer, nil
	}
	m := moving{base: below.(map[string]any), channels: map[string]any{}}
	if over, ok := parameters["channels"].(map[string]any); ok {
		m.channels = maps.Clone(over)
	}
	parameters = maps.Clone(parameters)
	// exempt_channels comes first: it may add channels that the other two name.
	for _, name := range []string{"exempt_channels", "channel_of_oauth2_client", "minimum_versions"} {
		if value := parameters[name]; value != nil {
			m.name = name
			m.move(value)
		}
		delete(parameters, name)
	}
	parameters["channels"] = m.channels
	layer = maps.Clone(layer)
	layer["parameters"] = parameters
	return layer, m.found
}

// moving moves older parameters into channels.
type moving struct {
	base     map[string]any // the channels that ship
	channels map[string]any // the layer's channels
	name     string         // of the parameter that is being moved
	found    []finding
}

func (m *moving) move(value any) {
	list, isList := value.([]any)
	object, isObject := value.(map[string]any)
	switch {
	case m.name == "exempt_channels" && isList:
		m.exempt(list)
	case m.name == "minimum_versions" && isObject:
		for _, id := range slices.Sorted(maps.Keys(object)) {
			m.put(id, "minimum_version", object[id])
		}
	case m.name == "channel_of_oauth2_client" && isObject:
		for _, client := range slices.Sorted(maps.Keys(object)) {
			m.client(client, object[client])
		}
	default:
		m.unreadable()
	}
}

// client adds an OAuth2 client to the ones that tell a channel. A null would remove a client from the old list, which shipped
// empty.
func (m *moving) client(client string, channel any) {
	id, isText := channel.(string)
	switch {
	case channel == nil:
	case !isText:
		m.unreadable()
	default:
		known, _ := lookup(m.merged(id), []string{"oauth2_clients"})
		all, _ := known.([]any)
		m.put(id, "oauth2_clients", append(slices.Clone(all), client))
	}
}

func (m *moving) unreadable() { m.wrong("cannot be read: write %s", olderParameters[m.name]) }

// exempt makes the listed channels exempt and no others: the old list replaced the shipped one.
func (m *moving) exempt(list []any) {
	for _, id := range slices.Sorted(maps.Keys(m.base)) {
		exempt, _ := lookup(m.merged(id), []string{"exempt"})
		if exempt == true && !slices.Contains(list, any(id)) {
			m.channels[id] = nil
		}
	}
	for _, one := range list {
		id, ok := one.(string)
		if !ok {
			m.wrong("has %v, which is no channel", one)
			continue
		}
		if m.merged(id) == nil {
			m.channels[id] = map[string]any{"name": map[string]any{"ja": id, "en": id}}
		}
		m.put(id, "exempt", true)
	}
}

// put sets one field of a channel.
func (m *moving) put(id, name string, value any) {
	if m.merged(id) == nil {
		m.wrong("names the channel %s, and data.parameters.channels has none of that id%s", id, orMeant(id, slices.Collect(maps.Keys(m.base))))
		return
	}
	over, _ := m.channels[id].(map[string]any)
	said := maps.Clone(over)
	if said == nil {
		said = map[string]any{}
	}
	said[name] = value
	m.channels[id] = said
}

// merged returns a shipped channel with the layer's changes, or nil if there is none.
func (m *moving) merged(id string) any {
	over, said := m.channels[id]
	switch below, ships := m.base[id]; {
	case said && over == nil, !said && !ships:
		return nil
	case !said:
		return below
	default:
		return patched(below, over)
	}
}

func (m *moving) wrong(format string, args ...any) {
	of := "data.parameters." + m.name
	m.found = append(m.found, finding{rule: "layer", of: of, err: fmt.Errorf(of+" "+format, args...)})
}

// wrongOlder returns the older parameters that stand beside channels: no rule reads them any more.
func (s *Set) wrongOlder() (found []finding) {
	parameters, _ := s.data["parameters"].(map[string]any)
	if parameters["channels"] == nil {
		return nil // the rules of such a set read them
	}
	for _, name := range slices.Sorted(maps.Keys(olderParameters)) {
		if _, there := parameters[name]; there {
			found = append(found, finding{rule: "parameter", at: s.DataPlace("parameters", name), err: errors.New(
				"data.parameters." + name + " is not read any more: write " + olderParameters[name])})
		}
	}
	return found
}

// WithChannels adds the switches of channels to a sign-in or session that was recorded before these existed. There were two
// switches with the same meaning. If one of them was removed or masked, which gone says, nothing is added.
func WithChannels(in map[string]any, gone []string) {
	settings, ok := in["settings"].(map[string]any)
	if _, there := settings["channels"]; !ok || there {
		return
	}
	console, hasConsole := settings["admin_console"].(bool)
	softphone, hasSoftphone := settings["softphone"].(bool)
	if hasConsole && hasSoftphone && !slices.Contains(gone, "/input/settings/admin_console") && !slices.Contains(gone, "/input/settings/softphone") {
		settings["channels"] = map[string]any{"admin_console": console, "softphone": softphone}
	}
}
