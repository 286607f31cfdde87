package postgres_test

import (
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/data/store"
	"signdesk/data/store/postgres/postgrestest"
)

// What a proxy does with what passes.
const (
	passes    = iota
	swallows  // both directions hang, new connections too
	halfOpen  // the server's answers are lost
	cutsReply // a connection ends in the middle of an answer, half the time
	refuses   // nobody listens
)

// A proxy stands between the stores and the server, and can fail in the ways of
// networks.
type proxy struct {
	ln     net.Listener
	server string

	mu    sync.Mutex
	mode  int
	conns map[net.Conn]bool
	group sync.WaitGroup
}

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{ln: ln, server: server, conns: map[net.Conn]bool{}}
	p.group.Go(p.accept)
	t.Cleanup(func() {
		ln.Close()
		p.cut()
		p.group.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		if p.now() == swallows { // it hangs until the proxy ends, or the other side does
			p.mu.Lock()
			p.conns[c] = true
			p.mu.Unlock()
			continue
		}
		up, err := net.Dial("tcp", p.server)
		if err != nil || p.now() == refuses {
			c.Close()
			if err == nil {
				up.Close()
			}
			continue
		}
		p.mu.Lock()
		p.conns[c], p.conns[up] = true, true
		p.mu.Unlock()
		p.group.Go(func() { p.copy(up, c, false) })
		p.group.Go(func() { p.copy(c, up, true) })
	}
}

// copy moves bytes until an end closes; reply says that they come from the
// server.
func (p *proxy) copy(to, from net.Conn, reply bool) {
	defer p.close(to)
	defer p.close(from)
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		switch mode := p.now(); {
		case mode == swallows, mode == halfOpen && reply:
			continue
		case mode == cutsReply && reply && rand.IntN(2) == 0:
			_, _ = to.Write(b[:rand.IntN(n)])
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) now() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode
}

func (p *proxy) set(mode int) {
	p.mu.Lock()
	p.mode = mode
	p.mu.Unlock()
	if mode == refuses {
		p.cut()
	}
}

func (p *proxy) close(c net.Conn) {
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	c.Close()
}

// cut closes all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// viewAround views one after another for a while, and returns how long that took.
func viewAround(t *testing.T, s store.Store, span time.Duration) time.Duration {
	begin := time.Now()
	for time.Since(begin) < span {
		err := s.View(ctx, func(tx store.Tx) error {
			for range tx.Scan("done", store.Range{Limit: 10, Reverse: true}) {
			}
			return nil
		})
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("view: %v", err)
		}
	}
	return time.Since(begin)
}

// TestNetwork has the network between a replica and the server fail in several
// ways under load: calls end within 5 seconds, the store works again by itself,
// and nothing is lost or done twice, nor reported as failed though it was done.
func TestNetwork(t *testing.T) {
	for name, mode := range map[string]int{"black hole": swallows, "half open": halfOpen, "cut mid-reply": cutsReply, "refused": refuses} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := postgrestest.Start(t)
			host := dsn[strings.IndexByte(dsn, '@')+1 : strings.Index(dsn, "/postgres?")]
			p := startProxy(t, host)
			behind := openReplicas(t, strings.Replace(dsn, host, p.ln.Addr().String(), 1), 2)
			direct := openReplicas(t, dsn, 1)
			l := startTraffic(t, 8, behind...)
			l.waitFor(t, 100)
			views := make(chan time.Duration)
			for range 2 {
				p.set(mode)
				go func() { views <- viewAround(t, behind[0], 2*time.Second) }()
				// The rest of the world goes on.
				if err := direct[0].Update(ctx, func(tx store.Tx) error { return tx.Put("t", []byte("k"), nil) }); err != nil {
					t.Errorf("another replica: %v", err)
				}
				time.Sleep(3 * time.Second)
				p.set(passes)
				healed := time.Now()
				l.waitFor(t, 100)
				if d := time.Since(healed); d > 8*time.Second { // 2 and less on an idle machine
					t.Errorf("took %v to recover", d)
				}
				if d := <-views; d > 7*time.Second {
					t.Errorf("a view took %v", d-2*time.Second)
				}
			}
			l.end()
			if l.longest > 6*time.Second {
				t.Errorf("a call took %v", l.longest)
			}
			l.check(t, behind[0], behind[1], direct[0])
		})
	}
}
