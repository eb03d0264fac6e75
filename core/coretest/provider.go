package coretest

import (
	"fmt"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

// Provider is the human side of a service to sign in to: what a person does on
// its pages, and what befalls it.
type Provider interface {
	Pending() []string // the user codes that wait for a decision, oldest first
	Approve(code, account string) error
	Deny(code string) error
	Expire(code string) error
	Withdraw(account string) // takes back all that somebody has granted
	Stop()                   // nobody reaches it
	Resume()                 // after Stop
	// Answer makes it answer the next poll in another way than usual: slow_down,
	// 503, html, half (a body that is cut off) or nothing at all.
	Answer(with string) error
}

// At is the human side of an authtest.Server.
func At(s *authtest.Server) Provider { return server{s} }

type server struct{ *authtest.Server }

func (s server) Approve(code, account string) error {
	return s.Server.Approve(code, s.User(account))
}

func (s server) Withdraw(account string) { s.Server.Withdraw(s.User(account)) }

func (s server) Answer(with string) error {
	fault, known := map[string]stand.Fault{
		"slow_down": authtest.SlowDown(),
		"503":       authtest.Unavailable(0),
		"html":      stand.HTML(502),
		"half":      authtest.CutBody(),
		"nothing":   stand.Hang(),
	}[with]
	if !known {
		return fmt.Errorf("the provider does not know how to answer %q", with)
	}
	s.Break(authtest.Token, fault)
	return nil
}
