package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"signdesk/data/store"
	"signdesk/data/store/postgres"
	"signdesk/data/store/postgres/postgrestest"
)

// A traffic writes to stores, each key once, and remembers what it was told.
type traffic struct {
	stores []*postgres.Store
	stop   chan struct{}
	group  sync.WaitGroup
	next   atomic.Uint64

	mu      sync.Mutex
	kept    []uint64 // acknowledged
	failed  []uint64 // reported as not done
	doubted []uint64
	lastErr time.Time     // when the last call that failed was begun
	longest time.Duration // of a call
}

func startTraffic(t *testing.T, writers int, stores ...*postgres.Store) *traffic {
	t.Helper()
	l := &traffic{stores: stores, stop: make(chan struct{})}
	l.next.Store(uint64(time.Now().UnixNano())) // above those of an earlier one
	for w := range writers {
		l.group.Go(func() { l.write(t, l.stores[w%len(l.stores)]) })
	}
	return l
}

func (l *traffic) write(t *testing.T, s *postgres.Store) {
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		n, begin := l.next.Add(1), time.Now()
		err := s.Update(ctx, func(tx store.Tx) error {
			// Doing it twice leaves a longer value.
			key := store.Key{}.Uint(n)
			return errors.Join(
				tx.Put("done", key, append(tx.Get("done", key), 1)),
				tx.Put("last", store.Key{}.Uint(n%7), key))
		})
		l.note(t, n, begin, err)
		if err != nil {
			time.Sleep(10 * time.Millisecond) // as a client would, and the core is shared
		}
	}
}

func (l *traffic) note(t *testing.T, n uint64, begin time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.longest = max(l.longest, time.Since(begin))
	switch {
	case err == nil:
		l.kept = append(l.kept, n)
		return
	case errors.Is(err, store.ErrDoubt):
		l.doubted = append(l.doubted, n)
	case errors.Is(err, store.ErrUnavailable):
		l.failed = append(l.failed, n)
	default:
		t.Errorf("update: %v", err)
	}
	if begin.After(l.lastErr) {
		l.lastErr = begin
	}
}

func (l *traffic) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.kept)
}

// waitFor waits until so many more are acknowledged.
func (l *traffic) waitFor(t *testing.T, more int) {
	t.Helper()
	for want, begin := l.acknowledged()+more, time.Now(); l.acknowledged() < want; time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("only %d of %d acknowledged", l.acknowledged(), want)
		}
	}
}

func (l *traffic) end() {
	close(l.stop)
	l.group.Wait()
}

// check compares what was told with what the stores have: what was acknowledged
// is there once, what failed is not, what was in doubt is there once or not.
func (l *traffic) check(t *testing.T, stores ...*postgres.Store) {
	t.Helper()
	t.Logf("%d acknowledged, %d failed, %d in doubt, longest call %v", len(l.kept), len(l.failed), len(l.doubted), l.longest)
	for _, s := range stores {
		if err := s.View(ctx, func(tx store.Tx) error {
			done := map[uint64]int{}
			for key, value := range tx.Scan("done", store.Range{}) {
				done[store.ReadKey(key).Uint()] = len(value)
			}
			for _, n := range l.kept {
				if done[n] != 1 {
					t.Errorf("acknowledged %d: done %d times", n, done[n])
				}
			}
			for _, n := range l.failed {
				if done[n] != 0 {
					t.Errorf("failed %d: done %d times", n, done[n])
				}
			}
			for _, n := range l.doubted {
				if done[n] > 1 {
					t.Errorf("in doubt %d: done %d times", n, done[n])
				}
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

func mustExec(t *testing.T, s *postgrestest.Server, sql string) string {
	t.Helper()
	out, err := s.Exec(sql)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// startPair starts a primary and its synchronous standby.
func startPair(t *testing.T) (primary, standby *postgrestest.Server) {
	t.Helper()
	primary = postgrestest.New(t)
	standby = primary.Standby("second")
	mustExec(t, primary, "ALTER SYSTEM SET synchronous_standby_names = 'second'")
	mustExec(t, primary, "SELECT pg_reload_conf()")
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if mustExec(t, primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1" {
			return primary, standby
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatal("the standby does not follow")
		}
	}
}

// TestFailOver kills the primary under load and promotes its synchronous standby:
// nothing acknowledged is lost, and calls succeed again within 5 seconds. Then
// the old primary comes back, first in the address, and takes no write.
func TestFailOver(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]int{"server killed": passes, "machine gone": swallows} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testFailOver(t, gone)
		})
	}
}

func testFailOver(t *testing.T, gone int) {
	primary, standby := startPair(t)
	schema := primary.Schema(t)
	network := startProxy(t, primary.Addr())
	hosts := network.ln.Addr().String() + "," + standby.Addr()
	dsn := strings.Replace(schema, primary.Addr(), hosts, 1) + "&target_session_attrs=read-write"
	replicas := openReplicas(t, dsn, 2)
	l := startTraffic(t, 16, replicas...)
	l.waitFor(t, 300)
	network.set(gone)
	primary.Kill()
	standby.Promote()
	promoted := time.Now()
	l.waitFor(t, 300)
	l.mu.Lock()
	recovered, longest := max(0, l.lastErr.Sub(promoted)), l.longest
	l.mu.Unlock()
	if recovered > 5*time.Second || longest > 10*time.Second {
		t.Errorf("calls failed until %v after the promotion; the longest took %v", recovered, longest)
	}
	t.Logf("the last call that failed began %v after the promotion", recovered)

	primary.Restart("synchronous_standby_names=")
	network.set(passes)
	name := schema[strings.LastIndexByte(schema, '=')+1:]
	before := mustExec(t, primary, "SELECT version FROM "+name+".signdesk_meta")
	cut := "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
	for range 3 {
		mustExec(t, standby, cut) // everybody connects anew
		l.waitFor(t, 100)
	}
	late := openReplicas(t, dsn, 2) // which have seen neither before
	more := startTraffic(t, 4, late...)
	more.waitFor(t, 100)
	more.end()
	l.end()
	if after := mustExec(t, primary, "SELECT version FROM "+name+".signdesk_meta"); after != before {
		t.Errorf("the old primary went from version %s to %s", before, after)
	}
	l.check(t, append(replicas, late...)...)
	more.check(t, append(replicas, late...)...)
}

// TestStandbyGone stops the synchronous standby under load, and ends the commits
// that wait for it: PostgreSQL then says that they are done, with a warning. They
// are in doubt instead, and what is acknowledged is on the standby, which takes
// over with what it has.
func TestStandbyGone(t *testing.T) {
	t.Parallel()
	primary, standby := startPair(t)
	schema := primary.Schema(t)
	replicas := openReplicas(t, schema, 2)
	l := startTraffic(t, 8, replicas...)
	l.waitFor(t, 100)
	standby.Stop()
	time.Sleep(300 * time.Millisecond) // what the standby has confirmed is told by then
	stuck := l.acknowledged()
	for begin := time.Now(); time.Since(begin) < 3*time.Second; {
		mustExec(t, primary, "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
	}
	if more := l.acknowledged() - stuck; more > 0 {
		t.Errorf("%d acknowledged without the standby", more)
	}
	primary.Kill()
	l.end()
	standby.Restart()
	standby.Promote()
	l.check(t, openReplicas(t, strings.Replace(schema, primary.Addr(), standby.Addr(), 1), 1)...)
}

// TestBusyPrimary starts a replica while an old primary is back and the new one takes
// nobody more for a moment: the old one takes no write.
func TestBusyPrimary(t *testing.T) {
	t.Parallel()
	primary, standby := startPair(t)
	schema := primary.Schema(t)
	openReplicas(t, schema, 1)
	primary.Kill()
	standby.Promote()
	primary.Restart("synchronous_standby_names=")
	name := schema[strings.LastIndexByte(schema, '=')+1:]
	version := "SELECT version FROM " + name + ".signdesk_meta"
	before := mustExec(t, primary, version)
	var crowd []*pgx.Conn
	for {
		conn, err := pgx.Connect(ctx, strings.Replace(schema, primary.Addr(), standby.Addr(), 1))
		if err != nil {
			break
		}
		crowd = append(crowd, conn)
	}
	time.AfterFunc(time.Second, func() {
		for _, conn := range crowd {
			conn.Close(ctx)
		}
	})
	late := openReplicas(t, strings.Replace(schema, primary.Addr(), primary.Addr()+","+standby.Addr(), 1)+"&target_session_attrs=read-write", 1)
	if err := late[0].Update(ctx, func(tx store.Tx) error { return tx.Put("t", []byte("k"), nil) }); err != nil {
		t.Error(err)
	}
	if after := mustExec(t, primary, version); after != before {
		t.Errorf("the old primary went from version %s to %s", before, after)
	}
}
