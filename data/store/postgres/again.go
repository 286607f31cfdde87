package postgres

// Of the records that others make only the keys are told, as most are never read
// here: a line of a history, a receipt. Of some tables they are, such as that of
// conversations, whose next message may come to any replica. What a replica reads
// of the others' new records tells which these are, and that the others will read
// its own, as all replicas do alike: then the values go along with the keys.
// Reading them one by one would cost three runs of an update and a snapshot.

const (
	// againSample is of how many new records of a table it is counted how many of
	// the others' are read; if it is a quarter as many, those of the next
	// againTold come with their values.
	againSample = 64
	againTold   = 4096
)

// again knows of which tables new records are read by other replicas.
type again map[string]*tally

// A tally is for one table.
type tally struct {
	made, read int // here, of the sample
	told       int // how many new records more to tell with their values
}

func (a *again) of(table []byte) *tally {
	t := (*a)[string(table)]
	if t == nil {
		if *a == nil {
			*a = again{}
		}
		t = &tally{}
		(*a)[string(table)] = t
	}
	return t
}

// missed notes that a value was needed that was not told.
func (a *again) missed(table []byte) { a.of(table).read++ }

// likely reports whether the value of a new record is to be told.
func (a *again) likely(table []byte) bool {
	t := a.of(table)
	if t.told > 0 {
		t.told--
		return true
	}
	if t.made++; t.made >= againSample {
		if t.read >= againSample/4 {
			t.told = againTold
		}
		t.made, t.read = 0, 0
	}
	return false
}
