package pages

import (
	"html/template"
	"strings"
	"testing"

	"nidan/policies"
	"nidan/policies/proof"
	"nidan/server/page"
)

// inWords returns conditions as a page shows them in this language, one per line.
func inWords(t *testing.T, locale string, all ...proof.Condition) string {
	t.Helper()
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	parts, err := template.ParseFS(files, "templates/part_conditions.html")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	err = parts.ExecuteTemplate(&b, "conditions", page.Page{Locale: locale, All: texts, Data: conditionsOf(all)})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.NewReplacer(
		"<code>", "", "</code>", "", "<li>", "", "</li>", "", `<ul class="conditions">`, "", "</ul>", "", "&#34;", `"`,
		`<details class="rest"><summary>`, "[", "</summary>", ": ", "</details>", "]").Replace(b.String()))
}

func TestConditionsAreShownInTheReadersLanguage(t *testing.T) {
	one := func(texts ...string) (all []proof.Value) {
		for _, text := range texts {
			all = append(all, proof.Value{Kind: proof.One, Text: text})
		}
		return all
	}
	than := func(kinds ...proof.ValueKind) (all []proof.Value) {
		for _, k := range kinds {
			all = append(all, proof.Value{Kind: k, Text: "b"})
		}
		return all
	}
	for name, tc := range map[string]struct {
		of     proof.Condition
		en, ja string
	}{
		"a truth":               {proof.Condition{Fact: "f", Values: one("true")}, "f = true", "f = true"},
		"one of several":        {proof.Condition{Fact: "f", Values: one("a", "b")}, "f = a or b", "f = a または b"},
		"none of several":       {proof.Condition{Fact: "f", Not: one("a", "b")}, "f ≠ a or b", "f ≠ a または b"},
		"nothing that is named": {proof.Condition{Fact: "f"}, "f = any other value", "f = その他の値"},
		"an empty text":         {proof.Condition{Fact: "f", Values: one("")}, `f = ""`, `f = ""`},
		"what begins so":        {proof.Condition{Fact: "f", Values: one("a\x00\x01\x00b", "c\x00(other f)")}, "f = a…b or c…", "f = a…b または c…"},
		"markup":                {proof.Condition{Fact: "f", Values: one("<b>")}, "f = &lt;b&gt;", "f = &lt;b&gt;"},
		"what is not there":     {proof.Condition{Fact: "f", Values: []proof.Value{{Kind: proof.Absent}}}, "f = not there", "f = なし"},
		"numbers": {proof.Condition{Fact: "f", Values: []proof.Value{
			{Kind: proof.Range, Text: "7", To: "29"}, {Kind: proof.AtLeast, Text: "40"}}}, "f = 7 to 29 or 40 or more", "f = 7〜29 または 40以上"},
		"below":        {proof.Condition{Fact: "f", Values: than(proof.Below)}, "f = below b", "f = bより小さい"},
		"at or below":  {proof.Condition{Fact: "f", Values: than(proof.Below, proof.Equal)}, "f = equal to b or below", "f = b以下"},
		"equal":        {proof.Condition{Fact: "f", Values: than(proof.Equal)}, "f = equal to b", "f = bと同じ"},
		"at or above":  {proof.Condition{Fact: "f", Values: than(proof.Equal, proof.Above)}, "f = equal to b or above", "f = b以上"},
		"above":        {proof.Condition{Fact: "f", Values: than(proof.Above)}, "f = above b", "f = bより大きい"},
		"unlike":       {proof.Condition{Fact: "f", Values: than(proof.Below, proof.Above)}, "f = other than b", "f = b以外"},
		"another text": {proof.Condition{Fact: "f", Values: []proof.Value{{Kind: proof.Others, Text: "f"}}}, "f = any other value", "f = その他の値"},
		"the same other text": {proof.Condition{Fact: "f", Values: []proof.Value{{Kind: proof.Others, Text: "b"}}},
			"f = the same other value as b", "f = bと同じ、その他の値"},
		"seven": {proof.Condition{Fact: "f", Values: one("1", "2", "3", "4", "5", "6", "7")}, "f = 1 or 2 or 3 or 4 or 5 or 6 or 7", "f = 1 または 2 または 3 または 4 または 5 または 6 または 7"},
		"many":  {proof.Condition{Fact: "f", Values: one("1", "2", "3", "4", "5", "6", "7", "8")}, "f = 1 or 2 or 3 or 4 or 5 or 6 [2 more: 7 or 8]", "f = 1 または 2 または 3 または 4 または 5 または 6 [他2件: 7 または 8]"},
	} {
		t.Run(name, func(t *testing.T) {
			for locale, want := range map[string]string{"en": tc.en, "ja": tc.ja} {
				if got := inWords(t, locale, tc.of); got != want {
					t.Errorf("%s: got %q, want %q", locale, got, want)
				}
			}
		})
	}
}

func TestEveryQuestionAndEveryKindOfDifferenceHasAName(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if texts["ja"]["difference_"+string(k)] == "" || texts["ja"]["difference_"+string(k)+"_hint"] == "" {
			t.Errorf("the kind %s has no name", k)
		}
	}
	for _, q := range policies.Questions() {
		if texts["ja"]["question_"+q.Name] == "" {
			t.Errorf("the question %s has no name", q.Name)
		}
	}
}
