package main

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signdesk/data/store/postgres/postgrestest"
	"signdesk/kb"
)

var update = flag.Bool("update", false, "write what came out into the transcripts")

// TestTranscripts runs the golden transcripts, each three times: the second time
// with the store closed and opened again before every turn, the third time on
// PostgreSQL.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("bot/testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	cfg := testConfig(t)
	base, recognise := openAnswers(t, cfg)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for i, database := range []string{"", "", postgrestest.Start(t)} {
				reopen := i == 1
				got, err := replayOnce(t.Context(), cfg, want, reopen, database, func(ctx context.Context, open func(context.Context) (*service, error)) (*stage, error) {
					return newStage(ctx, cfg, base, recognise, slog.New(slog.DiscardHandler), botHooks{}, open)
				})
				switch {
				case err != nil:
					t.Fatalf("%v, after\n%s", err, got)
				case *update && i == 0:
					want = got
					if err := os.WriteFile(name, got, 0o600); err != nil {
						t.Fatal(err)
					}
				case string(got) != string(want):
					t.Errorf("store reopened: %t, database: %t\n%s", reopen, database != "", difference(string(want), string(got)))
				}
			}
		})
	}
}

// openAnswers opens what answers, until the test ends.
func openAnswers(t testing.TB, cfg *Config) (*kb.Live, recogniser) {
	t.Helper()
	base, err := openBase(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { base.Close() })
	recognise, err := openIntents(cfg, base)
	if err != nil {
		t.Fatal(err)
	}
	return base, recognise
}

// testConfig is the configuration without any setting.
func testConfig(t testing.TB) *Config {
	t.Helper()
	cfg := &Config{}
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	cfg.bind(fs)
	if err := cfg.load(fs, func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	return cfg
}
