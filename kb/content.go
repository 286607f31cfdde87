package kb

// EntryID is the number of an entry, two to six digits ("01").
type EntryID string

// PartID names a sub-answer within its entry; the first part of each entry,
// "main", answers the question of the title as a whole.
type PartID string

// MainPart is the id of the first part of every entry.
const MainPart PartID = "main"

// A Channel says where the steps of a part can be done.
type Channel string

// The channels of content.
const (
	ChannelAny   Channel = "any"
	ChannelPC    Channel = "pc"
	ChannelPhone Channel = "phone"
)

// An Entry is one question of the guide with all its sub-answers. Entries are
// immutable once loaded; callers must not change the slices.
type Entry struct {
	ID          EntryID
	Title       string
	OtherTitles []string // further wordings of the title, may be empty
	Category    string
	Condition   string // who should read this entry rather than a look-alike, at most MaxCondition runes
	Cause       string // why the person sees the message; empty if the guide gives none
	SeeAlso     []EntryID
	Parts       []*Part // at least one; Parts[0].ID == MainPart
}

// A Part is a sub-answer: it can be found and shown on its own.
type Part struct {
	Entry        *Entry
	ID           PartID
	Title        string
	Short        string   // the answer in at most MaxShort runes
	Steps        []string // what to do, in order; may be empty
	Notes        []string // exceptions, conditions, hints; may be empty
	Rules        []string // ids of the domain rules that the text states (R11.5)
	Errors       []string // messages as shown on screen; variable parts as <…>
	Labels       []string // buttons and fields on screen
	Channel      Channel
	MiniPrograms []string // WeChat mini-programs to use
	Flows        []string // guided flows that can do it (F01)
	Facts        []string // what must be so for the part to fit: fact=value (payer=we); see facts.txt
	Phrasings    []string // how people ask
}

// A TopicKind tells why the knowledge base does not answer a topic.
type TopicKind string

// The kinds of topics.
const (
	TopicUncovered TopicKind = "uncovered" // about the platform, but not in the guide
	TopicOff       TopicKind = "offtopic"  // about something else
	TopicSmalltalk TopicKind = "smalltalk" // greeting, thanks …: has a reply of its own
)

// A Topic is something that people say and no entry answers. Topics compete
// with the entries, so that a look-alike question is refused rather than
// answered wrongly.
type Topic struct {
	ID    string
	Kind  TopicKind
	Name  string // what it is about; empty for small talk
	Reply string // small talk only
	// Offer are entries to choose from, two or three, for small talk that says too
	// little; Decisions are choices of them then. Those that do not exist are left out.
	Offer     []EntryID
	Phrasings []string
}

// Content is everything that a knowledge base is built from.
type Content struct {
	Entries []*Entry // in order of id
	Topics  []*Topic
	// Hash identifies the content: equal files give equal hashes. Hex SHA-256.
	Hash string
}

// Entry returns the entry with the given id, or nil.
func (c *Content) Entry(id EntryID) *Entry {
	for _, e := range c.Entries {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// Part returns the part with the given id, or nil.
func (e *Entry) Part(id PartID) *Part {
	for _, p := range e.Parts {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// Main returns the part that answers the title.
func (e *Entry) Main() *Part { return e.Parts[0] }

// Limits of content, in runes: what fits on a phone without scrolling, and on
// one line of a list of choices. (House rules.)
const (
	MaxShort     = 120
	MaxCondition = 30
	MaxPartTitle = 24
)
