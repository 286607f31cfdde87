// Package demo is a platform to try things out with: invented enterprises in
// the situations of the guide, and deterministic stand-ins for the outside
// world. Nothing in it refers to a real person, company or number.
//
// It owns the reading of the demonstration's world (data/demo), what the
// business registry and the carrier know of it, and the demonstration's clock.
// Ports may be used by any number of goroutines.
//
// # Key layout
//
//	demo-clock  Key("offset")   => nanoseconds between the demonstration's time and the real one
//	demo-files  Key(name)       => bytes of an uploaded picture
package demo

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/value"
	"signdesk/data/store"
)

// Start is when the demonstration begins.
var Start = time.Date(2022, 5, 26, 1, 0, 0, 0, time.UTC)

// World is what exists in the demonstration besides the platform's records. It
// is immutable.
type World struct {
	file     worldFile
	registry map[string]platform.RegistryEntry // by registration
	owners   map[string]string                 // ID number by mobile
	people   map[string]bool                   // names of legal representatives
}

// The file, as it is written.
type (
	worldFile struct {
		Accounts    []accountLine
		Enterprises []enterpriseLine
		Contracts   []contractLine
	}
	accountLine    struct{ ID, Name string }
	enterpriseLine struct {
		ID, Name, Registration, Type, State string
		LegalRep                            string `yaml:"legalRep"`
		Foreign                             bool
		Registry                            struct {
			Name     string
			LegalRep string `yaml:"legalRep"`
		}
		Group, Parent string
		LineOf        string `yaml:"lineOf"`
		Seals         []sealLine
		Members       []memberLine
		Templates     []string
	}
	sealLine struct {
		Name, Kind string
		Uploaded   bool
		Holders    []string
	}
	memberLine   struct{ Account, Login, Name string }
	contractLine struct{ ID, Title, To, From, Account, Viewed, Signed string }
)

// WorldFile is the file that Read reads.
const WorldFile = "demo.yaml"

// Read reads the demonstration's world. Unknown fields are errors.
func Read(fsys fs.FS) (*World, error) {
	raw, err := fs.ReadFile(fsys, WorldFile)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	w := &World{registry: make(map[string]platform.RegistryEntry), owners: make(map[string]string), people: make(map[string]bool)}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&w.file); err != nil {
		return nil, fmt.Errorf("demo: %s: %w", WorldFile, err)
	}
	for i := range w.file.Enterprises {
		w.register(&w.file.Enterprises[i])
	}
	return w, nil
}

// The parts of an invented person's numbers: 1400 is no range of subscribers,
// and the region 990001 does not exist.
const (
	mobileHead    = "1400000"
	idHead        = "990001198001010"
	newRepIDHead  = "990001198001019" // a legal representative who came later
	repMobile     = "90"
	newRepMobile  = "93"
	repNamePrefix = "法示"
)

// number returns the nn of an id.
func number(id string) string { return strings.Split(id, "-")[1][:2] }

// idCard completes an ID card number by its check digit.
func idCard(head string) string {
	for _, check := range "0123456789X" {
		if id, ok := value.IDCard(head + string(check)); ok {
			return id
		}
	}
	panic("demo: no check digit for " + head)
}

func (e *enterpriseLine) legalRep() string {
	if e.LegalRep != "" {
		return e.LegalRep
	}
	return repNamePrefix + number(e.ID)
}

func (e *enterpriseLine) entityType() platform.EntityType {
	if e.Type == "" {
		return platform.Company
	}
	return platform.EntityType(e.Type)
}

// register notes what the registry and the carrier know of an enterprise.
func (w *World) register(e *enterpriseLine) {
	if e.LineOf != "" {
		return // shares its company's registration
	}
	nn := number(e.ID)
	entry := platform.RegistryEntry{Name: e.Name, LegalRepName: e.legalRep(), LegalRepID: idCard(idHead + nn), LegalRepCount: 1,
		LegalRepForeign: e.Foreign, EntityType: e.entityType()}
	w.owners[mobileHead+nn+repMobile] = entry.LegalRepID
	w.people[entry.LegalRepName] = true
	if e.Registry.Name != "" {
		entry.Name = e.Registry.Name
	}
	if e.Registry.LegalRep != "" {
		entry.LegalRepName, entry.LegalRepID = e.Registry.LegalRep, idCard(newRepIDHead+nn)
		w.owners[mobileHead+nn+newRepMobile] = entry.LegalRepID
		w.people[entry.LegalRepName] = true
	}
	w.registry[e.Registration] = entry
}

// Ports returns the demonstration's ports. Files are kept in the store.
func (w *World) Ports(s store.Store) platform.Ports {
	return platform.Ports{Registry: w, Carrier: w, Face: w, Bank: bank{}, Recogniser: recogniser{}, Files: filesIn{s}}
}

// Lookup answers for the business registry.
func (w *World) Lookup(_ context.Context, registration string) (platform.RegistryEntry, bool, error) {
	e, ok := w.registry[registration]
	return e, ok, nil
}

// Find answers for the business registry.
func (w *World) Find(_ context.Context, name string) (string, error) {
	for registration, e := range w.registry {
		if e.Name == name && name != "" {
			return registration, nil
		}
	}
	return "", nil
}

// Owner answers for the carrier.
func (w *World) Owner(_ context.Context, mobile string) (string, bool, error) {
	id, ok := w.owners[mobile]
	return id, ok, nil
}

// faceFails is the enterprise whose legal representative never passes a face
// check, so that the phone must be used.
const faceFails platform.EnterpriseID = "E-13"

// Result answers for the face service: the legal representatives pass.
func (w *World) Result(_ context.Context, q platform.FaceQuery) (platform.FaceResult, error) {
	if q.Enterprise == faceFails || !w.people[q.Name] {
		return platform.FaceFailed, nil
	}
	return platform.FacePassed, nil
}

// The bank decides by the end of the account number.
const (
	bouncing  = "98"
	slow      = "99"
	maxAmount = 98
)

type bank struct{}

// Pay bounces payments to accounts that end in 98; those to accounts that end
// in 99 take two working days, others one.
func (bank) Pay(_ context.Context, o platform.PayOrder) (platform.PayResult, error) {
	if strings.HasSuffix(o.AccountNo, bouncing) {
		return platform.PayResult{Bounced: true, Reason: "账号与户名不符"}, nil
	}
	days := 1
	if strings.HasSuffix(o.AccountNo, slow) {
		days = 2
	}
	arrives, err := calendar.AddWorkingDays(o.At, days)
	return platform.PayResult{Arrives: arrives.UTC()}, err
}

// Amount is the sum that is paid to an account: its last two digits modulo 98,
// and one fen.
func Amount(account string, _ uint64) value.Fen {
	n := 0
	for _, r := range account[len(account)-2:] {
		n = n*10 + int(r-'0')
	}
	return value.Fen(n%maxAmount + 1)
}

const filesTable = "demo-files"

// filesIn keeps pictures in the store.
type filesIn struct{ s store.Store }

func (f filesIn) Put(ctx context.Context, name string, data []byte) error {
	return f.s.Update(ctx, func(tx store.Tx) error { return tx.Put(filesTable, store.Key{}.Str(name), data) })
}

func (f filesIn) Get(ctx context.Context, name string) (data []byte, err error) {
	err = f.s.View(ctx, func(tx store.Tx) error {
		data = bytes.Clone(tx.Get(filesTable, store.Key{}.Str(name)))
		if data == nil {
			return fmt.Errorf("demo: no file %s: %w", name, fs.ErrNotExist)
		}
		return nil
	})
	return data, err
}
