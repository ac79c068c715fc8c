package brand

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
)

// maxImage is the greatest size of a logo, in bytes. Everybody who signs in downloads the logo, and a PNG is part of each mail.
const maxImage = 256 << 10

// The media types that a logo can have.
const (
	SVG = "image/svg+xml"
	PNG = "image/png"
)

// Image is a logo. An SVG can contain a script, so it must only be shown as an image: browsers run no scripts in images.
type Image struct {
	Type    string // SVG or PNG
	Content []byte
}

// loadImage reads a file, and finds its type by its content. It returns nil without an error if there is no path.
func loadImage(path string) (*Image, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxImage+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxImage:
		return nil, fmt.Errorf("%s is larger than %d KB", path, maxImage>>10)
	}
	if bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")) {
		if _, err := png.DecodeConfig(bytes.NewReader(content)); err != nil {
			return nil, fmt.Errorf("%s is no PNG that can be read: %w", path, err)
		}
		return &Image{Type: PNG, Content: content}, nil
	}
	if err := checkSVG(content); err != nil {
		return nil, fmt.Errorf("%s is no PNG, and no SVG that can be read: %w", path, err)
	}
	return &Image{Type: SVG, Content: content}, nil
}

// checkSVG reads the XML to its end (XML 1.0), and requires the root element of SVG 2 (section 5.1) in its namespace: without the namespace,
// browsers show nothing.
func checkSVG(content []byte) error {
	const namespace = "http://www.w3.org/2000/svg"
	d := xml.NewDecoder(bytes.NewReader(content))
	rooted := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && rooted {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return errors.New("it has no root element")
		}
		if err != nil {
			return err
		}
		root, ok := token.(xml.StartElement)
		if ok && !rooted && root.Name != (xml.Name{Space: namespace, Local: "svg"}) {
			return fmt.Errorf("its root element is not <svg xmlns=%q>", namespace)
		}
		rooted = rooted || ok
	}
}
