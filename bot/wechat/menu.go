package wechat

import "context"

// A Button is one of the account's own menu (自定义菜单), or a column of it.
type Button struct {
	Name string   `json:"name"`
	Type string   `json:"type,omitempty"` // "click" or "view"; "" for a column
	Key  string   `json:"key,omitempty"`  // of a click: what the person says by it
	URL  string   `json:"url,omitempty"`  // of a view
	Sub  []Button `json:"sub_button,omitempty"`
}

// SetMenu sets the account's menu: at most three columns of five buttons. The
// platform shows it within a day to who follows already.
func (a *Account) SetMenu(ctx context.Context, buttons []Button) error {
	return a.post(ctx, "/cgi-bin/menu/create", map[string]any{"button": buttons}, nil)
}

// Says is a button by which a person says something.
func Says(name, utterance string) Button { return Button{Name: name, Type: "click", Key: utterance} }
