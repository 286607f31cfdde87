package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "signdesk"

// mayImport is the layout of the project: for each package, the packages of
// this module that it may import. Arrows point one way; a package that is not
// listed does not belong here. Suites and fakes (…test) are for tests only.
var mayImport = map[string][]string{
	"data":                             {},
	"data/store":                       {"data/store/tree"},
	"data/store/postgres":              {"data/store", "data/store/tree"},
	"data/store/postgres/postgrestest": {},
	"data/store/storetest":             {"data/store"},
	"data/store/tree":                  {},
	"kb/normalize":                     {},
	"kb":                               {"kb/normalize"},
	"kb/query":                         {"kb"},
	"actions/platform/value":           {},
	"actions/platform/calendar":        {},
	"actions/platform/picture":         {},
	"actions/platform":                 {"actions/platform/value", "actions/platform/calendar", "actions/platform/picture", "data/store"},
	"actions/platform/demo":            {"actions/platform", "actions/platform/value", "actions/platform/calendar", "data/store"},
	"actions":                          {"data/store"},
	"actions/flows":                    {"actions", "actions/platform", "actions/platform/value", "actions/platform/calendar", "data/store"},
	"bot/channel":                      {},
	"bot/wechat":                       {"bot/channel"},
	"bot/wechat/wechattest":            {"bot/wechat", "bot/channel"},
	"bot/telegram":                     {"bot/channel"},
	"bot/telegram/telegramtest":        {"bot/telegram", "bot/channel"},
	"bot/web":                          {"bot/channel"},
	"bot/ocr":                          {},
	"bot/ocr/screens":                  {},
	"bot/sms":                          {"bot/channel"},
	"bot/mail":                         {"bot/channel"},
	"bot/desk":                         {"bot/channel", "data/store"},
	"bot/desk/chart":                   {"bot/desk"},
	"bot/learn":                        {"bot/desk", "bot/channel", "data/store", "kb"},
	"bot":                              {"kb", "actions", "data/store", "bot/channel", "bot/desk"},
	"bot/faulttest":                    {},
	"bot/transcript":                   {"bot", "kb", "actions", "data/store", "bot/channel", "bot/desk"},
	"webhook":                          {"bot", "bot/channel", "bot/desk", "kb", "actions/platform", "webhook/visitor", "webhook/widget", "webhook/letter", "webhook/hooks", "webhook/pages"},
	"webhook/bench":                    {"bot/wechat/wechattest", "data/store"},
	"webhook/pages":                    {},
	"webhook/hooks":                    {"bot/channel"},
	"webhook/visitor":                  {},
	"webhook/letter":                   {},
	"webhook/widget":                   {},
}

// onlyIn lists the libraries that few packages may import, so that each can be
// replaced in one place. The key is a prefix of the import path.
var onlyIn = map[string][]string{
	"go.etcd.io/bbolt":                    {"data/store", "webhook/bench"}, // there: a yardstick
	"github.com/jackc/pgx":                {"data/store/postgres"},
	"github.com/blevesearch/bleve":        {"kb"},
	"github.com/gin-gonic/gin":            {"webhook", "webhook/bench"}, // there: a yardstick
	"github.com/go-telegram/bot":          {"bot/telegram"},
	"github.com/silenceper/wechat":        {"bot/wechat"},
	"go.yaml.in/yaml":                     {"kb", "actions", "actions/platform", "actions/platform/demo"},
	"github.com/6tail/lunar-go":           {"actions/platform/calendar"},
	"github.com/prometheus/client_golang": {"webhook"},
	"github.com/gin-contrib":              {"webhook"},
	"github.com/golang-jwt/jwt":           {"webhook/visitor"},
	"github.com/standard-webhooks":        {"webhook/hooks", "signdesk"},
	"codeberg.org/go-pdf":                 {"webhook/letter"},
	"golang.org/x/image":                  {"actions/platform/picture", "webhook/letter", "bot/ocr", "bot/ocr/screens"},
	"golang.org/x/text/unicode":           {"kb/normalize"},
	"github.com/go-analyze/charts":        {"bot/desk/chart"},
	"github.com/tencentcloud":             {"bot/sms"},
	"github.com/wneessen/go-mail":         {"bot/mail"},
}

// goPackage is what `go list -json` tells of a package.
type goPackage struct {
	ImportPath, Name                   string
	Imports, TestImports, XTestImports []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Name,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		list = append(list, p)
	}
}

func TestImports(t *testing.T) {
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if name == module {
			continue // main wires everything
		}
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("package %s is not in the layout", name)
			continue
		}
		for _, imp := range p.Imports {
			if own, ok := strings.CutPrefix(imp, module+"/"); ok && !slices.Contains(allowed, own) {
				t.Errorf("%s must not import %s", name, own)
			}
		}
	}
}

func TestLibrariesStayInTheirPackage(t *testing.T) {
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for lib, where := range onlyIn {
				if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.Contains(where, name) {
					t.Errorf("%s imports %s, which belongs in %s", name, imp, strings.Join(where, ", "))
				}
			}
		}
	}
}

func TestSuitesAreForTestsOnly(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, module+"/") && strings.HasSuffix(imp, "test") && p.ImportPath != module+"/webhook/bench" {
				t.Errorf("%s imports %s outside its tests", p.ImportPath, imp)
			}
		}
	}
}
