package challenge

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNormalizeCode(t *testing.T) {
	for name, tc := range map[string]struct{ have, want string }{
		"plain digits stay":              {"012345", "012345"},
		"full-width digits become plain": {"０１２３４５", "012345"},
		"spaces anywhere are dropped":    {" 012 345\t\n", "012345"},
		"full-width spaces too":          {"012　345", "012345"},
		"other characters stay":          {"12-34", "12-34"},
		"digits of other scripts stay":   {"١٢٣", "١٢٣"},
		"nothing is nothing":             {"  ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := NormalizeCode(tc.have); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzNormalizeCode(f *testing.F) {
	f.Add("０１２ 345")
	f.Add("\xff\u3000")
	f.Fuzz(func(t *testing.T, s string) {
		once := NormalizeCode(s)
		if NormalizeCode(once) != once {
			t.Errorf("%q changes when normalised again", once)
		}
		if strings.ContainsAny(once, " \t\n\u3000０１２３４５６７８９") {
			t.Errorf("%q still holds what is to be replaced", once)
		}
	})
}

func TestMaskEmail(t *testing.T) {
	for have, want := range map[string]string{
		"agent@example.com": "a***@example.com",
		"a@example.com":     "a***@example.com",
		"愛@example.jp":      "愛***@example.jp",
		`"a@b"@example.com`: `"***@example.com`,
		"@example.com":      "***",
		"no address":        "***",
		"":                  "***",
	} {
		if got := MaskEmail(have); got != want {
			t.Errorf("%q: got %q, want %q", have, got, want)
		}
	}
}

func FuzzMaskEmail(f *testing.F) {
	f.Add("agent@example.com")
	f.Fuzz(func(t *testing.T, s string) {
		masked := MaskEmail(s)
		if !strings.Contains(masked, "***") {
			t.Errorf("%q is not masked", masked)
		}
		if at := strings.LastIndexByte(s, '@'); at > 0 && utf8.ValidString(s) && utf8.RuneCountInString(masked) > 4+utf8.RuneCountInString(s[at:]) {
			t.Errorf("%q shows more than one character of the mailbox", masked)
		}
	})
}

// Rejection sampling is the library's; what is tested here is that all codes of the length can come out, zeros in front
// included.
func TestNewCode(t *testing.T) {
	first := map[byte]int{}
	for range 2000 {
		c, err := newCode(rand.Reader, 6)
		if err != nil {
			t.Fatal(err)
		}
		if len(c) != 6 || strings.Trim(c, "0123456789") != "" {
			t.Fatalf("%q is not six digits", c)
		}
		first[c[0]]++
	}
	if len(first) != 10 {
		t.Errorf("2000 codes begin with only %d different digits", len(first))
	}
	if c, err := newCode(bytes.NewReader(make([]byte, 64)), 6); err != nil || c != "000000" {
		t.Errorf("from zeros: %q, %v", c, err)
	}
}
