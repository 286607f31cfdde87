package pages

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	texttemplate "text/template"
)

//go:embed figures/*.svg
var figureFiles embed.FS

// A Figure is the sketch of a screen, to stand in a page.
type Figure struct {
	Name string
	SVG  template.HTML
}

// A place says where a sketch stands.
type place struct {
	step int // after which step, from 1; 0: below the answer in short
	name string
}

// places are the sketches of answers, by entry and part.
var places = map[string][]place{
	"01/main":        {{2, "switch-company"}, {3, "delete-company"}},
	"01/switch":      {{2, "switch-company"}},
	"01/delete":      {{3, "delete-company"}},
	"02/main":        {{2, "special-channel"}},
	"02/where-pc":    {{2, "special-channel"}},
	"02/where-phone": {{2, "no-name-phone"}},
	"02/id-card":     {{0, "id-card"}},
	"05/main":        {{1, "no-corporate-account"}, {3, "private-consents"}},
	"05/where":       {{3, "no-corporate-account"}},
	"05/consents":    {{0, "private-consents"}},
	"05/last4":       {{0, "private-consents"}},
	"07/main":        {{0, "under-review"}},
	"08/main":        {{1, "go-certify"}},
	"08/check":       {{2, "go-certify"}},
	"09/check":       {{1, "not-certified"}},
	"10/main":        {{3, "info-change"}, {6, "seal-edit"}},
	"10/path":        {{4, "info-change"}},
	"10/identity":    {{0, "identity"}},
	"10/methods":     {{0, "four-methods"}},
	"10/seal":        {{3, "seal-edit"}},
	"11/main":        {{2, "apply-admin"}},
	"11/entry":       {{3, "apply-admin"}},
	"11/methods":     {{0, "appeal-methods"}},
	"11/phone":       {{2, "appeal-methods"}},
	"11/payment":     {{3, "payment-amount"}},
	"11/handover":    {{3, "handover"}},
	"12/main":        {{3, "apply-permission"}},
	"12/apply":       {{3, "apply-permission"}},
	"12/view":        {{0, "scope"}},
	"12/sign":        {{0, "scope"}},
	"12/ways":        {{0, "three-ways"}},
	"12/notify":      {{3, "notify"}},
	"12/reverse":     {{2, "reverse-payment"}},
	"13/main":        {{2, "seal-scope"}},
	"13/scope":       {{0, "seal-scope"}},
	"13/ways":        {{0, "three-ways"}},
	"16/main":        {{1, "seal-setup"}},
	"16/diff":        {{0, "seal-setup"}},
	"16/way1":        {{1, "seal-setup"}},
	"16/way2":        {{2, "seal-setup"}},
	"16/prepare":     {{1, "stamped-paper"}},
	"17/main":        {{4, "seal-view"}, {5, "seal-replace"}},
	"17/prepare":     {{1, "stamped-paper"}},
	"17/sample":      {{0, "stamped-paper"}},
	"17/find":        {{3, "seal-view"}},
	"17/replace":     {{1, "seal-replace"}},
	"17/pc":          {{4, "seal-edit"}},
	"18/way-a":       {{2, "add-member"}, {4, "change-admin"}, {6, "pick-admin"}},
	"18/payment":     {{3, "payment-amount"}},
	"18/add":         {{4, "add-member"}},
	"18/oldcode":     {{2, "change-admin"}},
	"18/pick":        {{3, "pick-admin"}},
	"18/register":    {{4, "register"}},
	"18/appeal":      {{4, "account-appeal"}},
	"18/methods":     {{0, "appeal-methods"}},
	"18/handover":    {{3, "handover"}},
}

// Places are the sketches of answers: by entry and part, the highest step that a
// sketch of it stands at. The server checks them against the content.
func Places() map[string]int {
	out := map[string]int{}
	for key, list := range places {
		for _, p := range list {
			out[key] = max(out[key], p.step)
		}
	}
	return out
}

// placed returns the sketches that stand after a step of an answer.
func (s *Set) placed(key string, step int) []Figure {
	var out []Figure
	for _, p := range places[key] {
		if p.step == step {
			out = append(out, s.figures[p.name])
		}
	}
	return out
}

func loadFigures() (map[string]Figure, error) {
	files, err := fs.Glob(figureFiles, "figures/*.svg")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	out := map[string]Figure{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".svg")
		t, err := texttemplate.ParseFS(figureFiles, file)
		if err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		var b strings.Builder
		if err := t.Execute(&b, &drawing{name: name}); err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		out[name] = Figure{name, template.HTML(strings.ReplaceAll(b.String(), "\n", ""))} // drawn by escaping methods
	}
	for key, list := range places {
		for _, p := range list {
			if _, ok := out[p.name]; !ok {
				return nil, fmt.Errorf("pages: sketch %q of %s is missing", p.name, key)
			}
		}
	}
	return out, nil
}
