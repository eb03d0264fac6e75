package authtest

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"
	"time"
)

// errNotWaiting does not repeat the code: it may be right at another server.
var errNotWaiting = errors.New("no login waits under this code")

// Pending lists the user codes that wait for a decision, the oldest first, as people see them.
func (s *Server) Pending() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var codes []string
	for _, d := range s.queue {
		if d.waits(time.Now()) {
			codes = append(codes, d.shown)
		}
	}
	return codes
}

// Approve lets the login with this code in, as somebody typed it. The zero User is the first of Options.
func (s *Server) Approve(userCode string, as User) error {
	return s.decide(userCode, func(d *device) { d.state, d.user = approved, s.orFirst(as) })
}

// Deny refuses the login with this code.
func (s *Server) Deny(userCode string) error {
	return s.decide(userCode, func(d *device) { d.state = denied })
}

// Expire lets the time of this code run out.
func (s *Server) Expire(userCode string) error {
	return s.decide(userCode, func(d *device) { d.expires = time.Now() })
}

func (s *Server) decide(userCode string, how func(*device)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.typed[normalise(userCode)]
	if d == nil || !d.waits(time.Now()) {
		return errNotWaiting
	}
	how(d)
	close(d.decided)
	return nil
}

// Withdraw takes back what somebody has agreed to so far, as they do in their
// account settings: all their tokens die.
func (s *Server) Withdraw(as User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withdraw(as)
}

func (s *Server) withdraw(as User) {
	for _, t := range s.access {
		t.dead = t.dead || t.user == as
	}
	for _, t := range s.refresh {
		t.dead = t.dead || t.user == as
	}
}

// User is the account of that name, or a new one that always gets the same subject.
func (s *Server) User(name string) User {
	for _, u := range s.opt.Users {
		if strings.EqualFold(u.Name, name) {
			return u
		}
	}
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(name))) // never returns an error
	return User{Subject: fmt.Sprint(h.Sum32()), Name: name}
}

func (s *Server) orFirst(u User) User {
	if u == (User{}) && len(s.opt.Users) > 0 {
		return s.opt.Users[0]
	}
	return u
}

// Consent opens an authorization link, agrees as somebody, and returns where
// the browser is sent, the code in its query. The zero User is the first of Options.
func (s *Server) Consent(link string, as User) (back string, err error) {
	return s.follow(link, func(a authorization) string { return s.agree(a, s.orFirst(as)) })
}

// Refuse opens an authorization link, refuses, and returns where the browser is sent.
func (s *Server) Refuse(link string) (back string, err error) {
	return s.follow(link, func(a authorization) string { return a.sendBack("error", "access_denied") })
}

func (s *Server) follow(link string, decide func(authorization) string) (string, error) {
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(link, s.URL()+"/") {
		return "", errors.New("not a link to this server")
	}
	if _, is := s.doors[u.Path]; !is {
		return "", errors.New("not a link to an authorization endpoint")
	}
	a, err := s.readAuthorization(u)
	if err != nil {
		return "", fmt.Errorf("open authorization link: %w", err)
	}
	if a.flaw != "" {
		return a.sendBack("error", a.flaw), nil
	}
	return decide(a), nil
}
