package proof

import (
	"maps"
	"slices"
	"strings"
)

// way is a way in which policies examine a text, besides comparing it for equality.
type way int

const (
	unknownWay way = iota
	byOrder        // <, >, sorting
	byPart         // prefixes, suffixes and parts
	byVersion
	byNetwork
)

// ways holds the functions that are understood, with the index of the operand that is the text.
var ways = map[string]map[int]way{
	"lt": {0: byOrder, 1: byOrder}, "lte": {0: byOrder, 1: byOrder}, "gt": {0: byOrder, 1: byOrder}, "gte": {0: byOrder, 1: byOrder},
	"startswith": {0: byPart}, "endswith": {0: byPart}, "contains": {0: byPart},
	"semver.is_valid": {0: byVersion}, "semver.compare": {0: byVersion, 1: byVersion},
	"net.cidr_contains": {1: byNetwork},
}

// someTexts returns the constants that a text may be compared with, placeholders that equal no constant, and texts that the
// functions which get the text can distinguish.
func someTexts(a about) (made domain) {
	made.missing = a.strange
	found := map[way]bool{}
	for _, u := range a.uses {
		w := ways[u.builtin][u.operand]
		if u.suffix != "" {
			w = byVersion
		}
		if _, known := u.known(); w == unknownWay || !known && w != byOrder && w != byVersion {
			made.missing = append(made.missing, u.String())
			continue
		}
		found[w] = true
	}
	if len(found) > 1 {
		for _, u := range a.uses {
			made.missing = append(made.missing, u.String()+", together with the other functions here")
		}
	}
	all := maps.Clone(a.texts)
	for _, t := range a.fresh {
		all[t] = true
	}
	for w := range found {
		more, missing := more(w, a)
		for _, t := range more {
			all[t] = true
		}
		made.missing = append(made.missing, missing...)
	}
	made.values = texts(sortedNames(all))
	return made
}

// more returns further texts that policies can distinguish in this way.
func more(w way, a about) (all, missing []string) {
	switch w {
	case byOrder:
		return between(a), nil
	case byPart:
		return assembled(a)
	case byVersion:
		return versions(a)
	case byNetwork:
		return addresses(a)
	}
	return nil, nil
}

// between returns texts before, between and after the constants, in the order of texts.
func between(a about) (all []string) {
	all = append(all, "")
	for _, c := range append(sortedNames(a.texts), "") {
		for _, t := range a.fresh {
			all = append(all, c+"\x00"+t)
		}
	}
	return all
}

// mostAssembled bounds how many texts are assembled.
const mostAssembled = 500

// assembled returns texts with each prefix, each suffix and each choice of parts that policies ask for. Between these stands a
// character that no policy asks for, so a text has no parts other than the chosen ones.
func assembled(a about) (all, missing []string) {
	begins, ends, parts := map[string]bool{"": true}, map[string]bool{"": true}, map[string]bool{}
	for _, u := range a.uses {
		known, _ := u.known()
		for _, t := range known {
			switch u.builtin {
			case "startswith":
				begins[t] = true
			case "endswith":
				ends[t] = true
			case "contains":
				parts[t] = true
			}
		}
	}
	if n := len(parts); n > 8 || len(begins)*len(ends)<<n > mostAssembled {
		return nil, []string{"too many beginnings, ends and parts of texts"}
	}
	middles := []string{""}
	for _, part := range sortedNames(parts) {
		for _, m := range slices.Clone(middles) {
			middles = append(middles, m+part+"\x00")
		}
	}
	for begin := range begins {
		for end := range ends {
			for _, middle := range middles {
				for i := range a.fresh {
					all = append(all, begin+"\x00"+strings.Repeat("\x01", i+1)+"\x00"+middle+end)
				}
			}
		}
	}
	return all, nil
}
