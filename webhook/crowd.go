package webhook

import (
	"container/list"
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
	silent *list.List // of net.Conn, those first that have been silent for longest
	open   map[net.Conn]*list.Element
}

// NewCrowd returns a crowd of at most so many connections.
func NewCrowd(most int) *Crowd {
	return &Crowd{most: most, silent: list.New(), open: make(map[net.Conn]*list.Element)}
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
	at, known := c.open[conn]
	if at != nil {
		c.silent.Remove(at)
	}
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	case http.StateActive:
		if known {
			c.open[conn] = nil
		}
	case http.StateNew:
		if len(c.open) >= c.most {
			first := c.silent.Front()
			if first == nil {
				return conn
			}
			leaves, _ = c.silent.Remove(first).(net.Conn)
			delete(c.open, leaves)
		}
		c.open[conn] = c.silent.PushBack(conn)
	case http.StateIdle:
		if known {
			c.open[conn] = c.silent.PushBack(conn)
		}
	}
	return leaves
}
