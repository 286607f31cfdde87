package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"signdesk/bot/channel"
	"signdesk/webhook"
)

// scriptedEye sees the same in every picture.
type scriptedEye struct {
	lines []string
	err   error
	asked atomic.Int32
}

func (e *scriptedEye) Read(context.Context, []byte, int) ([]string, error) {
	e.asked.Add(1)
	return e.lines, e.err
}

// talker says things to a site's conversation.
type talker struct {
	*site
	peer    channel.Peer
	account string
	n       int
}

func (k *talker) send(in channel.Inbound) channel.Message {
	k.Helper()
	k.n++
	in.Peer, in.Account, in.MessageID = k.peer, k.account, fmt.Sprint(k.n)
	rec, err := k.talks.Receive(k.Context(), in)
	k.must(err)
	if rec.Reply == nil {
		return channel.Message{}
	}
	return *rec.Reply
}

func (k *talker) says(text string) string { return k.send(channel.Inbound{Text: text}).Plain() }

func (k *talker) shows() string { return k.send(channel.Inbound{Picture: []byte("picture")}).Plain() }

func (k *talker) wants(got string, parts ...string) {
	k.Helper()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			k.Errorf("%q does not tell %q", got, p)
		}
	}
}

func newTalker(t *testing.T, eye *scriptedEye) *talker {
	s := newSiteAt(t, webhook.DefaultRates(), nil)
	if eye != nil {
		s.talks.Eye = eye
	}
	return &talker{site: s, peer: channel.Peer{Channel: chatChannel, ID: t.Name()}}
}

// TestPictureIsRead shows what was seen and answers it, and takes it back.
func TestPictureIsRead(t *testing.T) {
	t.Parallel()
	eye := &scriptedEye{lines: []string{"14:05 5G 83%", "合同签署", "提示", "该企业已经被13800001234提交实名认", "证申请，如有问题，请联系客服", "知道了"}}
	k := newTalker(t, eye)
	got := k.shows()
	k.wants(got, "我看到的是：“该企业已经被138****1234提交实名认证申请，如有问题，请联系客服", "删除企业", "不对，我来改")
	if strings.Contains(got, "13800001234") {
		t.Errorf("tells a number: %s", got)
	}
	k.wants(k.says("不对"), "打给我")
	k.wants(k.says("目前没有可使用的印章"), "印章")
}

// TestPictureWithoutAnswer tells what was seen all the same; what is no text, and
// what cannot be read, each in its own way.
func TestPictureWithoutAnswer(t *testing.T) {
	t.Parallel()
	eye := &scriptedEye{lines: []string{"星期五 晴", "今日气温二十三度，北风三级", "明天多云转阴"}}
	k := newTalker(t, eye)
	k.wants(k.shows(), "我看到的是", "没有找到", "转人工")
	eye.lines = nil
	k.wants(k.shows(), "没有看到")
	eye.lines = []string{"Ar", "一4", "cz"}
	k.wants(k.shows(), "没有看到")
	eye.err = errors.New("killed")
	k.wants(k.shows(), "没能识别")
	k.wants(k.send(channel.Inbound{Picture: []byte("x"), Text: "提示无签署权限，需要申请"}).Plain(), "申请")
}

// TestPictureForAStep goes to the step that asks for one, unread; at another step
// it is a question in between.
func TestPictureForAStep(t *testing.T) {
	t.Parallel()
	eye := &scriptedEye{lines: []string{"目前没有可使用的印章，请联系企业主管理员添加印章并授权"}}
	k := newTalker(t, eye)
	k.account = "A-1701"
	k.says("印章传错了，帮我换一下图片")
	k.wants(k.shows(), "我看到的是", "1. 重新上传")
	seen := eye.asked.Load()
	k.wants(k.says("重新上传"), "请发送印章图片")
	if got := k.shows(); strings.Contains(got, "我看到的是") || eye.asked.Load() != seen {
		t.Errorf("the step's picture was read: %s", got)
	}
}

// TestPictureWithoutEye asks for the words.
func TestPictureWithoutEye(t *testing.T) {
	t.Parallel()
	k := newTalker(t, nil)
	k.wants(k.shows(), "请把屏幕上的提示打给我")
}

// passes sees something else each time.
type passes [][]string

func (p passes) Read(_ context.Context, _ []byte, pass int) ([]string, error) {
	return p[min(pass, len(p)-1)], nil
}

// TestNavigationIsNoMessage: a list of short words looks like an entry by chance;
// it is read on until a message is found.
func TestNavigationIsNoMessage(t *testing.T) {
	t.Parallel()
	k := newTalker(t, nil)
	k.talks.Eye = passes{{"上上签", "签署", "首页", "合同管理", "印章管理", "企业设置", "确定", "帮助"}, {"首页", "合同管理", "印章管理"}, {"首页", "无签署权限，需要申请", "印章管理"}}
	k.wants(k.shows(), "我看到的是：“无签署权限，需要申请")
}

// TestStatusBarIsNotShown: clocks and signal bars are no part of what was read.
func TestStatusBarIsNotShown(t *testing.T) {
	t.Parallel()
	k := newTalker(t, nil)
	k.talks.Eye = passes{{"9:47", "和4G HD 57", "▮▮▮ 83%", "我的提问", "公司改名了，营业执照换了新的，上上签上面怎么改", "SS", "ES"}}
	got := k.shows()
	k.wants(got, "我看到的是", "公司改名了")
	if strings.Contains(got, "9:47") || strings.Contains(got, "4G") || strings.Contains(got, "SS") {
		t.Errorf("noise is shown: %s", got)
	}
}
