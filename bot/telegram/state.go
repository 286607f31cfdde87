package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"signdesk/bot/channel"
)

// What is kept; see the package comment.
type (
	topicRecord struct {
		Thread int    `json:"thread"`
		Title  string `json:"title"`
		Closed bool   `json:"closed,omitempty"`
	}
	cardRecord struct {
		Parts   []cardPart `json:"parts"`             // in order; the last one has the buttons
		Files   string     `json:"files,omitempty"`   // digest of what is sent along
		Buttons string     `json:"buttons,omitempty"` // id of the record of its buttons
		Before  []string   `json:"before,omitempty"`  // the same of those that it had before, the oldest first
		Stale   []int      `json:"stale,omitempty"`   // messages that were replaced, and must go
	}
	cardPart struct {
		Message int    `json:"message"`
		Shows   string `json:"shows"` // digest of what it shows
	}
	placeRecord struct {
		Topic string `json:"topic,omitempty"`
		Card  string `json:"card,omitempty"`
	}
	buttonsRecord struct {
		Chat   int64    `json:"chat"` // the only one where they count
		Topic  string   `json:"topic,omitempty"`
		Card   string   `json:"card,omitempty"`
		Tokens []string `json:"tokens"`
	}
	sentRecord struct {
		ID    string `json:"id"`
		Parts int    `json:"parts"`          // that were sent
		Done  bool   `json:"done,omitempty"` // all of it was
	}
)

// maxSent is how many deliveries to a chat are remembered. They come in order,
// one at a time, so that the last would nearly do.
const maxSent = 16

func keyOf(kind string, chat int64, rest string) string {
	return kind + "/" + strconv.FormatInt(chat, 10) + "/" + rest
}

func keyOfMessage(kind string, chat int64, id int) string { return keyOf(kind, chat, strconv.Itoa(id)) }

// load returns a record, nil if there is none.
func load[T any](ctx context.Context, k Keep, name string) (*T, error) {
	raw, err := k.Get(ctx, name)
	if err != nil || raw == nil {
		return nil, wrap(err)
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, wrap(err)
	}
	return v, nil
}

func save(ctx context.Context, k Keep, name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return wrap(err)
	}
	return wrap(k.Put(ctx, name, raw))
}

// wrap makes an error of the Keep one that is tried again.
func wrap(err error) error {
	if err != nil {
		return &channel.SendError{Kind: channel.Retry, Code: "keep", Err: fmt.Errorf("telegram: keep: %w", err)}
	}
	return nil
}

// sent returns what is known of a delivery that was tried before.
func (a *Account) sent(ctx context.Context, chat int64, id string) (sentRecord, error) {
	list, err := load[[]sentRecord](ctx, a.Keep, "sent/"+strconv.FormatInt(chat, 10))
	if list != nil {
		for _, r := range *list {
			if r.ID == id {
				return r, nil
			}
		}
	}
	return sentRecord{ID: id}, err
}

func (a *Account) setSent(ctx context.Context, chat int64, r sentRecord) error {
	if r.ID == "" {
		return nil
	}
	name := "sent/" + strconv.FormatInt(chat, 10)
	list, err := load[[]sentRecord](ctx, a.Keep, name)
	if err != nil {
		return err
	}
	if list == nil {
		list = new([]sentRecord)
	}
	l := append(slices.DeleteFunc(*list, func(o sentRecord) bool { return o.ID == r.ID }), r)
	if len(l) > maxSent {
		l = l[len(l)-maxSent:]
	}
	return save(ctx, a.Keep, name, l)
}

// current returns the id that a board has now.
func (a *Account) current(ctx context.Context, board int64) (int64, error) {
	to, err := load[int64](ctx, a.Keep, "moved/"+strconv.FormatInt(board, 10))
	if err != nil || to == nil {
		return board, err
	}
	return *to, nil
}

// name returns the name of the board that a chat is: the id that it is spoken to
// by.
func (a *Account) name(ctx context.Context, chat int64) (string, error) {
	id := strconv.FormatInt(chat, 10)
	from, err := load[int64](ctx, a.Keep, "named/"+id)
	if err != nil || from == nil {
		return id, err
	}
	return strconv.FormatInt(*from, 10), nil
}

// moved notes that a group became a supergroup, which has another id for good.
// The board keeps its name.
func (a *Account) moved(ctx context.Context, from, to int64) error {
	if known, err := a.current(ctx, from); err != nil || known == to {
		return err
	}
	if err := save(ctx, a.Keep, "named/"+strconv.FormatInt(to, 10), from); err != nil {
		return err
	}
	a.Logger.Warn("a board became a supergroup; its new id should be configured", "channel", Channel, "board", from, "now", to)
	return save(ctx, a.Keep, "moved/"+strconv.FormatInt(from, 10), to)
}

// knownAs notes that a board is spoken to by its present id: from then on it has
// that name.
func (a *Account) knownAs(ctx context.Context, chat int64) error {
	name := "named/" + strconv.FormatInt(chat, 10)
	if from, err := a.Keep.Get(ctx, name); err != nil || from == nil {
		return wrap(err)
	}
	return wrap(a.Keep.Put(ctx, name, nil))
}
