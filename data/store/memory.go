package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"signdesk/data/store/tree"
)

// A Memory is a [Store] that keeps nothing beyond its life: for tests, and for
// trying the service without a file.
type Memory struct {
	tables []Table
	state  atomic.Pointer[tree.Tree]
	turn   chan struct{} // holds a token while no update runs
	mu     sync.RWMutex  // guards closed and the first Add of calls
	closed bool
	calls  sync.WaitGroup
}

// NewMemory returns an empty store, with its migrations run.
func NewMemory(ctx context.Context, o Options) (*Memory, error) {
	m := &Memory{tables: o.Tables, turn: make(chan struct{}, 1)}
	m.state.Store(&tree.Tree{})
	m.turn <- struct{}{}
	err := CheckTables(o.Tables)
	if err == nil {
		err = Migrate(ctx, m, o.Migrations)
	}
	if err != nil {
		return nil, fmt.Errorf("store: new memory: %w", err)
	}
	return m, nil
}

// View implements [Store].
func (m *Memory) View(ctx context.Context, fn func(Tx) error) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.calls.Done()
	tx := &txn{layer: *m.state.Load(), readOnly: true}
	defer func() { tx.over = true }()
	return fn(tx)
}

// Update implements [Store]. The function runs once.
func (m *Memory) Update(ctx context.Context, fn func(Tx) error) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.calls.Done()
	select {
	case <-m.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { m.turn <- struct{}{} }()
	tx := &txn{layer: *m.state.Load()}
	defer func() { tx.over = true }()
	if err := fn(tx); err != nil {
		return err
	}
	next := tx.layer.Fork()
	m.state.Store(&next)
	return nil
}

// enter admits a call, which ends with calls.Done.
func (m *Memory) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return ErrClosed
	}
	m.calls.Add(1)
	return nil
}

// Verify compares every declared index with its table; see [VerifyTables].
func (m *Memory) Verify(ctx context.Context) error {
	return VerifyTables(ctx, m, m.tables)
}

// Close implements [Store].
func (m *Memory) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.calls.Wait()
	return nil
}
