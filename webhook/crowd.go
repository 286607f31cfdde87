package webhook

import (
	"net"
	"net/http"
	"sync"
)

// A Crowd bounds the connections of a server, so that it always has a file
// descriptor left. When there are as many as may be, a new one takes the place of
// the one that has kept silent for longest: that has not sent a whole request yet,
// or none since its last one. Its client connects anew; whoever holds connections
// and says nothing keeps no one out. If all are busy, the new one is closed.
//
// State is for [http.Server.ConnState]. A Crowd may be used by any number of
// goroutines.
type Crowd struct {
	most   int
	mu     sync.Mutex
	silent guest // a ring: behind it is who has been silent for longest
	open   map[net.Conn]*guest
}

// A guest is a connection. While it is silent it has neighbours, in the order in which
// they fell silent.
type guest struct {
	conn         net.Conn
	before, next *guest
}

// leave takes a guest out of the ring, if it is in it.
func (g *guest) leave() {
	if g.next != nil {
		g.before.next, g.next.before = g.next, g.before
		g.before, g.next = nil, nil
	}
}

// append puts a guest at the end of the ring.
func (g *guest) append(last *guest) {
	last.before, last.next = g.before, g
	g.before.next, g.before = last, last
}

// NewCrowd returns a crowd of at most so many connections.
func NewCrowd(most int) *Crowd {
	c := &Crowd{most: most, open: make(map[net.Conn]*guest)}
	c.silent.before, c.silent.next = &c.silent, &c.silent
	return c
}

// sendBuffer bounds what the system keeps of what a client does not read, in bytes;
// by itself it keeps up to 4 MB of each.
const sendBuffer = 64 << 10

// State notes in which state a connection is now.
func (c *Crowd) State(conn net.Conn, state http.ConnState) {
	if b, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok && state == http.StateNew {
		_ = b.SetWriteBuffer(sendBuffer) // refused: it keeps more
	}
	if leaves := c.note(conn, state); leaves != nil {
		_ = leaves.Close() // whoever serves it finds out
	}
}

// note returns who must leave, if anybody.
func (c *Crowd) note(conn net.Conn, state http.ConnState) (leaves net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.open[conn]
	if g != nil {
		g.leave()
	}
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	case http.StateNew:
		if len(c.open) >= c.most {
			first := c.silent.next
			if first == &c.silent {
				return conn
			}
			first.leave()
			leaves = first.conn
			delete(c.open, leaves)
		}
		g = &guest{conn: conn}
		c.open[conn] = g
		c.silent.append(g)
	case http.StateIdle:
		if g != nil {
			c.silent.append(g)
		}
	}
	return leaves
}
