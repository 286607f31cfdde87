package bench

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// A listeners is a number of open pages that wait for news.
type listeners []net.Conn

func (l listeners) close() {
	for _, c := range l {
		c.Close()
	}
}

const (
	dialWide   = 64 // pages that are opened at once
	dialWithin = 30 * time.Second
)

// listen opens pages that wait for news.
func (b *bench) listen(ctx context.Context, s *server, n int) (listeners, error) {
	l := make(listeners, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(dialWide)
	for i := range l {
		g.Go(func() (err error) {
			l[i], err = b.page(ctx, s, b.tokens[i%len(b.tokens)])
			return err
		})
	}
	err := g.Wait()
	if err != nil {
		for _, c := range l {
			if c != nil {
				c.Close()
			}
		}
	}
	return l, err
}

// page opens one, and waits until its stream begins.
func (b *bench) page(ctx context.Context, s *server, token string) (net.Conn, error) {
	var d net.Dialer
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	host := strings.TrimPrefix(s.url, "http://")
	c, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	_ = c.SetReadDeadline(time.Now().Add(dialWithin))
	fmt.Fprintf(c, "GET /api/v1/conversation/events HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", host, token)
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "retry:") {
			return c, nil
		}
	}
	c.Close()
	return nil, fmt.Errorf("a stream does not begin")
}
