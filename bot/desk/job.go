package desk

import (
	"context"
	"errors"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// A Job is a command that is done in the background. Its ID is that of the act:
// what a job does outside the desk is done once for each.
type Job struct {
	ID      string
	Command string
	Text    string // what followed the command
	Staff   string
	Name    string
	Role    Role
	Board   channel.Peer
	Topic   string
	Ticket  string // that the act was about; "" for none
	Quoted  string
	Picture []byte `json:",omitempty"` // of commands that look at one
	Private bool   `json:",omitempty"` // in a chat with that member of the staff alone

	// Tell shows how far the job is, in the place of what was shown before.
	Tell func(text string) `json:"-"`
}

// begin writes a job down; its card says that it is being done.
func (d *Desk) begin(c *Call, cmd *Command) error {
	a := &c.Act
	j := &Job{ID: a.ID, Command: cmd.Name, Text: a.Text, Staff: a.Staff, Name: a.Name, Role: c.Role, Board: a.Board, Topic: a.Topic, Ticket: c.ticket, Quoted: a.Quoted, Private: a.Private}
	if cmd.Picture {
		j.Picture = a.Picture
	}
	if err := errors.Join(put(c.Tx, jobs, store.Key{}.Str(j.ID), j), c.Audit(cmd.Name, "", a.Text)); err != nil {
		return err
	}
	return d.result(c.Tx, j, channel.Message{Text: "正在处理……"})
}

func (d *Desk) result(tx Tx, j *Job, m channel.Message) error {
	if m.Post == nil {
		m.Post = &channel.Post{}
	}
	m.Post.Card, m.Post.Topic = "j/"+j.ID, j.Topic
	return tx.Replace("job-"+j.ID, j.Board, m)
}

// Jobs does the jobs that wait, and returns how many. One that fails is told so,
// and not done again; one that was interrupted is.
func (d *Desk) Jobs(ctx context.Context) (int, error) {
	var waiting []*Job
	err := d.Talks.Look(ctx, func(tx Tx) error {
		for _, raw := range tx.Store().Scan(jobs.Name, store.Range{}) {
			j, err := decode[Job](raw)
			if err != nil {
				return err
			}
			waiting = append(waiting, j)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, j := range waiting {
		j.Tell = func(text string) {
			d.failed(ctx, "desk: progress not shown", d.Talks.Work(ctx, func(tx Tx) error { return d.result(tx, j, channel.Message{Text: text}) }))
		}
		m := channel.Message{Text: "这条命令已经没有了。"}
		if cmd := d.commands[j.Command]; cmd != nil && cmd.Work != nil {
			if m, err = cmd.Work(ctx, *j); err != nil {
				if ctx.Err() != nil {
					return 0, ctx.Err()
				}
				d.Logger.Error("desk: job failed", "job", j.ID, "command", j.Command, "err", err)
				m = channel.Message{Text: "没有做成，请稍后再发一次 /" + j.Command + "。"}
			}
		}
		err := d.Talks.Work(ctx, func(tx Tx) error {
			if err := d.result(tx, j, m); err != nil {
				return err
			}
			return jobs.Delete(tx.Store(), store.Key{}.Str(j.ID))
		})
		if err != nil {
			return 0, err
		}
	}
	return len(waiting), nil
}
