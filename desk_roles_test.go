package main

import (
	"fmt"
	"strings"
	"testing"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
)

// staffAccess says from which role on each command and each button works. A new
// one must be added here.
var staffAccess = map[string]desk.Role{
	"/help": desk.Nobody, "/start": desk.Nobody,
	"/queue": desk.Reader, "/card": desk.Reader, "/history": desk.Reader, "/stats": desk.Reader,
	"/claim": desk.Staff, "/note": desk.Staff, "/bot": desk.Staff, "/close": desk.Staff, "/tag": desk.Staff, "/c": desk.Staff, "/canned": desk.Staff,
	"/transcript": desk.Staff, "/find": desk.Staff, "/ask": desk.Staff,
	"/reviews": desk.Reviewer,
	"/teach":   desk.Staff, "/drafts": desk.Staff, "/try": desk.Staff, "/preview": desk.Staff, "/releases": desk.Reader,
	"/misses": desk.Editor, "/draft": desk.Editor, "/check": desk.Editor, "/publish": desk.Editor, "/rollback": desk.Editor,
	"attach": desk.Staff, "newentry": desk.Staff, "entries": desk.Staff, "takeover": desk.Editor, "dismiss": desk.Editor, "undraft": desk.Editor,
	"/role": desk.Owner, "/audit": desk.Owner,
	"claim": desk.Staff, "again": desk.Staff, "free": desk.Staff, "close": desk.Staff, "card": desk.Reader, "send": desk.Staff, "edit": desk.Staff,
	"pass": desk.Reviewer, "reject": desk.Reviewer, "why": desk.Reviewer, "keep": desk.Reviewer,
}

// TestStaffAccess does every command and presses every button as every role, and
// as somebody who has none.
func TestStaffAccess(t *testing.T) {
	inOffice(t, func(o *office) {
		for name := range o.desk.Access() {
			if _, ok := staffAccess[name]; !ok {
				t.Errorf("%s is not in the table of access", name)
			}
		}
		roles := []desk.Role{desk.Nobody, desk.Reader, desk.Staff, desk.Reviewer, desk.Editor, desk.Owner}
		for i, r := range roles {
			o.writes(ownerZhou, "", fmt.Sprintf("/role %d %s", 8000+i, r))
		}
		board := channel.Peer{Channel: "nowhere", ID: "-1"} // what is told there stays owed
		n := 0
		for name, from := range staffAccess {
			for i, r := range roles {
				n++
				act := channel.Act{ID: fmt.Sprint("walk-", n), Board: board, Private: true, Staff: fmt.Sprint(8000 + i), Name: "甲", At: o.s.clock.Now()}
				if cmd, ok := strings.CutPrefix(name, "/"); ok {
					act.Command = cmd
				} else {
					act.Click, act.Query = name+":none/0", act.ID
				}
				if err := o.desk.Receive(o.ctx, act); err != nil {
					t.Fatalf("%s as %s: %v", name, r, err)
				}
				denied := false
				list, err := o.talks.Pending(o.ctx, board, 1000)
				if err != nil {
					t.Fatal(err)
				}
				press, err := o.talks.Pending(o.ctx, channel.Peer{Channel: "nowhere", ID: "press/" + act.ID}, 10)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range append(list, press...) {
					if d.ID == "a-"+act.ID || d.ID == "q-"+act.ID {
						denied = strings.Contains(d.Message.Text, "您还没有权限") || strings.Contains(d.Message.Text, "权限，您现在是")
					}
				}
				if name != "/help" && name != "/start" && denied != (r < from) {
					t.Errorf("%s as %s: denied %t", name, r, denied)
				}
			}
		}
	})
}
