package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
	"signdesk/bot/sms"
)

// smsReports takes a gateway's delivery reports. Gateways do not sign them, so
// that the last part of the path is a secret.
type smsReports struct {
	provider sms.Provider
	secret   string
	platform *platform.Platform
	tell     func(ctx context.Context, m actions.Message, id string) error
	log      *slog.Logger
}

// ServeHTTP answers POST …/{secret}. Reports about messages that were not sent
// from here are taken and change nothing.
func (s *smsReports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given, want := sha256.Sum256([]byte(r.PathValue("secret"))), sha256.Sum256([]byte(s.secret))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		http.NotFound(w, r)
		return
	}
	reports, err := sms.Reports(s.provider, r.Body)
	if err != nil {
		if errors.Is(err, sms.ErrReport) {
			s.log.Warn("delivery reports refused", "err", err)
		}
		http.Error(w, "malformed report", http.StatusBadRequest)
		return
	}
	for _, rep := range reports {
		if rep.Delivered {
			continue
		}
		if err := s.failed(r.Context(), rep); err != nil {
			s.log.Error("delivery report not noted; it is pushed again", "err", err)
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(sms.Accepted(s.provider))
}

// failed notes that a message did not reach its phone, and tells those who watch
// its case.
func (s *smsReports) failed(ctx context.Context, rep sms.Report) error {
	act := s.platform.NewAct(platform.Actor{System: "sms"}, "")
	n, err := platform.Do(ctx, s.platform, act, func(t *platform.Tx) (*platform.Notification, error) {
		return t.Undelivered(rep.MessageID, rep.Code)
	})
	if err != nil || n == nil {
		return err
	}
	s.log.Warn("notice did not arrive", "msg", string(n.ID), "code", rep.Code)
	if n.SubjectID == "" {
		return nil
	}
	text := "发往 " + value.Mask(n.To) + " 的短信没有送达。请核对手机号，再重新通知一次。"
	return s.tell(ctx, actions.Message{Case: n.SubjectID, Text: text}, "undelivered-"+string(n.ID))
}
