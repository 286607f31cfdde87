package wechat

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzFlat: what the simple reader takes, the general one reads alike.
func FuzzFlat(f *testing.F) {
	for _, s := range []string{"<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[u]]></FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[a]]]]><![CDATA[>b]]></Content></xml>",
		"<xml> <Content>a&amp;b</Content>\n<MsgId>1</MsgId></xml>", "<xml><a><Content>x</Content></a></xml>", "<xml><Content>x</Content><Content>y</Content></xml>", "<xml><Content/></xml>", "<xml><!-- --><Content>x</Content></xml>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		raw = legal(raw)
		quick, slow := new(pushed), new(pushed)
		var bad error
		if flat(raw, func(name, value []byte) {
			if err := quick.set(name, value); err != nil {
				bad = err
			}
		}) != nil || bad != nil {
			return
		}
		if err := decodeXML(raw, slow); err != nil {
			return // stricter: about names, text of two roots
		}
		if d := cmp.Diff(slow, quick, cmp.AllowUnexported(pushed{})); d != "" {
			t.Errorf("%q: %s", raw, d)
		}
	})
}
