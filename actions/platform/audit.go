package platform

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"signdesk/data/store"
)

// An AuditEvent tells of one change of one record. Events are numbered without
// gaps and chained: each carries a keyed hash over itself and the one before,
// so that none can be changed, removed or inserted unnoticed by somebody who
// does not hold the key.
type AuditEvent struct {
	Seq    uint64
	At     time.Time
	Actor  string // see [Actor.String]
	Action string // the operation, e.g. "appeal.start"
	Table  string // kind of the record
	ID     string
	Before json.RawMessage `json:",omitempty"` // the record without its secrets; nothing if it is new
	After  json.RawMessage
	Hash   []byte // HMAC-SHA256 of the head before and this one without Hash
}

// auditEvents keeps the trail under its numbers, and finds the events of a
// record.
var auditEvents = store.Table{Name: "audit", Indexes: []store.Index{{Name: "record", Keys: func(_, value []byte) ([][]byte, error) {
	var e struct{ ID string }
	err := json.Unmarshal(value, &e)
	return [][]byte{key(e.ID)}, err
}}}}

const headTable = "audit-head"

var headKey = store.Key{}.Str("head")

// auditHead is the last event's number and a keyed hash of its hash: it shows
// when the end of the chain was cut off. The next event carries that hash on, so
// that a head set back without the key shows for good.
type auditHead struct {
	Seq  uint64
	Hash []byte
}

// audit appends an event for a change of a record.
func (t *Tx) audit(table, id string, before, after any) {
	if t.err != nil {
		return
	}
	head, err := readHead(t.tx)
	if err != nil {
		t.fail(err)
		return
	}
	e := &AuditEvent{Seq: head.Seq + 1, At: t.at, Actor: t.by.String(), Action: t.action, Table: table, ID: id,
		Before: withoutSecrets(before), After: withoutSecrets(after)}
	e.Hash = t.p.auditHash(head.Hash, e)
	raw, err := json.Marshal(e)
	if err == nil {
		err = auditEvents.Put(t.tx, store.Key{}.Uint(e.Seq), raw)
	}
	if err == nil {
		raw, err = json.Marshal(auditHead{e.Seq, t.p.headHash(e.Hash)})
	}
	if err == nil {
		err = t.tx.Put(headTable, headKey, raw)
	}
	if err != nil {
		t.fail(fmt.Errorf("platform: audit: %w", err))
	}
}

func withoutSecrets(rec any) json.RawMessage {
	if rec == nil {
		return nil
	}
	if r, ok := rec.(redacted); ok {
		rec = r.redact()
	}
	raw, err := json.Marshal(rec)
	if err != nil {
		panic(fmt.Sprintf("platform: marshal %T: %v", rec, err)) // records are plain data
	}
	return raw
}

func (p *Platform) auditHash(previous []byte, e *AuditEvent) []byte {
	bare := *e
	bare.Hash = nil
	raw, err := json.Marshal(&bare)
	if err != nil {
		panic(fmt.Sprintf("platform: marshal audit event: %v", err))
	}
	mac := hmac.New(sha256.New, p.keys.audit)
	mac.Write(previous)
	mac.Write(raw)
	return mac.Sum(nil)
}

// headHash is what the head keeps of the last event's hash. No event tells it.
func (p *Platform) headHash(last []byte) []byte {
	mac := hmac.New(sha256.New, p.keys.audit)
	mac.Write([]byte("head"))
	mac.Write(last)
	return mac.Sum(nil)
}

func readHead(tx store.Tx) (auditHead, error) {
	var head auditHead
	if raw := tx.Get(headTable, headKey); raw != nil {
		if err := json.Unmarshal(raw, &head); err != nil {
			return head, fmt.Errorf("platform: audit head: %w", err)
		}
	}
	return head, nil
}

// Changes returns how many changes were recorded so far.
func (t *Tx) Changes() uint64 {
	head, err := readHead(t.tx)
	if err != nil {
		t.fail(err)
	}
	return head.Seq
}

// ErrAuditChain means that the audit trail was changed from outside, or that
// the key is not the one it was written with.
var ErrAuditChain = errors.New("platform: audit chain is broken")

// VerifyAudit reads the whole audit trail and returns how many events it has.
// The error wraps [ErrAuditChain] and names the first event that does not fit.
func (p *Platform) VerifyAudit(ctx context.Context) (uint64, error) {
	var seq uint64
	err := p.store.View(ctx, func(tx store.Tx) error {
		seq = 0
		var previous []byte
		for _, raw := range tx.Scan(auditEvents.Name, store.Range{}) {
			seq++
			var e AuditEvent
			if err := json.Unmarshal(raw, &e); err != nil || e.Seq != seq || !hmac.Equal(e.Hash, p.auditHash(previous, &e)) {
				return fmt.Errorf("event %d: %w", seq, ErrAuditChain)
			}
			previous = p.headHash(e.Hash)
		}
		head, err := readHead(tx)
		if err != nil || head.Seq != seq || !hmac.Equal(head.Hash, previous) {
			return fmt.Errorf("after event %d: %w", seq, ErrAuditChain)
		}
		return nil
	})
	return seq, err
}

// History returns the last events of a record, newest first, at most limit.
func (t *Tx) History(id string, limit int) []AuditEvent {
	var events []AuditEvent
	r := store.Prefix(key(id))
	r.Reverse, r.Limit = true, limit
	for _, raw := range auditEvents.By(t.tx, "record", r) {
		var e AuditEvent
		if err := json.Unmarshal(raw, &e); err != nil {
			t.fail(fmt.Errorf("platform: audit event: %w", err))
			return nil
		}
		events = append(events, e)
	}
	return events
}
