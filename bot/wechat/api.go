package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/silenceper/wechat/v2/util"

	"signdesk/bot/channel"
)

// errcodes of the platform that are treated in their own way (全局返回码).
const (
	codeBusy         = -1
	codeToken        = 40001 // or the secret is wrong
	codeOpenID       = 40003
	codeMedia        = 40007
	codeAppID        = 40013
	codeTokenBad     = 40014
	codeSecret       = 40125
	codeAddress      = 40164 // our address is not on the account's list
	codeAccountType  = 40200 // of msgmenu: not for this account
	codeTokenOver    = 42001
	codeNotFollowing = 43004
	codeTooLong      = 45002
	codeDayLimit     = 45009
	codeMinuteLimit  = 45011
	codeWindow       = 45015 // 48 hours are over
	codeQuota        = 45047 // no sends are left in the window
	codeForbidden    = 48001 // the account has no right to this interface
)

// kinds says what an errcode means for a message. What is not listed is tried
// again.
var kinds = map[int64]channel.Failure{
	codeBusy: channel.Retry, codeOpenID: channel.Rejected, codeAppID: channel.Config, codeSecret: channel.Config, codeAddress: channel.Config,
	codeNotFollowing: channel.Closed, codeTooLong: channel.Rejected, codeDayLimit: channel.Throttled, codeMinuteLimit: channel.Throttled,
	codeWindow: channel.Closed, codeQuota: channel.Closed, codeForbidden: channel.Closed,
}

// shuts are the errcodes after which nothing reaches that person until he writes.
var shuts = map[int64]bool{codeWindow: true, codeQuota: true, codeNotFollowing: true}

// inAddress are what must not be told of the address of a request.
var inAddress = regexp.MustCompile(`((?:access_token|secret)=)[^&"\s]+`)

// failure is an error of a request, without secrets.
func failure(api string, err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return &channel.SendError{Kind: channel.Retry, Err: fmt.Errorf("wechat: %s: %s", api, inAddress.ReplaceAllString(err.Error(), "$1…"))}
}

// refused is an errcode of an interface as an error.
func (a *Account) refused(path string, err *util.CommonError) *channel.SendError {
	kind, ok := kinds[err.ErrCode]
	if !ok {
		kind = channel.Retry
	}
	what := advice[err.ErrCode]
	if ofSending[err.ErrCode] && path != sendPath {
		what = ""
	}
	if what != "" && a.paused.tell(err.ErrCode, a.Now()) {
		a.Log.Error("WeChat refuses the account's settings", "channel", Channel, "code", err.ErrCode, "todo", what)
	}
	out := &channel.SendError{Kind: kind, Code: strconv.FormatInt(err.ErrCode, 10), Shut: shuts[err.ErrCode], Err: err}
	if err.ErrCode == codeMinuteLimit {
		out.After = minuteWait
	}
	return out
}

// call posts to an interface with the access token. A token that the platform
// refuses is renewed once. The answer is decoded into out, if that is not nil;
// an errcode is a [*channel.SendError].
func (a *Account) call(ctx context.Context, path, kind string, body []byte, out any) error {
	var stale string
	for {
		token, err := a.token(ctx, stale)
		if err != nil {
			return err
		}
		raw, err := a.exchange(ctx, http.MethodPost, path, url.Values{"access_token": {token}}, kind, body)
		if err != nil {
			return err
		}
		err = errcode(raw, path)
		var ce *util.CommonError
		switch {
		case err == nil && out != nil:
			if err := json.Unmarshal(raw, out); err != nil {
				return failure(path, errors.New("answer is not as documented"))
			}
			return nil
		case err == nil:
			return nil
		case !errors.As(err, &ce):
			return err
		case stale == "" && (ce.ErrCode == codeToken || ce.ErrCode == codeTokenBad || ce.ErrCode == codeTokenOver):
			stale = token
			continue
		}
		out := a.refused(path, ce)
		if path == sendPath {
			a.paused.heed(out, ce.ErrCode, a.Now())
		}
		return out
	}
}

// errcode returns the error that an answer tells of: HTTP 200 says nothing.
func errcode(raw []byte, api string) error {
	err := util.DecodeWithCommonError(raw, api)
	if err == nil {
		return nil
	}
	if ce := new(util.CommonError); errors.As(err, &ce) {
		ce.ErrMsg = "" // may quote what was sent
		return ce
	}
	return failure(api, errors.New("answer is not JSON"))
}

func (a *Account) exchange(ctx context.Context, method, path string, query url.Values, kind string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.API+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, failure(path, err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return nil, failure(path, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, failure(path, fmt.Errorf("HTTP status %d", res.StatusCode))
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, failure(path, err)
	}
	return raw, nil
}

// post calls an interface that takes JSON. Chinese is sent as it is: the platform
// shows escapes as they are.
func (a *Account) post(ctx context.Context, path string, in, out any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(in); err != nil {
		return fmt.Errorf("wechat: %s: %w", path, err)
	}
	return a.call(ctx, path, "application/json; charset=utf-8", b.Bytes(), out)
}

// typing shows the person that an answer is being written. It may fail.
func (a *Account) typing(ctx context.Context, openid string) {
	if !a.Verified {
		return
	}
	if err := a.post(ctx, "/cgi-bin/message/custom/typing", map[string]string{"touser": openid, "command": "Typing"}, nil); err != nil {
		a.Log.Debug("typing not shown", "channel", Channel, "err", err)
	}
}

// upload sends a picture to the platform and returns its media id.
func (a *Account) upload(ctx context.Context, picture []byte) (string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	kind := http.DetectContentType(picture)
	name := "picture.png"
	switch kind {
	case "image/jpeg":
		name = "picture.jpg"
	case "image/gif":
		name = "picture.gif"
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="media"; filename="` + name + `"`}, "Content-Type": {kind}})
	if err == nil {
		_, err = part.Write(picture)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return "", fmt.Errorf("wechat: upload: %w", err)
	}
	var out struct {
		MediaID string `json:"media_id"`
	}
	if err := a.call(ctx, "/cgi-bin/media/upload", w.FormDataContentType(), b.Bytes(), &out); err != nil {
		return "", err
	}
	return out.MediaID, nil
}

// picture downloads a picture that was sent, by its id or else by its address; nil if
// it cannot be had. The error is a passing one.
func (a *Account) picture(ctx context.Context, m *pushed) ([]byte, error) {
	var passing error
	if a.Verified && m.MediaID != "" {
		raw, err := a.media(ctx, m.MediaID)
		if err == nil {
			return raw, nil
		}
		if se := new(channel.SendError); !errors.As(err, &se) || se.Kind == channel.Retry && se.Code == "" {
			passing = err
		}
		a.Log.Warn("picture not had by its id", "channel", Channel, "err", err)
	}
	if !a.pictureHost(m.PicURL) {
		return nil, passing
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.PicURL, nil)
	if err != nil {
		return nil, nil
	}
	return a.download(req, "picture")
}

// pictureHost reports whether an address is one of the platform's: whoever forges
// a message must not have us ask other servers.
func (a *Account) pictureHost(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if strings.HasPrefix(a.API, u.Scheme+"://"+u.Host) && u.Host != "" && a.API == u.Scheme+"://"+u.Host {
		return true
	}
	return (u.Scheme == "https" || u.Scheme == "http") && u.Port() == "" && strings.HasSuffix(u.Hostname(), ".qpic.cn")
}

// media downloads what was sent, by its id.
func (a *Account) media(ctx context.Context, id string) ([]byte, error) {
	var stale string
	for {
		token, err := a.token(ctx, stale)
		if err != nil {
			return nil, err
		}
		query := url.Values{"access_token": {token}, "media_id": {id}}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.API+"/cgi-bin/media/get?"+query.Encode(), nil)
		if err != nil {
			return nil, failure("media/get", err)
		}
		raw, err := a.download(req, "media/get")
		if err != nil {
			return nil, err
		}
		if len(raw) == 0 || raw[0] != '{' {
			return raw, nil
		}
		var ce *util.CommonError
		if err := errcode(raw, "media/get"); !errors.As(err, &ce) {
			return nil, errors.Join(err, a.refused("media/get", util.NewCommonError("media/get", codeMedia, "no picture")))
		}
		if stale == "" && (ce.ErrCode == codeToken || ce.ErrCode == codeTokenBad || ce.ErrCode == codeTokenOver) {
			stale = token
			continue
		}
		return nil, a.refused("media/get", ce)
	}
}

func (a *Account) download(req *http.Request, api string) ([]byte, error) {
	res, err := a.client.Do(req)
	if err != nil {
		return nil, failure(api, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, failure(api, fmt.Errorf("HTTP status %d", res.StatusCode))
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxPicture+1))
	if err != nil {
		return nil, failure(api, err)
	}
	if len(raw) > maxPicture {
		return nil, nil
	}
	return raw, nil
}
