package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"signdesk/bot/channel"
)

// mustLogIn is the answer of a server that takes nothing from strangers.
const mustLogIn = 530

// classify sorts an error of the library. The result's Err names the stage and
// not what the server said.
func classify(err error) *channel.SendError {
	var sending *gomail.SendError
	if errors.As(err, &sending) {
		return refused(sending)
	}
	// The letter did not begin to be sent: no address of a person is in it.
	var answer *textproto.Error
	if errors.As(err, &answer) {
		e := &channel.SendError{Kind: channel.Retry, Code: strconv.Itoa(answer.Code), Err: errors.New("connect: refused")}
		if permanent(answer.Code) {
			e.Kind = channel.Config
		}
		return e
	}
	kind := channel.Config // certificates, and what the server does not offer
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) {
		kind = channel.Retry
	}
	return &channel.SendError{Kind: kind, Err: fmt.Errorf("connect: %w", err)}
}

// refused sorts what happened to a letter on the way.
func refused(s *gomail.SendError) *channel.SendError {
	e := &channel.SendError{Kind: channel.Retry, Err: errors.New(s.Reason.String())}
	code := s.ErrorCode()
	if code == 0 { // no answer
		return e
	}
	e.Code = strings.TrimSpace(strconv.Itoa(code) + " " + s.EnhancedStatusCode())
	if permanent(code) {
		e.Kind = channel.Rejected
		if s.Reason == gomail.ErrSMTPMailFrom || code == mustLogIn {
			e.Kind = channel.Config // it is not the letter that is refused, but we
		}
	}
	return e
}

func permanent(code int) bool { return code >= 500 && code < 600 }
