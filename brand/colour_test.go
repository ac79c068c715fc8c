package brand

import (
	"math"
	"strings"
	"testing"
)

func colour(t *testing.T, s string) Colour {
	t.Helper()
	c, err := parseColour(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return c
}

// WCAG's own examples and contrast checkers give these ratios.
func TestContrast(t *testing.T) {
	for pair, want := range map[[2]string]float64{
		{"#000000", "#ffffff"}: 21, {"#ffffff", "#000000"}: 21, {"#777777", "#777777"}: 1,
		{"#767676", "#ffffff"}: 4.54, {"#777777", "#ffffff"}: 4.48, {"#ff0000", "#ffffff"}: 4.00, {"#0000ff", "#ffffff"}: 8.59,
	} {
		if got := contrast(colour(t, pair[0]), colour(t, pair[1])); math.Abs(got-want) > 0.005 {
			t.Errorf("%v: %.3f, want %.2f", pair, got, want)
		}
	}
}

// grey has grey text on its buttons: only very dark accents can be read with it.
var grey = Surroundings{Ground: Colour{255, 255, 255}, Sheet: Colour{255, 255, 255}, OnAccent: Colour{0x88, 0x88, 0x88}}

func TestAnAccentThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct {
		on     Surroundings
		accent string
		want   string // of the error
	}{
		"yellow on light pages":              {Light, "#ffcc00", "#ffcc00 has a contrast of 1.37:1 with the background of the page (#f3f4f6)"},
		"grey that is enough on white alone": {Light, "#767676", "4.12:1 with the background of the page"},
		"navy on dark pages":                 {Dark, "#0b2a5b", "with the background of the page (#14171a)"},
		"enough on the page, not on a form":  {Dark, "#828282", "with the background of the form (#1d2126)"},
		"black on dark pages":                {Dark, "#000000", "with the background of the page"},
		"white on light pages":               {Light, "#ffffff", "with the background of the page"},
		"enough there, not for a button":     {grey, "#404040", "with the text on buttons (#888888)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tc.on.accent(tc.accent)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "4.5:1") {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			nearest := tc.on.nearest(colour(t, tc.accent))
			if !strings.HasSuffix(err.Error(), `"`+nearest.String()+`"`) {
				t.Errorf("it does not name %v: %v", nearest, err)
			}
			if _, err := tc.on.accent(nearest.String()); err != nil {
				t.Errorf("the colour that it names is refused too: %v", err)
			}
		})
	}
}

// least returns the lowest contrast of a colour with its surroundings.
func (s Surroundings) least(c Colour) float64 {
	least := 21.0
	for _, other := range s.all() {
		least = min(least, contrast(c, other))
	}
	return least
}

func TestTheNearestColour(t *testing.T) {
	for _, s := range []Surroundings{Light, Dark} {
		for r := 0; r < 256; r += 15 {
			for g := 0; g < 256; g += 15 {
				for b := 0; b < 256; b += 15 {
					given := Colour{uint8(r), uint8(g), uint8(b)}
					nearest, had := s.nearest(given), s.least(given)
					switch got := s.least(nearest); {
					case had >= leastContrast && nearest != given:
						t.Errorf("%v can be read, and became %v", given, nearest)
					case got < leastContrast:
						t.Errorf("%v became %v, which has %.3f:1", given, nearest, got)
					case had < leastContrast && got > leastContrast+0.1:
						t.Errorf("%v became %v, which is further away than it has to be: %.3f:1", given, nearest, got)
					}
				}
			}
		}
	}
}

func TestAHueStaysWhatItIs(t *testing.T) {
	for given, want := range map[string]func(Colour) bool{
		"#ffcc00": func(c Colour) bool { return c[0] > c[1] && c[1] > c[2] && c[2] == 0 },
		"#22c55e": func(c Colour) bool { return c[1] > c[2] && c[2] > c[0] },
		"#f0f0f0": func(c Colour) bool { return c[0] == c[1] && c[1] == c[2] },
	} {
		if got := Light.nearest(colour(t, given)); !want(got) {
			t.Errorf("%s became %v", given, got)
		}
	}
}

func TestWhatIsNoColour(t *testing.T) {
	for _, s := range []string{"blue", "#fff", "#12345", "#1234567", "#12345g", "123456", "#0b57d0ff", "rgb(1,2,3)", "#é12345"} {
		if _, err := Light.accent(s); err == nil || !strings.Contains(err.Error(), "write it as #rrggbb") {
			t.Errorf("%s: got %v", s, err)
		}
	}
	if c, err := Light.accent("#0B57d0"); err != nil || c.String() != "#0b57d0" {
		t.Errorf("got %v, %v", c, err)
	}
}
