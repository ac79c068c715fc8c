package brand

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	plainSVG    = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 1"><rect width="4" height="1"/></svg>`
	scriptedSVG = `<?xml version="1.0"?><!-- a comment --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func aPNG(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 4, 1))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func aGIF(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black}), nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestALogoIsWhatIsInTheFile(t *testing.T) {
	for name, tc := range map[string]struct{ file, content, want string }{
		"an SVG":                             {"logo.svg", plainSVG, SVG},
		"an SVG by another name":             {"logo.png", plainSVG, SVG},
		"a PNG by another name":              {"logo.svg", aPNG(t), PNG},
		"an SVG with a script: shown only":   {"logo.svg", scriptedSVG, SVG},
		"an SVG of the largest size allowed": {"logo.svg", plainSVG + strings.Repeat(" ", maxImage-len(plainSVG)), SVG},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Load(Config{Logo: write(t, tc.file, tc.content)})
			if err != nil || b.Logo.Type != tc.want || string(b.Logo.Content) != tc.content || b.LogoDark != nil {
				t.Errorf("got %+v, %v", b, err)
			}
		})
	}
}

func TestALogoIsRefused(t *testing.T) {
	for name, tc := range map[string]struct{ content, want string }{
		"that is a GIF":             {aGIF(t), "is no PNG, and no SVG"},
		"that is a page":            {"<!doctype html><html><body><script>alert(1)</script></body></html>", "is no PNG, and no SVG"},
		"that is another XML":       {`<html xmlns="http://www.w3.org/1999/xhtml"/>`, "its root element is not <svg"},
		"that has no namespace":     {"<svg/>", "its root element is not <svg"},
		"that holds an SVG":         {`<a xmlns="http://www.w3.org/2000/svg"><svg/></a>`, "its root element is not <svg"},
		"that is half an SVG":       {plainSVG[:40], "is no PNG, and no SVG"},
		"with entities in it":       {`<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>`, "is no PNG, and no SVG"},
		"that is half a PNG":        {aPNG(t)[:12], "is no PNG that can be read"},
		"that is empty":             {"", "it has no root element"},
		"that is a byte too large":  {plainSVG + strings.Repeat(" ", maxImage-len(plainSVG)+1), "is larger than 256 KB"},
		"that is only a name of it": {"logo.svg", "it has no root element"},
	} {
		t.Run(name, func(t *testing.T) {
			for key, c := range map[string]Config{"logo": {Logo: write(t, "l.svg", tc.content)}, "logo_dark": {LogoDark: write(t, "l.svg", tc.content)}} {
				_, err := Load(c)
				if err == nil || !strings.HasPrefix(err.Error(), "brand."+key+": ") || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got %v, want %q", err, tc.want)
				}
			}
		})
	}
	if _, err := Load(Config{Logo: "/no/such/logo.svg"}); err == nil || !strings.Contains(err.Error(), "/no/such/logo.svg") {
		t.Errorf("got %v", err)
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	_, err := Load(Config{Logo: "/no/l", LogoDark: "/no/d", Accent: "red", AccentDark: "#000000"})
	for _, key := range []string{"brand.logo:", "brand.logo_dark:", "brand.accent:", "brand.accent_dark:"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not in %v", key, err)
		}
	}
}

func TestAnAccentForDarkPagesIsMadeOfTheOneForLightOnes(t *testing.T) {
	for name, tc := range map[string]struct {
		light, dark string
		want        func(Brand) bool
	}{
		"none":          {"", "", func(b Brand) bool { return b.Accent == nil && b.AccentDark == nil }},
		"both":          {"#0f766e", "#5eead4", func(b Brand) bool { return b.AccentDark.String() == "#5eead4" }},
		"the dark one":  {"", "#5eead4", func(b Brand) bool { return b.Accent == nil && b.AccentDark.String() == "#5eead4" }},
		"the light one": {"#0f766e", "", func(b Brand) bool { return Dark.least(*b.AccentDark) >= leastContrast }},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Load(Config{Accent: tc.light, AccentDark: tc.dark})
			if err != nil || !tc.want(b) {
				t.Errorf("got %v and %v, %v", b.Accent, b.AccentDark, err)
			}
		})
	}
}

func TestTheExampleIsABrand(t *testing.T) {
	c, err := WriteExample(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load(c)
	if err != nil || b.Logo.Type != SVG || b.LogoDark.Type != SVG || b.Name == "" {
		t.Errorf("got %+v, %v", b, err)
	}
}
