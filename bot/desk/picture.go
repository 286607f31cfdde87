package desk

import (
	"signdesk/bot/channel"
	"signdesk/data/store"
)

// An album is the last one of a member of the staff on a board whose caption was a
// command. Each of its pictures comes as a message of its own, the first one with
// the caption, which is meant for all of them.
type album struct {
	ID      string
	Command string
}

// captioned reports whether a picture belongs to an album whose caption was a
// command: it is dealt with then, and never said to anybody.
func (d *Desk) captioned(c *Call) (bool, error) {
	if c.Act.Album == "" {
		return false, nil
	}
	key := store.Key{}.Str("album").Str(c.Act.Board.String()).Str(c.Act.Staff)
	if c.Act.Command != "" {
		return false, put(c.Tx, facets, key, &album{c.Act.Album, c.Act.Command})
	}
	a, err := get[album](c.Tx, facets, key)
	if err != nil || a == nil || a.ID != c.Act.Album {
		return false, err
	}
	switch {
	case d.Looks(a.Command):
		c.Act.Command = a.Command
		return true, d.do(c)
	case a.Command == "note" && c.ticket != "" && c.Role >= Staff:
		return true, c.mark(channel.MarkKept)
	}
	return true, nil
}

// unused tells that a command has no use for the picture that came with it.
func (d *Desk) unused(c *Call) error {
	return c.Say("u-"+c.Act.ID, "/"+c.Act.Command+" 不带图片，图片没有用到，也没有发给客户。")
}
