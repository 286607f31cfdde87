package bench

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"go.etcd.io/bbolt"

	"signdesk/data/store"
)

// What one message writes at least, by table: an id, the conversation, a line of
// history, a reply that is owed.
var (
	tables = [...]string{"seen", "conv", "history", "outbox"}
	values = [...][]byte{{1}, make([]byte, 2048), make([]byte, 300), make([]byte, 400)}
)

// A ruler is a file of bbolt that is written to as directly as can be.
type ruler struct {
	db    *bbolt.DB
	queue chan written
	done  chan struct{}
}

type written struct {
	n    uint64
	over chan error
}

const longest = 1024 // updates that are committed together

// openRuler makes a file with as many conversations as there are visitors.
func openRuler(path string) (*ruler, error) {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range tables {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		for n := range uint64(visitors) {
			if err := tx.Bucket([]byte("conv")).Put(store.Key{}.Uint(n), values[1]); err != nil {
				return err
			}
		}
		return nil
	})
	r := &ruler{db: db, queue: make(chan written, longest), done: make(chan struct{})}
	go r.run()
	return r, err
}

func (r *ruler) close() {
	close(r.queue)
	<-r.done
	r.db.Close()
}

// put writes one message. Conversations are met at random, the rest is ordered by
// time.
func put(tx *bbolt.Tx, n uint64) error {
	at := time.Unix(1_700_000_000, 0).Add(time.Duration(n) * time.Millisecond)
	mixed := n * 0x9E3779B97F4A7C15
	conv := mixed >> 32 % visitors
	keys := [...]store.Key{store.Key{}.Time(at.Truncate(time.Hour)).Uint(mixed), store.Key{}.Uint(conv), store.Key{}.Uint(conv).Time(at), store.Key{}.Time(at).Uint(n)}
	for i, key := range keys {
		if err := tx.Bucket([]byte(tables[i])).Put(key, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// run is the least that a committer can do: it commits what is waiting.
func (r *ruler) run() {
	defer close(r.done)
	for u := range r.queue {
		list := []written{u}
		for more := true; more && len(list) < longest; {
			select {
			case u, ok := <-r.queue:
				if more = ok; ok {
					list = append(list, u)
				}
			default:
				more = false
			}
		}
		err := r.db.Update(func(tx *bbolt.Tx) error {
			for _, u := range list {
				if err := put(tx, u.n); err != nil {
					return err
				}
			}
			return nil
		})
		for _, u := range list {
			u.over <- err
		}
	}
}

// commit has the bare committer write one message.
func (r *ruler) commit(context.Context, int, int) error {
	u := written{uint64(sent.Add(1)), make(chan error, 1)}
	r.queue <- u
	return <-u.over
}

// batch has bbolt's own Batch write one message, as it is set by default.
func (r *ruler) batch(context.Context, int, int) error {
	n := uint64(sent.Add(1))
	return r.db.Batch(func(tx *bbolt.Tx) error { return put(tx, n) })
}

// An idler is a server of the same library that does nothing.
type idler struct {
	url string
	srv *http.Server
}

func openIdler() (*idler, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/", func(c *gin.Context) { c.Status(http.StatusAccepted) })
	i := &idler{"http://" + ln.Addr().String(), &http.Server{Handler: engine, ReadHeaderTimeout: time.Minute}}
	go i.srv.Serve(ln)
	return i, nil
}

// post sends a message to nobody.
func (i *idler) post(c *http.Client, token string) sender {
	return func(ctx context.Context, _, _ int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url, bytes.NewReader([]byte(`{"id":"bench-12-3456","text":"你好"}`)))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		_, err = do(c, req, http.StatusAccepted)
		return err
	}
}
