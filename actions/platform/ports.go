package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signdesk/actions/platform/value"
)

// Ports are the platform's ways to the outside world. Their methods may be
// called concurrently and repeatedly with the same arguments.
type Ports struct {
	Registry   Registry
	Carrier    Carrier
	Face       Face
	Bank       Bank
	Recogniser Recogniser
	Files      Files
}

// Registry is the business registry (工商局).
type Registry interface {
	// Lookup returns the record of a USCC or registration number as it is
	// now; found is false if there is none.
	Lookup(ctx context.Context, registration string) (rec RegistryEntry, found bool, err error)
	// Find returns the USCC or registration number under which a name is
	// registered now, exactly as it is written; "" if there is none.
	Find(ctx context.Context, name string) (registration string, err error)
}

// RegistryEntry is what the registry tells. The legal representative's ID
// number is hashed as soon as it arrives.
type RegistryEntry struct {
	Name            string
	LegalRepName    string
	LegalRepID      string
	LegalRepCount   int
	LegalRepForeign bool
	EntityType      EntityType
	TermEnd         time.Time // zero: without end
	Gone            bool      // struck off
}

// Carrier knows who owns a mobile number.
type Carrier interface {
	// Owner returns the ID number under which the number was bought; found
	// is false if it was not bought under a real name.
	Owner(ctx context.Context, mobile string) (id string, found bool, err error)
}

// Face checks faces.
type Face interface {
	// Result tells how a check went. It is asked once the person came back
	// from the check, and never trusted to the person.
	Result(ctx context.Context, q FaceQuery) (FaceResult, error)
}

// FaceQuery names a face check and the person who was to take it.
type FaceQuery struct {
	Check      string
	Enterprise EnterpriseID
	Name       string
}

// FaceResult is the outcome of a face check.
type FaceResult string

// The outcomes of a face check.
const (
	FacePending FaceResult = "Pending"
	FacePassed  FaceResult = "Passed"
	FaceFailed  FaceResult = "Failed"
)

// Bank pays out small sums.
type Bank interface {
	// Pay sends the sum. The same order id is paid once, however often it is
	// asked for.
	Pay(ctx context.Context, o PayOrder) (PayResult, error)
}

// PayOrder is a payment to a corporate account.
type PayOrder struct {
	ID, AccountName, Bank, Province, City, Branch, AccountNo, Remark string
	Amount                                                           value.Fen
	At                                                               time.Time
}

// PayResult tells whether the bank took the order.
type PayResult struct {
	Bounced bool
	Reason  string
	Arrives time.Time // expected, if not bounced
}

// Recogniser reads pictures.
type Recogniser interface {
	Read(ctx context.Context, data []byte) (Reading, error)
}

// Files keeps the bytes of pictures under the name of their content.
type Files interface {
	Put(ctx context.Context, name string, data []byte) error
	Get(ctx context.Context, name string) ([]byte, error)
}

// A PortError means that something outside did not answer. The operation did
// nothing and may be tried again.
type PortError struct {
	Port string // e.g. "registry"
	Err  error
}

func (e *PortError) Error() string { return fmt.Sprintf("platform: ask %s: %v", e.Port, e.Err) }

// Unwrap returns the port's error.
func (e *PortError) Unwrap() error { return e.Err }

// question is what an operation needs to know, comparable so that the act can
// hold the answers.
type question struct {
	port string
	arg  any
}

// A Question is the error of an operation that needs an answer from outside.
// The transaction must be given up; after Answer the same act is run again.
type Question struct {
	port string
	call func(context.Context) error
}

func (q *Question) Error() string { return "platform: needs an answer of " + q.port }

// Answer asks the port and keeps the answer in the act. The error is a
// [*PortError], or ctx's.
func (q *Question) Answer(ctx context.Context) error {
	if err := q.call(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &PortError{q.port, err}
	}
	return nil
}

// ask returns the answer to a question; ok is false if it must be answered
// first, and the transaction has then failed with it.
func ask[A any](t *Tx, port string, arg any, call func(context.Context) (A, error)) (answer A, ok bool) {
	q := question{port, arg}
	if v, known := t.act.facts[q]; known {
		return v.(A), true
	}
	act := t.act
	t.fail(&Question{port, func(ctx context.Context) error {
		a, err := call(ctx)
		if err != nil {
			return err
		}
		if act.facts == nil {
			act.facts = make(map[question]any)
		}
		act.facts[q] = a
		return nil
	}})
	return answer, false
}

// maxQuestions bounds how often an operation is run again; each asks for three
// things at most.
const maxQuestions = 8

var errTooManyQuestions = errors.New("platform: operation keeps asking")

// answered answers the question that err may be; again means that the
// operation is to be run once more.
func answered(ctx context.Context, err error) (again bool, _ error) {
	var q *Question
	if !errors.As(err, &q) {
		return false, err
	}
	if err := q.Answer(ctx); err != nil {
		return false, err
	}
	return true, nil
}

// registryFact is the registry's answer as it is kept.
type registryFact struct {
	RegistryEntry
	found  bool
	idHash string
}

func (t *Tx) registry(registration string) (registryFact, bool) {
	p := t.p
	return ask(t, "registry", registration, func(ctx context.Context) (registryFact, error) {
		e, found, err := p.ports.Registry.Lookup(ctx, registration)
		f := registryFact{RegistryEntry: e, found: found && !e.Gone}
		if err == nil && e.LegalRepID != "" {
			f.idHash, f.LegalRepID = p.hashID(e.LegalRepID), ""
		}
		return f, err
	})
}

// registeredAs returns the registration of the name that the registry has now, "" if
// none.
func (t *Tx) registeredAs(name string) (string, bool) {
	p := t.p
	return ask(t, "registry", "name "+name, func(ctx context.Context) (string, error) { return p.ports.Registry.Find(ctx, name) })
}

// carrierOwner returns the hash of the ID number under which a mobile number
// was bought, "" if none.
func (t *Tx) carrierOwner(mobile string) (string, bool) {
	p := t.p
	return ask(t, "carrier", mobile, func(ctx context.Context) (string, error) {
		id, found, err := p.ports.Carrier.Owner(ctx, mobile)
		if err != nil || !found {
			return "", err
		}
		return p.hashID(id), nil
	})
}

func (t *Tx) faceResult(q FaceQuery) (FaceResult, bool) {
	p := t.p
	return ask(t, "face", q, func(ctx context.Context) (FaceResult, error) { return p.ports.Face.Result(ctx, q) })
}
