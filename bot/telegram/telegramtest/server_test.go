package telegramtest_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"signdesk/bot/telegram/telegramtest"
)

const token = "42:secret"

var li = telegramtest.Person{ID: 7, First: "李"}

type answer struct {
	OK          bool
	Result      json.RawMessage
	Description string
	Parameters  struct {
		MigrateTo int64 `json:"migrate_to_chat_id"`
	}
}

// call asks over a network, in one of the ways that the platform takes.
func call(t *testing.T, address, way, method string, params map[string]string) (a answer, status int) {
	t.Helper()
	var body bytes.Buffer
	kind := "application/x-www-form-urlencoded"
	switch way {
	case "json":
		kind = "application/json"
		if err := json.NewEncoder(&body).Encode(params); err != nil {
			t.Fatal(err)
		}
	case "multipart":
		w := multipart.NewWriter(&body)
		for k, v := range params {
			if err := w.WriteField(k, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		kind = w.FormDataContentType()
	default:
		form := make(url.Values)
		for k, v := range params {
			form.Set(k, v)
		}
		body.WriteString(form.Encode())
	}
	resp, err := http.Post(address+"/bot"+token+"/"+method, kind, &body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a, resp.StatusCode
}

func TestRequestsAreRead(t *testing.T) {
	t.Parallel()
	s := telegramtest.New(token)
	l := httptest.NewServer(s)
	defer l.Close()
	c := s.Group(-5)
	for _, way := range []string{"json", "multipart", "form"} {
		if a, _ := call(t, l.URL, way, "sendMessage", map[string]string{"chat_id": "-5", "text": way + " <b>&lt;粗&gt;</b>", "parse_mode": "HTML"}); !a.OK {
			t.Errorf("%s: %s", way, a.Description)
		}
	}
	if got, want := c.Show(), "json <粗>\nmultipart <粗>\nform <粗>\n"; got != want {
		t.Errorf("shows %q, want %q", got, want)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := telegramtest.New(token)
	l := httptest.NewServer(s)
	defer l.Close()
	s.Group(-5)
	s.Group(-6).Forum(true)
	s.Group(-7).Migrate(-8)
	s.Group(-9).Remove(li)
	s.Private(li).Remove(li)
	buttons := func(data string) string {
		raw, _ := json.Marshal(map[string]any{"inline_keyboard": [][]map[string]string{{{"text": "甲", "callback_data": data}}}})
		return string(raw)
	}
	type params = map[string]string
	tests := []struct {
		method string
		params params
		status int
		want   string
	}{
		{"sendMessage", params{"chat_id": "-5", "text": strings.Repeat("长", 4096)}, 200, ""},
		{"sendMessage", params{"chat_id": "-5", "text": strings.Repeat("长", 4097)}, 400, "message is too long"},
		{"sendMessage", params{"chat_id": "-5", "text": strings.Repeat("😀", 2049)}, 400, "message is too long"},
		{"sendMessage", params{"chat_id": "-5", "text": strings.Repeat("&lt;", 4096), "parse_mode": "HTML"}, 200, ""},
		{"sendMessage", params{"chat_id": "-5", "text": " \n"}, 400, "message text is empty"},
		{"sendMessage", params{"chat_id": "-5", "text": "a<b", "parse_mode": "HTML"}, 400, "can't parse entities"},
		{"sendMessage", params{"chat_id": "-5", "text": "<b>a", "parse_mode": "HTML"}, 400, "can't parse entities"},
		{"sendMessage", params{"chat_id": "-5", "text": "a", "reply_markup": buttons(strings.Repeat("长", 21))}, 200, ""},
		{"sendMessage", params{"chat_id": "-5", "text": "a", "reply_markup": buttons(strings.Repeat("长", 22))}, 400, "BUTTON_DATA_INVALID"},
		{"sendMessage", params{"chat_id": "-5", "text": "a", "message_thread_id": "3"}, 400, "message thread not found"},
		{"sendMessage", params{"chat_id": "-1", "text": "a"}, 400, "chat not found"},
		{"sendMessage", params{"text": "a"}, 400, "chat_id is empty"},
		{"sendMessage", params{"chat_id": "-7", "text": "a"}, 400, "upgraded to a supergroup"},
		{"sendMessage", params{"chat_id": "-9", "text": "a"}, 403, "bot was kicked"},
		{"sendMessage", params{"chat_id": "7", "text": "a"}, 403, "bot was blocked by the user"},
		{"editMessageText", params{"chat_id": "-5", "message_id": "1", "text": "a"}, 400, "message to edit not found"},
		{"createForumTopic", params{"chat_id": "-5", "name": "a"}, 400, "not a forum"},
		{"createForumTopic", params{"chat_id": "-6", "name": strings.Repeat("长", 129)}, 400, "TOPIC_TITLE_INVALID"},
		{"createForumTopic", params{"chat_id": "-6", "name": strings.Repeat("长", 128)}, 200, ""},
		{"closeForumTopic", params{"chat_id": "-6", "message_thread_id": "1"}, 400, "TOPIC_ID_INVALID"},
		{"answerCallbackQuery", params{"callback_query_id": "x"}, 400, "query is too old"},
		{"getFile", params{"file_id": "x"}, 400, "wrong file_id"},
		{"setWebhook", params{"url": "http://desk.example/tg"}, 400, "HTTPS"},
		{"setWebhook", params{"url": "https://desk.example/tg", "secret_token": "a b"}, 400, "unallowed characters"},
		{"fly", nil, 404, "Not Found"},
	}
	for _, tt := range tests {
		a, status := call(t, l.URL, "form", tt.method, tt.params)
		if status != tt.status || !strings.Contains(a.Description, tt.want) || a.OK != (status == 200) {
			t.Errorf("%s: got %d %q, want %d %q", tt.method, status, a.Description, tt.status, tt.want)
		}
	}
	if a, _ := call(t, l.URL, "json", "sendMessage", params{"chat_id": "-7", "text": "a"}); a.Parameters.MigrateTo != -8 {
		t.Errorf("moved to %d, want -8", a.Parameters.MigrateTo)
	}
	resp, err := http.Get(l.URL + "/bot42:wrong/getMe")
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("wrong token: %d", resp.StatusCode)
	}
}

func TestUpdatesWaitUntilConfirmed(t *testing.T) {
	t.Parallel()
	s := telegramtest.New(token)
	l := httptest.NewServer(s)
	defer l.Close()
	c := s.Group(-5)
	c.Say(li, "", "一")
	c.Say(li, "", "二")
	for i, tt := range []struct {
		offset string
		want   int
	}{{"", 2}, {"0", 2}, {"5002", 1}, {"", 1}, {"5003", 0}} {
		a, _ := call(t, l.URL, "json", "getUpdates", map[string]string{"offset": tt.offset})
		var list []any
		if err := json.Unmarshal(a.Result, &list); err != nil || len(list) != tt.want {
			t.Errorf("question %d: %d updates, %v; want %d", i, len(list), err, tt.want)
		}
	}
}
