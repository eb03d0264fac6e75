//go:build unix

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// pace holds polls against their interval, as their provider sees them: it begins
// before an answer is sent, so that nobody can have it sooner, and ends when the next
// request has come. No answer is too slow: nothing here fails on a busy machine.
type pace struct {
	every time.Duration

	mu    sync.Mutex
	codes map[string]*deviceCode
	early []time.Duration // how long after the last answer
	twins int             // polls beside another one
}

// deviceCode is what one login is polled by.
type deviceCode struct {
	user     string // the code that belongs to it
	answered time.Time
	asking   int // polls under way
	polls    int // since its token was issued
	issued   bool
}

func newPace(every time.Duration) *pace { return &pace{every: every, codes: map[string]*deviceCode{}} }

// issue notes an answer of the device endpoint.
func (p *pace) issue(answer []byte) {
	var codes struct {
		Device string `json:"device_code"`
		User   string `json:"user_code"`
	}
	if json.Unmarshal(answer, &codes) != nil || codes.Device == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[codes.Device] = &deviceCode{user: codes.User, answered: time.Now()}
}

// come notes that a poll has come, and leave that it is over, whatever became of it.
func (p *pace) come(device string, now time.Time) (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.codes[device]
	if c == nil {
		c = &deviceCode{}
		p.codes[device] = c
	}
	if since := now.Sub(c.answered); since < p.every {
		p.early = append(p.early, since)
	}
	if c.asking++; c.asking > 1 {
		p.twins++
	}
	if c.issued {
		c.polls++
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		c.asking--
	}
}

// answer notes that a poll is about to be answered, by a token or not, and returns
// the user code.
func (p *pace) answer(device string, token bool) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.codes[device]
	c.answered, c.issued = time.Now(), c.issued || token
	return c.user
}

// after is how often a code was polled whose token was issued.
func (p *pace) after(user string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, c := range p.codes {
		if c.user == user {
			n += c.polls
		}
	}
	return n
}

// judge holds what is in the database, before people's eyes, and was seen at the
// doors against what was promised. Nobody uses the database any more.
func (w *chaos) judge(t *testing.T, cast []*person) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	db, err := sqlstore.Open(ctx, w.store)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if len(w.pace.early) > 0 || w.pace.twins > 0 {
		t.Errorf("got polls %v after the last answer and %d beside another, want none before %v", w.pace.early, w.pace.twins, interval)
	}
	rows, err := logins(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range cast {
		if len(p.codes) == 0 {
			continue // has told so
		}
		chat := w.chatOf(p.codes[0])
		mine := w.inOrder(rows[chat])
		if len(mine) != len(p.codes) {
			t.Errorf("%s: got %d logins, and the codes of %d in chat %q", p.name, len(mine), len(p.codes), chat)
			continue
		}
		for i, row := range mine {
			w.judgeEnd(t, p, p.codes[i], row)
		}
		w.judgeAccount(ctx, t, db, p, mine)
		w.judgeTellings(t, p, mine, chat)
		w.judgeCards(t, p, mine)
		delete(rows, chat)
	}
	if len(rows) > 0 {
		t.Errorf("got logins of nobody: %v", rows)
	}
	w.judgeOutbox(ctx, t, db)
}

// logins are all in the database, by their chat. Those that ended are found by their
// origin, which they keep for a day.
func logins(ctx context.Context, db store.Store) (map[string][]store.Login, error) {
	const most = 100
	all := map[string][]store.Login{}
	for last := ""; ; {
		some, err := db.Blobs(ctx, store.InOrigin, last, most)
		if err != nil {
			return nil, err
		}
		for _, b := range some {
			l, err := db.Login(ctx, b.ID)
			if err != nil {
				return nil, err
			}
			users, err := db.Users(ctx, l.Person)
			if err != nil {
				return nil, err
			}
			for _, u := range users {
				all[u.User] = append(all[u.User], l)
			}
			last = b.ID
		}
		if len(some) < most {
			return all, nil
		}
	}
}

// inOrder sorts logins as they began, whatever clocks said then.
func (w *chaos) inOrder(rows []store.Login) []store.Login {
	began := func(l store.Login) int {
		return slices.IndexFunc(w.events, func(e event) bool { return e.what == inserting && e.login == l.ID })
	}
	slices.SortFunc(rows, func(a, b store.Login) int { return cmp.Compare(began(a), began(b)) })
	return rows
}

// chatOf is where a code was shown.
func (w *chaos) chatOf(code string) string {
	for _, e := range w.events {
		if e.what == showing && e.code == code {
			return e.chat
		}
	}
	return ""
}

// wanted is how a login ends of somebody who does so.
var wanted = map[choice]authflow.State{
	approve: authflow.Linked, deny: authflow.Denied, cancel: authflow.Cancelled, expire: authflow.Expired,
}

// judgeEnd wants the end that the person chose, once. Only a token that was issued to
// a process that did not say before its end that it is stored may be lost: another one
// asked with the same code, which ends it.
func (w *chaos) judgeEnd(t *testing.T, p *person, code string, row store.Login) {
	ended, issued, lost, kept := 0, false, false, false
	for _, e := range w.events {
		switch {
		case e.login == row.ID && e.when == after && (e.what == linking || e.what == ending):
			ended++
		case e.what == issuing && e.code == code:
			issued, lost = true, lost || e.frozen
		case e.login == row.ID && e.when == after && e.what == granting:
			kept = true
		case e.what == struck && e.deadly && issued && !kept:
			lost = true
		}
	}
	state := authflow.State(row.State)
	fails := state == authflow.Failed && p.does == approve && lost && (!kept || w.pace.after(code) > 0)
	if state != wanted[p.does] && !fails {
		t.Errorf("%s: got a login that is %s, and want to %s; its token was issued: %v, perhaps lost: %v, kept: %v", p.name, state, p.does, issued, lost, kept)
	}
	if row.Ended.IsZero() || ended > 1 || len(row.Sealed) > 0 {
		t.Errorf("%s: got %d ends, at %v, and %d bytes sealed, want one and none", p.name, ended, row.Ended, len(row.Sealed))
	}
	if n := w.pace.after(code); n > 0 && state == authflow.Linked {
		t.Errorf("%s: got %d polls after the token was issued that is kept, which kill it", p.name, n)
	}
}

// judgeAccount wants as many versions of the right account as logins linked it.
func (w *chaos) judgeAccount(ctx context.Context, t *testing.T, db store.Store, p *person, mine []store.Login) {
	all, err := db.AccountsOf(ctx, mine[0].Person)
	if err != nil {
		t.Fatal(err)
	}
	linked, last := int64(0), ""
	for _, row := range mine {
		if row.State == string(authflow.Linked) {
			linked, last = linked+1, row.ID
		}
	}
	switch {
	case linked == 0 && len(all) == 0:
	case linked > 0 && len(all) == 1 && all[0].Version == linked && all[0].LinkedBy == last &&
		all[0].Subject == w.auth.User(p.name).Subject && len(all[0].Sealed) > 0:
	default:
		t.Errorf("%s: got accounts %+v, want %d versions of one of %s, by login %s", p.name, all, linked, p.name, last)
	}
}

// judgeTellings wants each end told: once for each time that it was put into the
// outbox, where the key is the same, and again only where who told it was struck
// before it could note that.
func (w *chaos) judgeTellings(t *testing.T, p *person, mine []store.Login, chat string) {
	told, puts, again, answers := 0, 0, false, 0
	for _, e := range w.events {
		own := slices.ContainsFunc(mine, func(l store.Login) bool { return l.ID == e.login })
		switch {
		case own && e.when == before && (e.what == putting || e.what == linking || e.what == ending):
			puts++
		case own && e.when == after && e.what == dropping:
			again = false
		case e.what == struck:
			puts, again = min(puts, len(mine)), told > 0
		case e.what == pressing && slices.Contains(p.codes, e.code):
			answers++
		case e.what == telling && e.chat == chat:
			told++
			switch {
			case puts > 0:
				puts--
			case again:
			case answers > 0:
				answers--
			default:
				t.Errorf("%s: was told for the %d. time", p.name, told)
			}
			again = e.frozen
		}
	}
	if told < len(mine) {
		t.Errorf("%s: was told %d of %d ends", p.name, told, len(mine))
	}
}

// judgeCards wants one card of each login that says how it ended, and nowhere another
// end or a code. Other messages lead there, or are what a process said last; one that
// was left as a card and was pressed says the same as the card.
func (w *chaos) judgeCards(t *testing.T, p *person, mine []store.Login) {
	var got, want []string
	for _, seen := range w.chat.Sees(p.name, coretest.Direct) {
		if end := endOf(seen.Text); end != "" || codeIn(seen.Text) != "" {
			got = append(got, string(end))
		}
	}
	for _, row := range mine {
		want = append(want, row.State)
	}
	slices.Sort(got)
	slices.Sort(want)
	presses := 0
	for _, e := range w.events {
		if e.what == pressing && slices.Contains(p.codes, e.code) {
			presses++
		}
	}
	same := slices.Equal(slices.Compact(slices.Clone(got)), slices.Compact(slices.Clone(want)))
	if more := len(got) - len(want); !same || more < 0 || more > max(0, presses-1) {
		t.Errorf("%s: sees %q, want one card of each login: %s", p.name, w.chat.Sees(p.name, coretest.Direct), want)
	}
}

// judgeOutbox wants nothing left to tell, whosever it was.
func (w *chaos) judgeOutbox(ctx context.Context, t *testing.T, db store.Store) {
	const judge = "judge"
	err := db.AddReplica(ctx, judge, time.Minute)
	_, dead, deadErr := db.Replicas(ctx)
	left, claimErr := db.ClaimTells(ctx, judge, dead)
	if err := errors.Join(err, deadErr, claimErr); err != nil || left != 0 {
		t.Errorf("got %d rows in the outbox and %v, want it empty", left, err)
	}
}
