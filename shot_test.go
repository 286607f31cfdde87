package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/bot/telegram/telegramtest"
	"signdesk/webhook"
)

// shows brings a picture of the staff to the person of a ticket.
func shows(s *site, id, staff, say, text string, picture []byte) error {
	return s.talks.Work(s.Context(), func(tx desk.Tx) error {
		_, err := tx.Say(id, staff, say, channel.Message{Text: text, Image: picture})
		return err
	})
}

// picture gets a picture of a conversation: its status, its kind and its bytes.
func (s *site) picture(token, path string) (int, string, []byte) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), "GET", s.url+path, nil)
	s.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	s.must(err)
	return res.StatusCode, res.Header.Get("Content-Type"), raw
}

// TestStaffPictureOnAPage: a picture of the staff is seen by its visitor, and by
// nobody else, for a month.
func TestStaffPictureOnAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	g, other := s.guest(), s.guest()
	g.says("转人工", "已为您转接人工客服")
	list, err := ticketsOf(t.Context(), s.talks)
	s.must(err)
	k := list[0]
	s.must(claim(t.Context(), s.talks, k.ID, "li"))
	shot, err := demo.Picture(platform.Reading{Name: "图"})
	s.must(err)
	for range 2 { // as often as it comes
		s.must(shows(s, k.ID, "li", "1", "按这里", shot))
		s.must(shows(s, k.ID, "li", "2", "", shot))
	}
	_, history := s.do("GET", "/api/v1/conversation/messages", g.token, nil)
	var said []map[string]any
	for _, m := range history["messages"].([]any) {
		if m := m.(map[string]any); m["from"] == "staff" {
			said = append(said, m)
		}
	}
	if len(said) != 2 || said[0]["text"] != "按这里" || said[1]["text"] != "［图片］" {
		t.Fatalf("the visitor reads %v", said)
	}
	for _, m := range said {
		href := fmt.Sprint(m["file"].(map[string]any)["href"])
		if status, kind, raw := s.picture(g.token, href); status != 200 || kind != http.DetectContentType(shot) || !bytes.Equal(raw, shot) {
			t.Errorf("%s: %d %s, %d bytes", href, status, kind, len(raw))
		}
		s.wants(404, "picture-gone")(s.do("GET", href, other.token, nil))
		s.wants(401, "unauthorized")(s.do("GET", href, "", nil))
	}
	for _, none := range []string{"1", "999", "-1", "x", "18446744073709551616"} {
		s.wants(404, "picture-gone")(s.do("GET", "/api/v1/conversation/pictures/"+none, g.token, nil))
	}
	s.must(s.talks.Look(t.Context(), func(tx desk.Tx) error {
		lines, err := tx.Lines(k.Peer, 10)
		if n := len(lines); err == nil && (n < 2 || lines[n-2].Text != "按这里" || !lines[n-2].Picture || !lines[n-1].Picture) {
			t.Errorf("the staff read %+v", lines)
		}
		return err
	}))

	seq := uint64(said[0]["seq"].(float64))
	for _, passed := range []struct {
		days int
		want error
	}{{29, nil}, {2, bot.ErrNoPicture}} {
		s.must(s.clock.Wait(t.Context(), time.Duration(passed.days)*24*time.Hour))
		_, err := s.talks.Sweep(t.Context(), 100)
		s.must(err)
		if _, err := s.talks.Shown(t.Context(), k.Peer, seq); !errors.Is(err, passed.want) {
			t.Errorf("after %d days more: %v, want %v", passed.days, err, passed.want)
		}
	}
}

// TestStaffPictureIsForgotten: it goes with the conversation.
func TestStaffPictureIsForgotten(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	k := &talker{site: s, peer: channel.Peer{Channel: webhook.Channel, ID: "v-1"}, account: "A-1202"}
	k.says("转人工")
	list, err := ticketsOf(t.Context(), s.talks)
	s.must(err)
	s.must(claim(t.Context(), s.talks, list[0].ID, "li"))
	s.must(shows(s, list[0].ID, "li", "1", "", []byte("\x89PNG\r\n\x1a\n")))
	_, err = s.talks.Shown(t.Context(), k.peer, 3)
	s.must(err)
	_, err = s.talks.Forget(t.Context(), "A-1202")
	s.must(err)
	if _, err := s.talks.Shown(t.Context(), k.peer, 3); !errors.Is(err, bot.ErrNoPicture) {
		t.Errorf("the picture is still there: %v", err)
	}
}

// TestStaffAskByPicture: a screenshot that the staff send to the bot alone, forward
// to it, or ask about where they work is read and answered for them; nobody else
// gets any of it.
func TestStaffAskByPicture(t *testing.T) {
	inOffice(t, func(o *office) {
		eye := &scriptedEye{lines: []string{"14:05 5G 83%", "提示", "该企业已经被13800001234提交实名认", "证申请，如有问题，请联系客服", "知道了"}}
		o.talks.Eye = eye
		shot, err := demo.Picture(platform.Reading{Name: "图"})
		if err != nil {
			o.Fatal(err)
		}
		topic := o.taken()
		o.news()
		alone := o.tg.Private(staffLi)
		post := func(c *telegramtest.Chat, p telegramtest.Person, w telegramtest.Words) string {
			o.Helper()
			before := len(c.Messages())
			c.Post(p, w)
			o.pass(time.Second)
			o.settle()
			var said []string
			for _, m := range c.Messages()[before:] {
				if m.Bot {
					said = append(said, m.Text)
				}
			}
			return strings.Join(said, "\n")
		}
		const seen = "我看到的是：“该企业已经被138****1234提交实名认证申请，如有问题，请联系客服"
		forwarded := map[string]any{"forward_origin": map[string]any{"type": "hidden_user", "date": 1, "sender_user_name": "甲"}}
		for _, w := range []telegramtest.Words{{Photo: shot}, {Document: shot, Name: "a.png", MIME: "image/png", Text: "这个怎么处理"}, {Photo: shot, Extra: forwarded}, {Photo: shot, Text: "/ask"}} {
			got := post(alone, staffLi, w)
			o.wants(got, seen, "删除企业", "没有发给客户")
			o.lacks(got, "13800001234")
		}
		got := post(o.group, staffLi, telegramtest.Words{Topic: topic, Photo: shot, Text: "/ask"})
		o.wants(got, seen, "删除企业")
		o.wants(o.group.Show(), "[💡发送：")
		o.wants(post(o.group, staffLi, telegramtest.Words{Topic: topic, Text: "/ask 提示无权限怎么办"}), "无权限")
		o.wants(post(o.group, staffLi, telegramtest.Words{Text: "/ask"}), "/ask 问题")

		o.wants(post(alone, staffLi, telegramtest.Words{Photo: shot, Text: "/try"}), seen, "现在：《", "发布草稿后：《")

		// What the customer sent is asked about by a reply to it.
		o.brings(channel.Inbound{Peer: channel.Peer{Channel: chatChannel, ID: "a"}, Picture: shot})
		sent := 0
		for _, m := range o.group.Messages() {
			if m.Bot && m.File != "" {
				sent = m.ID
			}
		}
		o.wants(post(o.group, staffWang, telegramtest.Words{Topic: topic, Text: "/ask", ReplyTo: sent}), seen)

		eye.lines = []string{"星期五 晴", "今日气温二十三度，北风三级"}
		o.wants(post(alone, staffLi, telegramtest.Words{Photo: shot}), "没有对应的条目")
		o.wants(post(alone, staffLi, telegramtest.Words{Photo: shot, Text: "提示无签署权限，需要申请"}), "无签署权限")
		eye.lines = nil
		o.wants(post(alone, staffLi, telegramtest.Words{Photo: shot}), "没有看到")
		eye.err = errors.New("killed")
		o.wants(post(alone, staffLi, telegramtest.Words{Photo: shot}), "没能识别")
		o.talks.Eye = nil
		o.wants(post(alone, staffLi, telegramtest.Words{Photo: shot}), "/ask 问题")
		asked := eye.asked.Load()
		o.wants(post(o.tg.Private(strange), strange, telegramtest.Words{Photo: shot}), "您还没有权限")
		if eye.asked.Load() != asked {
			o.Error("a picture of somebody without a role was read")
		}
		if got := o.news(); got != "" {
			o.Errorf("the customer was told %q", got)
		}
		o.writes(ownerZhou, "", "/audit")
		o.wants(o.group.Show(), "小李  查知识库")
	})
}

// TestStaffPictureThatCannotGo: where a picture cannot be brought, the staff are told
// so at once, and nothing of it goes.
func TestStaffPictureThatCannotGo(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		png, err := demo.Picture(platform.Reading{Name: "图"})
		if err != nil {
			o.Fatal(err)
		}
		for _, c := range []struct {
			peer    channel.Peer
			picture []byte
			want    string // "" for what is brought
		}{
			{channel.Peer{Channel: "wechat", ID: "o1"}, png, "公众号没有认证"},
			{channel.Peer{Channel: webhook.LinkChannel, ID: "AAAAAAAA"}, png, "短信链接"},
			{channel.Peer{Channel: chatChannel, ID: "a"}, []byte("BM" + strings.Repeat("\x00", 60)), "JPG、PNG、GIF"},
			{channel.Peer{Channel: chatChannel, ID: "b"}, png, ""},
		} {
			before := len(o.group.Topics())
			o.brings(channel.Inbound{Peer: c.peer, Text: "转人工"}) // nobody sends to the first ones here
			topic := o.group.Topics()[before]
			id := o.group.Post(staffLi, telegramtest.Words{Topic: topic, Text: "按这里", Document: c.picture, Name: "a", MIME: "image/x"})
			o.settle()
			list, err := o.talks.Transcript(o.ctx, c.peer)
			if err != nil {
				o.Fatal(err)
			}
			log := strings.Join(list, "\n")
			if c.want == "" {
				o.wants(log, "按这里")
				o.wants(o.news(), "b：按这里<图>")
				continue
			}
			o.wants(o.group.Show(), c.want, "图片和配的文字都没有发给客户")
			o.lacks(log, "按这里")
			if got := o.mark(id); got != "" {
				o.Errorf("%v: marked %q", c.peer, got)
			}
		}
	})
}

// TestStaffPictureOfANote: what is written with a picture as a note, or as another
// command, does not make the picture go to the customer, nor those of its album.
func TestStaffPictureOfANote(t *testing.T) {
	inOffice(t, func(o *office) {
		topic := o.taken()
		o.news()
		shot, err := demo.Picture(platform.Reading{Name: "图"})
		if err != nil {
			o.Fatal(err)
		}
		post := func(album, text string) int {
			w := telegramtest.Words{Topic: topic, Text: text, Photo: shot}
			if album != "" {
				w.Extra = map[string]any{"media_group_id": album}
			}
			id := o.group.Post(staffLi, w)
			o.settle()
			return id
		}
		for _, id := range []int{post("", "/note"), post("1", "/note 身份证对过了"), post("1", ""), post("1", "")} {
			if got := o.mark(id); got != channel.MarkKept {
				o.Errorf("marked %q", got)
			}
		}
		o.wants(o.group.Show(), "备注（小李）：［图片］\n", "备注（小李）：［图片］身份证对过了")
		o.lacks(o.group.Show(), "备注（小李）：［图片］\n备注（小李）：［图片］\n")
		post("2", "/tag 急")
		post("2", "")
		o.wants(o.group.Show(), "/tag 不带图片，图片没有用到")
		if got := o.news(); got != "" {
			o.Errorf("the customer was told %q", got)
		}
		post("3", "按这里")
		post("3", "")
		o.wants(o.news(), "a：按这里<图>\na：<图>")
		post("", "后来的")
		o.wants(o.news(), "a：后来的<图>")
		o.writes(staffLi, topic, "/history")
		o.wants(o.group.Show(), "客服：［图片］按这里", "客服：［图片］\n")
	})
}

// sink takes what is sent to one channel, or refuses it.
type sink struct {
	fail error
	got  []channel.Message
}

func (k *sink) Send(_ context.Context, m channel.Outbound) error {
	if k.fail == nil {
		k.got = append(k.got, m.Message)
	}
	return k.fail
}

// TestPictureThatWaitsTooLong: what cannot be brought for a month loses its picture,
// and not its words.
func TestPictureThatWaitsTooLong(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	k := &talker{site: s, peer: channel.Peer{Channel: "far", ID: "a"}}
	k.says("转人工")
	list, err := ticketsOf(t.Context(), s.talks)
	s.must(err)
	s.must(claim(t.Context(), s.talks, list[0].ID, "li"))
	s.must(shows(s, list[0].ID, "li", "1", "按这里", []byte("\x89PNG\r\n\x1a\n")))
	s.must(shows(s, list[0].ID, "li", "2", "", []byte("\x89PNG\r\n\x1a\n")))
	out := &sink{fail: &channel.SendError{Kind: channel.Closed, Code: "45015"}}
	bring := func() {
		s.must(s.talks.Reached(t.Context(), k.peer))
		for range 5 {
			_, err := s.talks.DeliverOnce(t.Context(), map[string]channel.Sender{"far": out})
			s.must(err)
			s.must(s.clock.Wait(t.Context(), time.Minute))
		}
	}
	held := func() (n int) {
		list, err := s.talks.Pending(t.Context(), k.peer, 10)
		s.must(err)
		for _, d := range list {
			if d.Message.Image != nil {
				n++
			}
		}
		return n
	}
	bring()
	s.must(s.clock.Wait(t.Context(), 29*24*time.Hour))
	_, err = s.talks.Sweep(t.Context(), 100)
	s.must(err)
	if n := held(); n != 2 {
		t.Errorf("%d pictures wait, want both", n)
	}
	s.must(s.clock.Wait(t.Context(), 2*24*time.Hour))
	for range 2 { // one at a time
		_, err := s.talks.Sweep(t.Context(), 1)
		s.must(err)
	}
	if n := held(); n != 0 {
		t.Errorf("%d pictures are kept", n)
	}
	out.fail = nil
	bring()
	var got []string
	for _, m := range out.got {
		got = append(got, m.Text)
	}
	if text := strings.Join(got, "\n"); !strings.Contains(text, "按这里\n（图片等得太久，已经删除。）\n（图片等得太久，已经删除。）") {
		t.Errorf("the person was told %q", text)
	}
}
