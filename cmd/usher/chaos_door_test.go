//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core/store"
)

// point is a place on the way of a login at which a fault can strike, named for what
// is done there.
type point string

const (
	inserting point = "insert" // the row
	showing   point = "show"   // the card, to its person
	keeping   point = "keep"   // that it was shown
	polling   point = "poll"   // and nobody has decided yet
	issuing   point = "issue"  // the token, at the provider
	granting  point = "grant"  // the token goes into the row
	linking   point = "link"
	ending    point = "end" // of any other login
	putting   point = "put" // into the outbox, beside a step
	telling   point = "tell"
	dropping  point = "drop" // from the outbox

	pressing point = "press" // which people do
)

// moment is when it strikes.
type moment string

const (
	before moment = "before"
	during moment = "during"
	after  moment = "after"
)

// deed is what is done to a replica.
type deed string

const (
	kill   deed = "kill"   // as kill -9 does
	freeze deed = "freeze" // for longer than its lease
)

// fault strikes the first time that its point is reached.
type fault struct {
	when moment
	at   point
	what deed
	late time.Duration // how far into the step, during one
}

// pointOf is the point of a step in the store.
func pointOf(c store.Change) point {
	switch authflow.State(c.State) {
	case authflow.Granted:
		return granting
	case authflow.Linked:
		return linking
	}
	return ending
}

// stepPath is where candid stores tell of their steps.
const stepPath = "/step"

// visit is a request that a replica makes.
type visit struct {
	r    *replica
	life int // of the process that makes it
	req  *http.Request
	body []byte
	form url.Values // of the body
	at   point      // empty: nobody cares
}

// door is what a process reaches others through.
type door struct {
	r    *replica
	life int // of which process it is
}

// ServeHTTP lets a request through to whom it is for, and the answer back. Of a
// process that was killed in between neither gets through.
func (d *door) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r := d.r
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	v := &visit{r: r, life: d.life, req: req, body: body}
	v.form, _ = url.ParseQuery(string(body)) // those that matter are forms
	switch path := req.URL.Path; {
	case path == stepPath:
		v.step(req.URL.Query())
		return
	case path == string(authtest.Token):
		v.at = polling
		defer r.w.pace.come(v.form.Get("device_code"), time.Now())()
	case codeIn(v.form.Get("text")) != "":
		v.at = showing
	case endOf(v.form.Get("text")) != "":
		v.at = telling
	}
	v.reach(before)
	v.pass(w)
}

// pass asks whom the request is for.
func (v *visit) pass(w http.ResponseWriter) {
	r, path := v.r, v.req.URL.Path
	to, chat, text := r.w.auth.URL(), v.form.Get("chat_id"), v.form.Get("text")
	if strings.HasPrefix(path, "/bot") {
		to = r.w.chat.URL()
	}
	switch v.at {
	case showing:
		v.note(event{what: showing, chat: chat, code: codeIn(text)})
	case telling:
		v.note(event{what: telling, chat: chat})
	}
	status, header, body, err := v.forward(to)
	if err != nil {
		panic(http.ErrAbortHandler) // whoever asked has gone
	}
	switch {
	case path == string(authtest.Device):
		r.w.pace.issue(body)
	case v.at == polling && status == http.StatusOK:
		v.at = issuing
		v.witness(event{what: issuing, code: r.w.pace.answer(v.form.Get("device_code"), true)})
	case v.at == polling:
		r.w.pace.answer(v.form.Get("device_code"), false)
	}
	v.reach(after)
	for name := range header {
		w.Header().Set(name, header.Get(name))
	}
	w.WriteHeader(status)
	w.Write(body)
}

func (v *visit) forward(to string) (status int, header http.Header, body []byte, err error) {
	whole := context.WithoutCancel(v.req.Context()) // what has become of it is known, whoever dies
	req, err := http.NewRequestWithContext(whole, v.req.Method, to+v.req.URL.RequestURI(), bytes.NewReader(v.body))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header = v.req.Header.Clone()
	resp, err := v.r.w.client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, err
}

// step is a step in the store, of which a candid store tells.
func (v *visit) step(told url.Values) {
	v.at = point(told.Get("at"))
	when := moment(told.Get("when"))
	v.note(event{what: v.at, when: when, login: told.Get("login")})
	v.reach(when)
}

// note notes what the process does, unless it was killed meanwhile.
func (v *visit) note(e event) {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	if v.r.cmd == nil || v.r.life != v.life {
		panic(http.ErrAbortHandler)
	}
	e.frozen = v.r.frozen > 0
	v.r.w.note(e)
}

// witness notes what somebody else did for the process, though it was killed meanwhile.
func (v *visit) witness(e event) {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	e.frozen = v.r.frozen > 0 || v.r.cmd == nil || v.r.life != v.life
	v.r.w.note(e)
}

// reach has the fault strike that waits for this.
func (v *visit) reach(when moment) {
	f := v.r.w.take(when, v.at)
	switch {
	case f == nil:
	case f.when == during:
		go func() {
			v.r.w.rest(f.late)
			v.r.w.befall(v.r, f.what)
		}()
	default:
		v.r.w.befall(v.r, f.what)
	}
	if !v.r.lives(v.life) {
		panic(http.ErrAbortHandler)
	}
}
