package desk

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// A Tally counts what became of questions. Each question counts in one of the
// fields after Answered.
type Tally struct {
	Asked     int
	Answered  int // the bot showed an answer, at once or after a choice
	Confirmed int // the answer was rated helpful
	Failed    int // there was no answer; it was rated not helpful; or the same was asked again within a week
	Handed    int // the staff was called within a day, before another question, and the answer was not rated helpful
	Unknown   int // an answer or a choice was shown, and nothing more was heard of it
}

func (t *Tally) add(o Tally) {
	t.Asked += o.Asked
	t.Answered += o.Answered
	t.Confirmed += o.Confirmed
	t.Failed += o.Failed
	t.Handed += o.Handed
	t.Unknown += o.Unknown
}

// Stats are those of a period.
type Stats struct {
	From, To time.Time
	All      Tally
	Days     []Day // every day of the period
	Channels map[string]Tally
	Entries  map[string]Tally // by entry; "" for questions without an answer
	Tickets  int
	Solved   int // of the tickets, by what their people say
	Unsolved int
	Answers  int           // tickets with a word of the staff
	First    time.Duration // median until that word
	Ended    int           // tickets that ended
	Whole    time.Duration // median until that end
}

// A Day is one day of the statistics.
type Day struct {
	Date  string // "11-24"
	Tally Tally
}

const (
	handedWithin = 24 * time.Hour
	againWithin  = 7 * 24 * time.Hour
	statsDays    = 7
	statsMost    = 90
	statsEntries = 8
)

// A question is one that was asked of the knowledge base.
type question struct {
	at    time.Time
	entry string
	fate  fate
}

type fate int

const (
	unknown fate = iota
	confirmed
	handed
	failed
)

// asker follows the questions of one conversation.
type asker struct {
	questions []question
	open      int // index+1 of the question whose answer was not seen yet
}

// hear takes the next line of the conversation.
func (a *asker) hear(l Line) {
	switch {
	case l.From == "user" && l.Outcome == "handoff":
		if n := len(a.questions); n > 0 && a.questions[n-1].fate != confirmed && l.At.Sub(a.questions[n-1].at) <= handedWithin {
			a.questions[n-1].fate = handed
		}
		a.open = 0
	case l.From == "user" && slices.Contains([]string{"answered", "choices", "none"}, l.Outcome):
		a.questions = append(a.questions, question{at: l.At})
		a.open = len(a.questions)
		if l.Outcome == "none" {
			a.questions[a.open-1].fate = failed
		}
	case l.From == "bot" && l.Entry != "" && a.open > 0:
		q := &a.questions[a.open-1]
		a.open = 0
		q.entry, _, _ = strings.Cut(l.Entry, "/")
		switch l.Helpful {
		case "helpful":
			q.fate = confirmed
		case "not-helpful":
			q.fate = failed
		}
	}
}

// end settles what was asked again: the earlier question of the same entry did not
// help.
func (a *asker) end() {
	last := make(map[string]int)
	for i := range a.questions {
		q := &a.questions[i]
		if q.entry == "" {
			continue
		}
		if j, ok := last[q.entry]; ok && q.at.Sub(a.questions[j].at) <= againWithin && a.questions[j].fate == unknown {
			a.questions[j].fate = failed
		}
		last[q.entry] = i
	}
}

// Count computes the statistics of a period that ends now.
func (d *Desk) Count(ctx context.Context, days int) (s Stats, err error) {
	err = d.Talks.Look(ctx, func(tx Tx) error {
		to := tx.Now().In(Shanghai)
		from := time.Date(to.Year(), to.Month(), to.Day()-days+1, 0, 0, 0, 0, Shanghai)
		s = Stats{From: from, To: to, Channels: make(map[string]Tally), Entries: make(map[string]Tally)}
		askers := make(map[channel.Peer]*asker)
		err := tx.Walk(from, func(p channel.Peer, l Line) {
			if askers[p] == nil {
				askers[p] = &asker{}
			}
			askers[p].hear(l)
		})
		if err != nil {
			return err
		}
		byDay := make(map[string]Tally)
		for p, a := range askers {
			a.end()
			for _, q := range a.questions {
				one := Tally{Asked: 1}
				if q.entry != "" {
					one.Answered = 1
				}
				switch q.fate {
				case confirmed:
					one.Confirmed = 1
				case failed:
					one.Failed = 1
				case handed:
					one.Handed = 1
				default:
					one.Unknown = 1
				}
				s.All.add(one)
				for in, name := range map[*map[string]Tally]string{&s.Channels: p.Channel, &s.Entries: q.entry, &byDay: q.at.In(Shanghai).Format("01-02")} {
					t := (*in)[name]
					t.add(one)
					(*in)[name] = t
				}
			}
		}
		for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
			date := day.Format("01-02")
			s.Days = append(s.Days, Day{date, byDay[date]})
		}
		return d.countTickets(tx, &s)
	})
	return s, err
}

func (d *Desk) countTickets(tx Tx, s *Stats) error {
	found, err := list(tx, "time", store.Range{From: store.Key{}.Time(s.From)})
	if err != nil {
		return err
	}
	var first, whole []time.Duration
	for _, w := range found {
		s.Tickets++
		switch w.Rated {
		case Solved:
			s.Solved++
		case Unsolved:
			s.Unsolved++
		}
		if !w.Answered.IsZero() {
			first = append(first, d.Served(w.Opened, w.Answered))
		}
		if !w.Closed.IsZero() {
			whole = append(whole, d.Served(w.Opened, w.Closed))
		}
	}
	s.Answers, s.First, s.Ended, s.Whole = len(first), median(first), len(whole), median(whole)
	return nil
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[len(d)/2]
}

// stats is /stats.
func (d *Desk) stats(ctx context.Context, j Job) (channel.Message, error) {
	days := statsDays
	if text := strings.TrimSuffix(strings.TrimSpace(j.Text), "天"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > statsMost {
			return channel.Message{Text: fmt.Sprintf("请写天数，1到%d：/stats 30", statsMost)}, nil
		}
		days = n
	}
	s, err := d.Count(ctx, days)
	if err != nil {
		return channel.Message{}, err
	}
	m := channel.Message{Text: d.statsText(&s)}
	if d.Chart != nil && s.All.Asked > 0 {
		if m.Image, err = d.Chart(s); err != nil {
			return channel.Message{}, err
		}
	}
	return m, nil
}

func (d *Desk) statsText(s *Stats) string {
	lines := []string{fmt.Sprintf("统计 %s 至今", s.From.Format("1月2日")), fmt.Sprintf("提问 %s；机器人答了 %d 次", tallied(s.All), s.All.Answered)}
	named := make(map[string]Tally) // some channels have one name
	for name, t := range s.Channels {
		all := named[cmp.Or(channelNames[name], name)]
		all.add(t)
		named[cmp.Or(channelNames[name], name)] = all
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		lines = append(lines, fmt.Sprintf("　%s %s；机器人答了 %d 次", name, tallied(named[name]), named[name].Answered))
	}
	if len(s.Entries) > 0 {
		lines = append(lines, "问得最多的：")
	}
	entries := slices.SortedFunc(maps.Keys(s.Entries), func(a, b string) int {
		return cmp.Or(s.Entries[b].Asked-s.Entries[a].Asked, strings.Compare(a, b))
	})
	for _, e := range entries[:min(len(entries), statsEntries)] {
		title := "没有答案的问题"
		if e != "" {
			title = cut(cmp.Or(d.Entry(e), e), 20)
		}
		lines = append(lines, "· "+title+" "+tallied(s.Entries[e]))
	}
	lines = append(lines, s.service(),
		"口径：每个问题只计一次。确认有用＝客户点了有用；转人工＝问完一天内没问别的就转了人工；没解决＝没有答案、点了没用，或7天内又问同一条；没有下文的都算未知。")
	return strings.Join(lines, "\n")
}

// service tells of the staff's work.
func (s *Stats) service() string {
	text := fmt.Sprintf("人工服务 %d 次", s.Tickets)
	if s.Solved+s.Unsolved > 0 {
		text += fmt.Sprintf("，客户评价已解决 %d、未解决 %d", s.Solved, s.Unsolved)
	}
	if s.Answers > 0 {
		text += "；首次响应中位数 " + span(s.First)
	}
	if s.Ended > 0 {
		text += "，用时中位数 " + span(s.Whole) + "（都只算工作时间）"
	}
	return text + "。"
}

// tallied is a tally in words; what did not happen is not told.
func tallied(t Tally) string {
	text := fmt.Sprintf("%d 次", t.Asked)
	var parts []string
	for _, p := range []struct {
		name string
		n    int
	}{{"确认有用", t.Confirmed}, {"转人工", t.Handed}, {"没解决", t.Failed}, {"未知", t.Unknown}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", p.name, p.n))
		}
	}
	if len(parts) > 0 {
		text += "：" + strings.Join(parts, "、")
	}
	return text
}
