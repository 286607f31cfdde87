package hooks_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"signdesk/webhook/hooks"
)

// FuzzVerify: nothing passes but what was signed, word for word.
func FuzzVerify(f *testing.F) {
	check, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		f.Fatal(err)
	}
	r, err := hooks.NewReceiver([]string{secret})
	if err != nil {
		f.Fatal(err)
	}
	const said = `{"type":"payment.arrived","data":{}}`
	at := time.Now()
	stamp := strconv.FormatInt(at.Unix(), 10)
	good, err := check.Sign("e-1", at, []byte(said))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("e-1", stamp, good, []byte(said))
	f.Add("e-1", stamp, "v1,"+good, []byte(said))
	f.Add("e-2", stamp, good+" "+good, []byte(said))
	f.Add("", "-1", "v1a,", []byte{0xff})
	f.Fuzz(func(t *testing.T, id, when, signature string, body []byte) {
		head := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {when}, "Webhook-Signature": {signature}}
		got, err := r.Verify(head, body)
		if err == nil && (got != "e-1" || id != "e-1" || string(body) != said) {
			t.Errorf("%q %q %q %q passes", id, when, signature, body)
		}
	})
}
