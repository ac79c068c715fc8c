package brand

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
)

// leastContrast is the contrast that text of the usual size needs with its background (WCAG 2.2, 1.4.3, level AA).
const leastContrast = 4.5

// Colour is a colour in sRGB: red, green and blue.
type Colour [3]uint8

// String returns the colour as CSS writes it: #rrggbb.
func (c Colour) String() string { return "#" + hex.EncodeToString(c[:]) }

func parseColour(s string) (c Colour, err error) {
	digits, found := strings.CutPrefix(s, "#")
	if parts, err := hex.DecodeString(digits); found && err == nil && len(parts) == len(c) {
		return Colour(parts), nil
	}
	return Colour{}, errors.New("is no colour; write it as #rrggbb, such as #0b57d0")
}

// Surroundings are the colours around an accent. server/page/assets/page.css has the same colours.
type Surroundings struct {
	Ground   Colour // of a page: links and quiet buttons are on it
	Sheet    Colour // of forms and mails: links and buttons with an edge are on it
	OnAccent Colour // text of a button that is filled with the accent
}

// Light and Dark are the surroundings on light and on dark pages.
var (
	Light = Surroundings{Ground: Colour{0xf3, 0xf4, 0xf6}, Sheet: Colour{0xff, 0xff, 0xff}, OnAccent: Colour{0xff, 0xff, 0xff}}
	Dark  = Surroundings{Ground: Colour{0x14, 0x17, 0x1a}, Sheet: Colour{0x1d, 0x21, 0x26}, OnAccent: Colour{0x0a, 0x1d, 0x3d}}
)

// accent reads a colour, and refuses a colour that cannot be read on these pages. For an empty text, it returns nil.
func (s Surroundings) accent(text string) (*Colour, error) {
	if text == "" {
		return nil, nil
	}
	c, err := parseColour(text)
	if err != nil {
		return nil, err
	}
	for _, with := range []struct {
		what   string
		colour Colour
	}{{"the background of the page", s.Ground}, {"the background of the form", s.Sheet}, {"the text on buttons", s.OnAccent}} {
		if got := contrast(c, with.colour); got < leastContrast {
			return nil, fmt.Errorf("%v has a contrast of %.2f:1 with %s (%v), and WCAG AA asks for %v:1; the nearest of this hue that has it is %q",
				c, math.Floor(got*100)/100, with.what, with.colour, leastContrast, s.nearest(c))
		}
	}
	return &c, nil
}

// nearest returns the colour itself if it can be read in these surroundings. Otherwise it returns the first colour that can be read on the
// way to black (on light pages) or to white (on dark pages). It mixes amounts of light, so the hue stays the same.
func (s Surroundings) nearest(c Colour) Colour {
	now := c.luminance()
	if s.light() {
		most := 1.0
		for _, other := range s.all() {
			most = min(most, (other.luminance()+0.05)/leastContrast-0.05)
		}
		if now <= most {
			return c
		}
		return c.mixed(func(v float64) float64 { return v * most / now }, math.Floor)
	}
	least := 0.0
	for _, other := range s.all() {
		least = max(least, (other.luminance()+0.05)*leastContrast-0.05)
	}
	if now >= least {
		return c
	}
	share := (least - now) / (1 - now)
	return c.mixed(func(v float64) float64 { return v + share*(1-v) }, math.Ceil)
}

func (s Surroundings) light() bool   { return s.Ground.luminance() > 0.5 }
func (s Surroundings) all() []Colour { return []Colour{s.Ground, s.Sheet, s.OnAccent} }

// mixed changes each part of the colour, as an amount of light from 0 to 1. The function round must round towards more contrast.
func (c Colour) mixed(change, round func(float64) float64) (mixed Colour) {
	for i, v := range c {
		mixed[i] = uint8(min(255, round(255*encoded(change(linear(v))))))
	}
	return mixed
}

// contrast returns the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b Colour) float64 {
	light, dark := a.luminance(), b.luminance()
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// luminance returns the relative luminance of WCAG 2.2, from 0 to 1.
func (c Colour) luminance() float64 {
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// linear returns the amount of light for a part of an sRGB colour, and encoded does the reverse (IEC 61966-2-1).
func linear(part uint8) float64 {
	v := float64(part) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func encoded(light float64) float64 {
	if light <= 0.0031308 {
		return light * 12.92
	}
	return 1.055*math.Pow(light, 1/2.4) - 0.055
}
