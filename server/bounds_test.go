package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/self-service/login?flow=1", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

func get1(path, header, value string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set(header, value)
	return r
}

const login = "/self-service/login/api"

func TestWhatIsHandedOnToKratos(t *testing.T) {
	nested := func(n int) string { return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}" }
	for name, tc := range map[string]struct {
		request *http.Request
		want    int
	}{
		"a sign-in as JSON is":                     {post("application/json; charset=utf-8", `{"method":"password","transient_payload":{"two_factor":{"code":"123456"}}}`), 418},
		"a sign-in as a form is":                   {post("application/x-www-form-urlencoded", "method=password&password=%5B%5B%5B%7B&identifier=a"), 418},
		"a body of the longest is":                 {post("application/x-www-form-urlencoded", "a="+strings.Repeat("x", 8190)), 418},
		"a body that is longer is not":             {post("application/x-www-form-urlencoded", "a="+strings.Repeat("x", 8191)), 413},
		"JSON that is longer is not":               {post("application/json", `"`+strings.Repeat("x", 8191)+`"`), 413},
		"JSON that gets longer in Kratos is not":   {post("application/json", `"`+strings.Repeat("<", 2000)+`"`), 413},
		"a form that gets longer in Kratos is not": {post("application/x-www-form-urlencoded", "a="+strings.Repeat("%3c", 2000)), 413},
		"JSON of the deepest is":                   {post("application/json", nested(32)), 418},
		"JSON that is deeper is not":               {post("application/json", nested(33)), 413},
		"a payload of the deepest in a form is":    {post("application/x-www-form-urlencoded", "transient_payload="+nested(32)), 418},
		"a payload that is deeper is not":          {post("application/x-www-form-urlencoded", "transient_payload="+nested(33)), 413},
		"the second of two payloads counts":        {post("application/x-www-form-urlencoded", "transient_payload={}&transient_payload="+nested(33)), 413},
		"a field's name that is deep is not":       {post("application/x-www-form-urlencoded", "a"+strings.Repeat(".a", 32)+"=1"), 413},
		"depth after the JSON's end counts":        {post("application/json", `{} `+nested(33)), 413},
		"what is no JSON is not":                   {post("application/json", `{"a":`), 400},
		"what is no form is not":                   {post("application/x-www-form-urlencoded", "a=%zz"), 400},
		"a body of another kind is not":            {post("multipart/form-data; boundary=x", "--x--"), 415},
		"two kinds at once are not":                {post("text/plain, application/json", "{}"), 415},
		"a body of no kind is not":                 {post("", "{}"), 415},
		"an address of the longest is":             {get1(login+"?a="+strings.Repeat("x", 4096-len(login)-3), "Accept", "*/*"), 418},
		"an address that is longer is not":         {get1(login+"?a="+strings.Repeat("x", 4096-len(login)-2), "Accept", "*/*"), 414},
		"an address that gets longer is not":       {get1(login+"?"+strings.Repeat("&", 1000), "Accept", "*/*"), 414},
		"a header of the longest is":               {get1(login, "User-Agent", strings.Repeat("x", 4096)), 418},
		"a header that is longer is not":           {get1(login, "User-Agent", strings.Repeat("x", 4097)), 431},
		"a header that gets longer is not":         {get1(login, "User-Agent", strings.Repeat("<", 1000)), 431},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := passThrough(t)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, tc.request)
			if w.Code != tc.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, tc.want)
			}
		})
	}
}

func TestHeadersAreCountedTogether(t *testing.T) {
	h, _ := passThrough(t)
	r := get1(login, "Accept", "*/*")
	for range 4 {
		r.Header.Add("Cookie", strings.Repeat("x", 4090))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func FuzzBounds(f *testing.F) {
	f.Add("application/json", `{"a":[1e999,"\ud800"]}`)
	f.Add("application/x-www-form-urlencoded", "transient_payload=%7B%7D&a.b=1")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := post(contentType, body)
		if err := bounds.check(httptest.NewRecorder(), r); err != nil {
			return
		}
		if cost(body) > 3*bounds.Body {
			t.Errorf("%d bytes were let through", len(body))
		}
	})
}
