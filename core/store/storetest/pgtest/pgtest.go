//go:build unix

// Package pgtest runs a PostgreSQL server of a test's own.
//
// Start makes a cluster in a temporary folder, with the programs that the machine
// has, and skips the test when it has none. Database makes an empty database and
// returns its URL, as a setting would have it. Stop, Kill and Run end the server,
// by turns gently and as a power cut would, and start it again on the same data.
// The server syncs its writes, listens at a socket in its folder only, and ends
// with the test, even when the test's process is killed.
//
// New, Do and Close are the same for a program that is no test (cluster.go).
package pgtest

import (
	"context"
	"fmt"
	"testing"
)

// Start starts a server that ends with tb.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if err := Installed(); err != nil {
		tb.Skip(err)
	}
	s, err := New(tb.Context())
	try(tb, err)
	tb.Cleanup(func() { try(tb, s.Close()) })
	return s
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprint("usher", s.made.Add(1))
	Exec(tb, s.URL("postgres"), "CREATE DATABASE "+name+" TEMPLATE template0")
	return s.URL(name)
}

// Exec runs statements in the database that url names.
func Exec(tb testing.TB, url string, statements ...string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context()) // also while tb is cleaned up
	try(tb, Do(ctx, url, statements...))
}

// Run starts the server again and waits until it lets clients in.
func (s *Server) Run(tb testing.TB) {
	tb.Helper()
	try(tb, s.run())
}

// Stop ends the server as its owner does. Its clients are told that it ends.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	try(tb, s.stop())
}

// Kill ends the server like a power cut: kill -9. Only what was synced is kept.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	try(tb, s.kill())
}

func try(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
