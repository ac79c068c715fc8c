package kratos

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"
)

func TestThePatchOfAFlag(t *testing.T) {
	const flag = "/metadata_public/two_factor/enabled"
	for name, tc := range map[string]struct {
		metadata map[string]any
		pointer  string
		want     string
	}{
		"a flag that is there": {
			map[string]any{"two_factor": map[string]any{"enabled": false}}, flag,
			`{"op":"add","path":"/metadata_public/two_factor/enabled","value":true}`,
		},
		"a flag that is null": {
			map[string]any{"two_factor": map[string]any{"enabled": nil}}, flag,
			`{"op":"add","path":"/metadata_public/two_factor/enabled","value":true}`,
		},
		"no flag yet": {
			map[string]any{"two_factor": map[string]any{}}, flag,
			`{"op":"add","path":"/metadata_public/two_factor/enabled","value":true}`,
		},
		"nothing above it": {
			map[string]any{"role": "user"}, flag,
			`{"op":"add","path":"/metadata_public/two_factor","value":{"enabled":true}}`,
		},
		"no metadata at all": {
			nil, flag,
			`{"op":"add","path":"/metadata_public","value":{"two_factor":{"enabled":true}}}`,
		},
		"names that have to be escaped": {
			map[string]any{"a/b": map[string]any{"~": true}}, "/metadata_public/a~1b/~0",
			`{"op":"add","path":"/metadata_public/a~1b/~0","value":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			patch, err := flagPatch(Identity{MetadataPublic: tc.metadata}, tc.pointer, true)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(patch); string(got) != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
	object := Identity{MetadataPublic: map[string]any{"two_factor": map[string]any{"enabled": map[string]any{}}}}
	if patch, err := flagPatch(object, flag, true); err == nil {
		t.Errorf("an object is overwritten: %+v", patch)
	}
}

func TestWhereTheNextPageIs(t *testing.T) {
	for link, want := range map[string]string{
		`</admin/identities?page_size=2&page_token=first>; rel="first",</admin/identities?page_size=2&page_token=a%2Bb>; rel="next"`: "a+b",
		`</admin/identities?page_token=first>; rel="first"`:                                                                          "",
		``: "",
	} {
		if got := nextPage(http.Header{"Link": {link}}); got != want {
			t.Errorf("%s leads to %q, want %q", link, got, want)
		}
	}
}

func TestAKratosThatDoesNotAnswerInTime(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := NewAdmin(slow.URL).Accounts(ctx, "a", "", 10); !errors.Is(err, ErrSlow) {
		t.Errorf("got %v", err)
	}
}

func TestWhichSecondFactorsAreEnrolled(t *testing.T) {
	for name, tc := range map[string]struct {
		credentials string
		want        *Factors
	}{
		"not said": {"", nil},
		"none":     {`, "credentials": {"password": {"type": "password"}}`, &Factors{}},
		"an app and recovery codes": {
			`, "credentials": {"totp": {"type": "totp", "config": null}, "lookup_secret": {"type": "lookup_secret"}}`,
			&Factors{TOTP: true, LookupSecret: true},
		},
		"a place for keys, and no key in it": {`, "credentials": {"webauthn": {"type": "webauthn", "config": {}}}`, &Factors{}},
		"a key":                              {`, "credentials": {"webauthn": {"type": "webauthn", "config": {"credentials": [{}]}}}`, &Factors{WebAuthn: true}},
	} {
		t.Run(name, func(t *testing.T) {
			k := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				one := `{"id": "1", "schema_id": "account", "schema_url": "", "traits": {}` + tc.credentials + `}`
				if r.URL.Path == "/admin/identities" {
					one = "[" + one + "]"
				}
				_, _ = w.Write([]byte(one))
			}))
			defer k.Close()
			one, err := NewAdmin(k.URL).Account(t.Context(), "1")
			all, _, failed := NewAdmin(k.URL).Accounts(t.Context(), "", "", 1)
			if err != nil || failed != nil || !reflect.DeepEqual(one.Factors, tc.want) || !reflect.DeepEqual(all[0].Factors, tc.want) {
				t.Errorf("got %+v, %+v, %v, %v", one.Factors, all, err, failed)
			}
		})
	}
}
