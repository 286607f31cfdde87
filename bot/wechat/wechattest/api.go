package wechattest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ServeHTTP answers the interfaces.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f := p.fault(r.URL.Path)
	if f.Hang != nil {
		select {
		case <-f.Hang:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Status != 0 {
		w.WriteHeader(f.Status)
		return
	}
	answer := map[string]any{"errcode": f.Code, "errmsg": "error for " + r.URL.Path}
	if f.Code == 0 {
		answer = p.do(w, r, body)
	}
	code, _ := answer["errcode"].(int)
	p.mu.Lock()
	p.calls = append(p.calls, Call{r.URL.Path, string(body), code})
	p.mu.Unlock()
	if f.Lost {
		panic(http.ErrAbortHandler)
	}
	if answer["raw"] != nil {
		raw, _ := answer["raw"].([]byte)
		_, _ = w.Write(raw)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (p *Platform) fault(path string) (f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if list := p.faults[path]; len(list) > 0 {
		f, p.faults[path] = list[0], list[1:]
	}
	return f
}

func refusal(code int, why string) map[string]any {
	return map[string]any{"errcode": code, "errmsg": why}
}

func (p *Platform) do(_ http.ResponseWriter, r *http.Request, body []byte) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/cgi-bin/stable_token" {
		return p.issue(body)
	}
	if raw := p.media[path.Base(r.URL.Path)]; raw != nil && strings.HasSuffix(r.URL.Host, pictureHost) {
		return map[string]any{"raw": raw}
	}
	switch given := r.URL.Query().Get("access_token"); {
	case given != p.token:
		return refusal(40001, "invalid credential, access_token is invalid or not latest rid: 1")
	case !p.Now().Before(p.until):
		return refusal(42001, "access_token expired rid: 1")
	}
	switch r.URL.Path {
	case "/cgi-bin/message/custom/send":
		return p.send(body)
	case "/cgi-bin/message/custom/typing":
		return refusal(0, "ok")
	case "/cgi-bin/media/get":
		if raw := p.media[r.URL.Query().Get("media_id")]; raw != nil {
			return map[string]any{"raw": raw}
		}
		return refusal(40007, "invalid media_id")
	case "/cgi-bin/media/upload":
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
			return refusal(41005, "media data missing")
		}
		p.n++
		id := fmt.Sprintf("media-%d", p.n)
		p.media[id] = body
		return map[string]any{"type": "image", "media_id": id, "created_at": p.Now().Unix()}
	case "/cgi-bin/message/template/send":
		return p.notice(body, true)
	case "/cgi-bin/message/subscribe/bizsend":
		return p.notice(body, !p.Unnamed)
	case "/cgi-bin/menu/create":
		return p.setMenu(body)
	}
	return refusal(-1, "no such interface")
}

// issue answers stable_token: the same token until five minutes before its end,
// or another by force.
func (p *Platform) issue(body []byte) map[string]any {
	var in struct {
		Type   string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
		Force  bool   `json:"force_refresh"`
	}
	p.asked++
	switch {
	case json.Unmarshal(body, &in) != nil || in.Type != "client_credential":
		return refusal(40002, "invalid grant_type")
	case in.AppID != p.AppID:
		return refusal(40013, "invalid appid")
	case in.Secret != p.Secret:
		return refusal(40125, "invalid appsecret")
	}
	now := p.Now()
	if in.Force {
		p.forced++
	}
	if in.Force || p.token == "" || p.token == "expired early" && p.issued == 0 || !now.Before(p.until.Add(-5*time.Minute)) {
		p.issued++
		p.token, p.until = fmt.Sprintf("token_%d_%s", p.issued, strings.Repeat("x", 400)), now.Add(2*time.Hour)
	}
	return map[string]any{"access_token": p.token, "expires_in": int(p.until.Sub(now).Seconds())}
}

func (p *Platform) send(body []byte) map[string]any {
	var in struct {
		To   string `json:"touser"`
		Type string `json:"msgtype"`
		Text *struct {
			Content string `json:"content"`
		} `json:"text"`
		Image *struct {
			ID string `json:"media_id"`
		} `json:"image"`
		Menu *struct {
			Head string `json:"head_content"`
			List []struct {
				ID, Content string
			} `json:"list"`
		} `json:"msgmenu"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return refusal(47001, "data format error")
	}
	who := p.people[in.To]
	if who == nil {
		return refusal(40003, "invalid openid")
	}
	var text string
	switch {
	case in.Type == "text" && in.Text != nil:
		text = in.Text.Content
	case in.Type == "image" && in.Image != nil:
		if p.media[in.Image.ID] == nil {
			return refusal(40007, "invalid media_id")
		}
		text = "[图片]"
	case in.Type == "msgmenu" && p.NoMenus:
		return refusal(40200, "invalid account type")
	case in.Type == "msgmenu" && in.Menu != nil && len(in.Menu.List) > 0:
		text = in.Menu.Head
		for _, item := range in.Menu.List {
			text += "<" + item.ID + " " + item.Content + ">"
		}
	default:
		return refusal(40008, "invalid message type")
	}
	if len(text) > p.MaxText+1000 || in.Type == "text" && len(text) > p.MaxText {
		return refusal(45002, "content size out of limit")
	}
	if who.gone {
		return refusal(43004, "require subscribe")
	}
	if code := who.spend(p.Now()); code != 0 {
		return refusal(code, "response out of limit")
	}
	who.inbox = append(who.inbox, text)
	return refusal(0, "ok")
}

// spend takes one send from the windows; the errcode tells why there is none.
func (who *person) spend(now time.Time) int {
	code := 45015
	for i := range who.windows {
		w := &who.windows[i]
		if !now.Before(w.until) {
			continue
		}
		if w.left > 0 {
			w.left--
			return 0
		}
		code = 45047
	}
	return code
}

// notice answers template and subscription messages.
func (p *Platform) notice(body []byte, named bool) map[string]any {
	var in struct {
		To   string `json:"touser"`
		Job  string `json:"client_msg_id"`
		ID   string `json:"template_id"`
		Data map[string]struct {
			Value string `json:"value"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return refusal(47001, "data format error")
	}
	who := p.people[in.To]
	switch {
	case who == nil:
		return refusal(40003, "invalid openid")
	case who.gone:
		return refusal(43004, "require subscribe")
	case in.ID == "" || len(in.Data) == 0:
		return refusal(40037, "invalid template_id")
	}
	for name, v := range in.Data {
		if strings.HasPrefix(name, "thing") && utf8.RuneCountInString(v.Value) > 20 {
			return refusal(47003, "argument invalid")
		}
	}
	answer := refusal(0, "ok")
	if job := in.To + " " + in.Job; in.Job != "" {
		if p.jobs[job] {
			return answer
		}
		p.jobs[job] = true
	}
	p.n++
	id, text := 200_000_000+p.n, in.Data["thing1"].Value
	who.notices = append(who.notices, Notice{strconv.Itoa(id), text})
	who.inbox = append(who.inbox, "[通知]"+text)
	if named {
		answer["msgid"] = id
	}
	return answer
}

// button is one of the menu's.
type button struct {
	Name, Type, Key, URL string
	Sub                  []button `json:"sub_button"`
}

// setMenu takes a menu within the platform's limits: three columns of five, names
// of 16 bytes (columns) and 60 bytes, keys of 128 bytes.
func (p *Platform) setMenu(body []byte) map[string]any {
	var in struct{ Button []button }
	if err := json.Unmarshal(body, &in); err != nil {
		return refusal(47001, "data format error")
	}
	if n := len(in.Button); n == 0 || n > 3 {
		return refusal(40016, "invalid button size")
	}
	for _, column := range in.Button {
		switch {
		case column.Name == "" || len(column.Name) > 16:
			return refusal(40018, "invalid button name size")
		case len(column.Sub) > 5:
			return refusal(40023, "invalid sub button size")
		}
		for _, b := range column.Sub {
			if b.Name == "" || len(b.Name) > 60 {
				return refusal(40025, "invalid sub button name size")
			}
		}
		for _, b := range append(column.Sub, column) {
			if len(b.Key) > 128 || b.Type == "click" && b.Key == "" {
				return refusal(40019, "invalid button key size")
			}
		}
	}
	p.menu = body
	return refusal(0, "ok")
}
