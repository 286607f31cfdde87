package platform

import (
	"maps"
	"slices"
	"strings"
)

// Code says why the platform refused, for programs; the Chinese text of each is
// in [Words].
type Code string

// Refusal codes. Those up to LinkRevoked are of the specification (B23), the
// others tell of forms and of limits that it proposes.
const (
	LicenceTaken     Code = "LicenceTaken"
	NotPC            Code = "NotPC"
	NotCertifying    Code = "NotCertifying"
	NotOwner         Code = "NotOwner"
	BadImageType     Code = "BadImageType"
	ImageTooBig      Code = "ImageTooBig"
	BadWatermark     Code = "BadWatermark"
	RegistryMismatch Code = "RegistryMismatch"
	MethodNotAllowed Code = "MethodNotAllowed"
	ConsentMissing   Code = "ConsentMissing"
	NoPrivatePayment Code = "NoPrivatePayment"
	UnderReview      Code = "UnderReview"
	AlreadyCertified Code = "AlreadyCertified"
	NoRight          Code = "NoRight"
	ChangeOpen       Code = "ChangeOpen"
	DifferentUSCC    Code = "DifferentUSCC"
	InGroup          Code = "InGroup"
	WrongCode        Code = "WrongCode"
	CodeExpired      Code = "CodeExpired"
	CodeLocked       Code = "CodeLocked"
	WrongAmount      Code = "WrongAmount"
	LegalRepMismatch Code = "LegalRepMismatch"
	StaleLetter      Code = "StaleLetter"
	OnlyDefaultSeal  Code = "OnlyDefaultSeal"
	NotActivated     Code = "NotActivated"
	NotMember        Code = "NotMember"
	BadPassword      Code = "BadPassword"
	LinkUsed         Code = "LinkUsed"
	LinkExpired      Code = "LinkExpired"
	LinkRevoked      Code = "LinkRevoked"

	NotFound          Code = "NotFound"          // or not to be seen by the actor
	NotLoggedIn       Code = "NotLoggedIn"       // the actor is no account
	MissingField      Code = "MissingField"      // field
	BadField          Code = "BadField"          // field
	BadAmountForm     Code = "BadAmountForm"     // not an amount
	BadAmountScale    Code = "BadAmountScale"    // more than two decimals
	BadAmountRange    Code = "BadAmountRange"    // not 0.01 to 0.99 yuan
	BrokenImage       Code = "BrokenImage"       // cannot be decoded
	TooManyPixels     Code = "TooManyPixels"     // would take too much memory
	UnknownDocument   Code = "UnknownDocument"   // not one of the licences taken
	NoNameChannelOnly Code = "NoNameChannelOnly" // the no-name channel does not apply
	NeedsLegalRepCard Code = "NeedsLegalRepCard" // an agent's card is not accepted
	NeedsAgentCard    Code = "NeedsAgentCard"    // only an agent's card is accepted
	ResendTooSoon     Code = "ResendTooSoon"     // seconds
	TooManyCodes      Code = "TooManyCodes"      // for one target and day
	TooManySends      Code = "TooManySends"      // of one link and day
	OwnLogin          Code = "OwnLogin"          // the recipient is the applicant
	LoginTaken        Code = "LoginTaken"        // an account or member has it
	NameTaken         Code = "NameTaken"         // a seal or enterprise has it
	AlreadyAdmin      Code = "AlreadyAdmin"      // the applicant is the main administrator
	AlreadyOpen       Code = "AlreadyOpen"       // such a case is open
	NotOpen           Code = "NotOpen"           // the case is not at this step (any more)
	NeedsSupport      Code = "NeedsSupport"      // no self-service
	NothingToAsk      Code = "NothingToAsk"      // the right is there, or not to be had by asking
	NoItems           Code = "NoItems"           // nothing chosen
	NotSigning        Code = "NotSigning"        // the contract is finished
	NeedsReason       Code = "NeedsReason"       // a rejection says why
	LastAdmin         Code = "LastAdmin"         // the main administrator cannot be disabled or removed
)

// A Refusal is the platform's "no" to what somebody asked for: not a failure,
// but an outcome. See the package comment on what it leaves behind.
type Refusal struct {
	Code Code
	Rule string            // of the specification, e.g. "R01.4"; "" if it has none
	Args map[string]string `json:",omitempty"` // fill the placeholders of the text
}

// Error names the code, the rule and the names of the arguments; their values
// may be personal.
func (r *Refusal) Error() string {
	s := "platform: refused: " + string(r.Code)
	if r.Rule != "" {
		s += " (" + r.Rule + ")"
	}
	if len(r.Args) > 0 {
		s += " with " + strings.Join(slices.Sorted(maps.Keys(r.Args)), ", ")
	}
	return s
}

// Is lets errors.Is compare refusals by code.
func (r *Refusal) Is(target error) bool {
	o, ok := target.(*Refusal)
	return ok && o.Code == r.Code
}

// refuse makes a refusal; args are names and values in turn.
func refuse(code Code, rule string, args ...string) *Refusal {
	r := &Refusal{Code: code, Rule: rule}
	for i := 0; i+1 < len(args); i += 2 {
		if r.Args == nil {
			r.Args = make(map[string]string)
		}
		r.Args[args[i]] = args[i+1]
	}
	return r
}

func missing(field, rule string) *Refusal { return refuse(MissingField, rule, "field", field) }
func bad(field, rule string) *Refusal     { return refuse(BadField, rule, "field", field) }

// end returns the error of an operation that ends with r: nil if r is.
// (A nil *Refusal in an error is not a nil error.)
func (t *Tx) end(r *Refusal) error {
	if t.err != nil {
		return t.err
	}
	if r != nil {
		return r
	}
	return nil
}
