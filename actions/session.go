package actions

import (
	"slices"
	"time"
)

// Limits of sessions (section D0 of the specification).
const (
	idleAfter   = 30 * time.Minute   // without a message a session is put aside
	sessionLife = 7 * 24 * time.Hour // after the last message in it
	remindAhead = 24 * time.Hour     // before its end
	maxMisses   = 3                  // bad inputs in a row before other ways are offered
	maxParked   = 5                  // sessions put aside; the oldest gives way
)

// A State is where a conversation is in its flows. It is stored as JSON.
type State struct {
	// Open is the chain of sessions that is being worked on: each called the
	// next, the last one is asked. Empty: none.
	Open []*Session `json:",omitempty"`
	// Parked are chains put aside, the latest last.
	Parked []Chain `json:",omitempty"`
	// Aside is a question of the engine itself; "" if there is none.
	Aside Aside `json:",omitempty"`
	// Wanted is the flow that waits for the answer of AsideSwitch.
	Wanted *Offer `json:",omitempty"`
	// Offers are what the last reply proposed to start.
	Offers []Offer `json:",omitempty"`
	// Parted is set while nothing else was begun since the person left with a
	// good-bye.
	Parted bool `json:",omitempty"`
	// Touched is when the person was last heard in a flow.
	Touched time.Time `json:",omitzero"`
}

// A Chain is a session and those that it called.
type Chain []*Session

// An Aside is a question of the engine itself, asked in between.
type Aside string

// The questions of the engine.
const (
	AsideNone   Aside = ""
	AsideCancel Aside = "cancel" // really cancel?
	AsideSwitch Aside = "switch" // another flow first?
	AsideMisses Aside = "misses" // what now, after bad input?
)

// A Session is one flow being gone through.
type Session struct {
	ID       string // idempotency keys of its commits begin with it
	Flow     string
	Revision int
	Step     StepID
	Slots    map[string]string
	// Given are slots that were filled before their step was reached: they are
	// checked there, and not asked for.
	Given   map[string]string `json:",omitempty"`
	Trail   []StepID          `json:",omitempty"` // steps answered since the last commit
	Done    []string          `json:",omitempty"` // receipts
	Commits int               `json:",omitempty"`
	Entered bool              `json:",omitempty"` // the step's Enter ran
	Confirm bool              `json:",omitempty"` // the step's card is shown
	Called  bool              `json:",omitempty"` // the step's flow is running
	Reopen  bool              `json:",omitempty"` // came here by going back
	Misses  int               `json:",omitempty"` // bad inputs in a row
	Cards   int               `json:",omitempty"` // of help, after them
	Asides  int               `json:",omitempty"` // times that the step was asked again after something else
	Doubt   string            `json:",omitempty"` // a value that is taken if the person says so
	Started time.Time
	Expires time.Time
	// Reminded is set once the person was told that it will expire.
	Reminded bool `json:",omitempty"`

	said []string
}

// Active returns the session that is asked, or nil.
func (st *State) Active() *Session {
	if len(st.Open) == 0 {
		return nil
	}
	return st.Open[len(st.Open)-1]
}

// touch notes that the person was heard.
func (st *State) touch(now time.Time) {
	st.Touched = now
	for _, s := range st.Open {
		s.Expires, s.Reminded = now.Add(sessionLife), false
	}
}

// park puts the open chain aside.
func (st *State) park() {
	if len(st.Open) == 0 {
		return
	}
	st.Parked = append(st.Parked, st.Open)
	st.Open, st.Aside, st.Wanted, st.Parted = nil, AsideNone, nil, false
	if len(st.Parked) > maxParked {
		st.Parked = slices.Delete(st.Parked, 0, len(st.Parked)-maxParked)
	}
}

// Idle puts an open session aside that nobody touched for long, and drops those
// whose time is over. It returns the names of the flows that it dropped.
func (st *State) Idle(now time.Time) (expired []string) {
	if len(st.Open) > 0 && !now.Before(st.Touched.Add(idleAfter)) {
		st.park()
	}
	st.Parked = slices.DeleteFunc(st.Parked, func(c Chain) bool {
		if now.Before(c[0].Expires) {
			return false
		}
		expired = append(expired, c[0].Flow)
		return true
	})
	return expired
}

// Reminders returns the flows that end within a day and of which the person was
// not told yet, and notes that he is told now.
func (st *State) Reminders(now time.Time) []string {
	var names []string
	for _, c := range append(slices.Clone(st.Parked), st.Open) {
		if len(c) > 0 && !c[0].Reminded && now.Before(c[0].Expires) && !now.Before(c[0].Expires.Add(-remindAhead)) {
			c[0].Reminded = true
			names = append(names, c[0].Flow)
		}
	}
	return names
}

// NextSweep is when Idle or Reminders has something to do; zero: never.
func (st *State) NextSweep() time.Time {
	var at time.Time
	for _, c := range append(slices.Clone(st.Parked), st.Open) {
		if len(c) == 0 {
			continue
		}
		due := c[0].Expires
		if !c[0].Reminded {
			due = due.Add(-remindAhead)
		}
		if at.IsZero() || due.Before(at) {
			at = due
		}
	}
	return at
}
