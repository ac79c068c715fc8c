package mail

import (
	"io"
	"strings"
	"testing"
	"time"

	"nidan/brand"
)

// branded changes a configuration to the brand of a company.
func branded(logo *brand.Image) func(*Config) {
	return func(c *Config) {
		c.Brand = brand.Brand{
			Name: "Minamo", Logo: logo, Accent: &brand.Colour{0x0f, 0x76, 0x6e},
			HelpURL: "https://minamo.example.com/help?a=1&b=2", PrivacyURL: "https://minamo.example.com/privacy",
		}
		c.Texts["en"]["lead"] = "Your code, with <b>compliments</b>."
	}
}

func TestTheMailIsInTheBrand(t *testing.T) {
	png := &brand.Image{Type: brand.PNG, Content: []byte("a picture")}
	header, text, html, images := readWith(t, branded(png), message("en", time.Minute))
	if subject, err := header.Subject(); err != nil || !strings.HasPrefix(subject, "[Minamo] ") {
		t.Errorf("subject %q, %v", subject, err)
	}
	for _, want := range []string{"sent automatically by Minamo", "Your code, with <b>compliments</b>.",
		"Help: https://minamo.example.com/help?a=1&b=2\nPrivacy policy: https://minamo.example.com/privacy\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not say %q:\n%s", want, text)
		}
	}
	if !strings.HasSuffix(text, "\n\n@login.example.com #012345\n") {
		t.Errorf("the line that fills the code in is not the last one:\n%s", text)
	}
	for _, want := range []string{`<img src="cid:logo@example.com" alt="Minamo"`, "color: #0f766e", "with &lt;b&gt;compliments&lt;/b&gt;",
		`<a href="https://minamo.example.com/help?a=1&amp;b=2"`, `<a href="https://minamo.example.com/privacy"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the HTML does not have %q:\n%s", want, html)
		}
	}
	if len(images) != 1 {
		t.Fatalf("%d images", len(images))
	}
	h := images[0].Header
	if content, err := io.ReadAll(images[0].Body); err != nil || string(content) != "a picture" ||
		!strings.HasPrefix(h.Get("Content-Type"), "image/png") || h.Get("Content-Id") != "<logo@example.com>" ||
		!strings.HasPrefix(h.Get("Content-Disposition"), "inline") {
		t.Errorf("the logo is %q, %v, with %v", content, err, h)
	}
}

// Mail programs do not show SVG images. Some would offer the image as a file to open, with the scripts in it.
func TestALogoThatIsAnSVGStaysOutOfMails(t *testing.T) {
	svg := &brand.Image{Type: brand.SVG, Content: []byte("<svg/>")}
	_, _, html, images := readWith(t, branded(svg), message("en", time.Minute))
	if len(images) != 0 || strings.Contains(html, "<img") {
		t.Errorf("%d images, in\n%s", len(images), html)
	}
}

func TestAMailWithoutABrandHasNoneOfIt(t *testing.T) {
	_, text, html, images := readWith(t, func(*Config) {}, message("en", time.Minute))
	if len(images) != 0 || strings.Contains(html, "<img") || strings.Contains(html, "<a ") || strings.Contains(html, "color: #0") ||
		strings.Contains(text, "Help") {
		t.Errorf("got\n%s\n%s", text, html)
	}
}

func TestTextsAreThereInBothLanguages(t *testing.T) {
	all, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	if len(all["ja"]) != len(all["en"]) {
		t.Errorf("Japanese has %d, English %d", len(all["ja"]), len(all["en"]))
	}
	for name := range all["ja"] {
		if all["en"][name] == "" {
			t.Errorf("%s is not there in English", name)
		}
	}
}
