package main

import (
	"net/http"
	"strings"
	"testing"
)

// If Kratos did not ask for its own code, the benchmark would compare two steps of Nidan with one step of Kratos.
func TestKratosAsksForItsOwnCode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d, err := b.newDoor()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err := b.ownCodeDoor(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	action, err := d.flow(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := d.call(t.Context(), http.MethodPost, action, "", byPassword("agent-0", ""), http.StatusOK)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.call(t.Context(), http.MethodGet, "http://"+d.public+"/sessions/whoami", signedIn.Token, nil, http.StatusForbidden); err != nil {
		t.Errorf("a session of the password alone: %v", err)
	}
	if _, err := d.withOwnCode(t.Context(), 1); err != nil {
		t.Errorf("a sign-in with the code: %v", err)
	}
}

func TestSignInsAreComparedRoundByRound(t *testing.T) {
	r := results{reach: make(map[string]string)}
	ways := []way{{name: wayAllowed}, {name: wayCode}, {name: wayAlone}, {name: wayOwnCode}}
	r.wholeSignIns(ways, map[string]*costs{
		wayAllowed: {n: 2, perSec: []float64{60, 30}, rest: []float64{15, 30}, kratos: []float64{8, 16}, nidan: []float64{1, 4}},
		wayCode:    {n: 2, perSec: []float64{8, 4}, waited: []float64{60, 90}, rest: []float64{40, 80}, kratos: []float64{20, 40}, nidan: []float64{10, 20}},
		wayAlone:   {n: 2, perSec: []float64{100, 50}, rest: []float64{10, 20}, kratos: []float64{7, 14}, nidan: []float64{0, 0}},
		wayOwnCode: {n: 2, perSec: []float64{1, 1}, waited: []float64{970, 970}, rest: []float64{36, 72}, kratos: []float64{30, 60}, nidan: []float64{0, 0}},
	})
	for _, want := range []string{
		"Nidan with a code ÷ Kratos' own code: 6.00 [4.00–8.00]", "without the waits for the mail: 0.90 [0.90–0.90]",
		"with its own code: 1.00 [1.00–1.00]", "allowed by Nidan ÷ password alone: 0.60 [0.60–0.60]",
		"| " + wayAlone + " | 2 | 75.0 [50.0–100.0] | – | 15.0 [10.0–20.0] ms | 10.50 [7.00–14.00] ms | – | – |",
	} {
		if !strings.Contains(r.text.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, r.text.String())
		}
	}
	if got := r.reach[goalKratos]; !strings.HasPrefix(got, "0.19 [0.12–0.25]") {
		t.Errorf("the goal: %s", got)
	}
}
