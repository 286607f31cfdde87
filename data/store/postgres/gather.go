package postgres

import "time"

// Replicas that commit at the same time wait for one another, as there is one
// order of all groups. A group that is sent at once then stands in that line
// with the few updates it has, and those that come meanwhile make the next small
// one: two replicas commit as often as one, half as much each time. So while
// others are busy a group is begun half of the time later that the last commit
// took, in which it grows. After a third of it two servers kept 0.82 of what one
// did, after half of it 0.93; after all of it about as much, but writers that do
// nothing else (BenchmarkMessages) a quarter less.

const (
	// gatherPart is which part of the last commit's time is waited for a group to
	// grow.
	gatherPart = 2
	// gatherMost bounds that.
	gatherMost = 6 * time.Millisecond
	// gatherFew is how many updates there must be in a group for the next one to
	// wait: where few come a group does not grow.
	gatherFew = 4
	// gatherMet is in how many of a hundred groups here others must have committed
	// meanwhile.
	gatherMet = 40
)

// A gather tells how long to wait before a group.
type gather struct {
	now    *reader       // of the group that runs
	ran    int           // updates of the last one
	others bool          // somebody else committed since the last commit here
	busy   int           // how often that was so, in percent
	took   time.Duration // the last commit
	ended  time.Time
}

// end notes that a group ran.
func (g *gather) end() { g.ran, g.now = g.now.ran, nil }

// saved notes how long a commit took.
func (g *gather) saved(began time.Time) {
	g.ended = time.Now()
	g.took = g.ended.Sub(began)
}

// met notes whether others committed since the last commit here.
func (g *gather) met() {
	const weight = 8 // groups
	if g.busy -= g.busy / weight; g.others {
		g.busy += 100 / weight
	}
	g.others = false
}

// wait waits before a group.
func (g *gather) wait() {
	if g.busy < gatherMet || g.ran < gatherFew {
		return
	}
	time.Sleep(min(g.took/gatherPart, gatherMost) - time.Since(g.ended))
}
