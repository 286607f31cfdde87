package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
	"signdesk/webhook"
)

// arrivedEvent is a payment on the platform's account.
type arrivedEvent struct {
	Payer        string    `json:"payer"` // account name
	PayerAccount string    `json:"payerAccount"`
	AmountFen    int64     `json:"amountFen"`
	Currency     string    `json:"currency"`
	Payee        string    `json:"payeeAccount"`
	ValueDate    time.Time `json:"valueDate"`
}

// bouncedEvent is a payment of the platform's that came back.
type bouncedEvent struct {
	Transfer string `json:"transfer"`
	Reason   string `json:"reason"`
}

// event does what another system tells. The same event does it once.
func (s *service) event(ctx context.Context, e webhook.Event) error {
	act := s.platform.NewAct(platform.Actor{System: "event"}, "")
	act.Key = "event " + e.ID
	var err error
	switch e.Type {
	case "payment.arrived":
		var d arrivedEvent
		if err := strict(e.Data, &d); err != nil {
			return err
		}
		pay := platform.IncomingPayment{ID: platform.IncomingID("in-" + e.ID), PayerName: d.Payer, PayerAccount: d.PayerAccount, Amount: value.Fen(d.AmountFen),
			Currency: d.Currency, ValueDate: d.ValueDate, PayeeAccount: d.Payee}
		_, err = platform.Do(ctx, s.platform, act, func(t *platform.Tx) (platform.ReverseID, error) { return t.Arrived(pay) })
	case "transfer.bounced":
		var d bouncedEvent
		if err := strict(e.Data, &d); err != nil {
			return err
		}
		err = s.platform.Run(ctx, act, func(t *platform.Tx) error { return t.TransferBounced(platform.TransferID(d.Transfer), d.Reason) })
	case "face.checked":
		var d faceEvent
		if err := strict(e.Data, &d); err != nil {
			return err
		}
		if err := s.told.checked(ctx, d); err != nil {
			return err
		}
		_, err = platform.Do(ctx, s.platform, act, func(t *platform.Tx) (platform.CheckStatus, error) {
			return t.FinishFaceCheck(platform.CheckID(d.Check))
		})
	case "carrier.answered":
		var d ownerEvent
		if err := strict(e.Data, &d); err != nil {
			return err
		}
		var ok bool
		if ok, err = s.told.owned(ctx, d); err == nil && !ok {
			return fmt.Errorf("%w: no mobile number", webhook.ErrBadEvent)
		}
	default:
		return webhook.ErrUnknownEvent
	}
	var r *platform.Refusal
	if errors.As(err, &r) {
		return fmt.Errorf("%w: %s", webhook.ErrBadEvent, r.Code)
	}
	return err
}

func strict(raw json.RawMessage, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", webhook.ErrBadEvent, err)
	}
	return nil
}
