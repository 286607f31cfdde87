package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).bind)

// bind asks who the person is: a login, and the code that is sent to it. Whether
// there is an account of that login it does not tell.
func (f *Flows) bind() actions.Flow {
	return actions.Flow{Name: "bind", Revision: 1, Sub: true, Steps: []actions.Step{
		{ID: "login", Parse: parse(readLogin), Do: func(c *Context) error {
			return f.do(c, func(t *platform.Tx) error { return t.SendLoginCode(c.Get("login"), c.Conv) })
		}, Args: f.loginArgs, Buttons: []actions.Button{{ID: "none", To: "register"}}},
		{ID: "code", Parse: parse(readCode), Secret: true, Args: f.loginArgs, Do: f.bindTo,
			Buttons: []actions.Button{{ID: "resend", Do: func(c *Context) error {
				return f.do(c, func(t *platform.Tx) error { return t.SendLoginCode(c.Get("login"), c.Conv) })
			}}, {ID: "change", To: "login"}}},
		{ID: "done", Ends: "bound"},
		{ID: "register", Ends: "register"},
	}}
}

func (f *Flows) loginArgs(c *Context) actions.Args {
	return actions.Args{"login": value.Mask(c.Get("login"))}
}

func (f *Flows) bindTo(c *Context) error {
	return f.do(c, func(t *platform.Tx) error {
		id, err := t.Login(c.Get("login"), c.Conv, c.Get("code"))
		if err == nil {
			c.Account, c.Effects.Bind = string(id), string(id)
		}
		c.Set("code", "")
		return err
	})
}
