package cmd

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// github writes workflow commands, which GitHub Actions shows as annotations beside the lines:
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
func (r report) github(w io.Writer) error {
	for _, one := range r.results {
		if one.level == "" {
			continue
		}
		properties := "title=" + githubProperty.Replace(r.command+": "+one.rule)
		if file := r.path(one.file); file != "" {
			properties = fmt.Sprintf("file=%s,line=%d,%s", githubProperty.Replace(file), max(1, one.line), properties)
		}
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", one.level, properties, githubText.Replace(one.whole())); err != nil {
			return err
		}
	}
	return nil
}

// githubText and githubProperty escape the characters that end a workflow command or one of its properties. Otherwise a name or text from
// outside could inject another command.
var (
	githubText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func (one result) whole() string {
	return strings.TrimSuffix(one.text+"\n"+one.details, "\n")
}

// The parts of SARIF 2.1.0 (OASIS) that a list of findings needs.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		PhysicalLocation struct {
			ArtifactLocation struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region *sarifRegion `json:"region,omitempty"`
		} `json:"physicalLocation"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// sarif writes a log in the format SARIF (Static Analysis Results Interchange Format).
func (r report) sarif(w io.Writer) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: r.command, Rules: []sarifRule{}}
	for _, one := range r.results {
		if one.level == "" {
			continue
		}
		index := slices.IndexFunc(run.Tool.Driver.Rules, func(rule sarifRule) bool { return rule.ID == one.rule })
		if index < 0 {
			index = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{one.rule, sarifText{cmp.Or(ruleTexts[one.rule], one.rule)}})
		}
		found := sarifResult{RuleID: one.rule, RuleIndex: index, Level: one.level, Message: sarifText{one.whole()}}
		if one.level == levelNotice {
			found.Level = "note"
		}
		if one.file != "" {
			var l sarifLocation
			l.PhysicalLocation.ArtifactLocation.URI = r.location(one.file)
			if one.line > 0 {
				l.PhysicalLocation.Region = &sarifRegion{one.line}
			}
			found.Locations = []sarifLocation{l}
		}
		run.Results = append(run.Results, found)
	}
	return writeJSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// ruleTexts describe the kinds of results. The error codes of OPA have no description.
var ruleTexts = map[string]string{
	"bundle":       "The file is no bundle of policies",
	"data-file":    "A file with data cannot be read, or is not read",
	"parameter":    "A parameter does not match its schema",
	"annotation":   "Rules read the input without naming its schema",
	"reference":    "A rule reads data that does not exist",
	"answer":       "A rule gives an answer that can never be valid",
	"no-decision":  "A decision is not defined",
	"failing-test": "A test does not hold",
	"coverage":     "No test reaches these lines",
	"undecided":    "A sign-in or a session gets no valid decision",
	"refused":      "The set of policies is refused",
	"more":         "Further problems that are not shown",
	"fails":        "There is no valid decision, so nobody gets in",
	"loosens":      "The new policies ask less of somebody, or allow more",
	"tightens":     "The new policies ask more of somebody, or allow less",
	"terms":        "The new policies ask for a code on other terms",
	"other":        "The new policies decide something else differently",
	"invariant":    "An invariant does not hold",
	"not-proven":   "Something is not proven",
	"limit":        "A limit that was given is exceeded",
}

// The parts of JUnit's XML that programs for test results read.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Seconds float64       `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Details string `xml:",chardata"`
	}
)

// junit writes the results as test results. A result that is not an error is a test that passes.
func (r report) junit(w io.Writer) error {
	suite := junitSuite{Name: r.command, Tests: len(r.results)}
	for _, one := range r.results {
		c := junitCase{Class: cmp.Or(one.class, r.command), Name: one.name, File: r.path(one.file), Line: one.line, Seconds: one.seconds}
		switch one.level {
		case levelError:
			suite.Failures++
			c.Failure = &junitFailure{strings.TrimPrefix(one.text, one.name+": "), one.details}
		case levelWarning, levelNotice:
			c.Out = one.whole()
		}
		suite.Cases = append(suite.Cases, c)
	}
	if len(suite.Cases) == 0 { // some programs take a suite without tests for a suite that did not run
		suite.Tests, suite.Cases = 1, []junitCase{{Class: r.command, Name: "nothing was found"}}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suite); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
