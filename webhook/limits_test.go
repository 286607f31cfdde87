package webhook

import (
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:1", "", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:1", "", "192.0.2.1"},
		{"[2001:db8:1:2:3:4:5:6]:1", "", "2001:db8:1:2::"},
		{"[fe80::1%eth0]:1", "", "unknown"},
		{"", "", "unknown"},
		{"@", "", "unknown"},
		{"192.0.2.1:1", "192.0.2.7", "192.0.2.1"},
		{"127.0.0.1:1", "192.0.2.7", "192.0.2.7"},
		{"127.0.0.1:1", "192.0.2.9, ::ffff:192.0.2.7", "192.0.2.7"},
		{"127.0.0.1:1", "2001:DB8:1:2:0:0:0:6", "2001:db8:1:2::"},
		{"127.0.0.1:1", "somebody", "127.0.0.1"},
	} {
		c, engine := gin.CreateTestContext(httptest.NewRecorder())
		if err := engine.SetTrustedProxies([]string{"127.0.0.1"}); err != nil {
			t.Fatal(err)
		}
		c.Request = httptest.NewRequest("GET", "/", nil)
		c.Request.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			c.Request.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := address(c); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}
