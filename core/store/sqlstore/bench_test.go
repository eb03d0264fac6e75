package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

func bench(b *testing.B) *sqlstore.Store {
	b.ReportAllocs()
	return open(b, filepath.Join(b.TempDir(), "usher.db"))
}

// BenchmarkAddNote is what the store adds to each command.
func BenchmarkAddNote(b *testing.B) {
	s, expires := bench(b), time.Now().Add(time.Hour)
	i := 0
	for b.Loop() {
		i++
		if fresh, err := s.AddNote(b.Context(), fmt.Sprintf("seen:%09d", i), nil, expires); err != nil || !fresh {
			b.Fatal(fresh, err)
		}
	}
}

func BenchmarkAddNoteParallel(b *testing.B) {
	s, expires := bench(b), time.Now().Add(time.Hour)
	var i atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if fresh, err := s.AddNote(b.Context(), fmt.Sprintf("seen:%09d", i.Add(1)), nil, expires); err != nil || !fresh {
				b.Error(fresh, err)
			}
		}
	})
}

func BenchmarkNote(b *testing.B) {
	s := bench(b)
	if err := s.PutNote(b.Context(), "key", []byte("value"), time.Time{}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Note(b.Context(), "key"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPutTellParallel is a write that waits for the disk, by many at once.
func BenchmarkPutTellParallel(b *testing.B) {
	s := bench(b)
	var i atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.PutTell(b.Context(), store.Tell{Key: fmt.Sprint(i.Add(1) % 1000), Try: time.Now()}); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkPutTell(b *testing.B) {
	s := bench(b)
	for b.Loop() {
		if err := s.PutTell(b.Context(), store.Tell{Key: "key", Try: time.Now()}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDueTells is what the store does once a second.
func BenchmarkDueTells(b *testing.B) {
	s := bench(b)
	for i := range 1000 {
		if _, err := s.AddNote(b.Context(), fmt.Sprint(i), nil, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 64 {
		if err := s.PutTell(b.Context(), store.Tell{Key: fmt.Sprint(i), Try: time.Now().Add(time.Hour)}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := s.DueTells(b.Context(), "", 64); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	name := filepath.Join(b.TempDir(), "usher.db")
	b.ReportAllocs()
	for b.Loop() {
		s, err := sqlstore.Open(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
