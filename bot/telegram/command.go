package telegram

import (
	"context"
	"regexp"
	"strings"

	"signdesk/bot/channel"
)

// commandShape is a command of the platform: 1 to 32 letters, digits and _, and
// whose it is.
var commandShape = regexp.MustCompile(`^/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?$`)

// A span is a command within a text.
type span struct {
	start, end int // bytes
	name, to   string
}

// commands returns the commands of a text: what begins it, and what the platform
// marked. Its offsets count UTF-16 units, and are not trusted.
func commands(text string, marks []entity) (out []span) {
	add := func(start, end int) {
		if m := commandShape.FindStringSubmatch(text[start:end]); m != nil {
			out = append(out, span{start, end, strings.ToLower(m[1]), m[2]})
		}
	}
	first := len(text)
	if i := strings.IndexAny(text, " \n\t"); i >= 0 {
		first = i
	}
	add(0, first)
	for _, e := range marks {
		if e.Type != "bot_command" || e.Offset == 0 && len(out) > 0 || e.Length <= 0 {
			continue
		}
		start, ok := at(text, e.Offset)
		if !ok {
			continue
		}
		if length, ok := at(text[start:], e.Length); ok {
			add(start, start+length)
		}
	}
	return out
}

// command fills in the command of a message: the first one that is addressed to
// us or to nobody. Its words are what follows, or else what precedes it. ours is
// false if the message is a command for another bot.
func (a *Account) command(ctx context.Context, m *message, act *channel.Act) (ours bool, err error) {
	text, marks := m.words()
	for _, s := range commands(text, marks) {
		if s.to != "" {
			me, err := a.username(ctx)
			if err != nil {
				return false, err
			}
			if !strings.EqualFold(s.to, me) {
				if s.start == 0 {
					return false, nil
				}
				continue
			}
		}
		act.Command, act.Text = s.name, strings.TrimSpace(text[s.end:])
		if act.Text == "" {
			act.Text = strings.TrimSpace(text[:s.start])
		}
		return true, nil
	}
	return true, nil
}

// username returns our name, which is asked for when it is first needed.
func (a *Account) username(ctx context.Context) (string, error) {
	a.mu.Lock()
	me := a.me
	a.mu.Unlock()
	if me != "" {
		return me, nil
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	u, err := a.api.GetMe(ctx)
	if err != nil {
		return "", a.failure("getMe", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.me = u.Username
	return u.Username, nil
}
