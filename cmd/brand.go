package cmd

import (
	"errors"
	"fmt"

	"nidan/brand"
	"nidan/config"
	"nidan/hooks"
	"nidan/mail"
	"nidan/server/console/pages"
	"nidan/server/page"
	"nidan/server/signin"
)

// appearance is the operator's brand, and the texts of each part that people see.
type appearance struct {
	brand.Brand
	signin, console page.Texts
	states, mail    map[string]map[string]string
}

// newAppearance reads the brand and the operator's own texts.
func newAppearance(cfg config.Config) (appearance, error) {
	c := brand.Config(cfg.Brand)
	c.Name = cfg.BrandName()
	b, problem := brand.Load(c)
	shipped, err := shippedTexts()
	if err != nil {
		return appearance{}, err
	}
	texts, err := brand.Override(c.Texts, shipped)
	if err := errors.Join(problem, err); err != nil {
		return appearance{}, fmt.Errorf("the configuration cannot be used:\n%w", err)
	}
	frame := page.Texts(texts["page"])
	return appearance{
		Brand:   b,
		signin:  frame.With(texts["signin"]).With(texts["states"]),
		console: frame.With(texts["console"]),
		states:  texts["states"],
		mail:    texts["mail"],
	}, nil
}

// shippedTexts returns all texts of the program, in the groups that the files in brand.texts have.
func shippedTexts() (map[string]brand.Texts, error) {
	all := make(map[string]brand.Texts)
	for group, load := range map[string]func() (map[string]map[string]string, error){
		"page":    func() (map[string]map[string]string, error) { return page.FrameTexts() },
		"signin":  func() (map[string]map[string]string, error) { return signin.Texts() },
		"console": func() (map[string]map[string]string, error) { return pages.Texts() },
		"states":  hooks.Sentences,
		"mail":    mail.Texts,
	} {
		texts, err := load()
		if err != nil {
			return nil, err
		}
		all[group] = texts
	}
	return all, nil
}
