package proof

import (
	"fmt"
	"strconv"
	"strings"
)

// version is a semantic version as OPA's built-ins compare it.
type version struct {
	core [3]int
	pre  string
}

// parseVersion reads a semantic version; "3.5" and "3" are not semantic versions.
func parseVersion(t string) (v version, ok bool) {
	t, _, _ = strings.Cut(strings.TrimPrefix(t, "v"), "+")
	core, pre, _ := strings.Cut(t, "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return v, false
	}
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || strconv.Itoa(n) != part {
			return v, false
		}
		v.core[i] = n
	}
	v.pre = pre
	return v, true
}

func (v version) String() string {
	core := fmt.Sprintf("%d.%d.%d", v.core[0], v.core[1], v.core[2])
	if v.pre != "" {
		return core + "-" + v.pre
	}
	return core
}

// next returns the smallest later version.
func (v version) next() version {
	if v.pre != "" {
		return version{v.core, v.pre + ".0"}
	}
	return version{[3]int{v.core[0], v.core[1], v.core[2] + 1}, "0"}
}

// versions returns texts before, at, between and after the constants in the order of versions: final versions, pre-releases, both
// with and without build metadata, and texts that are no versions. If rules complete "3" and "3.5" to full versions, it adds short
// forms, too. Pre-releases among the constants, such as "3.5.0-rc.1", are understood only if no rule completes versions.
func versions(a about) (all, missing []string) {
	if len(a.fresh) > 1 {
		missing = append(missing, "versions of several facts are compared")
	}
	suffixes := map[string]bool{}
	for _, u := range a.uses {
		if u.suffix != "" {
			suffixes[u.suffix] = true
		}
	}
	marks := []version{{pre: "0"}} // the smallest version
	for _, t := range sortedNames(a.texts) {
		for _, suffix := range append(sortedNames(suffixes), "") {
			if v, ok := parseVersion(t + suffix); ok {
				marks = append(marks, v)
			}
			if short, ok := strings.CutSuffix(t, suffix); ok {
				all = append(all, short)
			}
		}
	}
	for _, v := range marks {
		if v.pre != "" && v.pre != "0" && len(suffixes) > 0 {
			missing = append(missing, fmt.Sprintf("compared with %q and made full", v))
		}
		all = append(all, near(v)...)
		if len(suffixes) > 0 {
			all = append(all, short(v)...)
		}
	}
	for suffix := range suffixes {
		if suffix != ".0" && suffix != ".0.0" {
			missing = append(missing, fmt.Sprintf("concat with %q", suffix))
		}
	}
	return all, missing
}

// near returns versions at a version and right after it: the next version and the next final ones.
func near(v version) []string {
	final := version{core: v.core}
	behind := version{core: [3]int{v.core[0], v.core[1], v.core[2] + 1}}
	return []string{v.String(), v.String() + "+b", final.String(), final.String() + "+b", v.next().String(), behind.String()}
}

// short returns the short forms at a version and right after it.
func short(v version) []string {
	major, minor := v.core[0], v.core[1]
	return []string{
		fmt.Sprintf("%d.%d", major, minor), fmt.Sprintf("%d.%d", major, minor+1), strconv.Itoa(major), strconv.Itoa(major + 1),
	}
}
